"""The blob interface: bytes under random names, written once, never changed, removed when nothing refers to them.

The methods block: they are called from threads, one hop for as much work as possible. The promise of durability
has two halves, and this is the first: bytes handed to `make_durable` are safe when it comes back, whereupon the
metadata may name them. A blob that no metadata row names is an orphan and may be removed.

A small blob whose length is known beforehand may share a file, a *segment*, with others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Protocol

# A blob of at most this many bytes on disk whose length is told to `new_id` is held in memory until `make_durable`.
SMALL_BLOB_BYTES = 128 * 1024


class NoRoom(OSError):
    """The disk is full, which was found before anything was synced: the writers may be abandoned, and all goes on."""


class BlobWriter(Protocol):
    """A blob being written. `make_durable` or `abandon` ends it."""

    blob_id: str

    def write(self, content: bytes | memoryview) -> None: ...

    def abandon(self) -> None:
        """Close and remove what was written. May be called more than once, and after `make_durable` has failed."""


class BlobReader(Protocol):
    """An open blob: it stays readable when the blob is removed meanwhile."""

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes; fewer only at the blob's end."""

    def read_from_memory(self, offset: int, length: int) -> bytes | None:
        """The bytes, when they are all there without waiting for the disk: this may be called outside threads."""

    def close(self) -> None: ...


class Blobs(Protocol):
    def new_id(self, length: int | None = None) -> str:
        """A name that no blob has. Cheap, and may be called outside threads.

        With a `length` exactly so many bytes must be written. When that is at most SMALL_BLOB_BYTES, creating and
        writing the blob do not block either.
        """

    def create(self, blob_id: str) -> BlobWriter: ...

    def make_durable(self, writers: Sequence[BlobWriter]) -> None:
        """Come back when every byte and name is safe.

        NoRoom when the disk is full and was not asked to sync anything. Any other OSError leaves nothing promised
        about any of them.
        """

    def open(self, blob_id: str) -> BlobReader:
        """Raises FileNotFoundError."""

    def read_from_memory(self, blob_id: str, offset: int, length: int) -> bytes | None:
        """Bytes of a small blob, when they are all there without waiting for the disk; None says nothing.

        Does not block, and may be called outside threads.
        """

    def remove(self, blob_id: str) -> None:
        """Nothing happens when it is missing."""

    def blob_ids(self) -> Iterator[str]:
        """Every blob there is, also unfinished ones, in no order. Looks into each segment."""

    def lone_blob_ids(self) -> Iterator[str]:
        """Those that lie in no segment."""

    def closed_segments(self) -> Iterator[str]:
        """The segments that get no more blobs."""

    def is_closed(self, segment: str) -> bool: ...

    def leftovers(self, segment: str, blob_ids: Collection[str]) -> list[str]:
        """Names, for `remove`, of what takes space in a closed segment and belongs to none of these blobs."""

    def remove_segment(self, segment: str) -> None:
        """Nothing happens when it is missing."""

    def export(self, blob_id: str, folder: Path) -> None:
        """Put the blob into another folder of local blobs, by a link where that is safe. Durable after `sync_export`.

        Whatever is removed here later, the other folder keeps it.
        """

    def sync_export(self, folder: Path) -> None: ...

    def free_bytes(self) -> int:
        """What the disk has left. Cheap."""

    def close(self) -> None: ...
