"""What the loss of the master key costs, and what it leaves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from calotype.master_key import MasterKey
from calotype.store.encryption import SERVER_KEY, CustomerKey, EncryptionKey, ServerKey
from calotype.store.errors import ContentKeyLost
from calotype.store.fsck import Fault
from calotype.store.model import Bucket, BucketSettings, FileVersion, NotificationRule, VersionDraft
from calotype.store.sealed_secrets import Lost, drop_sealed_secrets, has_sealed_secrets
from calotype.store.store import Store, StoreSettings
from support.blob_places import OnDisk

QUICK = StoreSettings(reserve_bytes=0, remove_after_s=0.0)
KEY = CustomerKey(bytes(range(32)))
RULE = NotificationRule("told-by-webhook", ("b2:ObjectCreated:*",), "", b"sealed")


async def put(
    store: Store, bucket: Bucket, key: bytes, content: bytes, encryption: EncryptionKey | None = None
) -> FileVersion:
    async with store.upload(bucket, key, expected_length=len(content), encryption=encryption) as upload:
        await upload.write(content)
        return await upload.commit(VersionDraft(info={"SSE-B2": "only a word"}))


async def content_of(store: Store, version: FileVersion, key: CustomerKey | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.read(version, customer_key=key)])


async def test_a_lost_master_key_costs_what_it_encrypts_and_nothing_else(tmp_path: Path) -> None:
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        account = await store.default_account()
        settings = BucketSettings(notification_rules=(RULE, replace(RULE, name="another")), file_lock_enabled=True)
        bucket = await store.create_bucket(account.account_id, "photographs", settings=settings)
        await store.create_key(account.account_id, "k", ["readFiles"])
        plain = await put(store, bucket, b"plain", b"plain")
        by_customer = await put(store, bucket, b"customer", b"customer", KEY)
        by_server = await put(store, bucket, b"server", b"x" * 200_000, SERVER_KEY)
        await put(store, bucket, b"below", b"1", SERVER_KEY)
        await put(store, bucket, b"below", b"2", ServerKey("photos"))  # a key made out of the master key goes with it
        empty = await put(store, bucket, b"empty", b"", SERVER_KEY)
    assert drop_sealed_secrets(tmp_path) == Lost(files=3, notification_rules=2)
    assert not has_sealed_secrets(tmp_path)

    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        assert await content_of(store, plain) == b"plain"
        assert await content_of(store, by_customer, KEY) == b"customer"
        assert await content_of(store, empty) == b""
        for start, stop in ((0, None), (199_999, 200_000)):
            with pytest.raises(ContentKeyLost):
                [chunk async for chunk in store.read(by_server, start, stop)]
        left = await store.bucket("photographs")
        assert left.settings == replace(settings, notification_rules=())
        assert await store.list_keys(account.account_id) == []
        report = await store.fsck()
        assert [(problem.fault, problem.key) for problem in report.problems] == [
            (Fault.LOST_KEY, b"below"),
            (Fault.LOST_KEY, b"below"),
            (Fault.LOST_KEY, b"server"),
        ]
        assert (report.versions, report.blobs, report.orphans) == (6, 5, 0)
        # what is gone can be put anew, under the new key
        again = await put(store, left, b"server", b"again", SERVER_KEY)
        assert await content_of(store, again) == b"again"
        await store.delete_version(bucket.bucket_id, b"server", by_server.version_id)
        assert len((await store.fsck()).problems) == 2


async def test_fsck_without_any_key_checks_the_bytes_as_they_lie(tmp_path: Path) -> None:
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        bucket = await store.create_bucket((await store.default_account()).account_id, "photographs")
        version = await put(store, bucket, b"server", b"x" * 200_000, SERVER_KEY)
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK, opens_secrets=False) as store:
        assert (await store.fsck()).is_clean
        OnDisk(tmp_path, version).flip(199_999)
        assert [problem.fault for problem in (await store.fsck()).problems] == [Fault.WRONG_DIGEST]
