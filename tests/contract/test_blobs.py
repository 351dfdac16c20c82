"""What every blob implementation must do; run over local files and over their twin in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from calotype.store.blobs import Blobs
from calotype.store.filesystem import LocalFileSystem
from calotype.store.ids import is_blob_id
from calotype.store.local_blobs import LocalBlobs
from calotype.store.memory_blobs import MemoryBlobs


@pytest.fixture(params=["files", "memory"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Blobs]:
    made: Blobs = LocalBlobs(tmp_path / "blobs", LocalFileSystem()) if request.param == "files" else MemoryBlobs()
    yield made
    made.close()


def write(blobs: Blobs, *pieces: bytes) -> str:
    writer = blobs.create(blobs.new_id())
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


def test_what_was_written_comes_back(blobs: Blobs) -> None:
    blob_id = write(blobs, b"one ", b"", memoryview(b"two"))
    assert content_of(blobs, blob_id) == b"one two"


def test_a_reader_answers_any_part(blobs: Blobs) -> None:
    reader = blobs.open(write(blobs, b"0123456789"))
    assert [reader.read(0, 3), reader.read(8, 5), reader.read(10, 1), reader.read(4, 0)] == [b"012", b"89", b"", b""]
    reader.close()


def test_names_are_new_and_of_the_known_form(blobs: Blobs) -> None:
    names = {blobs.new_id() for _ in range(2000)}
    assert len(names) == 2000
    assert all(is_blob_id(name) for name in names)


def test_a_group_becomes_durable_together(blobs: Blobs) -> None:
    writers = [blobs.create(blobs.new_id()) for _ in range(20)]
    for number, writer in enumerate(writers):
        writer.write(b"%d" % number)
    blobs.make_durable(writers)
    assert [content_of(blobs, writer.blob_id) for writer in writers] == [b"%d" % number for number in range(20)]
    assert sorted(blobs.blob_ids()) == sorted(writer.blob_id for writer in writers)


def test_an_empty_group_is_fine(blobs: Blobs) -> None:
    blobs.make_durable([])
    assert list(blobs.blob_ids()) == []


def test_unfinished_blobs_are_listed_until_they_are_abandoned(blobs: Blobs) -> None:
    writer = blobs.create(blobs.new_id())
    writer.write(b"x")
    assert list(blobs.blob_ids()) == [writer.blob_id]
    writer.abandon()
    writer.abandon()
    assert list(blobs.blob_ids()) == []


def test_a_finished_blob_can_be_abandoned(blobs: Blobs) -> None:
    writer = blobs.create(blobs.new_id())
    blobs.make_durable([writer])
    writer.abandon()
    assert list(blobs.blob_ids()) == []


def test_a_removed_blob_is_gone_but_open_readers_go_on(blobs: Blobs) -> None:
    blob_id = write(blobs, b"content")
    reader = blobs.open(blob_id)
    blobs.remove(blob_id)
    blobs.remove(blob_id)
    assert reader.read(0, 100) == b"content"
    reader.close()
    with pytest.raises(FileNotFoundError):
        blobs.open(blob_id)


def test_free_bytes_is_a_number(blobs: Blobs) -> None:
    assert blobs.free_bytes() > 0


def test_files_are_there_for_a_second_opening(tmp_path: Path) -> None:
    first = LocalBlobs(tmp_path / "blobs", LocalFileSystem())
    names = [write(first, b"%d" % number) for number in range(3)]
    first.close()
    second = LocalBlobs(tmp_path / "blobs", LocalFileSystem())
    (tmp_path / "blobs" / names[0][:2] / "something else").write_bytes(b"")
    assert sorted(second.blob_ids()) == sorted(names)
    second.close()


@pytest.mark.parametrize("can_link", [True, False])
def test_an_export_is_whole_and_in_the_same_layout(tmp_path: Path, can_link: bool) -> None:
    class Files(LocalFileSystem):
        def link(self, source: Path, target: Path) -> None:
            if not can_link:
                raise OSError("across file systems")
            super().link(source, target)

    source = LocalBlobs(tmp_path / "source", Files())
    blob_id = write(source, b"x" * 3_000_000)
    source.export(blob_id, tmp_path / "target")
    source.sync_export(tmp_path / "target")
    source.remove(blob_id)
    target = LocalBlobs(tmp_path / "target", LocalFileSystem())
    assert content_of(target, blob_id) == b"x" * 3_000_000
    source.close()
    target.close()
