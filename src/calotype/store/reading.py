"""The bytes of a version, from its extents, in chunks, with the disk in threads."""

from __future__ import annotations

from collections.abc import AsyncIterator

from calotype.store.blobs import BlobReader, Blobs
from calotype.store.errors import BlobDamaged
from calotype.store.model import Extent, FileVersion
from calotype.store.removal import Removals
from calotype.store.work_threads import WorkThreads

CHUNK_BYTES = 256 * 1024


def selected_extents(extents: tuple[Extent, ...], start: int, stop: int) -> list[Extent]:
    """The parts of the extents that make up the bytes `start` to `stop` (exclusive) of their concatenation."""
    selected: list[Extent] = []
    position = 0
    for extent in extents:
        first = max(start - position, 0)
        last = min(stop - position, extent.length)
        if first < last:
            selected.append(Extent(extent.blob_id, extent.offset + first, last - first, extent.encryption))
        position += extent.length
    return selected


async def read_version(
    blobs: Blobs, removals: Removals, threads: WorkThreads, version: FileVersion, start: int, stop: int | None
) -> AsyncIterator[bytes]:
    """Chunks of at most CHUNK_BYTES; raises BlobDamaged when the bytes are not all there."""
    end = version.length if stop is None else min(stop, version.length)
    extents = selected_extents(version.extents, start, end)
    with removals.pinned([extent.blob_id for extent in extents]):
        for extent in extents:
            async for chunk in _read_extent(blobs, threads, extent):
                yield chunk


async def _read_extent(blobs: Blobs, threads: WorkThreads, extent: Extent) -> AsyncIterator[bytes]:
    if extent.length <= CHUNK_BYTES:
        yield await threads.run(_read_whole, blobs, extent)
        return
    reader = await threads.run(_open, blobs, extent)
    try:
        for done in range(0, extent.length, CHUNK_BYTES):
            length = min(CHUNK_BYTES, extent.length - done)
            yield await threads.run(_read, reader, extent, done, length)
    finally:
        # Not here: a cancelled read may still hold the descriptor, and the close then waits for it.
        threads.run(reader.close)


def _read_whole(blobs: Blobs, extent: Extent) -> bytes:
    reader = _open(blobs, extent)
    try:
        return _read(reader, extent, 0, extent.length)
    finally:
        reader.close()


def _open(blobs: Blobs, extent: Extent) -> BlobReader:
    try:
        return blobs.open(extent.blob_id)
    except FileNotFoundError as error:
        raise BlobDamaged(extent.blob_id, "the file is missing") from error


def _read(reader: BlobReader, extent: Extent, done: int, length: int) -> bytes:
    content = reader.read(extent.offset + done, length)
    if len(content) < length:
        raise BlobDamaged(extent.blob_id, f"{length - len(content)} bytes are missing at {extent.offset + done}")
    return content
