"""Blobs as local files: `blobs/ab/ab…`, the first two hex digits of the random name being its folder.

Small blobs whose length is known beforehand are pieces of segments (see `segments`), the others files of their own.

A file is made under its final name at once: no row names it before it is durable, so there is nothing to rename.
Runs of new blobs share a folder, chosen at random again after a while, so that a group commit syncs one or two.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from calotype.store.blobs import SMALL_BLOB_BYTES, BlobReader, BlobWriter
from calotype.store.filesystem import FileSystem
from calotype.store.ids import RandomBytes, RandomSupply, is_lone_blob_id, new_blob_id, new_segment
from calotype.store.pieces import SEGMENT_FORMAT, is_segment_name, parse_piece
from calotype.store.segments import PieceReader, PieceWriter, Segments

_BLOBS_PER_FOLDER_RUN = 512
# A large body goes to the disk while it comes in, so that the sync at its end finds little left to do.
_WRITEBACK_BYTES = 8 * 1024 * 1024
# Syncs that wait together share the device's flushes; more threads than this, the caller's included, did not help.
_SYNC_THREADS = 4


class LocalBlobWriter:
    def __init__(self, files: FileSystem, blob_id: str, folder: Path) -> None:
        self.blob_id = blob_id
        self.folder = folder
        self.path = folder / blob_id
        self._files = files
        self._descriptor: int | None = files.create(self.path)
        self._unsubmitted = 0

    def write(self, content: bytes | memoryview) -> None:
        assert self._descriptor is not None
        self._files.write(self._descriptor, content)
        self._unsubmitted += len(content)
        if self._unsubmitted >= _WRITEBACK_BYTES:
            self.start_writeback()

    def start_writeback(self) -> None:
        assert self._descriptor is not None
        self._files.start_writeback(self._descriptor)
        self._unsubmitted = 0

    def sync(self) -> None:
        assert self._descriptor is not None
        self._files.sync(self._descriptor)

    def close(self) -> None:
        if self._descriptor is not None:
            self._files.close(self._descriptor)
            self._descriptor = None

    def abandon(self) -> None:
        self.close()
        self._files.remove(self.path)


class Syncable(Protocol):
    def sync(self) -> None: ...


class LocalBlobReader:
    def __init__(self, files: FileSystem, path: Path) -> None:
        self._files = files
        self._descriptor = files.open(path)
        self._in_use = threading.Lock()  # a read that nobody waits for any more may still run when close comes

    def read(self, offset: int, length: int) -> bytes:
        with self._in_use:
            return self._files.read(self._descriptor, offset, length)

    def read_from_memory(self, offset: int, length: int) -> bytes | None:
        if not self._in_use.acquire(blocking=False):
            return None
        try:
            return self._files.read_from_memory(self._descriptor, offset, length)
        finally:
            self._in_use.release()

    def close(self) -> None:
        with self._in_use:
            self._files.close(self._descriptor)


class LocalBlobs:
    """Implements `Blobs` under `folder`, which is made when missing."""

    def __init__(self, folder: Path, files: FileSystem, random_bytes: RandomBytes = os.urandom) -> None:
        self._folder = folder
        self._files = files
        self._random_bytes = RandomSupply(random_bytes)
        self._syncing = ThreadPoolExecutor(_SYNC_THREADS - 1, thread_name_prefix="blob-sync")
        self._lock = threading.Lock()
        self._run_folder = ""
        self._left_in_run = 0
        self._new_folders: set[str] = set()
        self._segments = Segments(files, self._segment_path, self._make_name_durable)
        files.make_folder(folder)
        self._folders = {name for name in files.entries(folder) if len(name) == 2}
        # A crash may have left names that were never synced.
        files.sync_folder(folder)
        files.sync_folder(folder.parent)

    @property
    def wasted_bytes(self) -> int:
        """Of removed small blobs, where the file system gives no space back inside a file."""
        return self._segments.wasted_bytes

    def new_id(self, length: int | None = None) -> str:
        with self._lock:
            if length is not None and length <= SMALL_BLOB_BYTES:
                return self._segments.place(length, self._new_segment).blob_id
            return new_blob_id(self._folder_of_new_blob(), self._random_bytes)

    def create(self, blob_id: str) -> LocalBlobWriter | PieceWriter:
        piece = parse_piece(blob_id)
        if piece is not None:
            return PieceWriter(self._segments, piece)
        return LocalBlobWriter(self._files, blob_id, self._folder / blob_id[:2])

    def make_durable(self, writers: Sequence[BlobWriter]) -> None:
        lone = [writer for writer in writers if isinstance(writer, LocalBlobWriter)]
        pieces = [writer for writer in writers if isinstance(writer, PieceWriter)]
        for writer in lone:
            writer.start_writeback()
        with self._segments.written(pieces) as segments:
            self._sync_each([*segments, *lone])
        for folder in sorted({writer.folder for writer in lone}):
            self._files.sync_folder(folder)
        self._sync_new_folders()
        for writer in lone:
            writer.close()
        self._segments.settle(pieces)

    def open(self, blob_id: str) -> BlobReader:
        piece = parse_piece(blob_id)
        if piece is not None:
            return PieceReader(self._segments.read(piece))
        return LocalBlobReader(self._files, self._path(blob_id))

    def read_from_memory(self, blob_id: str, offset: int, length: int) -> bytes | None:
        piece = parse_piece(blob_id)
        return None if piece is None else self._segments.read_from_memory(piece, offset, length)

    def remove(self, blob_id: str) -> None:
        piece = parse_piece(blob_id)
        if piece is not None:
            self._segments.remove(piece)
        else:
            self._files.remove(self._path(blob_id))

    def blob_ids(self) -> Iterator[str]:
        held = set(self._segments.held)
        yield from held
        yield from self.lone_blob_ids()
        for segment in self._segments_there():
            yield from (blob_id for blob_id in self._segments.blob_ids(segment) if blob_id not in held)

    def lone_blob_ids(self) -> Iterator[str]:
        return (name for name in self._names() if is_lone_blob_id(name))

    def closed_segments(self) -> Iterator[str]:
        return (segment for segment in self._segments_there() if self.is_closed(segment))

    def is_closed(self, segment: str) -> bool:
        return self._segments.is_closed(segment)

    def leftovers(self, segment: str, blob_ids: Collection[str]) -> list[str]:
        return self._segments.leftovers(segment, blob_ids)

    def remove_segment(self, segment: str) -> None:
        self._files.remove(self._segment_path(segment))
        self._segments.forget(segment)

    def export(self, blob_id: str, folder: Path) -> None:
        source = self._path(blob_id)
        target = folder / blob_id[:2] / blob_id
        self._files.make_folder(folder)
        self._files.make_folder(target.parent)
        piece = parse_piece(blob_id)
        if piece is not None:
            self._segments.export(piece, target.with_name(f"{piece.segment}{SEGMENT_FORMAT}"))
            return
        try:
            self._files.link(source, target)
        except OSError:
            self._copy(source, target)

    def sync_export(self, folder: Path) -> None:
        for name in self._files.entries(folder):
            for file in filter(is_segment_name, self._files.entries(folder / name)):
                self._sync_file(folder / name / file)
            self._files.sync_folder(folder / name)
        self._files.sync_folder(folder)

    def free_bytes(self) -> int:
        return self._files.free_bytes(self._folder) - sum(list(self._segments.held.values()))

    def close(self) -> None:
        self._syncing.shutdown()
        self._segments.close()

    def _sync_each(self, writers: Sequence[Syncable]) -> None:
        if not writers:
            return
        own, *others = (writers[first::_SYNC_THREADS] for first in range(min(_SYNC_THREADS, len(writers))))
        syncs = [self._syncing.submit(_sync_in_turn, share) for share in others]
        try:
            _sync_in_turn(own)
        finally:
            # All of them, also when one fails: nobody may close a file that another thread is syncing.
            errors = [sync.exception() for sync in syncs]
        for error in errors:
            if error is not None:
                raise error

    def _path(self, blob_id: str) -> Path:
        return self._folder / blob_id[:2] / blob_id

    def _segment_path(self, segment: str) -> Path:
        return self._path(f"{segment}{SEGMENT_FORMAT}")

    def _new_segment(self) -> str:
        return new_segment(self._folder_of_new_blob(), self._random_bytes)

    def _names(self) -> Iterator[str]:
        with self._lock:
            folders = sorted(self._folders)
        for folder in folders:
            yield from self._files.entries(self._folder / folder)

    def _segments_there(self) -> Iterator[str]:
        return (name.removesuffix(SEGMENT_FORMAT) for name in self._names() if is_segment_name(name))

    def _make_name_durable(self, path: Path) -> None:
        self._files.sync_folder(path.parent)
        self._sync_new_folders()

    def _sync_file(self, path: Path) -> None:
        descriptor = self._files.open(path)
        try:
            self._files.sync(descriptor)
        finally:
            self._files.close(descriptor)

    def _folder_of_new_blob(self) -> str:
        if self._left_in_run == 0:
            self._run_folder = self._random_bytes(1).hex()
            self._left_in_run = _BLOBS_PER_FOLDER_RUN
        self._left_in_run -= 1
        if self._run_folder not in self._folders:
            self._files.make_folder(self._folder / self._run_folder)
            self._new_folders.add(self._run_folder)
            self._folders.add(self._run_folder)
        return self._run_folder

    def _sync_new_folders(self) -> None:
        """A folder's own name must be durable before the first blob in it counts."""
        with self._lock:
            folders = set(self._new_folders)
        if not folders:
            return
        self._files.sync_folder(self._folder)
        with self._lock:
            self._new_folders -= folders

    def _copy(self, source: Path, target: Path) -> None:
        reader = self._files.open(source)
        writer = self._files.create(target)
        try:
            with os.fdopen(reader, "rb", closefd=False) as file, os.fdopen(writer, "wb", closefd=False) as copy:
                shutil.copyfileobj(file, copy, 1 << 20)
            self._files.sync(writer)
        finally:
            self._files.close(reader)
            self._files.close(writer)


def _sync_in_turn(writers: Sequence[Syncable]) -> None:
    for writer in writers:
        writer.sync()
