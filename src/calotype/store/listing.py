"""A page of a bucket's names or versions, with common prefixes, as functions of a transaction (s3.md §2, b2.md §1.8).

The cost is that of the page: a common prefix is passed over by one seek to the first key beyond it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from calotype.store.listed_object import ListedObject
from calotype.store.metadata import Transaction
from calotype.store.model import Action, Bucket, FileVersion, ListingPage, PageOf

_BATCH = 256
# A key and where in it: for versions the time from which to go down, None from the newest; for large files in
# progress the id after which to go up, None from the first.
_Place = tuple[bytes, int | str | None]
Row = TypeVar("Row", FileVersion, ListedObject)


@dataclass(frozen=True, slots=True)
class _Walk(Generic[Row]):
    """How rows are read: `scan` gives some from a place to a key, `place_after` says where to go on behind one, and
    what `leaves_out` is true of is passed over."""

    scan: Callable[[_Place, bytes | None, int], list[Row]]
    place_after: Callable[[Row], _Place]
    leaves_out: Callable[[Row], bool] | None = None


def list_names(
    transaction: Transaction, bucket: Bucket, *, prefix: bytes, delimiter: bytes, start: bytes, limit: int
) -> ListingPage:
    """Latest visible versions from `start` on (inclusive)."""

    def scan(place: _Place, stop: bytes | None, count: int) -> list[FileVersion]:
        return transaction.scan_visible(bucket, place[0], stop, count)

    return _page(_Walk(scan, _after_key), prefix, delimiter, (start, None), limit)


def list_objects(
    transaction: Transaction, bucket: Bucket, *, prefix: bytes, delimiter: bytes, start: bytes, limit: int
) -> PageOf[ListedObject]:
    """As `list_names`, with no more of each than S3 tells: a page of a thousand in a fraction of the time."""

    def scan(place: _Place, stop: bytes | None, count: int) -> list[ListedObject]:
        return transaction.scan_listed(bucket, place[0], stop, count)

    return _page(_Walk(scan, _after_key), prefix, delimiter, (start, None), limit)


def list_versions(
    transaction: Transaction,
    bucket: Bucket,
    *,
    prefix: bytes,
    delimiter: bytes,
    start_key: bytes,
    start_version_id: str | None,
    limit: int,
    unfinished: bool = True,
) -> ListingPage:
    """All versions, newest first within a key, from `start_version_id` of `start_key` on (inclusive).

    A start version that is gone begins at the key's newest one: a row may come twice, none is left out. B2 lists large
    files in progress among them, S3 does not: `unfinished`.
    """

    def scan(place: _Place, stop: bytes | None, count: int) -> list[FileVersion]:
        assert not isinstance(place[1], str)
        return transaction.scan_versions(bucket, place[0], place[1], stop, count)

    started_at = transaction.version(bucket, start_version_id) if start_version_id else None
    time = started_at.uploaded_at_ms if started_at and started_at.key == start_key else None
    place = (start_key, time)
    walk = _Walk(scan, _below_version, None if unfinished else _is_unfinished)
    return _page(walk, prefix, delimiter, place, limit)


def list_unfinished(
    transaction: Transaction,
    bucket: Bucket,
    *,
    prefix: bytes,
    delimiter: bytes,
    start_key: bytes,
    after_version_id: str,
    limit: int,
) -> ListingPage:
    """Large files in progress by key, those begun first at the front of each, beyond `after_version_id` of the key."""

    def scan(place: _Place, stop: bytes | None, count: int) -> list[FileVersion]:
        return transaction.scan_unfinished_keys(bucket, place[0], str(place[1] or ""), stop, count)

    return _page(_Walk(scan, _after_id), prefix, delimiter, (start_key, after_version_id), limit)


def successor_of_prefix(prefix: bytes) -> bytes | None:
    """The least key greater than every key that begins with `prefix`, or None when there is none."""
    trimmed = prefix.rstrip(b"\xff")
    if not trimmed:
        return None
    return trimmed[:-1] + bytes([trimmed[-1] + 1])


def _page(
    walk: _Walk[Row],
    prefix: bytes,
    delimiter: bytes,
    place: _Place,
    limit: int,
) -> PageOf[Row]:
    """Walk the keys, folding those that share a common prefix, until `limit` rows or the end of `prefix`."""
    stop = successor_of_prefix(prefix)
    if place[0] < prefix:
        place = (prefix, None)
    if limit <= 0:
        return PageOf((), (), None)
    if delimiter:
        return _folded_page(walk, prefix, delimiter, place, stop, limit)
    return _plain_page(walk, place, stop, limit)


def _plain_page(
    walk: _Walk[Row],
    place: _Place,
    stop: bytes | None,
    limit: int,
) -> PageOf[Row]:
    rows: list[Row] = []
    is_more = True
    while is_more and len(rows) <= limit:
        # One row more than the page takes tells whether it is the last.
        count = limit + 1 - len(rows)
        batch = walk.scan(place, stop, count)
        is_more = len(batch) == count
        if is_more:
            place = walk.place_after(batch[-1])
        rows += batch if walk.leaves_out is None else [row for row in batch if not walk.leaves_out(row)]
    if len(rows) <= limit:
        return PageOf(tuple(rows), (), None)
    return _cut(rows[:limit], [], rows[limit])


def _folded_page(
    walk: _Walk[Row],
    prefix: bytes,
    delimiter: bytes,
    place: _Place,
    stop: bytes | None,
    limit: int,
) -> PageOf[Row]:
    rows: list[Row] = []
    common_prefixes: list[bytes] = []
    position: _Place | None = place
    size = 1  # where keys fold, most of a batch would be read in vain
    while position is not None:
        count = min(size, limit + 1 - len(rows) - len(common_prefixes))
        batch = walk.scan(position, stop, count)
        position = walk.place_after(batch[-1]) if len(batch) == count else None
        size = min(2 * size, _BATCH)
        for row in batch:
            if walk.leaves_out is not None and walk.leaves_out(row):
                continue
            if len(rows) + len(common_prefixes) == limit:
                return _cut(rows, common_prefixes, row)
            common = _common_prefix(row.key, prefix, delimiter)
            if common is None:
                rows.append(row)
                continue
            common_prefixes.append(common)
            beyond = successor_of_prefix(common)
            position, size = None if beyond is None else (beyond, None), 1
            break
    return PageOf(tuple(rows), tuple(common_prefixes), None)


def _cut(rows: list[Row], common_prefixes: list[bytes], following: Row) -> PageOf[Row]:
    """The page, and the row that follows it."""
    version_id = following.version_id if isinstance(following, FileVersion) else None
    return PageOf(tuple(rows), tuple(common_prefixes), following.key, version_id)


def _is_unfinished(version: FileVersion) -> bool:
    return version.action is Action.START


def _after_key(row: FileVersion | ListedObject) -> _Place:
    return row.key + b"\0", None


def _below_version(version: FileVersion) -> _Place:
    return version.key, version.uploaded_at_ms - 1


def _after_id(version: FileVersion) -> _Place:
    return version.key, version.version_id


def _common_prefix(key: bytes, prefix: bytes, delimiter: bytes) -> bytes | None:
    """`key` up to and with the first delimiter after the prefix, or None when it stands for itself."""
    if not delimiter:
        return None
    end = key.find(delimiter, len(prefix))
    return None if end < 0 else key[: end + len(delimiter)]
