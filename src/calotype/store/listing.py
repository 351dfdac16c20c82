"""A page of a bucket's names or versions, with common prefixes, as functions of a transaction (s3.md §2, b2.md §1.8).

The cost is that of the page: a common prefix is passed over by one seek to the first key beyond it.
"""

from __future__ import annotations

from collections.abc import Callable

from calotype.store.metadata import Transaction
from calotype.store.model import Action, Bucket, FileVersion, ListingPage

_BATCH = 256
# A key and where in it: for versions the time from which to go down, None from the newest; for large files in
# progress the id after which to go up, None from the first.
_Place = tuple[bytes, int | str | None]
_Scan = Callable[[_Place, bytes | None, int], list[FileVersion]]
_PlaceAfter = Callable[[FileVersion], _Place]


def list_names(
    transaction: Transaction, bucket: Bucket, *, prefix: bytes, delimiter: bytes, start: bytes, limit: int
) -> ListingPage:
    """Latest visible versions from `start` on (inclusive)."""

    def scan(place: _Place, stop: bytes | None, count: int) -> list[FileVersion]:
        return transaction.scan_visible(bucket, place[0], stop, count)

    return _page(scan, _after_key, prefix, delimiter, (start, None), limit, by_version=False)


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
    return _page(scan, _below_version, prefix, delimiter, place, limit, by_version=True, unfinished=unfinished)


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

    return _page(scan, _after_id, prefix, delimiter, (start_key, after_version_id), limit, by_version=True)


def successor_of_prefix(prefix: bytes) -> bytes | None:
    """The least key greater than every key that begins with `prefix`, or None when there is none."""
    trimmed = prefix.rstrip(b"\xff")
    if not trimmed:
        return None
    return trimmed[:-1] + bytes([trimmed[-1] + 1])


def _page(
    scan: _Scan,
    place_after: _PlaceAfter,
    prefix: bytes,
    delimiter: bytes,
    place: _Place,
    limit: int,
    *,
    by_version: bool,
    unfinished: bool = True,
) -> ListingPage:
    """Walk the keys, folding those that share a common prefix, until `limit` rows or the end of `prefix`."""
    versions: list[FileVersion] = []
    common_prefixes: list[bytes] = []
    stop = successor_of_prefix(prefix)
    position: _Place | None = place if place[0] >= prefix else (prefix, None)
    smallest = 1 if delimiter else _BATCH  # where keys fold, most of a batch would be read in vain
    size = smallest
    if limit <= 0:
        return ListingPage((), (), None)
    while position is not None:
        # One row more than the page takes tells whether it is the last.
        count = min(size, limit + 1 - len(versions) - len(common_prefixes))
        batch = scan(position, stop, count)
        position = place_after(batch[-1]) if len(batch) == count else None
        size = min(2 * size, _BATCH)
        for version in batch:
            if version.action is Action.START and not unfinished:
                continue
            if len(versions) + len(common_prefixes) == limit:
                return _cut(versions, common_prefixes, version, by_version)
            common = _common_prefix(version.key, prefix, delimiter)
            if common is None:
                versions.append(version)
                continue
            common_prefixes.append(common)
            beyond = successor_of_prefix(common)
            position, size = None if beyond is None else (beyond, None), smallest
            break
    return ListingPage(tuple(versions), tuple(common_prefixes), None)


def _cut(
    versions: list[FileVersion], common_prefixes: list[bytes], following: FileVersion, by_version: bool
) -> ListingPage:
    next_version_id = following.version_id if by_version else None
    return ListingPage(tuple(versions), tuple(common_prefixes), following.key, next_version_id)


def _after_key(version: FileVersion) -> _Place:
    return version.key + b"\0", None


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
