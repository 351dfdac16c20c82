"""The bytes of a version in clear, from its extents, in chunks, with disk and decryption in threads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from calotype.store.blobs import BlobReader
from calotype.store.encrypted_blobs import ClearBlobs
from calotype.store.errors import BlobDamaged, NoSuchVersion
from calotype.store.metadata import Metadata
from calotype.store.model import Extent, FileVersion
from calotype.store.parts import end_of_part, extents_of_span, parts_from, selected_extents
from calotype.store.removal import Removals
from calotype.store.work_threads import WorkThreads

CHUNK_BYTES = 256 * 1024
# A file of 10,000 parts is read in as little memory as one of ten.
PARTS_AT_ONCE = 100


async def read_version(
    blobs: ClearBlobs,
    metadata: Metadata,
    removals: Removals,
    threads: WorkThreads,
    version: FileVersion,
    start: int,
    stop: int | None,
) -> AsyncIterator[bytes]:
    """Chunks of at most CHUNK_BYTES; raises BlobDamaged when the bytes are not all there, or not those written.

    A version made of parts may be deleted while it is read: NoSuchVersion, once the parts looked up before are read.
    """
    end = version.length if stop is None else min(stop, version.length)
    async for extents in _extents_within(metadata, version, start, end):
        with removals.pinned([extent.blob_id for extent in extents]):
            for extent in extents:
                async for chunk in _read_extent(blobs, threads, extent):
                    yield chunk


def read_from_memory(blobs: ClearBlobs, version: FileVersion, start: int, stop: int) -> bytes | None:
    """The same bytes at once, where they are few, lie in one piece and are in memory; None says nothing."""
    if version.part_count or stop - start > CHUNK_BYTES:
        return None
    extents = selected_extents(version.extents, start, min(stop, version.length))
    return blobs.read_from_memory(extents[0]) if len(extents) == 1 else None


async def _extents_within(
    metadata: Metadata, version: FileVersion, start: int, stop: int
) -> AsyncIterator[list[Extent]]:
    """The extents of the bytes `start` to `stop` (exclusive), those of many parts some at a time."""
    if not version.part_count:
        yield selected_extents(version.extents, start, stop)
        return
    while start < stop:
        parts = await metadata.read(lambda transaction: parts_from(transaction, version, start, stop, PARTS_AT_ONCE))  # noqa: B023
        if not parts:
            raise NoSuchVersion(version.version_id)
        yield extents_of_span(parts, start, stop)
        start = end_of_part(parts[-1])


async def _read_extent(blobs: ClearBlobs, threads: WorkThreads, extent: Extent) -> AsyncIterator[bytes]:
    if extent.length <= CHUNK_BYTES:
        yield await threads.run(_read_whole, blobs, extent)
        return
    reader = await threads.run(blobs.open, extent)
    try:
        for offset, length in aligned_spans(extent.offset, extent.length):
            content = reader.read_from_memory(offset, length)
            yield await threads.run(_read, reader, extent, offset, length) if content is None else content
    finally:
        # Not here: a cancelled read may still hold the descriptor, and the close then waits for it.
        threads.run(reader.close)


def aligned_spans(offset: int, length: int) -> Iterator[tuple[int, int]]:
    """(offset, length) of each read: all but the first begin at a whole multiple of CHUNK_BYTES, since an encrypted
    blob opens in whole chunks and would else open those at the seams twice."""
    stop = offset + length
    while offset < stop:
        next_offset = min(stop, (offset // CHUNK_BYTES + 1) * CHUNK_BYTES)
        yield offset, next_offset - offset
        offset = next_offset


def _read_whole(blobs: ClearBlobs, extent: Extent) -> bytes:
    reader = blobs.open(extent)
    try:
        return _read(reader, extent, extent.offset, extent.length)
    finally:
        reader.close()


def _read(reader: BlobReader, extent: Extent, offset: int, length: int) -> bytes:
    content = reader.read(offset, length)
    if len(content) < length:
        raise BlobDamaged(extent.blob_id, f"{length - len(content)} bytes are missing at {offset}")
    return content
