"""A body on its way in: it streams through all digests into a blob, which somebody then commits or drops.

The body is hashed, encrypted where it must be, and written in threads, piece by piece; a body that fits one piece
takes one hop. Leaving the `async with` block before `hand_over` removes what was written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from calotype.store.accounting import Accounting, Promise
from calotype.store.blobs import SMALL_BLOB_BYTES, Blobs, BlobWriter
from calotype.store.digesting import Digesting, Hasher
from calotype.store.encrypted_blobs import DataKeys, EncryptedWriter
from calotype.store.encryption import EncryptionKey, sealed_length
from calotype.store.errors import IncompleteUpload
from calotype.store.filesystem import OUT_OF_SPACE
from calotype.store.model import Blob, Digests, Encryption, Extent
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
    data_keys: DataKeys
    accounting: Accounting


@dataclass(frozen=True, slots=True)
class Received:
    """A whole body, ready to be committed: `extents`, `blobs` and `writers` are empty when it has no bytes."""

    length: int
    digests: Digests
    extents: tuple[Extent, ...]
    blobs: tuple[Blob, ...]
    writers: tuple[BlobWriter, ...]


class IncomingBody:
    """`length` counts the bytes that came so far. Without a `key` they are written as they are."""

    def __init__(
        self,
        intake: BlobIntake,
        account_id: str,
        expected_length: int | None,
        checksums: Mapping[str, Hasher],
        key: EncryptionKey | None = None,
    ) -> None:
        self.length = 0
        self._key = key
        self._intake = intake
        self._account_id = account_id
        self._expected_length = expected_length
        self._digesting = Digesting(checksums)
        self._piece: list[bytes] = []
        self._piece_length = 0
        self._unwritten: list[bytes] = []
        self._blob_id: str | None = None
        self._is_small = False  # its bytes are held in memory by its writer
        self._writer: BlobWriter | None = None
        self._encrypted: EncryptedWriter | None = None  # writes into `_writer`
        self._encryption: Encryption | None = None
        self._step: asyncio.Future[None] | None = None
        self._room: Promise | None = None

    async def __aenter__(self) -> Self:
        self._intake.reserve.check(self._expected_length or 0)
        self._room = await self._intake.accounting.promise_storage(self._account_id, self._expected_length or 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._room is not None:
            self._room.release()
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
            await self._store_piece(is_last=is_whole)

    async def finish(self) -> Digests:
        """The digests of the whole body, nothing of it left in memory. `hand_over` does this itself."""
        holds_back = self._encrypted is not None and not self._encrypted.is_finished
        if self._piece or self._unwritten or holds_back:
            await self._store_piece(is_last=True)
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
        extent = Extent(self._blob_id, 0, self.length, self._encryption)
        received = Received(self.length, digests, (extent,), (self._blob(self._blob_id, digests),), (self._writer,))
        self._writer = self._blob_id = None
        return received

    def _blob(self, blob_id: str, digests: Digests) -> Blob:
        """What lies on disk, which is checked without any key."""
        if self._encrypted is None:
            return Blob(self._account_id, blob_id, self.length, digests.sha256)
        return Blob(self._account_id, blob_id, self._encrypted.length, self._encrypted.sha256)

    async def _store_piece(self, *, is_last: bool) -> None:
        contents = [*self._unwritten, self._take_piece() if self._piece else b""]
        length = sum(map(len, contents))
        self._unwritten = []
        try:
            if self._blob_id is None:
                self._blob_id = self._new_blob_id(length if is_last else None)
            self._intake.reserve.take(length)
            if self._may_store_here(length):
                self._store(self._blob_id, contents, is_last)
                return
            self._step = self._intake.threads.run(self._store, self._blob_id, contents, is_last)
            await asyncio.shield(self._step)
        except OSError as error:
            if error.errno in OUT_OF_SPACE:
                raise self._intake.reserve.full() from error
            raise

    def _new_blob_id(self, whole_length: int | None) -> str:
        """`whole_length` is the body's, when all of it is there."""
        if whole_length is not None and self._key is not None:
            whole_length = sealed_length(whole_length)
        blob_id = self._intake.blobs.new_id(whole_length)
        self._intake.active.add(blob_id)
        self._is_small = whole_length is not None and whole_length <= SMALL_BLOB_BYTES
        return blob_id

    def _may_store_here(self, length: int) -> bool:
        """Whether these bytes are dealt with on the event loop: no file is touched, and a hop would cost more."""
        return self._is_small and length <= _HASHED_AT_ONCE_BYTES

    def _store(self, blob_id: str, contents: list[bytes], is_last: bool) -> None:
        """In a thread, or here: write everything, and hash the last of it, which has not been hashed."""
        writer = self._writer or self._create(blob_id)
        for content in contents:
            if content:
                (self._encrypted or writer).write(content)
        if is_last and self._encrypted is not None:
            self._encrypted.finish()
        self._digesting.update(contents[-1])

    def _create(self, blob_id: str) -> BlobWriter:
        self._writer = self._intake.blobs.create(blob_id)
        if self._key is not None:
            data_key, self._encryption = self._intake.data_keys.make(blob_id, self._key)
            self._encrypted = EncryptedWriter(self._writer, data_key)
        return self._writer

    def _take_piece(self) -> bytes:
        piece = self._piece[0] if len(self._piece) == 1 else b"".join(self._piece)
        self._piece = []
        self._piece_length = 0
        return piece
