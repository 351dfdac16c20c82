"""Small blobs in segments: where they lie, what is given back when, and that nobody's bytes go with it."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from calotype.master_key import MasterKey
from calotype.store import segments
from calotype.store.backup import restore_backup
from calotype.store.filesystem import LocalFileSystem
from calotype.store.local_blobs import LocalBlobs
from calotype.store.model import Bucket, FileVersion, VersionDraft
from calotype.store.pieces import BLOCK_BYTES, Piece, Span, parse_piece, piece_of_header, segment_of, unclaimed
from calotype.store.segment_readers import MOST_OPEN
from calotype.store.store import Store, StoreSettings
from support.blob_places import OnDisk, file_of

QUICK = StoreSettings(reserve_bytes=0, remove_after_s=0.0, housekeeping_interval_s=0.01)
SEGMENT = "ab" * 16


@pytest.mark.parametrize(
    ("blob_id", "piece"),
    [
        (f"{SEGMENT}.0.1.2", Piece(SEGMENT, 0, 1)),
        (f"{SEGMENT}.1a000.20000.2", Piece(SEGMENT, 0x1A000, 0x20000)),
        (f"{SEGMENT}.1", None),  # a file of its own
        (f"{SEGMENT}.2", None),  # the segment itself
        (f"{SEGMENT}.01.1.2", None),  # each place has one spelling
        (f"{SEGMENT}.-1.1.2", None),
        (f"{SEGMENT}.123456789.1.2", None),  # beyond what a header holds
        (f"../{SEGMENT[3:]}.0.1.2", None),
    ],
)
def test_an_id_tells_the_place(blob_id: str, piece: Piece | None) -> None:
    assert parse_piece(blob_id) == piece
    if piece is not None:
        assert piece.blob_id == blob_id
        assert segment_of(blob_id) == SEGMENT


def test_a_header_is_taken_for_its_own_place_only() -> None:
    piece = Piece(SEGMENT, 8192, 70_000)
    assert piece_of_header(SEGMENT, 8192, piece.header) == piece
    assert piece_of_header(SEGMENT, 4096, piece.header) is None
    assert piece_of_header("cd" * 16, 8192, piece.header) is None
    assert piece_of_header(SEGMENT, 8192, bytes(32)) is None
    assert piece_of_header(SEGMENT, 8192, b"") is None


@pytest.mark.parametrize(("length", "space"), [(0, 4096), (4064, 4096), (4065, 8192), (73_641, 73_728)])
def test_a_piece_takes_whole_blocks(length: int, space: int) -> None:
    assert Piece(SEGMENT, 0, length).space == space


@pytest.mark.parametrize(
    ("data", "claimed", "expected"),
    [
        ([], [], []),  # an empty file
        ([(0, 4096)], [(0, 100)], []),  # all of it is somebody's
        ([(0, 12288)], [], [(0, 12288)]),  # nobody's
        ([(0, 12288)], [(4096, 100)], [(0, 4096), (8192, 12288)]),  # before and behind
        ([(4096, 8192)], [(4096, 100)], []),  # what is empty needs no giving back
        ([(0, 4096), (20480, 24576)], [(0, 100), (8192, 100)], [(12288, 24576)]),  # the data in a stretch's middle
        ([(0, 5000)], [(0, 100)], [(4096, 8192)]),  # torn in the middle of a block
        ([(0, 16384)], [(8192, 100), (0, 100), (4096, 5000)], [(12288, 16384)]),  # in any order
        ([(0, 8192)], [(0, 100), (40960, 100)], [(4096, 8192)]),  # a row beyond the file's end
    ],
)
def test_what_belongs_to_nobody(data: list[Span], claimed: list[Span], expected: list[Span]) -> None:
    pieces = [Piece(SEGMENT, offset, length) for offset, length in claimed]
    found = [(piece.offset, piece.stop) for piece in unclaimed(SEGMENT, data, pieces)]
    assert found == expected


async def put(store: Store, bucket: Bucket, key: bytes, content: bytes) -> FileVersion:
    async with store.upload(bucket, key, expected_length=len(content)) as upload:
        await upload.write(content)
        return await upload.commit(VersionDraft())


async def content_of(store: Store, version: FileVersion) -> bytes:
    return b"".join([chunk async for chunk in store.read(version)])


async def delete(store: Store, version: FileVersion) -> None:
    await store.delete_version(version.bucket_id, version.key, version.version_id)


async def new_bucket(store: Store) -> Bucket:
    return await store.create_bucket((await store.default_account()).account_id, "photographs")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


def taken(path: Path) -> int:
    """Bytes of the disk that the file takes."""
    return path.stat().st_blocks * 512


def segment_files(folder: Path) -> list[Path]:
    return sorted((folder / "blobs").glob("*/*.2"))


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> int:
    """Segments that three blobs of 20,000 bytes fill."""
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 60_000)
    return 3


async def test_small_uploads_share_a_file_and_large_ones_do_not(tmp_path: Path) -> None:
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        bucket = await new_bucket(store)
        small = [await put(store, bucket, b"%d" % number, bytes(number)) for number in (1, 5000, 100_000)]
        large = await put(store, bucket, b"large", bytes(200_000))
        async with store.upload(bucket, b"unknown", expected_length=None) as upload:
            await upload.write(b"short after all")
            unknown = await upload.commit(VersionDraft())
        assert len({OnDisk(tmp_path, version).path for version in [*small, unknown]}) == 1
        assert OnDisk(tmp_path, large).path not in segment_files(tmp_path)
        assert await content_of(store, unknown) == b"short after all"


async def test_a_deleted_blob_gives_its_space_back_and_its_neighbours_stay(tmp_path: Path) -> None:
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        bucket = await new_bucket(store)
        versions = [await put(store, bucket, b"%d" % number, b"%d" % number * 100_000) for number in range(4)]
        path = OnDisk(tmp_path, versions[0]).path
        before = taken(path)
        await delete(store, versions[1])
        await until(lambda: taken(path) < before)
        assert before - taken(path) == 102_400
        for number in (0, 2, 3):
            assert await content_of(store, versions[number]) == b"%d" % number * 100_000
        assert (await store.fsck()).is_clean


async def test_a_segment_goes_with_the_last_blob_in_it(tmp_path: Path, small_segments: int) -> None:
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        bucket = await new_bucket(store)
        versions = [await put(store, bucket, b"%d" % number, bytes(20_000)) for number in range(small_segments + 1)]
        first, second = (OnDisk(tmp_path, version).path for version in (versions[0], versions[-1]))
        assert sorted((first, second)) == segment_files(tmp_path)
        for version in versions[: small_segments - 1]:
            await delete(store, version)
        await until(lambda: taken(first) == 20_480)
        assert await content_of(store, versions[small_segments - 1]) == bytes(20_000)
        await delete(store, versions[small_segments - 1])
        await until(lambda: not first.exists())
        await delete(store, versions[-1])  # whose segment is not full: it stays for the next uploads
        await until(lambda: taken(second) == 0)
        assert second.exists()


async def test_a_blob_that_is_still_read_keeps_its_segment(tmp_path: Path, small_segments: int) -> None:
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        bucket = await new_bucket(store)
        versions = [await put(store, bucket, b"%d" % number, bytes(20_000)) for number in range(small_segments + 1)]
        read = OnDisk(tmp_path, versions[0])
        with store._housekeeping.removals.pinned([read.blob_id]):
            for version in versions[:small_segments]:
                await delete(store, version)
            await until(lambda: taken(read.path) == 20_480)
            assert await store.sweep() == 0
            assert read.read() == bytes(20_000)
            assert taken(read.path) == 20_480
        await until(lambda: not read.path.exists())


async def test_each_start_begins_a_segment_and_never_writes_to_an_older_one(tmp_path: Path) -> None:
    master_key = MasterKey.random()
    versions = []
    for number in range(3):
        async with await Store.open(tmp_path, master_key, settings=QUICK) as store:
            bucket = await store.bucket("photographs") if number else await new_bucket(store)
            versions.append(await put(store, bucket, b"%d" % number, b"%d" % number * 5000))
    assert len({OnDisk(tmp_path, version).path for version in versions}) == 3
    async with await Store.open(tmp_path, master_key, settings=QUICK) as store:
        assert [await content_of(store, version) for version in versions] == [b"0" * 5000, b"1" * 5000, b"2" * 5000]


async def test_a_start_gives_back_what_a_crash_left_in_segments(tmp_path: Path) -> None:
    master_key = MasterKey.random()
    async with await Store.open(tmp_path, master_key, settings=QUICK) as store:
        bucket = await new_bucket(store)
        versions = [await put(store, bucket, b"%d" % number, b"%d" % number * 5000) for number in range(3)]
    path = OnDisk(tmp_path, versions[0]).path
    with path.open("ab") as file:
        file.write(b"torn" * 5000)  # never named by a row, and without a header
    nobody = path.with_name("cd" * 16 + ".2").parent.parent / "cd" / ("cd" * 16 + ".2")
    nobody.parent.mkdir(exist_ok=True)
    nobody.write_bytes(b"torn" * 5000)
    async with await Store.open(tmp_path, master_key, settings=QUICK) as store:
        await until(lambda: not nobody.exists() and taken(path) == 3 * 8192)
        assert [await content_of(store, version) for version in versions] == [b"0" * 5000, b"1" * 5000, b"2" * 5000]
        report = await store.fsck()
        assert (report.is_clean, report.blobs, report.orphans) == (True, 3, 0)


async def test_a_backup_stays_whole_whatever_is_removed_afterwards(tmp_path: Path, small_segments: int) -> None:
    master_key = MasterKey.random()
    async with await Store.open(tmp_path / "origin", master_key, settings=QUICK) as store:
        bucket = await new_bucket(store)
        removed = await put(store, bucket, b"removed", bytes(20_000))
        lengths = (20_000, 20_000, 10, 3000, 200_000)
        versions = [await put(store, bucket, b"%d" % number, b"x" * length) for number, length in enumerate(lengths)]
        await delete(store, removed)
        copied = await store.backup(tmp_path / "backup")
        for version in versions:
            await delete(store, version)
        await until(lambda: sum(map(taken, segment_files(tmp_path / "origin"))) == 0)
    assert copied.blobs == len(versions)
    assert {path.stat().st_nlink for path in segment_files(tmp_path / "backup")} == {1}
    assert sum(map(taken, segment_files(tmp_path / "backup"))) == 20_480 * 2 + 4096 * 2
    await restore_backup(tmp_path / "backup", tmp_path / "restored")
    async with await Store.open(tmp_path / "restored", master_key, settings=QUICK) as store:
        assert [await content_of(store, version) for version in versions] == [b"x" * length for length in lengths]
        assert (await store.fsck()).is_clean
        for version in versions:
            await delete(store, version)
        await until(lambda: not segment_files(tmp_path / "restored"))
    assert await restore_backup(tmp_path / "backup", tmp_path / "again") == copied


async def test_a_segment_that_has_a_second_name_is_not_punched(tmp_path: Path, small_segments: int) -> None:
    """Somebody may have made a copy of the folder by links."""
    async with await Store.open(tmp_path / "origin", MasterKey.random(), settings=QUICK) as store:
        bucket = await new_bucket(store)
        versions = [await put(store, bucket, b"%d" % number, b"x" * 20_000) for number in range(small_segments + 1)]
        path = OnDisk(tmp_path / "origin", versions[0]).path
        os.link(path, tmp_path / "linked")
        content = path.read_bytes()
        for version in versions[:small_segments]:
            await delete(store, version)
        await until(lambda: not path.exists())
    assert (tmp_path / "linked").read_bytes() == content


class FilesWithoutHoles(LocalFileSystem):
    def punch_hole(self, descriptor: int, offset: int, length: int) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))


async def test_without_holes_a_removed_blob_is_gone_and_its_space_follows_with_the_segment(
    tmp_path: Path, small_segments: int, caplog: pytest.LogCaptureFixture
) -> None:
    files = FilesWithoutHoles()
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK, files=files) as store:
        assert isinstance(store.blobs, LocalBlobs)
        bucket = await new_bucket(store)
        versions = [await put(store, bucket, b"%d" % number, bytes(20_000)) for number in range(small_segments + 1)]
        gone = OnDisk(tmp_path, versions[0])
        await delete(store, versions[0])
        await until(lambda: gone.blob_id not in set(store.blobs.blob_ids()))
        with pytest.raises(FileNotFoundError):
            store.blobs.open(gone.blob_id)
        assert store.blobs.wasted_bytes == 20_480
        assert caplog.text.count("cannot punch holes") == 1
        for version in versions[1:small_segments]:
            await delete(store, version)
        await until(lambda: not gone.path.exists())
        assert (await store.fsck()).is_clean


async def test_small_blobs_from_before_segments_are_read_kept_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    master_key = MasterKey.random()
    new_id = LocalBlobs.new_id
    async with await Store.open(tmp_path, master_key, settings=QUICK) as store:
        monkeypatch.setattr(LocalBlobs, "new_id", lambda blobs, length=None: new_id(blobs))
        version = await put(store, await new_bucket(store), b"old", b"content")
        monkeypatch.undo()
    assert not segment_files(tmp_path)
    async with await Store.open(tmp_path, master_key, settings=QUICK) as store:
        assert await content_of(store, version) == b"content"
        assert (await store.fsck()).is_clean
        await delete(store, version)
        await until(lambda: not OnDisk(tmp_path, version).path.exists())


def test_bytes_are_never_taken_for_another_blobs(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path / "blobs", LocalFileSystem())
    writer = blobs.create(blobs.new_id(9000))
    writer.write(b"s" * 9000)
    blobs.make_durable([writer])
    piece = parse_piece(writer.blob_id)
    assert piece is not None
    for other in (Piece(piece.segment, BLOCK_BYTES, 100), Piece(piece.segment, 0, 8999), Piece(piece.segment, 0, 9001)):
        with pytest.raises(FileNotFoundError):
            blobs.open(other.blob_id)
    blobs.close()


def written(blobs: LocalBlobs, content: bytes) -> str:
    writer = blobs.create(blobs.new_id(len(content)))
    writer.write(content)
    blobs.make_durable([writer])
    return writer.blob_id


def read_through(blobs: LocalBlobs, blob_id: str) -> None:
    """As a thread does; afterwards it is in memory, and its segment open."""
    reader = blobs.open(blob_id)
    assert reader.read(0, 1)
    reader.close()


class FilesInMemory(LocalFileSystem):
    """Of which nothing was ever put out of memory, whatever the kernel can tell."""

    def read_from_memory(self, descriptor: int, offset: int, length: int) -> bytes | None:
        content = self.read(descriptor, offset, length)
        return content if len(content) == length else None


def test_a_blob_that_was_read_once_is_read_from_memory(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path / "blobs", FilesInMemory())
    blob_id = written(blobs, b"s" * 9000)
    assert blobs.read_from_memory(blob_id, 0, 9000) is None  # nobody has opened its segment
    read_through(blobs, blob_id)
    assert blobs.read_from_memory(blob_id, 0, 9000) == b"s" * 9000
    assert blobs.read_from_memory(blob_id, 8999, 1) == b"s"
    blobs.close()


def test_from_memory_too_bytes_are_never_taken_for_another_blobs(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path / "blobs", FilesInMemory())
    blob_id = written(blobs, b"s" * 9000)
    read_through(blobs, blob_id)
    piece = parse_piece(blob_id)
    assert piece is not None
    for other in (Piece(piece.segment, BLOCK_BYTES, 100), Piece(piece.segment, 0, 8999), Piece(piece.segment, 0, 9001)):
        assert blobs.read_from_memory(other.blob_id, 0, 100) is None
    blobs.close()


class FilesOutOfMemory(LocalFileSystem):
    """As where the kernel cannot tell what it has in memory."""

    def __init__(self) -> None:
        super().__init__()
        self._cannot_tell_what_is_in_memory = True


def test_where_nothing_is_known_of_memory_everything_is_read_by_threads(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path / "blobs", FilesOutOfMemory())
    blob_id = written(blobs, b"s" * 9000)
    read_through(blobs, blob_id)
    assert blobs.read_from_memory(blob_id, 0, 9000) is None
    blobs.close()


def test_a_removed_segment_does_not_stay_open(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path / "blobs", LocalFileSystem())
    before = open_files()
    blob_id = written(blobs, b"s" * 9000)
    read_through(blobs, blob_id)
    read_through(blobs, blob_id)
    assert open_files() == before + 2  # for the pieces to come, and for those who read
    blobs.remove_segment(blob_id[:32])
    assert open_files() == before + 1
    assert blobs.read_from_memory(blob_id, 0, 9000) is None
    blobs.close()
    assert open_files() == before


def test_of_many_segments_those_read_last_stay_open(tmp_path: Path, small_segments: int) -> None:
    blobs = LocalBlobs(tmp_path / "blobs", LocalFileSystem())
    before = open_files()
    blob_ids = [written(blobs, bytes(20_000)) for _ in range((MOST_OPEN + 10) * small_segments)]
    for blob_id in blob_ids:
        read_through(blobs, blob_id)
    assert open_files() <= before + 1 + MOST_OPEN
    blobs.close()
    assert open_files() == before


def test_a_writer_takes_what_its_length_says_and_no_more(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path / "blobs", LocalFileSystem())
    writer = blobs.create(blobs.new_id(10))
    writer.write(b"x" * 9)
    with pytest.raises(ValueError, match="more bytes"):
        writer.write(b"xx")
    short = blobs.create(blobs.new_id(10))
    short.write(b"x" * 9)
    with pytest.raises(ValueError, match="fewer bytes"):
        blobs.make_durable([short])
    blobs.close()


def test_a_full_segment_is_closed_when_its_last_blob_is_durable(tmp_path: Path, small_segments: int) -> None:
    blobs = LocalBlobs(tmp_path / "blobs", LocalFileSystem())
    before = open_files()
    writers = [blobs.create(blobs.new_id(20_000)) for _ in range(4 * small_segments)]
    for writer in writers:
        writer.write(bytes(20_000))
    for group in (writers[1::2], writers[::2]):
        blobs.make_durable(group)
    assert open_files() == before + 1
    assert len(segment_files(tmp_path)) == 4
    assert {file_of(tmp_path, writer.blob_id) for writer in writers} == set(segment_files(tmp_path))
    blobs.close()
    assert open_files() == before


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))
