"""What happens to a large file in progress, as functions of a transaction: start, put a part, finish, cancel.

It is a version with the action START from the first moment, so that its bucket counts as full; its parts are rows of
their own. Finished, it takes its place among the versions of its key by the time at which it was started
(b2.md §1.7), and the parts' extents, by number, are its bytes: no byte is moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from calotype.store.errors import NoSuchPart, NoSuchUpload
from calotype.store.events import announce
from calotype.store.metadata import Transaction
from calotype.store.model import Action, Blob, Bucket, Digests, EventType, FileVersion, Part, Versioning
from calotype.store.object_lock import with_lock
from calotype.store.parts import remove_part, remove_version
from calotype.store.versions import (
    Change,
    Precondition,
    existing_bucket,
    place_version,
    remove_replaced,
    take_latest_mark,
    tell_outbox,
    time_of_making,
    visible_version,
)

UNKNOWN_DIGESTS = Digests("", "", "")


@dataclass(frozen=True, slots=True)
class Finished:
    """What a large file is made of, and how it is told. Parts not named are dropped; None keeps the attributes."""

    part_numbers: tuple[int, ...]
    etag: str
    digests: Digests = field(default=UNKNOWN_DIGESTS)
    attributes: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartChange(Change):
    """No version was made yet, but a part of one."""

    part: Part


Choose = Callable[[FileVersion, list[Part]], Finished]


def start_file(transaction: Transaction, file: FileVersion, *, keeps_time: bool) -> Change:
    """Add the large file, with the lock that it will have; raises NoSuchBucket, MissingFileLock, RetainUntilInPast.

    What shows under its key stays the same.
    """
    bucket = existing_bucket(transaction, file.bucket_id)
    file = with_lock(bucket, file, time_of_making(file))
    return Change(place_version(transaction, bucket, file, keeps_time=keeps_time))


def put_part(transaction: Transaction, file: FileVersion, part: Part, blobs: Iterable[Blob]) -> PartChange:
    """Add the part, in place of an earlier one of its number; raises NoSuchUpload."""
    _, file = file_in_progress(transaction, file.bucket_id, file.version_id)
    for blob in blobs:
        transaction.insert_blob(blob)
    before = transaction.part(file.account_id, file.version_id, part.part_number)
    released = () if before is None else remove_part(transaction, file, before)
    transaction.insert_part(file.bucket_id, part)
    return PartChange(None, released, part=part)


def finish_file(
    transaction: Transaction,
    file: FileVersion,
    choose: Choose,
    precondition: Precondition | None = None,
    *,
    now_ms: int,
) -> Change:
    """Make an upload of the large file, of the parts that `choose` names, which may raise to refuse.

    It comes above those that are older than its start, and below the others; where versions are not kept it replaces
    them all. Raises NoSuchUpload, and NoSuchPart for a number that was not uploaded.
    """
    bucket, file = file_in_progress(transaction, file.bucket_id, file.version_id)
    before = visible_version(transaction, bucket, file.key)
    if precondition is not None:
        precondition(before)
    parts = transaction.parts(file.account_id, file.version_id, 1)
    finished = choose(file, parts)
    used, unused = _sorted_out(parts, finished.part_numbers)
    released = [blob_id for part in unused for blob_id in remove_part(transaction, file, part)]
    length = _placed_one_after_the_other(transaction, used)
    released += remove_replaced(transaction, bucket, file.key)
    uploaded = replace(
        file,
        action=Action.UPLOAD,
        length=length,
        part_count=len(used),
        etag=finished.etag,
        digests=finished.digests,
        attributes=file.attributes if finished.attributes is None else finished.attributes,
        finished_at_ms=now_ms,
        is_null=bucket.versioning is not Versioning.ENABLED,
    )
    placed = take_latest_mark(transaction, uploaded, transaction.latest(bucket, file.key))
    transaction.replace_version(placed)
    tell_outbox(transaction, bucket, before, placed)
    announce(transaction, bucket, EventType.MULTIPART_UPLOADED, placed, now_ms)
    return Change(placed, tuple(released))


def cancel_file(transaction: Transaction, bucket_id: str, version_id: str) -> Change:
    """Remove the large file and its parts; raises NoSuchUpload."""
    _, file = file_in_progress(transaction, bucket_id, version_id)
    return Change(file, remove_version(transaction, file))


def file_in_progress(transaction: Transaction, bucket_id: str, version_id: str) -> tuple[Bucket, FileVersion]:
    """Raises NoSuchUpload when it is finished, cancelled, or gone with its bucket."""
    bucket = transaction.bucket_by_id(bucket_id)
    file = None if bucket is None else transaction.version(bucket, version_id)
    if bucket is None or file is None or file.action is not Action.START:
        raise NoSuchUpload(version_id)
    return bucket, file


def _sorted_out(parts: Sequence[Part], chosen: Iterable[int]) -> tuple[list[Part], list[Part]]:
    """The chosen parts and the others, each by number; raises NoSuchPart, also when none is chosen."""
    wanted = frozenset(chosen)
    missing = wanted.difference(part.part_number for part in parts)
    if missing or not wanted:
        raise NoSuchPart(min(missing, default=1))
    used = [part for part in parts if part.part_number in wanted]
    unused = [part for part in parts if part.part_number not in wanted]
    return used, unused


def _placed_one_after_the_other(transaction: Transaction, parts: Iterable[Part]) -> int:
    """Give each part its place in the finished file; the file's length in bytes."""
    position = 0
    for part in parts:
        transaction.place_part(part, position)
        position += part.length
    return position
