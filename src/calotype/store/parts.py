"""The extents of versions and the parts of large files, as functions of a transaction.

Whoever inserts extents counts their blobs up or brings new ones, whoever removes them counts down, in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from calotype.store.metadata import Transaction
from calotype.store.model import Action, Extent, FileVersion, Part

_PARTS_AT_ONCE = 500


def parts_of(transaction: Transaction, version: FileVersion) -> Iterator[Part]:
    """The version's parts by number, also of a file in progress, read some at a time."""
    if not may_have_parts(version):
        return
    first = 1
    while batch := transaction.parts(version.account_id, version.version_id, first, _PARTS_AT_ONCE):
        yield from batch
        first = batch[-1].part_number + 1


def may_have_parts(version: FileVersion) -> bool:
    return version.part_count > 0 or version.action is Action.START


def extents_of(transaction: Transaction, version: FileVersion) -> Iterator[Extent]:
    """All extents of the version, those of its parts included."""
    yield from version.extents
    for part in parts_of(transaction, version):
        yield from part.extents


def parts_from(transaction: Transaction, version: FileVersion, start: int, stop: int, limit: int) -> list[Part]:
    """Parts of a finished file, in order, from the one that holds the byte `start` on: up to `limit`, or to `stop`."""
    place = (version.account_id, version.version_id)
    parts = transaction.parts_within(*place, start, start + 1)
    if parts and end_of_part(parts[-1]) < stop:
        following = transaction.parts(*place, parts[-1].part_number + 1, limit - len(parts))
        parts += [part for part in following if start_of_part(part) < stop]
    return parts


def extents_of_span(parts: Iterable[Part], start: int, stop: int) -> list[Extent]:
    """The extents of the finished file's bytes `start` to `stop` (exclusive), so far as they lie in these parts."""
    return [extent for part in parts for extent in cut_extents(part, start, stop)]


def cut_extents(part: Part, start: int, stop: int) -> list[Extent]:
    """The part's extents of the finished file's bytes `start` to `stop` (exclusive)."""
    return selected_extents(part.extents, start - start_of_part(part), stop - start_of_part(part))


def start_of_part(part: Part) -> int:
    """Where the part of a finished file begins in it."""
    assert part.start is not None
    return part.start


def end_of_part(part: Part) -> int:
    """Where the part of a finished file ends in it (exclusive)."""
    return start_of_part(part) + part.length


def selected_extents(extents: Iterable[Extent], start: int, stop: int) -> list[Extent]:
    """The pieces of the extents that make up the bytes `start` to `stop` (exclusive) of their concatenation."""
    selected: list[Extent] = []
    position = 0
    for extent in extents:
        first = max(start - position, 0)
        last = min(stop - position, extent.length)
        if first < last:
            selected.append(Extent(extent.blob_id, extent.offset + first, last - first, extent.encryption))
        position += extent.length
    return selected


def remove_version(transaction: Transaction, version: FileVersion) -> tuple[str, ...]:
    """Remove the version and its parts; the blobs that lost their last reference."""
    released = [
        blob_id for part in parts_of(transaction, version) for blob_id in remove_part(transaction, version, part)
    ]
    transaction.remove_version(version)
    return (*released, *release(transaction, version.account_id, version.extents))


def remove_part(transaction: Transaction, file: FileVersion, part: Part) -> tuple[str, ...]:
    """Remove the part; the blobs that lost their last reference."""
    transaction.remove_part(file.bucket_id, part)
    return release(transaction, part.account_id, part.extents)


def share(transaction: Transaction, account_id: str, extents: Iterable[Extent]) -> None:
    """Count one more reference for each extent, which the caller is about to insert a second time."""
    for extent in extents:
        transaction.refer(account_id, extent.blob_id, 1)


def release(transaction: Transaction, account_id: str, extents: Iterable[Extent]) -> tuple[str, ...]:
    """Count each extent's reference down; the blobs that lost their last one."""
    return tuple(extent.blob_id for extent in extents if transaction.refer(account_id, extent.blob_id, -1) == 0)
