"""A body on its way in: it streams through all digests into a blob, which somebody then commits or drops.

The body is hashed and written in threads, piece by piece; a body that fits one piece takes one hop. Leaving the
`async with` block before `hand_over` removes what was written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from calotype.store.blobs import Blobs, BlobWriter
from calotype.store.digesting import Digesting, Hasher
from calotype.store.errors import IncompleteUpload
from calotype.store.filesystem import OUT_OF_SPACE
from calotype.store.model import Blob, Digests, Extent
from calotype.store.space import DiskReserve
from calotype.store.work_threads import WorkThreads

# A body holds at most this much and one chunk in memory. Hashing a piece takes under a millisecond, against which
# the hop into a thread weighs little.
PIECE_BYTES = 256 * 1024
# Up to here hashing on the event loop costs less than a hop; the digests then come without waiting.
_HASHED_AT_ONCE_BYTES = 4 * 1024


@dataclass(frozen=True, slots=True)
class BlobIntake:
    """What a body on its way in needs of the store."""

    blobs: Blobs
    threads: WorkThreads
    active: set[str]  # blobs being written, which no sweep may touch
    reserve: DiskReserve


@dataclass(frozen=True, slots=True)
class Received:
    """A whole body, ready to be committed: `extents`, `blobs` and `writers` are empty when it has no bytes."""

    length: int
    digests: Digests
    extents: tuple[Extent, ...]
    blobs: tuple[Blob, ...]
    writers: tuple[BlobWriter, ...]


class IncomingBody:
    """`length` counts the bytes that came so far."""

    def __init__(
        self, intake: BlobIntake, account_id: str, expected_length: int | None, checksums: Mapping[str, Hasher]
    ) -> None:
        self.length = 0
        self._intake = intake
        self._account_id = account_id
        self._expected_length = expected_length
        self._digesting = Digesting(checksums)
        self._piece: list[bytes] = []
        self._piece_length = 0
        self._unwritten: list[bytes] = []
        self._blob_id: str | None = None
        self._writer: BlobWriter | None = None
        self._step: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Self:
        self._intake.reserve.check(self._expected_length or 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._step is not None and not self._step.done():
            await asyncio.wait([self._step])  # cancelled in the middle of a piece: the thread is still at it
        writer, self._writer = self._writer, None
        if writer is not None:
            await asyncio.shield(self._intake.threads.run(writer.abandon))
        if self._blob_id is not None:
            self._intake.active.discard(self._blob_id)

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes of the body; raises IncompleteUpload beyond the expected length, StorageFull."""
        if not chunk:
            return
        self.length += len(chunk)
        self._piece.append(chunk)
        self._piece_length += len(chunk)
        if self._expected_length is not None and self.length > self._expected_length:
            raise IncompleteUpload(self._expected_length, self.length)
        is_whole = self.length == self._expected_length
        if self._piece_length >= PIECE_BYTES or (is_whole and self.length > _HASHED_AT_ONCE_BYTES):
            await self._store_piece()

    async def finish(self) -> Digests:
        """The digests of the whole body, nothing of it left in memory. `hand_over` does this itself."""
        if self._piece or self._unwritten:
            await self._store_piece()
        return self.digests()

    def digests(self) -> Digests:
        """The digests of what came so far, the last of which is hashed here and now: at most one piece."""
        if self._piece:
            piece = self._take_piece()
            self._unwritten.append(piece)
            self._digesting.update(piece)
        return self._digesting.digests()

    async def hand_over(self) -> Received:
        """The whole body; its blob is the caller's from here on. Raises IncompleteUpload."""
        digests = await self.finish()
        if self._expected_length is not None and self.length != self._expected_length:
            raise IncompleteUpload(self._expected_length, self.length)
        if self._writer is None or self._blob_id is None:
            return Received(self.length, digests, (), (), ())
        extent = Extent(self._blob_id, 0, self.length)
        blob = Blob(self._account_id, self._blob_id, self.length, digests.sha256)
        received = Received(self.length, digests, (extent,), (blob,), (self._writer,))
        self._writer = self._blob_id = None
        return received

    async def _store_piece(self) -> None:
        unwritten, self._unwritten = self._unwritten, []
        piece = self._take_piece() if self._piece else b""
        try:
            if self._blob_id is None:
                self._blob_id = self._intake.blobs.new_id()
                self._intake.active.add(self._blob_id)
            self._intake.reserve.take(len(piece))
            self._step = self._intake.threads.run(self._store, self._blob_id, unwritten, piece)
            await asyncio.shield(self._step)
        except OSError as error:
            if error.errno in OUT_OF_SPACE:
                raise self._intake.reserve.full() from error
            raise

    def _store(self, blob_id: str, unwritten: list[bytes], piece: bytes) -> None:
        """In a thread: write everything, and hash what has not been hashed."""
        if self._writer is None:
            self._writer = self._intake.blobs.create(blob_id)
        for content in (*unwritten, piece):
            if content:
                self._writer.write(content)
        self._digesting.update(piece)

    def _take_piece(self) -> bytes:
        piece = self._piece[0] if len(self._piece) == 1 else b"".join(self._piece)
        self._piece = []
        self._piece_length = 0
        return piece
