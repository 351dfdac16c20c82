"""A version's bytes as the body of an answer, counted for the ledger as they leave."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

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
    """The bytes `start` to `stop` (exclusive): up to a chunk whole, so that it is one write, else as a stream."""
    start, stop = span
    if stop - start > CHUNK_BYTES:
        return _counted_stream(store, version, span, count, customer_key)
    content = b"".join([chunk async for chunk in store.read(version, start, stop, customer_key=customer_key)])
    count(len(content))
    return content


async def _counted_stream(
    store: Store, version: FileVersion, span: tuple[int, int], count: Count, customer_key: CustomerKey | None
) -> AsyncIterator[bytes]:
    """Counts before the last chunk leaves: whoever has the whole object finds the ledger complete, and whoever goes
    away early is charged for what was taken."""
    start, stop = span
    missing = stop - start
    try:
        async for chunk in store.read(version, start, stop, customer_key=customer_key):
            missing -= len(chunk)
            if not missing:
                count(stop - start)
            yield chunk
    finally:
        if missing:
            count(stop - start - missing)
