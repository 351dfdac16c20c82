"""The verbs of the store, over files and in memory alike."""

from __future__ import annotations

import asyncio
import hashlib
import os
import zlib
from pathlib import Path

import pytest

from calotype.master_key import MasterKey
from calotype.store.deletions import Deletion
from calotype.store.errors import (
    BucketExists,
    BucketNotEmpty,
    IncompleteUpload,
    MetadataDamaged,
    NoSuchApplicationKey,
    NoSuchBucket,
    NoSuchKey,
    NoSuchVersion,
    PreconditionFailed,
    RevisionConflict,
    StoreLocked,
    WrongMasterKey,
)
from calotype.store.model import (
    Action,
    Bucket,
    BucketSettings,
    BucketType,
    FileVersion,
    LifecycleRule,
    VersionDraft,
    Versioning,
)
from calotype.store.store import Store, StoreSettings, memory_store

QUICK = StoreSettings(reserve_bytes=0, remove_after_s=0.0)


@pytest.fixture
async def bucket(store: Store) -> Bucket:
    account = await store.default_account()
    return await store.create_bucket(account.account_id, "photographs")


async def put(store: Store, bucket: Bucket, key: bytes, content: bytes, **fields: object) -> FileVersion:
    async with store.upload(bucket, key, expected_length=len(content)) as upload:
        await upload.write(content)
        return await upload.commit(VersionDraft(**fields))  # type: ignore[arg-type]


async def content_of(store: Store, version: FileVersion, start: int = 0, stop: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.read(version, start, stop)])


async def keys_of(store: Store, bucket: Bucket) -> list[bytes]:
    return [version.key for version in (await store.list_names(bucket.bucket_id)).versions]


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


class Crc32:
    """A checksum of the caller's, in hashlib's shape."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, content: bytes, /) -> None:
        self._value = zlib.crc32(content, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


@pytest.mark.parametrize("length", [0, 1, 4096, 4097, 262_144, 262_145, 1_500_000])
@pytest.mark.parametrize("announced", [True, False], ids=["length known", "length unknown"])
async def test_an_upload_comes_back_whole_with_its_digests(
    store: Store, bucket: Bucket, length: int, announced: bool
) -> None:
    content = bytes(index * 7 % 251 for index in range(length))
    async with store.upload(
        bucket, b"a/b.png", expected_length=length if announced else None, checksums={"CRC32": Crc32()}
    ) as upload:
        for start in range(0, length, 100_000):
            await upload.write(content[start : start + 100_000])
        early = upload.digests()
        version = await upload.commit(VersionDraft(content_type="image/png", info={"a": "ü"}))
    assert upload.length == length
    assert version.digests == early
    assert version.etag == early.md5 == hashlib.md5(content).hexdigest()
    assert early.sha1 == hashlib.sha1(content).hexdigest()
    assert early.sha256 == hashlib.sha256(content).hexdigest()
    assert list(early.checksums) == ["CRC32"]
    assert await store.latest(bucket.bucket_id, b"a/b.png") == version
    assert await store.version(version.version_id) == version
    assert await content_of(store, version) == content
    assert await content_of(store, version, 5, 300_000) == content[5:300_000]


async def test_the_digests_may_be_asked_for_between_chunks(store: Store, bucket: Bucket) -> None:
    async with store.upload(bucket, b"a", expected_length=None) as upload:
        await upload.write(b"one")
        assert upload.digests().md5 == hashlib.md5(b"one").hexdigest()
        await upload.write(b"two")
        version = await upload.commit(VersionDraft())
    assert version.etag == hashlib.md5(b"onetwo").hexdigest()
    assert await content_of(store, version) == b"onetwo"


async def test_a_version_id_has_b2s_form(store: Store, bucket: Bucket) -> None:
    version = await put(store, bucket, b"a", b"x")
    assert version.version_id.startswith(f"4_z{bucket.bucket_id}_f1")
    assert len(version.version_id) <= 200


@pytest.mark.parametrize("sent", [b"", b"1234", b"123456"])
async def test_more_or_fewer_bytes_than_announced_are_refused(store: Store, bucket: Bucket, sent: bytes) -> None:
    async def send() -> None:
        async with store.upload(bucket, b"a", expected_length=5) as upload:
            await upload.write(sent)
            await upload.commit(VersionDraft())

    with pytest.raises(IncompleteUpload) as caught:
        await send()
    assert (caught.value.expected_length, caught.value.length) == (5, len(sent))
    assert await keys_of(store, bucket) == []
    assert list(store.blobs.blob_ids()) == []


async def test_leaving_without_commit_leaves_nothing(store: Store, bucket: Bucket) -> None:
    async with store.upload(bucket, b"a", expected_length=None) as upload:
        await upload.write(bytes(600_000))
    assert list(store.blobs.blob_ids()) == []
    with pytest.raises(NoSuchKey):
        await store.latest(bucket.bucket_id, b"a")


async def test_a_refused_precondition_changes_nothing_and_sees_the_visible_version(
    store: Store, bucket: Bucket
) -> None:
    first = await put(store, bucket, b"a", b"one")
    seen: list[FileVersion | None] = []

    def refuse(current: FileVersion | None) -> None:
        seen.append(current)
        raise PreconditionFailed("If-None-Match")

    async with store.upload(bucket, b"a", expected_length=3) as upload:
        await upload.write(b"two")
        with pytest.raises(PreconditionFailed):
            await upload.commit(VersionDraft(), refuse)
    assert seen
    assert all(version == first for version in seen)
    assert await store.latest(bucket.bucket_id, b"a") == first
    assert len(list(store.blobs.blob_ids())) == 1


async def test_an_overwrite_shows_the_newer_and_keeps_the_older(store: Store, bucket: Bucket) -> None:
    one = await put(store, bucket, b"a", b"one")
    two = await put(store, bucket, b"a", b"two")
    assert two.uploaded_at_ms > one.uploaded_at_ms
    assert (await store.latest(bucket.bucket_id, b"a")).version_id == two.version_id
    listed = (await store.list_versions(bucket.bucket_id)).versions
    assert [(version.version_id, version.is_latest) for version in listed] == [
        (two.version_id, True),
        (one.version_id, False),
    ]


async def test_an_unversioned_bucket_keeps_only_the_last(store: Store) -> None:
    account = await store.default_account()
    bucket = await store.create_bucket(account.account_id, "plain", versioning=Versioning.UNVERSIONED)
    await put(store, bucket, b"a", b"one")
    two = await put(store, bucket, b"a", b"two")
    listed = (await store.list_versions(bucket.bucket_id)).versions
    assert [version.version_id for version in listed] == [two.version_id]
    assert two.is_null
    assert await store.delete_object(bucket.bucket_id, b"a") is None
    assert (await store.list_versions(bucket.bucket_id)).versions == ()
    await store.delete_bucket(bucket.bucket_id)


async def test_a_suspended_bucket_replaces_the_null_version_only(store: Store, bucket: Bucket) -> None:
    kept = await put(store, bucket, b"a", b"kept")
    suspended = await store.update_bucket(bucket.bucket_id, versioning=Versioning.SUSPENDED)
    await put(store, suspended, b"a", b"null 1")
    second = await put(store, suspended, b"a", b"null 2")
    listed = (await store.list_versions(bucket.bucket_id)).versions
    assert [version.version_id for version in listed] == [second.version_id, kept.version_id]
    assert (await store.version_of_key(bucket.bucket_id, b"a", "null")).version_id == second.version_id
    marker = await store.delete_object(bucket.bucket_id, b"a")
    assert marker is not None
    assert (marker.action, marker.is_null) == (Action.HIDE, True)
    listed = (await store.list_versions(bucket.bucket_id)).versions
    assert [version.version_id for version in listed] == [marker.version_id, kept.version_id]


async def test_hiding_and_deleting_the_marker_brings_the_object_back(store: Store, bucket: Bucket) -> None:
    version = await put(store, bucket, b"a", b"one")
    marker = await store.hide(bucket.bucket_id, b"a")
    with pytest.raises(NoSuchKey) as caught:
        await store.latest(bucket.bucket_id, b"a")
    assert caught.value.marker == marker
    assert await keys_of(store, bucket) == []
    await store.delete_version(bucket.bucket_id, b"a", marker.version_id)
    assert await store.latest(bucket.bucket_id, b"a") == version
    assert await keys_of(store, bucket) == [b"a"]


async def test_deleting_the_last_reference_removes_the_bytes_but_not_under_a_reader(
    store: Store, bucket: Bucket
) -> None:
    content = bytes(1_000_000)
    version = await put(store, bucket, b"a", content)
    reading = store.read(version)
    first = await anext(reading)
    await store.delete_version(bucket.bucket_id, b"a", version.version_id)
    rest = b"".join([chunk async for chunk in reading])
    assert first + rest == content
    await store.close()
    assert list(store.blobs.blob_ids()) == []


async def test_deleting_what_is_not_there_is_no_such_version(store: Store, bucket: Bucket) -> None:
    version = await put(store, bucket, b"a", b"one")
    for key, version_id in [(b"b", version.version_id), (b"a", version.version_id[:-1] + "x"), (b"a", "null")]:
        with pytest.raises(NoSuchVersion):
            await store.delete_version(bucket.bucket_id, key, version_id)


async def test_of_many_deletions_each_stands_by_itself(store: Store) -> None:
    account = await store.default_account()
    unversioned = await store.create_bucket(account.account_id, "unversioned", versioning=Versioning.UNVERSIONED)
    kept, gone = await put(store, unversioned, b"kept", b"k"), await put(store, unversioned, b"gone", b"g")
    seen: list[FileVersion | None] = []

    def refuse(current: FileVersion | None) -> None:
        seen.append(current)
        raise PreconditionFailed

    deletions = [
        Deletion(b"gone"),
        Deletion(b"kept", precondition=refuse),
        Deletion(b"kept", kept.version_id[:-1]),
        Deletion(b"never"),
        Deletion(b"kept", "null", precondition=seen.append),
        Deletion(b"gone"),
    ]
    outcomes = await store.delete_each(unversioned, deletions)
    assert [type(outcome) for outcome in outcomes] == [
        type(None), PreconditionFailed, NoSuchVersion, type(None), FileVersion, type(None)
    ]  # fmt: skip
    assert outcomes[4] == kept
    assert all(version == kept for version in seen)
    assert await keys_of(store, unversioned) == []
    with pytest.raises(NoSuchVersion):
        await store.version(gone.version_id)


async def test_many_deletions_leave_as_many_markers_where_versions_are_kept(store: Store, bucket: Bucket) -> None:
    keys = [b"%d" % number for number in range(300)]
    await asyncio.gather(*(put(store, bucket, key, b"x") for key in keys))
    markers = await store.delete_each(bucket, map(Deletion, keys))
    assert [marker.key for marker in markers if isinstance(marker, FileVersion)] == keys
    assert {marker.action for marker in markers if isinstance(marker, FileVersion)} == {Action.HIDE}
    assert await keys_of(store, bucket) == []


async def test_deleting_an_unversioned_object_leaves_its_unfinished_upload_alone(store: Store) -> None:
    account = await store.default_account()
    unversioned = await store.create_bucket(account.account_id, "unversioned", versioning=Versioning.UNVERSIONED)
    await put(store, unversioned, b"a", b"a")
    started = await store.large_files.start(unversioned, b"a", VersionDraft())
    assert await store.delete_object(unversioned.bucket_id, b"a") is None
    assert await keys_of(store, unversioned) == []
    assert await store.version(started.version_id) == started
    assert await store.delete_object(unversioned.bucket_id, b"a") is None
    assert await store.version(started.version_id) == started


async def test_a_custom_time_may_put_an_upload_below(store: Store, bucket: Bucket) -> None:
    newer = await put(store, bucket, b"a", b"newer", uploaded_at_ms=2_000)
    older = await put(store, bucket, b"a", b"older", uploaded_at_ms=1_000)
    again = await put(store, bucket, b"a", b"again", uploaded_at_ms=1_000)
    assert (older.uploaded_at_ms, again.uploaded_at_ms) == (1_000, 1_001)
    assert (await store.latest(bucket.bucket_id, b"a")).version_id == newer.version_id


async def test_the_last_writer_wins_also_when_the_clock_was_set_back() -> None:
    now_ms = 5_000
    async with await memory_store(settings=QUICK, clock=lambda: now_ms) as store:
        bucket = await store.create_bucket((await store.default_account()).account_id, "photographs")
        first = await put(store, bucket, b"a", b"first")
        now_ms = 1_000
        second = await put(store, bucket, b"a", b"second")
        assert second.uploaded_at_ms == first.uploaded_at_ms + 1
        assert await store.latest(bucket.bucket_id, b"a") == second
        marker = await store.hide(bucket.bucket_id, b"a")
        assert marker.uploaded_at_ms == second.uploaded_at_ms + 1
        with pytest.raises(NoSuchKey):
            await store.latest(bucket.bucket_id, b"a")


async def test_bucket_names_are_unique_without_case(store: Store, bucket: Bucket) -> None:
    account = await store.default_account()
    with pytest.raises(BucketExists) as caught:
        await store.create_bucket(account.account_id, "PhotoGraphs")
    assert caught.value.owner_account_id == account.account_id
    assert (await store.bucket("PHOTOGRAPHS")) == bucket


async def test_a_bucket_is_updated_by_revision_and_deleted_when_empty(store: Store, bucket: Bucket) -> None:
    updated = await store.update_bucket(bucket.bucket_id, if_revision_is=2, type=BucketType.PUBLIC, info={"x": "1"})
    assert (updated.revision, updated.is_public, updated.info) == (3, True, {"x": "1"})
    assert await store.bucket("photographs") == updated
    with pytest.raises(RevisionConflict):
        await store.update_bucket(bucket.bucket_id, if_revision_is=2, info={})
    version = await put(store, bucket, b"a", b"")
    with pytest.raises(BucketNotEmpty):
        await store.delete_bucket(bucket.bucket_id)
    await store.delete_version(bucket.bucket_id, b"a", version.version_id)
    await store.delete_bucket(bucket.bucket_id)
    with pytest.raises(NoSuchBucket):
        await store.bucket("photographs")
    with pytest.raises(NoSuchVersion):
        await store.version(version.version_id)


async def test_an_upload_into_a_bucket_deleted_meanwhile_is_refused(store: Store, bucket: Bucket) -> None:
    async with store.upload(bucket, b"a", expected_length=1) as upload:
        await upload.write(b"x")
        await store.delete_bucket(bucket.bucket_id)
        with pytest.raises(NoSuchBucket):
            await upload.commit(VersionDraft())
    assert list(store.blobs.blob_ids()) == []


async def test_an_application_key_lives_from_creation_to_deletion(store: Store, bucket: Bucket) -> None:
    account = await store.default_account()
    key = await store.create_key(
        account.account_id,
        "camera",
        ["writeFiles", "listFiles"],
        bucket_ids=[bucket.bucket_id],
        name_prefix="a/",
        valid_ms=1000,
    )
    assert key.key_id == f"001{account.account_id}0000000001"
    assert len(key.secret) == 31
    assert key.secret.startswith("K001")
    assert key.expires_at_ms == key.created_at_ms + 1000
    assert await store.key(key.key_id) == key
    second = await store.create_key(account.account_id, "second", ["readFiles"])
    assert await store.list_keys(account.account_id) == [key, second]
    assert await store.list_keys(account.account_id, second.key_id, 1) == [second]
    assert await store.delete_key(account.account_id, key.key_id) == key
    for missing in (key.key_id, "nonsense", "001" + "0" * 22):
        with pytest.raises(NoSuchApplicationKey):
            await store.key(missing)
    third = await store.create_key(account.account_id, "third", ["readFiles"])
    assert third.key_id.endswith("0000000003")  # an index is never given again


async def test_calls_are_counted_by_day_bucket_and_operation(store: Store) -> None:
    account = await store.default_account()
    for _ in range(3):
        store.count(account.account_id, "photographs", "GetObject", "B", bytes_out=10)
    (row,) = await store.ledger()
    assert (row.operation, row.transaction_class, row.count, row.bytes_out) == ("GetObject", "B", 3, 30)
    store.count(account.account_id, "photographs", "GetObject", "B", bytes_out=1)
    (row,) = await store.ledger(row.day)
    assert (row.count, row.bytes_out) == (4, 31)
    assert await store.ledger("1999-12-31") == []


async def test_the_outbox_tells_each_change_of_what_is_visible(store: Store, bucket: Bucket) -> None:
    version = await put(store, bucket, b"a", b"one")
    await put(store, bucket, b"a", b"below", uploaded_at_ms=1)  # not visible: nothing to tell
    marker = await store.hide(bucket.bucket_id, b"a")
    await store.hide(bucket.bucket_id, b"never there")
    await store.delete_version(bucket.bucket_id, b"a", marker.version_id)
    await store.delete_version(bucket.bucket_id, b"a", version.version_id)
    await store.wait_outbox(0)
    rows = await store.outbox(0)
    assert [row.key for row in rows] == [b"a"] * 4
    assert [row.sequence for row in rows] == sorted({row.sequence for row in rows})
    await store.forget_outbox(rows[-1].sequence)
    assert await store.outbox(0) == []
    await put(store, bucket, b"b", b"")
    (row,) = await store.outbox(0)
    assert row.sequence > rows[-1].sequence


async def test_forgotten_changes_are_gone_from_the_database_after_a_moment(tmp_path: Path) -> None:
    settings = StoreSettings(reserve_bytes=0, housekeeping_interval_s=0.01)
    async with await Store.open(tmp_path, MasterKey.random(), settings=settings) as store:
        bucket = await store.create_bucket((await store.default_account()).account_id, "photographs")
        for key in (b"a", b"b"):
            await put(store, bucket, key, b"content")
        first, second = await store.outbox(0)
        await store.forget_outbox(first.sequence)
        assert await store.outbox(0) == [second]
        async with asyncio.timeout(5):
            while await store.metadata.read(lambda transaction: transaction.outbox(0, 9)) != [second]:
                await asyncio.sleep(0.01)


async def test_a_second_opening_says_who_holds_the_folder(tmp_path: Path) -> None:
    master_key = MasterKey.random()
    async with await Store.open(tmp_path, master_key, address="127.0.0.1:9000"):
        with pytest.raises(StoreLocked, match=r"process \d+ at 127\.0\.0\.1:9000"):
            await Store.open(tmp_path, master_key)
    async with await Store.open(tmp_path, master_key) as again:
        assert again.read_only_reason is None


async def test_everything_is_there_after_a_restart_and_no_secret_lies_in_clear(tmp_path: Path) -> None:
    master_key = MasterKey.random()
    async with await Store.open(tmp_path, master_key) as store:
        account = await store.default_account()
        settings = BucketSettings(lifecycle_rules=(LifecycleRule("old/", days_from_hiding_to_deleting=1),))
        bucket = await store.create_bucket(account.account_id, "photographs", info={"a": "b"}, settings=settings)
        version = await put(store, bucket, b"a", b"one", headers={"cache-control": "no-store"}, attributes={"x": 1})
        key = await store.create_key(account.account_id, "k", ["readFiles"])
        token_secret = await store.token_secret()
        store.count(account.account_id, "photographs", "PutObject", "A", bytes_in=3)
    kept = everything_in(tmp_path)
    assert key.secret.encode() not in kept
    assert token_secret not in kept
    async with await Store.open(tmp_path, master_key) as store:
        assert await store.default_account() == account
        assert await store.bucket("photographs") == bucket
        assert await store.latest(bucket.bucket_id, b"a") == version
        assert await store.key(key.key_id) == key
        assert await store.token_secret() == token_secret
        assert [row.bytes_in for row in await store.ledger()] == [3]
    with pytest.raises(WrongMasterKey):
        await Store.open(tmp_path, MasterKey.random())
    async with await Store.open(tmp_path, master_key) as store:  # the refused one let go of the lock
        assert await store.token_secret() == token_secret


async def test_a_damaged_database_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "metadata.db").write_bytes(b"not a database, but longer than a header " * 100)
    with pytest.raises(MetadataDamaged, match=r"metadata\.db.*restore"):
        await Store.open(tmp_path, MasterKey.random())
    assert everything_in(tmp_path).count(b"not a database") == 100


async def test_an_upload_whose_caller_left_during_the_commit_is_safe_from_the_sweep(tmp_path: Path) -> None:
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        bucket = await store.create_bucket((await store.default_account()).account_id, "photographs")
        uploads = [asyncio.create_task(put(store, bucket, b"%d" % number, bytes(5000))) for number in range(20)]
        for upload in uploads:
            await asyncio.sleep(0.002)
            upload.cancel()
        await asyncio.gather(*uploads, store.sweep(), store.sweep(), return_exceptions=True)
        await put(store, bucket, b"afterwards", b"")  # groups go in order: what was under way is decided by then
        report = await store.fsck()
        assert report.is_clean
        assert store._housekeeping.active == set()


RESIDENT_GROWTH_LIMIT = 24 * 1024 * 1024


async def test_a_large_object_goes_in_and_out_with_little_memory(tmp_path: Path) -> None:
    length = 192 * 1024 * 1024
    chunk = os.urandom(64 * 1024)
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        bucket = await store.create_bucket((await store.default_account()).account_id, "photographs")
        await put(store, bucket, b"warm up", bytes(1_000_000))
        before = most = resident_bytes()
        async with store.upload(bucket, b"large", expected_length=length) as upload:
            for number in range(length // len(chunk)):
                await upload.write(chunk)
                most = max(most, resident_bytes()) if number % 64 == 0 else most
            version = await upload.commit(VersionDraft())
        sha256 = hashlib.sha256()
        async for piece in store.read(version):
            sha256.update(piece)
            most = max(most, resident_bytes())
    assert version.digests is not None
    assert sha256.hexdigest() == version.digests.sha256
    assert most - before < RESIDENT_GROWTH_LIMIT


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
