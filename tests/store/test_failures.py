"""Disks that fail or fill up: what was promised stays, nothing else changes, and reads go on."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import pytest

from calotype.master_key import MasterKey
from calotype.store.encryption import SERVER_KEY
from calotype.store.errors import NoSuchKey, ReadOnly, StorageFull, StoreError
from calotype.store.filesystem import LocalFileSystem
from calotype.store.large_files import Finished
from calotype.store.metadata import Transaction
from calotype.store.model import Bucket, FileVersion, Part, VersionDraft
from calotype.store.space import DiskReserve
from calotype.store.store import Store, StoreSettings, memory_store

QUICK = StoreSettings(reserve_bytes=0, remove_after_s=0.0)
MEBIBYTE = 1 << 20


class FailingFiles(LocalFileSystem):
    """The real file system, of which one operation can be made to fail."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: str | None = None
        self.error = errno.EIO
        self.writes_before_failure = 0
        self.free: int | None = None

    def _fail_if(self, operation: str) -> None:
        if self.failing == operation:
            raise OSError(self.error, os.strerror(self.error))

    def make_folder(self, path: Path) -> None:
        self._fail_if("make_folder")
        super().make_folder(path)

    def create(self, path: Path) -> int:
        self._fail_if("create")
        return super().create(path)

    def write(self, descriptor: int, content: bytes | memoryview) -> None:
        if self.writes_before_failure > 0:
            self.writes_before_failure -= 1
        else:
            self._fail_if("write")
        if self.free is not None:
            self.free -= len(content)
            if self.free < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(descriptor, content)

    def write_at(self, descriptor: int, offset: int, contents: Sequence[bytes]) -> None:
        self._fail_if("write")
        if self.free is not None:
            self.free -= sum(map(len, contents))
            if self.free < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write_at(descriptor, offset, contents)

    def sync(self, descriptor: int) -> None:
        self._fail_if("sync")
        super().sync(descriptor)

    def sync_folder(self, path: Path) -> None:
        self._fail_if("sync_folder")
        super().sync_folder(path)

    def free_bytes(self, path: Path) -> int:
        return super().free_bytes(path) if self.free is None else self.free


@pytest.fixture
def files() -> FailingFiles:
    return FailingFiles()


@pytest.fixture
async def store(tmp_path: Path, files: FailingFiles) -> AsyncIterator[Store]:
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK, files=files) as opened:
        yield opened


@pytest.fixture
async def bucket(store: Store) -> Bucket:
    return await store.create_bucket((await store.default_account()).account_id, "photographs")


async def put(store: Store, bucket: Bucket, key: bytes, content: bytes) -> FileVersion:
    async with store.upload(bucket, key, expected_length=len(content)) as upload:
        await upload.write(content)
        return await upload.commit(VersionDraft())


async def content_of(store: Store, version: FileVersion) -> bytes:
    return b"".join([chunk async for chunk in store.read(version)])


@pytest.mark.parametrize(("operation", "length"), [("sync", 100), ("sync", 200_000), ("sync_folder", 200_000)])
async def test_a_failed_sync_turns_the_store_read_only_and_says_so(
    store: Store, bucket: Bucket, files: FailingFiles, operation: str, length: int, caplog: pytest.LogCaptureFixture
) -> None:
    before = await put(store, bucket, b"before", b"content")
    files.failing = operation
    with caplog.at_level(logging.CRITICAL, "calotype.store"):
        outcomes = await asyncio.gather(
            *(put(store, bucket, b"during %d" % number, b"x" * length) for number in range(5)), return_exceptions=True
        )
    assert all(isinstance(outcome, ReadOnly) for outcome in outcomes)
    assert "read-only" in caplog.text
    assert store.read_only_reason is not None
    files.failing = None  # a disk that recovers does not bring the trust back
    with pytest.raises(ReadOnly):
        await put(store, bucket, b"after", b"x")
    for change in (store.hide(bucket.bucket_id, b"before"), store.create_bucket(bucket.account_id, "second")):
        with pytest.raises(ReadOnly):
            await change
    assert await content_of(store, await store.latest(bucket.bucket_id, b"before")) == b"content"
    assert [version.key for version in (await store.list_names(bucket.bucket_id)).versions] == [before.key]
    assert list(store.blobs.blob_ids()) == [before.extents[0].blob_id]


async def test_an_upload_under_way_when_the_store_turns_read_only_is_refused_and_removed(
    store: Store, bucket: Bucket, files: FailingFiles
) -> None:
    async with store.upload(bucket, b"slow", expected_length=None) as upload:
        await upload.write(bytes(300_000))
        files.failing = "sync"
        with pytest.raises(ReadOnly):
            await put(store, bucket, b"quick", b"x")
        with pytest.raises(ReadOnly):
            await upload.commit(VersionDraft())
    assert list(store.blobs.blob_ids()) == []


async def test_a_failed_metadata_commit_turns_the_store_read_only(store: Store, bucket: Bucket) -> None:
    version = await put(store, bucket, b"before", b"content")

    def vandal(transaction: object) -> None:
        transaction._execute("ROLLBACK")  # type: ignore[attr-defined]

    with pytest.raises(ReadOnly):
        await store._commits.commit(vandal)
    assert store.read_only_reason is not None
    assert await content_of(store, version) == b"content"


@pytest.mark.parametrize(
    ("name", "refusal"),
    [("SQLITE_FULL", StorageFull), ("SQLITE_IOERR_SHMSIZE", StorageFull), ("SQLITE_IOERR_FSYNC", ReadOnly)],
)
async def test_a_database_without_room_refuses_the_change_and_goes_on(
    store: Store, bucket: Bucket, name: str, refusal: type[StoreError]
) -> None:
    def fail(transaction: Transaction) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorname = name
        raise error

    with pytest.raises(refusal):
        await store._commits.commit(fail)
    assert (store.read_only_reason is None) == (refusal is StorageFull)


@pytest.mark.parametrize("writes_before_failure", [0, 1, 3])
async def test_a_disk_that_fills_up_in_the_middle_refuses_the_upload_and_changes_nothing(
    store: Store, bucket: Bucket, files: FailingFiles, writes_before_failure: int
) -> None:
    before = await put(store, bucket, b"a", b"before")
    files.failing, files.error, files.writes_before_failure = "write", errno.ENOSPC, writes_before_failure
    with pytest.raises(StorageFull):
        await put_in_chunks(store, bucket, b"a", 8, 200_000)
    files.failing = None
    assert await store.latest(bucket.bucket_id, b"a") == before
    assert list(store.blobs.blob_ids()) == [before.extents[0].blob_id]
    await put(store, bucket, b"a", b"after")  # space was freed: all is well again
    assert store.read_only_reason is None


@pytest.mark.parametrize("writes_before_failure", [0, 1, 3])
async def test_a_disk_that_fills_up_in_the_third_part_keeps_the_two_before(
    store: Store, bucket: Bucket, files: FailingFiles, writes_before_failure: int
) -> None:
    file = await store.large_files.start(bucket, b"film", VersionDraft())
    for number in (1, 2):
        await put_part(store, file, number, 3, 200_000)
    kept = set(store.blobs.blob_ids())
    files.failing, files.error, files.writes_before_failure = "write", errno.ENOSPC, writes_before_failure
    with pytest.raises(StorageFull):
        await put_part(store, file, 3, 8, 200_000)
    with pytest.raises(StorageFull):  # nor is a part lost whose resend has no room
        await put_part(store, file, 1, 8, 200_000)
    assert set(store.blobs.blob_ids()) == kept
    files.failing = None
    parts = await store.large_files.parts(file)
    assert [(part.part_number, part.length) for part in parts] == [(1, 600_000), (2, 600_000)]
    await put_part(store, file, 3, 8, 200_000)
    version = await store.large_files.finish(file, lambda _, parts: Finished((1, 2, 3), etag="e"))
    assert version.length == len(await content_of(store, version)) == 2_800_000
    assert (await store.fsck()).is_clean


async def test_a_copy_without_room_for_its_bytes_changes_nothing(
    store: Store, bucket: Bucket, files: FailingFiles
) -> None:
    source = await put(store, bucket, b"a", bytes(600_000))
    files.failing, files.error, files.writes_before_failure = "write", errno.ENOSPC, 1
    with pytest.raises(StorageFull):
        await store.copy(source, bucket, b"b", VersionDraft(), key_of_copy=SERVER_KEY)
    assert list(store.blobs.blob_ids()) == [source.extents[0].blob_id]
    shared = await store.copy(source, bucket, b"b", VersionDraft())  # which needs no room
    assert len(await content_of(store, shared)) == 600_000


async def test_parts_and_copies_are_refused_by_a_store_that_is_read_only(
    store: Store, bucket: Bucket, files: FailingFiles
) -> None:
    source = await put(store, bucket, b"a", bytes(600_000))
    file = await store.large_files.start(bucket, b"film", VersionDraft())
    await put_part(store, file, 1, 1, 1000)
    files.failing = "sync"
    with pytest.raises(ReadOnly):
        await put_part(store, file, 2, 1, 1000)
    refused = [
        lambda: put_part(store, file, 3, 1, 1000),
        lambda: store.copy(source, bucket, b"b", VersionDraft()),
        lambda: store.large_files.copy_part(file, 3, source),
        lambda: store.large_files.start(bucket, b"film", VersionDraft()),
        lambda: store.large_files.finish(file, lambda _, parts: Finished((1,), etag="e")),
        lambda: store.large_files.cancel(file.version_id),
    ]
    for change in refused:
        with pytest.raises(ReadOnly):
            await change()
    assert [part.part_number for part in await store.large_files.parts(file)] == [1]
    assert len(list(store.blobs.blob_ids())) == 2


async def put_part(store: Store, file: FileVersion, number: int, chunks: int, length: int) -> Part:
    async with store.large_files.upload_part(file, number, expected_length=None) as upload:
        for _ in range(chunks):
            await upload.write(bytes(length))
        return await upload.commit()


async def put_in_chunks(store: Store, bucket: Bucket, key: bytes, chunks: int, length: int) -> FileVersion:
    async with store.upload(bucket, key, expected_length=None) as upload:
        for _ in range(chunks):
            await upload.write(bytes(length))
        return await upload.commit(VersionDraft())


@pytest.mark.parametrize("operation", ["create", "make_folder"])
@pytest.mark.parametrize("length", [5000, 200_000])
async def test_a_disk_without_room_for_a_name_refuses_the_upload(
    store: Store, bucket: Bucket, files: FailingFiles, operation: str, length: int
) -> None:
    files.failing, files.error = operation, errno.EDQUOT
    with pytest.raises(StorageFull):
        await put(store, bucket, b"a", b"x" * length)
    assert list(store.blobs.blob_ids()) == []
    files.failing = None
    await put(store, bucket, b"a", b"x" * length)


async def test_small_uploads_without_room_are_refused_and_a_delete_beside_them_is_not(
    store: Store, bucket: Bucket, files: FailingFiles
) -> None:
    before = await put(store, bucket, b"before", b"content")
    kept = await put(store, bucket, b"kept", b"kept")
    files.failing, files.error = "write", errno.ENOSPC
    *uploads, deleted = await asyncio.gather(
        *(put(store, bucket, b"%d" % number, bytes(6000)) for number in range(3)),
        store.delete_version(bucket.bucket_id, b"before", before.version_id),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in uploads] == [StorageFull] * 3
    assert not isinstance(deleted, Exception)
    assert store.read_only_reason is None
    files.failing = None
    await put(store, bucket, b"after", b"x")
    names = [version.key for version in (await store.list_names(bucket.bucket_id)).versions]
    assert names == [b"after", b"kept"]
    assert await content_of(store, kept) == b"kept"
    assert (await store.fsck()).is_clean


async def test_uploads_stop_at_the_reserve_and_everything_else_goes_on(tmp_path: Path, files: FailingFiles) -> None:
    files.free = 10 * MEBIBYTE
    settings = StoreSettings(reserve_bytes=4 * MEBIBYTE, remove_after_s=0.0)
    async with await Store.open(tmp_path, MasterKey.random(), settings=settings, files=files) as store:
        bucket = await store.create_bucket((await store.default_account()).account_id, "photographs")
        version = await put(store, bucket, b"a", b"content")
        with pytest.raises(StorageFull, match="reserve_bytes"):  # at once: nothing of it was read
            await store.upload(bucket, b"b", expected_length=7 * MEBIBYTE).__aenter__()
        with pytest.raises(StorageFull):  # of unknown length: when it gets there
            await put_in_chunks(store, bucket, b"b", 20, MEBIBYTE // 2)
        files.free = 4 * MEBIBYTE - 1
        await asyncio.sleep(0.15)  # the store asks the disk ten times a second
        with pytest.raises(StorageFull):
            await put(store, bucket, b"b", b"")
        assert await content_of(store, await store.latest(bucket.bucket_id, b"a")) == b"content"
        await store.delete_version(bucket.bucket_id, b"a", version.version_id)
        with pytest.raises(NoSuchKey):
            await store.latest(bucket.bucket_id, b"a")
        files.free = 10 * MEBIBYTE
        await put(store, bucket, b"b", b"space again")


async def test_the_twin_in_memory_has_a_reserve_too() -> None:
    settings = StoreSettings(reserve_bytes=MEBIBYTE)
    async with await memory_store(settings=settings, capacity_bytes=2 * MEBIBYTE) as store:
        bucket = await store.create_bucket((await store.default_account()).account_id, "photographs")
        with pytest.raises(StorageFull):
            await put_in_chunks(store, bucket, b"a", 5, MEBIBYTE // 2)


def test_the_reserve_counts_what_was_written_since_it_asked() -> None:
    now, asked = 0.0, 0

    def free_bytes() -> int:
        nonlocal asked
        asked += 1
        return 100

    reserve = DiskReserve(free_bytes, 50, lambda: now)
    reserve.take(30)
    reserve.take(20)
    assert asked == 1
    reserve.take(10)  # by its own count the reserve is reached, so it asks again before it refuses
    assert asked == 2
    with pytest.raises(StorageFull):
        reserve.check(51)
    now = 1.0
    reserve.check(50)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Path, FailingFiles]]:
    """A real file system of 24 MiB; for a user who may not mount one, files that run out of space there."""
    folder = tmp_path / "disk"
    folder.mkdir()
    files = FailingFiles()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    is_mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    if not is_mounted:
        files.free = 24 * MEBIBYTE
    yield folder, files
    if is_mounted:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("length", [1_000_000, 20_000])
async def test_a_full_disk_loses_nothing_that_was_acknowledged(
    small_disk: tuple[Path, FailingFiles], length: int
) -> None:
    folder, files = small_disk
    master_key = MasterKey.random()
    async with await Store.open(folder / "origin", master_key, settings=QUICK, files=files) as store:
        bucket = await store.create_bucket((await store.default_account()).account_id, "photographs")
        accepted: list[FileVersion] = []

        async def fill(worker: int) -> None:
            for number in range(10_000):
                content = b"%d/%d " % (worker, number) * (length // 8)
                accepted.append(await put(store, bucket, b"%d/%d" % (worker, number), content))

        outcomes = await asyncio.gather(*(fill(worker) for worker in range(4)), return_exceptions=True)
        assert all(isinstance(outcome, StorageFull) for outcome in outcomes)
        assert store.read_only_reason is None
        assert len(accepted) * length > 8 * MEBIBYTE  # the metadata's log takes the rest
    # A restart on the full disk must work too, at least for reading.
    async with await Store.open(folder / "origin", master_key, settings=QUICK, files=files) as store:
        report = await store.fsck()
        assert report.is_clean
        assert report.versions == report.blobs == len(accepted)
        for version in accepted[:3]:
            assert (await content_of(store, version)).startswith(version.key)


async def test_deleting_makes_room_on_a_full_disk(small_disk: tuple[Path, FailingFiles]) -> None:
    folder, files = small_disk
    settings = StoreSettings(reserve_bytes=4 * MEBIBYTE, remove_after_s=0.0, housekeeping_interval_s=0.01)
    async with await Store.open(folder / "origin", MasterKey.random(), settings=settings, files=files) as store:
        bucket = await store.create_bucket((await store.default_account()).account_id, "photographs")
        accepted: list[FileVersion] = []
        with pytest.raises(StorageFull):
            await fill_up(store, bucket, accepted)
        for version in accepted:
            await store.delete_version(bucket.bucket_id, version.key, version.version_id)
        if files.free is not None:
            files.free = 20 * MEBIBYTE
        await eventually(lambda: put(store, bucket, b"again", bytes(MEBIBYTE)))


async def fill_up(store: Store, bucket: Bucket, accepted: list[FileVersion]) -> None:
    while True:
        accepted.append(await put(store, bucket, b"%d" % len(accepted), bytes(MEBIBYTE)))


async def eventually(attempt: Callable[[], Awaitable[object]]) -> None:
    """Attempt again while the store refuses, for five seconds."""
    for _ in range(500):
        try:
            await attempt()
        except StoreError:
            await asyncio.sleep(0.01)
        else:
            return
    await attempt()
