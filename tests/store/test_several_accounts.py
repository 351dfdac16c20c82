"""The care of a store with several accounts: lifecycle, events, fsck, backup and caps go through each."""

from __future__ import annotations

from pathlib import Path

import pytest

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.master_key import MasterKey
from calotype.store.backup import restore_backup
from calotype.store.caps import DAY_MS, Caps
from calotype.store.errors import NoSuchApplicationKey, StorageCapExceeded, TransactionCapExceeded
from calotype.store.fsck import Fault
from calotype.store.model import (
    Account,
    Bucket,
    BucketSettings,
    FileVersion,
    LifecycleRule,
    NotificationRule,
    VersionDraft,
)
from calotype.store.sealed_secrets import drop_sealed_secrets
from calotype.store.store import Store, StoreSettings, memory_store
from support.events import waiting_events

QUICK = StoreSettings(reserve_bytes=0, remove_after_s=0.0)
SETTINGS = BucketSettings(
    lifecycle_rules=(LifecycleRule("", days_from_uploading_to_hiding=1, days_from_hiding_to_deleting=1),),
    notification_rules=(NotificationRule("told", ("b2:ObjectCreated:*", "b2:HideMarkerCreated:*"), "", b"sealed"),),
)


async def put(store: Store, bucket: Bucket, key: bytes = b"cat.png", content: bytes = b"a picture") -> FileVersion:
    async with store.upload(bucket, key, expected_length=len(content)) as upload:
        await upload.write(content)
        return await upload.commit(VersionDraft())


async def two_accounts(store: Store) -> tuple[Account, Account]:
    return await store.default_account(), await store.create_account("family")


async def buckets_of_both(store: Store, settings: BucketSettings | None = None) -> list[Bucket]:
    return [
        await store.create_bucket(account.account_id, f"album-{account.name}", settings=settings)
        for account in await two_accounts(store)
    ]


async def content_of(store: Store, version: FileVersion) -> bytes:
    return b"".join([chunk async for chunk in store.read(version)])


async def test_lifecycle_rules_and_events_are_every_accounts() -> None:
    now = [1_000 * DAY_MS]
    async with await memory_store(clock=lambda: now[0], settings=QUICK) as store:
        buckets = await buckets_of_both(store, SETTINGS)
        for bucket in buckets:
            await put(store, bucket)
        now[0] += 2 * DAY_MS
        report = await store.lifecycle.run_once()
        assert report.hidden == 2
        events = [(event.account_id, event.type.value) for event in await waiting_events(store)]
        assert sorted(events) == sorted(
            (bucket.account_id, type_name)
            for bucket in buckets
            for type_name in ("b2:ObjectCreated:Upload", "b2:HideMarkerCreated:LifecycleRule")
        )


async def test_the_same_bytes_of_two_accounts_are_checked_and_go_each_for_itself(tmp_path: Path) -> None:
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        first, second = await buckets_of_both(store)
        ours, theirs = [await put(store, bucket, content=b"x" * 200_000) for bucket in (first, second)]
        copied = await store.copy(ours, second, b"copy", VersionDraft())
        report = await store.fsck()
        assert (report.is_clean, report.versions, report.blobs) == (True, 3, 3)
        await store.delete_version(first.bucket_id, ours.key, ours.version_id)
        for left in (theirs, copied):
            assert await content_of(store, left) == b"x" * 200_000
        (damaged,) = [path for path in (tmp_path / "blobs").rglob(theirs.extents[0].blob_id) if path.is_file()]
        damaged.write_bytes(b"y" * damaged.stat().st_size)
        problems = (await store.fsck()).problems
        assert {(problem.fault, problem.blob_id) for problem in problems} == {
            (Fault.WRONG_DIGEST, theirs.extents[0].blob_id)
        }


async def test_a_backup_holds_every_account(tmp_path: Path) -> None:
    master_key = MasterKey.random()
    async with await Store.open(tmp_path / "origin", master_key, settings=QUICK) as store:
        versions = [await put(store, bucket) for bucket in await buckets_of_both(store)]
        friends, key = await store.create_account_with_key("friends", key_name="k", capabilities=ALL_CAPABILITIES)
        accounts = await store.accounts()
        await store.backup(tmp_path / "backup")
    await restore_backup(tmp_path / "backup", tmp_path / "restored")
    async with await Store.open(tmp_path / "restored", master_key, settings=QUICK) as store:
        assert await store.accounts() == accounts
        assert await store.key(key.key_id) == key
        assert [await content_of(store, version) for version in versions] == [b"a picture"] * 2
    drop_sealed_secrets(tmp_path / "restored")
    async with await Store.open(tmp_path / "restored", MasterKey.random(), settings=QUICK) as store:
        assert await store.accounts() == accounts
        with pytest.raises(NoSuchApplicationKey):
            await store.key(key.key_id)
        again = await store.create_master_key(friends.account_id, "k", ALL_CAPABILITIES)
        assert again.key_id == key.key_id


async def test_caps_and_alerts_are_each_accounts_own() -> None:
    settings = StoreSettings(reserve_bytes=0, remove_after_s=0.0, caps=Caps(storage_bytes=10, class_b=2))
    async with await memory_store(settings=settings) as store:
        first, second = await buckets_of_both(store)
        await put(store, first, content=b"0123456789")
        with pytest.raises(StorageCapExceeded):
            await put(store, first, b"more", b"x")
        await put(store, second, content=b"0123456789")
        for _ in range(2):
            store.accounting.begin_call(first.account_id, "B")
        with pytest.raises(TransactionCapExceeded):
            store.accounting.begin_call(first.account_id, "B")
        store.accounting.begin_call(second.account_id, "B")
        await store.flush()
        told = {
            bucket.account_id: {alert.cap for alert in await store.accounting.alerts(bucket.account_id)}
            for bucket in (first, second)
        }
        assert "class_b" in told[first.account_id]
        assert "class_b" not in told[second.account_id]
        assert [usage.stored_bytes for usage in await store.accounting.usage(second.account_id)] == [10]


async def test_what_a_removed_account_used_stays_counted_and_an_account_of_its_name_begins_anew() -> None:
    async with await memory_store(settings=QUICK) as store:
        family = await store.create_account("family")
        store.count(family.account_id, "", "b2_list_buckets", "C")
        await store.remove_account(family.account_id)
        again = await store.create_account("family")
        assert (again.name, again.email) == (family.name, family.email)
        assert again.account_id != family.account_id
        assert again.canonical_user_id != family.canonical_user_id
        assert [(row.account_id, row.count) for row in await store.ledger()] == [(family.account_id, 1)]
