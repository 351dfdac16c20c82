"""A version's bytes as the body of an answer, counted for the ledger as they leave."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from calotype.store.accounting import Begun
from calotype.store.encryption import CustomerKey
from calotype.store.model import FileVersion
from calotype.store.reading import CHUNK_BYTES
from calotype.store.store import Store

Count = Callable[[int], None]  # takes the number of bytes that left; called once


async def counted_body(
    store: Store,
    version: FileVersion,
    span: tuple[int, int],
    count: Count,
    customer_key: CustomerKey | None = None,
) -> bytes | AsyncIterator[bytes]:
    """The bytes `start` to `stop` (exclusive): up to a chunk whole, so that it is one write, else as a stream.

    Raises DownloadCapExceeded before anything is read; the cap is the bucket owner's.
    """
    start, stop = span
    begun = store.accounting.begin_download(version.account_id, stop - start)
    found = store.read_from_memory(version, start, stop)
    if found is not None:
        count(len(found))
        return found
    chunks = store.read(version, start, stop, customer_key=customer_key)
    if stop - start > CHUNK_BYTES:
        return _CountedStream(chunks, stop - start, count, begun)
    try:
        content = b"".join([chunk async for chunk in chunks])
    except BaseException:
        begun.take_back()
        raise
    count(len(content))
    return content


class _CountedStream:
    """Counts before the last chunk leaves: whoever has the whole object finds the ledger complete, and whoever goes
    away early, even before the first chunk, is charged for what was taken."""

    def __init__(self, chunks: AsyncIterator[bytes], length: int, count: Count, begun: Begun) -> None:
        self._chunks = chunks
        self._length = length
        self._missing = length
        self._count: Count | None = count
        self._begun = begun

    def __aiter__(self) -> _CountedStream:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await anext(self._chunks)
        except BaseException:
            self._settle()
            raise
        self._missing -= len(chunk)
        if not self._missing:
            self._settle()
        return chunk

    async def aclose(self) -> None:
        self._settle()
        close = getattr(self._chunks, "aclose", None)
        if close is not None:
            await close()

    def __del__(self) -> None:
        self._settle()

    def _settle(self) -> None:
        count, self._count = self._count, None
        if count is not None:
            self._begun.take_back(self._missing)
            count(self._length - self._missing)
