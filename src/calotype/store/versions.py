"""What happens to the versions of one key, as functions of a transaction: put, hide, delete (b2.md §6.1, s3.md §6).

The newest version that is not a large file in progress is the latest; it is visible when it is an upload. Each
change moves the latest mark, adds one outbox row, announces its event, and returns the blobs that lost their last
reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, assert_never

from calotype.store.errors import NoSuchBucket, NoSuchKey, NoSuchVersion, VersionLocked
from calotype.store.events import announce
from calotype.store.ids import made_at_ms
from calotype.store.metadata import Transaction
from calotype.store.model import Action, Blob, Bucket, EventType, FileVersion, Versioning
from calotype.store.object_lock import may_delete, with_lock
from calotype.store.parts import remove_version

Precondition = Callable[[FileVersion | None], None]
NewVersion = Callable[[Bucket, Action, int | None], tuple[str, int]]  # version id and upload time

NULL_VERSION_ID = "null"
HIDE_MARKER_TYPE = "application/x-bz-hide-marker"
_VERSIONS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Change:
    """`version` was made or removed, or is None; the files of `released` blobs may go once this is committed."""

    version: FileVersion | None
    released: tuple[str, ...] = ()


def made(change: Change) -> FileVersion:
    """The version of a change that always has one."""
    assert change.version is not None
    return change.version


def put_version(
    transaction: Transaction,
    version: FileVersion,
    blobs: Iterable[Blob],
    precondition: Precondition | None,
    *,
    keeps_time: bool = False,
    told_as: EventType = EventType.UPLOADED,
) -> Change:
    """Add an upload, by the bucket's versioning state; `precondition` sees the visible version and may raise.

    With `keeps_time` its time was asked for, and may put it below others; else it comes on top. It gets its lock, by
    the bucket's default when it states none; raises MissingFileLock, RetainUntilInPast.
    """
    bucket = existing_bucket(transaction, version.bucket_id)
    version = with_lock(bucket, version, time_of_making(version))
    announce(transaction, bucket, told_as, version)
    if precondition is not None:
        precondition(visible_version(transaction, bucket, version.key))
    for blob in blobs:
        transaction.insert_blob(blob)
    below = transaction.versions_of(bucket, version.key, 2)
    if not below:
        return _add_alone(transaction, bucket, version)
    if len(below) == 1 and bucket.versioning is Versioning.UNVERSIONED and _is_finished(below[0]):
        released = remove_version(transaction, below[0])
        return _add_alone(transaction, bucket, version, released)
    return _add(transaction, bucket, version, keeps_time=keeps_time)


def hide_key(transaction: Transaction, marker: FileVersion, precondition: Precondition | None) -> Change:
    """Put a hide marker on top, whatever is below."""
    bucket = existing_bucket(transaction, marker.bucket_id)
    before = visible_version(transaction, bucket, marker.key)
    if precondition is not None:
        precondition(before)
    announce(transaction, bucket, EventType.HIDDEN, marker)
    placed = place_version(transaction, bucket, marker, keeps_time=False)
    tell_outbox(transaction, bucket, before, placed)
    return Change(placed)


def delete_key(
    transaction: Transaction, marker: FileVersion, precondition: Precondition | None, *, by_rule: bool = False
) -> Change:
    """S3's DELETE without a version id: the object goes when unversioned, else a marker comes; see `Versioning`.

    Also what a lifecycle rule does to hide an object: `by_rule`.
    """
    bucket = existing_bucket(transaction, marker.bucket_id)
    if bucket.versioning is Versioning.UNVERSIONED:
        return _delete_all(transaction, bucket, marker, precondition, by_rule=by_rule)
    if precondition is not None:
        precondition(visible_version(transaction, bucket, marker.key))
    announce(transaction, bucket, EventType.HIDDEN_BY_RULE if by_rule else EventType.HIDDEN, marker)
    return _add(transaction, bucket, marker, keeps_time=False)


def delete_version(
    transaction: Transaction,
    bucket_id: str,
    key: bytes,
    version_id: str,
    precondition: Precondition | None,
    *,
    now_ms: int,
    bypass_governance: bool = False,
    by_rule: bool = False,
) -> Change:
    """Remove one version for good, which may uncover the one below. `null` names the version without an id.

    `by_rule`: a lifecycle rule does it. Raises NoSuchVersion, VersionLocked.
    """
    bucket = existing_bucket(transaction, bucket_id)
    version = find_version(transaction, bucket, key, version_id)
    if precondition is not None:
        precondition(version)
    if not may_delete(version, now_ms, bypass_governance=bypass_governance):
        raise VersionLocked(version)
    was_visible = visible_version(transaction, bucket, key)
    released = remove_version(transaction, version)
    now_latest = _move_latest_mark(transaction, bucket, key)
    if was_visible != _if_visible(now_latest):
        transaction.append_outbox(bucket.account_id, bucket.name, key)
    if _is_finished(version):
        announce(transaction, bucket, _deleted(by_rule=by_rule), version, now_ms)
    return Change(version, released)


def change_attributes(
    transaction: Transaction,
    bucket_id: str,
    key: bytes,
    version_id: str | None,
    change: Callable[[FileVersion], Mapping[str, Any]],
) -> Change:
    """Give a finished version the attributes that `change` makes of it, or refuses by raising; None is the visible one.

    What shows is told to the outbox: an edge may have kept what only some may read from now on. Raises NoSuchKey,
    NoSuchVersion.
    """
    bucket = existing_bucket(transaction, bucket_id)
    visible = visible_version(transaction, bucket, key)
    version = visible if version_id is None else find_version(transaction, bucket, key, version_id)
    if version is None:
        raise NoSuchKey(key, transaction.latest(bucket, key))
    if not _is_finished(version):
        raise NoSuchVersion(version.version_id)
    changed = replace(version, attributes=change(version))
    transaction.replace_version(changed)
    if version == visible:
        transaction.append_outbox(bucket.account_id, bucket.name, key)
    return Change(changed)


def find_version(transaction: Transaction, bucket: Bucket, key: bytes, version_id: str) -> FileVersion:
    """The version of that key and id; raises NoSuchVersion."""
    if version_id == NULL_VERSION_ID:
        version = null_version(transaction, bucket, key)
    else:
        version = transaction.version(bucket, version_id)
    if version is None or version.key != key:
        raise NoSuchVersion(version_id)
    return version


def null_version(transaction: Transaction, bucket: Bucket, key: bytes) -> FileVersion | None:
    """The one version of the key that S3 calls `null`, if it has one."""
    return next((version for version in newest_first(transaction, bucket, key) if version.is_null), None)


def visible_version(transaction: Transaction, bucket: Bucket, key: bytes) -> FileVersion | None:
    return _if_visible(transaction.latest(bucket, key))


def existing_bucket(transaction: Transaction, bucket_id: str) -> Bucket:
    bucket = transaction.bucket_by_id(bucket_id)
    if bucket is None:
        raise NoSuchBucket(bucket_id)
    return bucket


def time_of_making(version: FileVersion) -> int:
    """The clock's time when a version got its id, whatever upload time was asked for."""
    return made_at_ms(version.version_id) or version.uploaded_at_ms


def _delete_all(
    transaction: Transaction, bucket: Bucket, marker: FileVersion, precondition: Precondition | None, *, by_rule: bool
) -> Change:
    """Remove every finished version of the key, of which an unversioned bucket nearly always has one or none."""
    there = transaction.versions_of(bucket, marker.key, 2)
    is_alone = len(there) < 2 and all(map(_is_finished, there))
    before = _if_visible(next(iter(there), None)) if is_alone else visible_version(transaction, bucket, marker.key)
    if precondition is not None:
        precondition(before)
    if is_alone:
        released = tuple(blob_id for version in there for blob_id in remove_version(transaction, version))
    else:
        released = remove_replaced(transaction, bucket, marker.key)
    if before is not None:
        announce(transaction, bucket, _deleted(by_rule=by_rule), before, made_at_ms(marker.version_id))
        transaction.append_outbox(bucket.account_id, bucket.name, marker.key)
    return Change(None, released)


def _add_alone(
    transaction: Transaction, bucket: Bucket, version: FileVersion, released: tuple[str, ...] = ()
) -> Change:
    """Add an upload whose key has no other version, any more: there is nothing to compare or to mark."""
    placed = replace(version, is_null=bucket.versioning is not Versioning.ENABLED, is_latest=True)
    transaction.insert_version(placed)
    transaction.append_outbox(bucket.account_id, bucket.name, version.key)
    return Change(placed, released)


def _add(transaction: Transaction, bucket: Bucket, version: FileVersion, *, keeps_time: bool) -> Change:
    """Add a version in place of those that the bucket's versioning state says it replaces."""
    if bucket.versioning is Versioning.ENABLED and version.is_visible and not keeps_time:
        placed = place_version(transaction, bucket, version, keeps_time=False)
        transaction.append_outbox(bucket.account_id, bucket.name, version.key)  # it is on top, so it shows
        return Change(placed)
    before = visible_version(transaction, bucket, version.key)
    released = remove_replaced(transaction, bucket, version.key)
    is_null = bucket.versioning is not Versioning.ENABLED
    placed = place_version(transaction, bucket, replace(version, is_null=is_null), keeps_time=keeps_time)
    tell_outbox(transaction, bucket, before, placed)
    return Change(placed, released)


def tell_outbox(transaction: Transaction, bucket: Bucket, before: FileVersion | None, placed: FileVersion) -> None:
    """Add an outbox row when another version shows than `before`."""
    shows = _if_visible(placed) if placed.is_latest else visible_version(transaction, bucket, placed.key)
    if shows != before:
        transaction.append_outbox(bucket.account_id, bucket.name, placed.key)


def place_version(transaction: Transaction, bucket: Bucket, version: FileVersion, *, keeps_time: bool) -> FileVersion:
    """Insert at a time that no other version of the key has, and move the latest mark.

    On top, also when the clock was set back: the last writer wins. A time that was asked for is kept, or the next
    free one taken. A large file in progress takes its place in the order of time, but no mark.
    """
    newest = next(iter(transaction.versions_of(bucket, version.key, 1)), None)
    uploaded_at_ms = version.uploaded_at_ms
    if newest is not None and uploaded_at_ms <= newest.uploaded_at_ms:
        if keeps_time:
            uploaded_at_ms = _free_time(transaction, bucket, version.key, uploaded_at_ms)
        else:
            uploaded_at_ms = newest.uploaded_at_ms + 1
    placed = replace(version, uploaded_at_ms=uploaded_at_ms)
    if _is_finished(version):
        latest = newest if newest is None or newest.is_latest else transaction.latest(bucket, version.key)
        placed = take_latest_mark(transaction, placed, latest)
    transaction.insert_version(placed)
    return placed


def take_latest_mark(transaction: Transaction, version: FileVersion, latest: FileVersion | None) -> FileVersion:
    """The version, marked when it is newer than the one that has been latest, whose mark then goes."""
    is_latest = latest is None or version.uploaded_at_ms > latest.uploaded_at_ms
    if is_latest and latest is not None:
        transaction.mark_latest(latest, False)
    return replace(version, is_latest=is_latest)


def remove_replaced(transaction: Transaction, bucket: Bucket, key: bytes) -> tuple[str, ...]:
    """Remove what a new version takes the place of: everything when unversioned, the null one when suspended."""
    match bucket.versioning:
        case Versioning.ENABLED:
            return ()
        case Versioning.UNVERSIONED:
            replaced = [version for version in newest_first(transaction, bucket, key) if _is_finished(version)]
        case Versioning.SUSPENDED:
            null = null_version(transaction, bucket, key)
            replaced = [] if null is None else [null]
        case _:
            assert_never(bucket.versioning)
    released = [blob_id for version in replaced for blob_id in remove_version(transaction, version)]
    if replaced:
        _move_latest_mark(transaction, bucket, key)
    return tuple(released)


def _free_time(transaction: Transaction, bucket: Bucket, key: bytes, wanted_ms: int) -> int:
    """The first millisecond from `wanted_ms` at which the key has no version yet."""
    while any(
        version.uploaded_at_ms == wanted_ms
        for version in transaction.scan_versions(bucket, key, wanted_ms, _end_of(key), 1)
    ):
        wanted_ms += 1
    return wanted_ms


def _move_latest_mark(transaction: Transaction, bucket: Bucket, key: bytes) -> FileVersion | None:
    """Mark the newest finished version of the key, and say which it is."""
    finished = (version for version in newest_first(transaction, bucket, key) if _is_finished(version))
    newest = next(finished, None)
    if newest is not None and not newest.is_latest:
        transaction.mark_latest(newest, True)
        return replace(newest, is_latest=True)
    return newest


def newest_first(transaction: Transaction, bucket: Bucket, key: bytes) -> Iterator[FileVersion]:
    """The key's versions, read a few at a time: a key may have very many, and the first is often enough."""
    time: int | None = None
    while batch := transaction.scan_versions(bucket, key, time, _end_of(key), _VERSIONS_AT_ONCE):
        yield from batch
        time = batch[-1].uploaded_at_ms - 1


def _end_of(key: bytes) -> bytes:
    """The least key greater than `key`."""
    return key + b"\0"


def _deleted(*, by_rule: bool) -> EventType:
    return EventType.DELETED_BY_RULE if by_rule else EventType.DELETED


def _is_finished(version: FileVersion) -> bool:
    return version.action is not Action.START


def _if_visible(version: FileVersion | None) -> FileVersion | None:
    return version if version is not None and version.is_visible else None
