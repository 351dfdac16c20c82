"""Files that are encrypted on disk, through the verbs of the store."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from calotype.master_key import MasterKey
from calotype.store.encryption import SERVER_KEY, CustomerKey, EncryptionKey
from calotype.store.errors import (
    BlobDamaged,
    CustomerKeyNeeded,
    CustomerKeyNotApplicable,
    StoreError,
    WrongCustomerKey,
)
from calotype.store.large_files import Finished
from calotype.store.model import (
    Bucket,
    BucketSettings,
    EncryptionScheme,
    FileVersion,
    ServerSideEncryption,
    VersionDraft,
)
from calotype.store.store import Store, StoreSettings
from support.blob_places import OnDisk

QUICK = StoreSettings(reserve_bytes=0, remove_after_s=0.0)
DEFAULTED = BucketSettings(default_encryption=EncryptionScheme.SERVER_KEY)
KEY = CustomerKey(bytes(range(32)))
OTHER = CustomerKey(bytes(32))
SECRET = b"nobody may read this on the disk"


async def new_bucket(store: Store, settings: BucketSettings | None = None) -> Bucket:
    return await store.create_bucket((await store.default_account()).account_id, "photographs", settings=settings)


async def put(
    store: Store, bucket: Bucket, key: bytes, content: bytes, encryption: EncryptionKey | None = None
) -> FileVersion:
    async with store.upload(bucket, key, expected_length=len(content), encryption=encryption) as upload:
        await upload.write(content)
        return await upload.commit(VersionDraft())


async def content_of(
    store: Store, version: FileVersion, start: int = 0, stop: int | None = None, key: CustomerKey | None = None
) -> bytes:
    return b"".join([chunk async for chunk in store.read(version, start, stop, customer_key=key)])


def files_in(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("length", [0, 1, 4096, 4097, 65_536, 65_537, 262_144, 1_500_000])
@pytest.mark.parametrize("announced", [True, False], ids=["length known", "length unknown"])
@pytest.mark.parametrize("key", [SERVER_KEY, KEY], ids=["server key", "customer key"])
async def test_an_encrypted_upload_comes_back_whole_and_in_ranges(
    store: Store, length: int, announced: bool, key: EncryptionKey
) -> None:
    bucket = await new_bucket(store)
    content = os.urandom(length)
    given = key if isinstance(key, CustomerKey) else None
    async with store.upload(bucket, b"a", expected_length=length if announced else None, encryption=key) as upload:
        for start in range(0, length, 100_000):
            await upload.write(content[start : start + 100_000])
        early = upload.digests()
        version = await upload.commit(VersionDraft())
    assert version.digests == early  # of the clear bytes
    assert await store.version(version.version_id) == version
    assert await content_of(store, version, key=given) == content
    assert await content_of(store, version, 65_530, 300_000, key=given) == content[65_530:300_000]
    assert (await store.fsck()).is_clean
    await store.delete_version(bucket.bucket_id, b"a", version.version_id)
    await store.close()
    assert list(store.blobs.blob_ids()) == []


@pytest.mark.parametrize(
    ("settings", "stated", "told"),
    [
        (BucketSettings(), None, None),
        (BucketSettings(), SERVER_KEY, ServerSideEncryption(EncryptionScheme.SERVER_KEY)),
        (BucketSettings(), KEY, ServerSideEncryption(EncryptionScheme.CUSTOMER_KEY, KEY.md5)),
        (DEFAULTED, None, ServerSideEncryption(EncryptionScheme.SERVER_KEY)),
        (DEFAULTED, KEY, ServerSideEncryption(EncryptionScheme.CUSTOMER_KEY, KEY.md5)),
    ],
)
async def test_a_version_tells_its_encryption_also_when_it_has_no_bytes(
    store: Store, settings: BucketSettings, stated: EncryptionKey | None, told: ServerSideEncryption | None
) -> None:
    bucket = await new_bucket(store, settings)
    for content in (b"", b"bytes"):
        version = await put(store, bucket, b"a", content, stated)
        assert version.encryption == told
        assert (await store.latest(bucket.bucket_id, b"a")).encryption == told
        assert all((extent.encryption is None) is (told is None) for extent in version.extents)


@pytest.mark.parametrize("key", [SERVER_KEY, KEY], ids=["server key", "customer key"])
async def test_no_clear_copy_ever_lies_in_the_data_folder(tmp_path: Path, key: EncryptionKey) -> None:
    content = SECRET * 20_000
    async with await Store.open(tmp_path / "origin", MasterKey.random(), settings=QUICK) as store:
        bucket = await new_bucket(store)
        async with store.upload(bucket, b"a", encryption=key) as upload:
            for start in range(0, len(content), 50_000):
                await upload.write(content[start : start + 50_000])
            under_way = files_in(tmp_path)
            version = await upload.commit(VersionDraft())
        small = await put(store, bucket, b"small", SECRET, key)
        given = key if isinstance(key, CustomerKey) else None
        assert await content_of(store, version, key=given) == content
        assert await content_of(store, small, key=given) == SECRET
        await store.backup(tmp_path / "backup")
        at_the_end = files_in(tmp_path)
    for files in (under_way, at_the_end, files_in(tmp_path)):
        assert sum(len(found) for found in files.values()) > 500_000
        for path, found in files.items():
            assert SECRET not in found, path
            assert KEY.key not in found, path


@pytest.mark.parametrize("key", [SERVER_KEY, KEY], ids=["server key", "customer key"])
async def test_parts_and_copies_lie_encrypted_as_well(tmp_path: Path, key: EncryptionKey) -> None:
    part_content = SECRET * 10_000
    given = key if isinstance(key, CustomerKey) else None
    async with await Store.open(tmp_path / "origin", MasterKey.random(), settings=QUICK) as store:
        bucket = await new_bucket(store)
        file = await store.large_files.start(bucket, b"large", VersionDraft(), encryption=key)
        for number in (1, 2):
            async with store.large_files.upload_part(file, number, key=given) as part:
                await part.write(part_content)
                await part.commit()
        first = await put(store, bucket, b"source", part_content, key)
        await store.large_files.copy_part(file, 3, first, 100, 200_000, source_key=given, key=given)
        large = await store.large_files.finish(file, lambda file, parts: Finished((1, 2, 3), etag="x"))
        expected = part_content * 2 + part_content[100:200_000]
        copies = [
            (await store.copy(large, bucket, b"same", VersionDraft(), source_key=given, key_of_copy=key), given),
            (await store.copy(large, bucket, b"other", VersionDraft(), source_key=given, key_of_copy=OTHER), OTHER),
            (
                await store.copy(large, bucket, b"server", VersionDraft(), source_key=given, key_of_copy=SERVER_KEY),
                None,
            ),
        ]
        for version, its_key in [(large, given), *copies]:
            assert await content_of(store, version, key=its_key) == expected
            assert await content_of(store, version, 319_990, 320_010, key=its_key) == expected[319_990:320_010]
        if given is not None:
            for wrong, error in ((OTHER, WrongCustomerKey), (None, CustomerKeyNeeded)):
                with pytest.raises(error):
                    await content_of(store, large, key=wrong)
        assert (await store.fsck()).is_clean
        for path, found in files_in(tmp_path).items():
            assert SECRET not in found, path
            assert KEY.key not in found, path


async def test_a_customers_key_is_kept_and_logged_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        version = await put(store, await new_bucket(store), b"a", SECRET, KEY)
        with pytest.raises(WrongCustomerKey) as caught:
            await content_of(store, version, key=OTHER)
        assert await content_of(store, version, key=KEY) == SECRET
    told = caplog.text + str(caught.value) + repr(version) + repr(KEY)
    for text in (KEY.key.hex(), repr(KEY.key)[2:-1]):
        assert text not in told
    assert all(KEY.key not in found for found in files_in(tmp_path).values())


@pytest.mark.parametrize(
    ("encryption", "given", "error"),
    [
        (None, None, None),
        (SERVER_KEY, None, None),
        (KEY, KEY, None),
        (KEY, None, CustomerKeyNeeded),
        (KEY, OTHER, WrongCustomerKey),
        (None, KEY, CustomerKeyNotApplicable),
        (SERVER_KEY, KEY, CustomerKeyNotApplicable),
    ],
)
@pytest.mark.parametrize("content", [b"", b"bytes"])
async def test_the_key_that_comes_with_a_request_is_checked_before_a_byte_is_read(
    store: Store,
    encryption: EncryptionKey | None,
    given: CustomerKey | None,
    error: type[StoreError] | None,
    content: bytes,
) -> None:
    version = await put(store, await new_bucket(store), b"a", content, encryption)
    if error is None:
        store.check_customer_key(version, given)
    else:
        with pytest.raises(error):
            store.check_customer_key(version, given)


@pytest.mark.parametrize(
    ("length", "position"),
    [(300_000, 0), (300_000, 70_000), (300_000, 299_999), (100_000, 0), (100_000, 70_000)],
    ids=["first chunk", "second chunk", "last chunk", "first of a small file", "last of a small file"],
)
async def test_bytes_changed_on_the_disk_are_damage_to_readers_and_to_fsck(
    tmp_path: Path, length: int, position: int
) -> None:
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        version = await put(store, await new_bucket(store), b"a", bytes(length), SERVER_KEY)
        on_disk = OnDisk(tmp_path, version)
        on_disk.flip(position)
        with pytest.raises(BlobDamaged):
            await content_of(store, version)
        assert not (await store.fsck()).is_clean
        on_disk.flip(position)
        assert await content_of(store, version) == bytes(length)
        on_disk.cut(length // 65_536 * 65_552)  # the last chunk gone, whole
        with pytest.raises(BlobDamaged):
            await content_of(store, version)


async def test_encrypted_files_are_read_after_a_restart_and_a_restore(tmp_path: Path) -> None:
    from calotype.store.backup import restore_backup

    master_key = MasterKey.random()
    async with await Store.open(tmp_path / "origin", master_key, settings=QUICK) as store:
        bucket = await new_bucket(store)
        by_server = await put(store, bucket, b"server", SECRET, SERVER_KEY)
        by_customer = await put(store, bucket, b"customer", SECRET, KEY)
        await store.backup(tmp_path / "backup")
    await restore_backup(tmp_path / "backup", tmp_path / "restored")
    for folder in ("origin", "restored"):
        async with await Store.open(tmp_path / folder, master_key, settings=QUICK) as store:
            assert await content_of(store, by_server) == SECRET
            assert await content_of(store, by_customer, key=KEY) == SECRET
