"""What every blob implementation must do; run over files, over segments of files, and over their twin in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from calotype.store.blobs import SMALL_BLOB_BYTES, Blobs, BlobWriter
from calotype.store.filesystem import LocalFileSystem
from calotype.store.ids import is_lone_blob_id
from calotype.store.local_blobs import LocalBlobs
from calotype.store.memory_blobs import MemoryBlobs
from calotype.store.pieces import parse_piece

NewWriter = Callable[[Blobs, int], BlobWriter]  # the writer of a new blob of that length


def not_told(blobs: Blobs, length: int) -> BlobWriter:
    return blobs.create(blobs.new_id())


def told(blobs: Blobs, length: int) -> BlobWriter:
    return blobs.create(blobs.new_id(length))


@pytest.fixture(params=["files", "segments", "memory"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def blobs(kind: str, tmp_path: Path) -> Iterator[Blobs]:
    made: Blobs = MemoryBlobs() if kind == "memory" else LocalBlobs(tmp_path / "blobs", LocalFileSystem())
    yield made
    made.close()


@pytest.fixture
def new_writer(kind: str) -> NewWriter:
    return told if kind == "segments" else not_told


def write(blobs: Blobs, new_writer: NewWriter, *pieces: bytes) -> str:
    writer = new_writer(blobs, sum(map(len, pieces)))
    for piece in pieces:
        writer.write(piece)
    blobs.make_durable([writer])
    return writer.blob_id


def content_of(blobs: Blobs, blob_id: str) -> bytes:
    reader = blobs.open(blob_id)
    try:
        return reader.read(0, 1 << 30)
    finally:
        reader.close()


def test_bytes_in_memory_are_those_that_a_reader_gives(blobs: Blobs, new_writer: NewWriter) -> None:
    blob_id = write(blobs, new_writer, b"0123456789")
    assert content_of(blobs, blob_id) == b"0123456789"
    for offset, length in [(0, 10), (3, 4), (9, 1)]:
        assert blobs.read_from_memory(blob_id, offset, length) in (None, b"0123456789"[offset : offset + length])
        reader = blobs.open(blob_id)
        assert reader.read_from_memory(offset, length) in (None, b"0123456789"[offset : offset + length])
        reader.close()


def test_bytes_in_memory_are_all_or_none(blobs: Blobs, new_writer: NewWriter) -> None:
    blob_id = write(blobs, new_writer, b"0123456789")
    write(blobs, new_writer, b"a neighbour")
    content_of(blobs, blob_id)
    assert blobs.read_from_memory(blob_id, 5, 6) is None
    reader = blobs.open(blob_id)
    assert reader.read_from_memory(5, 6) is None
    reader.close()


def test_a_removed_blob_is_not_in_memory(blobs: Blobs, new_writer: NewWriter) -> None:
    blob_id = write(blobs, new_writer, b"0123456789")
    content_of(blobs, blob_id)
    blobs.remove(blob_id)
    assert blobs.read_from_memory(blob_id, 0, 10) is None


def test_what_was_written_comes_back(blobs: Blobs, new_writer: NewWriter) -> None:
    blob_id = write(blobs, new_writer, b"one ", b"", memoryview(b"two"))
    assert content_of(blobs, blob_id) == b"one two"


def test_a_reader_answers_any_part(blobs: Blobs, new_writer: NewWriter) -> None:
    reader = blobs.open(write(blobs, new_writer, b"0123456789"))
    assert [reader.read(0, 3), reader.read(8, 5), reader.read(10, 1), reader.read(4, 0)] == [b"012", b"89", b"", b""]
    reader.close()


@pytest.mark.parametrize("length", [None, 0, 1, 5000, SMALL_BLOB_BYTES, SMALL_BLOB_BYTES + 1])
def test_names_are_new_and_of_the_known_form(blobs: Blobs, length: int | None) -> None:
    names = {blobs.new_id(length) for _ in range(2000)}
    assert len(names) == 2000
    assert all(is_lone_blob_id(name) or parse_piece(name) for name in names)


def test_a_group_becomes_durable_together(blobs: Blobs, new_writer: NewWriter) -> None:
    contents = [b"%d" % number * 3000 for number in range(20)]
    writers = [new_writer(blobs, len(content)) for content in contents]
    for writer, content in zip(writers, contents, strict=True):
        writer.write(content)
    blobs.make_durable([*writers[10:], *writers[:10]])
    assert [content_of(blobs, writer.blob_id) for writer in writers] == contents
    assert sorted(blobs.blob_ids()) == sorted(writer.blob_id for writer in writers)


def test_a_group_may_leave_some_out_and_mix_lengths_told_and_not(blobs: Blobs) -> None:
    writers = [(told, not_told)[number % 2](blobs, 5000) for number in range(12)]
    for number, writer in enumerate(writers):
        writer.write(b"%04d " % number * 1000)
    for group in (writers[3:9:2], writers[2:9:2], writers[9:], writers[:2]):
        blobs.make_durable(group)
    assert [content_of(blobs, writer.blob_id)[:4] for writer in writers] == [b"%04d" % number for number in range(12)]


def test_an_empty_group_is_fine(blobs: Blobs) -> None:
    blobs.make_durable([])
    assert list(blobs.blob_ids()) == []


def test_unfinished_blobs_are_listed_until_they_are_abandoned(blobs: Blobs, new_writer: NewWriter) -> None:
    writer = new_writer(blobs, 2)
    writer.write(b"x")
    assert list(blobs.blob_ids()) == [writer.blob_id]
    writer.abandon()
    writer.abandon()
    assert list(blobs.blob_ids()) == []


def test_a_finished_blob_can_be_abandoned(blobs: Blobs, new_writer: NewWriter) -> None:
    writer = new_writer(blobs, 0)
    blobs.make_durable([writer])
    writer.abandon()
    assert list(blobs.blob_ids()) == []


def test_a_removed_blob_is_gone_but_open_readers_go_on(blobs: Blobs, new_writer: NewWriter) -> None:
    neighbours = [write(blobs, new_writer, b"left"), write(blobs, new_writer, b"right" * 2000)]
    blob_id = write(blobs, new_writer, b"content" * 1000)
    neighbours.append(write(blobs, new_writer, b"last"))
    reader = blobs.open(blob_id)
    blobs.remove(blob_id)
    blobs.remove(blob_id)
    assert reader.read(0, 7000) == b"content" * 1000
    reader.close()
    with pytest.raises(FileNotFoundError):
        blobs.open(blob_id)
    assert [content_of(blobs, each) for each in neighbours] == [b"left", b"right" * 2000, b"last"]
    assert sorted(blobs.blob_ids()) == sorted(neighbours)


def test_free_bytes_is_a_number(blobs: Blobs) -> None:
    assert blobs.free_bytes() > 0


@pytest.mark.parametrize("new_writer", [told, not_told])
def test_files_are_there_for_a_second_opening(tmp_path: Path, new_writer: NewWriter) -> None:
    first = LocalBlobs(tmp_path / "blobs", LocalFileSystem())
    names = [write(first, new_writer, b"%d" % number) for number in range(3)]
    first.close()
    second = LocalBlobs(tmp_path / "blobs", LocalFileSystem())
    (tmp_path / "blobs" / names[0][:2] / "something else").write_bytes(b"")
    assert sorted(second.blob_ids()) == sorted(names)
    assert [content_of(second, name) for name in names] == [b"0", b"1", b"2"]
    second.close()


@pytest.mark.parametrize("new_writer", [told, not_told])
@pytest.mark.parametrize("can_link", [True, False])
@pytest.mark.parametrize("length", [3_000_000, 70_000])
def test_an_export_is_whole_and_in_the_same_layout(
    tmp_path: Path, can_link: bool, length: int, new_writer: NewWriter
) -> None:
    class Files(LocalFileSystem):
        def link(self, source: Path, target: Path) -> None:
            if not can_link:
                raise OSError("across file systems")
            super().link(source, target)

    source = LocalBlobs(tmp_path / "source", Files())
    blob_ids = [write(source, new_writer, letter * length) for letter in (b"x", b"y", b"z")]
    for blob_id in blob_ids[1:]:
        source.export(blob_id, tmp_path / "target")
    source.sync_export(tmp_path / "target")
    for blob_id in blob_ids:
        source.remove(blob_id)
    target = LocalBlobs(tmp_path / "target", LocalFileSystem())
    assert [content_of(target, blob_id) for blob_id in blob_ids[1:]] == [b"y" * length, b"z" * length]
    assert sorted(target.blob_ids()) == sorted(blob_ids[1:])
    source.close()
    target.close()
