"""The blob interface: bytes under random names, written once, never changed, removed when nothing refers to them.

The methods block: they are called from threads, one hop for as much work as possible. The promise of durability
has two halves, and this is the first: bytes handed to `make_durable` are safe when it comes back, whereupon the
metadata may name them. A blob that no metadata row names is an orphan and may be removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol


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

    def close(self) -> None: ...


class Blobs(Protocol):
    def new_id(self) -> str:
        """A name that no blob has. Cheap, and the one method called outside threads."""

    def create(self, blob_id: str) -> BlobWriter: ...

    def make_durable(self, writers: Sequence[BlobWriter]) -> None:
        """Come back when every byte and name is safe. An OSError leaves nothing promised about any of them."""

    def open(self, blob_id: str) -> BlobReader:
        """Raises FileNotFoundError."""

    def remove(self, blob_id: str) -> None:
        """Nothing happens when it is missing."""

    def blob_ids(self) -> Iterator[str]:
        """Every blob there is, also unfinished ones, in no order."""

    def export(self, blob_id: str, folder: Path) -> None:
        """Put the blob into another folder of local blobs, by a link where possible. Durable after `sync_export`."""

    def sync_export(self, folder: Path) -> None: ...

    def free_bytes(self) -> int:
        """What the disk has left. Cheap."""

    def close(self) -> None: ...
