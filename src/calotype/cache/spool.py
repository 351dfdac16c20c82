"""A body on its way from the origin: written once, read by any number of viewers while it grows.

It stays in memory while small and moves to a temporary file beyond. The writer never waits for a reader and a
reader never waits for another, so a slow or leaving viewer harms nobody.
"""

from __future__ import annotations

import asyncio
import os
from hashlib import blake2b
from pathlib import Path

from calotype.cache.entry_files import READ_SIZE_BYTES, SMALL_BODY_BYTES, EntryFiles
from calotype.cache.entry_format import DIGEST_SIZE
from calotype.cache.policy.stored import StoredResponse

# Chunks of a large body are gathered to this size for each write in a thread.
WRITE_SIZE_BYTES = 512 << 10


# Without room on the disk a body is still delivered, from memory, as long as it is no larger than this.
MEMORY_WITHOUT_DISK_BYTES = 64 << 20


class IncompleteSpool(Exception):
    """The origin did not deliver the whole body."""


class Spool:
    """One body. `length` counts the bytes that readers may have."""

    def __init__(self, files: EntryFiles) -> None:
        self._files = files
        self._memory = bytearray()  # the whole body, or what is not yet in the file
        self._fd = -1
        self._path: Path | None = None
        self._in_file = 0
        self._digest = blake2b(digest_size=DIGEST_SIZE)
        self._users = 1
        self._grown = asyncio.Event()
        self._failure: BaseException | None = None
        self._is_stored = False
        self._disk_failure: OSError | None = None
        self.is_complete = False

    @property
    def length(self) -> int:
        return self._in_file + len(self._memory)

    @property
    def has_no_reader(self) -> bool:
        return self._users == 1

    @property
    def body(self) -> bytes | None:
        """The whole body when it stayed small."""
        return bytes(self._memory) if self._path is None else None

    @property
    def digest(self) -> bytes:
        return self._digest.digest()

    async def write(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        self._memory += chunk
        self._announce()
        if self._disk_failure is not None:
            if len(self._memory) > MEMORY_WITHOUT_DISK_BYTES:
                raise self._disk_failure
            return
        try:
            if self._path is None and len(self._memory) > SMALL_BODY_BYTES:
                self._fd, self._path = await asyncio.to_thread(self._files.create)
            if self._path is not None and len(self._memory) >= WRITE_SIZE_BYTES:
                await self._write_out()
        except OSError as exc:
            self._disk_failure = exc

    async def finish(self) -> None:
        """The body is whole."""
        if self._path is not None and self._memory and self._disk_failure is None:
            try:
                await self._write_out()
            except OSError as exc:
                self._disk_failure = exc
        self.is_complete = True
        self._announce()

    def fail(self, cause: BaseException) -> None:
        """No more will come: readers raise IncompleteSpool where the bytes end."""
        self._failure = cause
        self._announce()

    async def store(self, name: str, stored: StoredResponse) -> int:
        """Makes the complete body an entry file; the size of that file. Raises OSError when the disk took it not."""
        if self._disk_failure is not None:
            raise self._disk_failure
        if self._path is None:
            return await asyncio.to_thread(self._files.write, name, stored, bytes(self._memory))
        size = await asyncio.to_thread(self._files.complete, self._fd, self._path, name, stored, self.digest)
        self._is_stored = True
        return size

    def read(self, start: int = 0, stop: int | None = None) -> SpoolReader:
        """The bytes from `start` to before `stop` as they arrive."""
        self._users += 1
        return SpoolReader(self, start, stop)

    def release(self) -> None:
        """One user less; the last one closes the file, and an entry never stored is removed."""
        self._users -= 1
        if self._users == 0 and self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            if self._path is not None and not self._is_stored:
                self._path.unlink(missing_ok=True)

    async def chunk_at(self, position: int, limit: int) -> bytes:
        """Some bytes at the position once there are any, or none at the end."""
        limit = min(limit, READ_SIZE_BYTES)
        while position >= self.length:
            if self.is_complete:
                return b""
            if self._failure is not None:
                raise IncompleteSpool(str(self._failure)) from self._failure
            await self._grown.wait()
        if position >= self._in_file:
            offset = position - self._in_file
            return bytes(self._memory[offset : offset + limit])
        return await asyncio.to_thread(os.pread, self._fd, min(limit, self._in_file - position), position)

    async def _write_out(self) -> None:
        chunk = bytes(self._memory)
        await asyncio.to_thread(_write_all, self._fd, chunk, self._in_file)
        self._in_file += len(chunk)
        del self._memory[: len(chunk)]

    def _announce(self) -> None:
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()


class SpoolReader:
    """An async iterator over part of a spool; closing it early is fine, and so is dropping it."""

    def __init__(self, spool: Spool, start: int, stop: int | None) -> None:
        self._spool: Spool | None = spool
        self._position = start
        self._stop = stop

    def __aiter__(self) -> SpoolReader:
        return self

    async def __anext__(self) -> bytes:
        limit = READ_SIZE_BYTES if self._stop is None else self._stop - self._position
        if self._spool is None or limit <= 0:
            self._close()
            raise StopAsyncIteration
        chunk = await self._spool.chunk_at(self._position, limit)
        if not chunk:
            self._close()
            raise StopAsyncIteration
        self._position += len(chunk)
        return chunk

    async def aclose(self) -> None:
        self._close()

    def __del__(self) -> None:
        self._close()

    def _close(self) -> None:
        spool, self._spool = self._spool, None
        if spool is not None:
            spool.release()


def _write_all(fd: int, chunk: bytes, offset: int) -> None:
    view = memoryview(chunk)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written
