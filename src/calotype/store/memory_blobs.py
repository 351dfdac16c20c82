"""Blobs in memory, for tests: the twin of the local files, held to the same contract."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from calotype.store.blobs import BlobWriter
from calotype.store.ids import RandomBytes, new_blob_id


class MemoryBlobWriter:
    def __init__(self, blobs: MemoryBlobs, blob_id: str) -> None:
        self.blob_id = blob_id
        self._blobs = blobs
        self.content = bytearray()
        blobs.unfinished[blob_id] = self

    def write(self, content: bytes | memoryview) -> None:
        self._blobs.take_space(len(content))
        self.content += content

    def abandon(self) -> None:
        self._blobs.remove(self.blob_id)


class MemoryBlobReader:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, offset: int, length: int) -> bytes:
        return self._content[offset : offset + length]

    def read_from_memory(self, offset: int, length: int) -> bytes | None:
        return self.read(offset, length) if offset + length <= len(self._content) else None

    def close(self) -> None:
        pass


class MemoryBlobs:
    """Implements `Blobs`; `capacity_bytes` is how much it may ever take."""

    def __init__(self, random_bytes: RandomBytes = os.urandom, capacity_bytes: int = 1 << 40) -> None:
        self._random_bytes = random_bytes
        self._free_bytes = capacity_bytes
        self._finished: dict[str, bytes] = {}
        self.unfinished: dict[str, MemoryBlobWriter] = {}

    def new_id(self, length: int | None = None) -> str:
        return new_blob_id("00", self._random_bytes)

    def create(self, blob_id: str) -> MemoryBlobWriter:
        return MemoryBlobWriter(self, blob_id)

    def make_durable(self, writers: Sequence[BlobWriter]) -> None:
        for writer in writers:
            finished = self.unfinished.pop(writer.blob_id)
            self._finished[writer.blob_id] = bytes(finished.content)

    def open(self, blob_id: str) -> MemoryBlobReader:
        if blob_id not in self._finished:
            raise FileNotFoundError(blob_id)
        return MemoryBlobReader(self._finished[blob_id])

    def read_from_memory(self, blob_id: str, offset: int, length: int) -> bytes | None:
        found = self._finished.get(blob_id)
        return None if found is None else MemoryBlobReader(found).read_from_memory(offset, length)

    def remove(self, blob_id: str) -> None:
        self._finished.pop(blob_id, None)
        self.unfinished.pop(blob_id, None)

    def blob_ids(self) -> Iterator[str]:
        yield from [*self._finished, *self.unfinished]

    def lone_blob_ids(self) -> Iterator[str]:
        return self.blob_ids()

    def closed_segments(self) -> Iterator[str]:
        yield from ()

    def is_closed(self, segment: str) -> bool:
        return False

    def leftovers(self, segment: str, blob_ids: Collection[str]) -> list[str]:
        return []

    def remove_segment(self, segment: str) -> None:
        pass

    def export(self, blob_id: str, folder: Path) -> None:
        raise OSError("a store in memory has no files to copy")

    def sync_export(self, folder: Path) -> None:
        raise OSError("a store in memory has no files to copy")

    def free_bytes(self) -> int:
        return self._free_bytes

    def take_space(self, length: int) -> None:
        self._free_bytes -= length

    def close(self) -> None:
        pass
