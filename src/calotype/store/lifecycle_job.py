"""Lifecycle rules carried out: a walk over each bucket that has some, page by page, and small transactions.

A page is read in one transaction, so requests wait for neither; what is due of it is then done a few at a time, each
looked at again in the transaction that does it: a version may be gone, shown again or locked by then, and a rule
changed. Nothing is kept between runs. One that is broken off costs nothing but the rest of its work.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, fields
from typing import assert_never

from calotype.store import object_lock, unfinished, versions
from calotype.store.errors import NoSuchBucket
from calotype.store.lifecycle import Due, DueChange, RuleWalk, covers, newer_versions_kept
from calotype.store.lifecycle_rule import LifecycleRule
from calotype.store.listing import successor_of_prefix
from calotype.store.metadata import Metadata, Transaction
from calotype.store.model import Action, Bucket, FileVersion, Versioning
from calotype.store.settings import Clock
from calotype.store.versions import Change

_log = logging.getLogger("calotype.store")

PAGE = 500  # versions read at once, some 2 ms of a reader's time
BATCH = 50  # changes in one transaction, for which an upload may have to wait

Commit = Callable[[Callable[[Transaction], "Applied"]], Awaitable["Applied"]]
NewMarker = Callable[[str, bytes], Awaitable[FileVersion]]
_Place = tuple[bytes, int | None]


@dataclass(frozen=True, slots=True)
class LifecycleReport:
    """How many versions of each kind were changed, or would have been in a rehearsal."""

    hidden: int = 0
    deleted: int = 0
    markers_removed: int = 0
    canceled: int = 0

    def __add__(self, other: LifecycleReport) -> LifecycleReport:
        return LifecycleReport(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def is_empty(self) -> bool:
        return self == LifecycleReport()


_COUNTED_AS = {
    Due.HIDE: LifecycleReport(hidden=1),
    Due.DELETE: LifecycleReport(deleted=1),
    Due.REMOVE_MARKER: LifecycleReport(markers_removed=1),
    Due.CANCEL: LifecycleReport(canceled=1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied(Change):
    """What came of a batch."""

    report: LifecycleReport


class LifecycleJob:
    """One run at a time. `new_marker` makes the hide marker for a bucket id and a key, without entering it."""

    def __init__(self, metadata: Metadata, commit: Commit, clock: Clock, new_marker: NewMarker) -> None:
        self._metadata = metadata
        self._commit = commit
        self._clock = clock
        self._new_marker = new_marker
        self._running = asyncio.Lock()

    async def run_once(self, as_of_ms: int | None = None, *, dry_run: bool = False) -> LifecycleReport:
        """Do what every bucket's rules ask for, now or as if it were `as_of_ms`; a rehearsal only counts it.

        Locks and the times of what is made always go by the store's own clock. Raises ReadOnly, OSError.
        """
        async with self._running:
            report = LifecycleReport()
            for bucket in await self._metadata.read(_buckets_with_rules):
                for rule in enabled_rules(bucket):
                    report += await self._follow(bucket, rule, as_of_ms, dry_run=dry_run)
            return report

    async def _follow(
        self, bucket: Bucket, rule: LifecycleRule, as_of_ms: int | None, *, dry_run: bool
    ) -> LifecycleReport:
        """Walk over the versions under the rule's prefix."""
        report = LifecycleReport()
        walk = RuleWalk(rule, self._clock() if as_of_ms is None else as_of_ms, self._is_locked)
        place: _Place | None = (rule.prefix.encode(), None)
        while place is not None:
            page = await self._read(bucket, rule, place)
            due = [change for version in page for change in walk.pass_by(version)]
            place = (page[-1].key, page[-1].uploaded_at_ms - 1) if len(page) == PAGE else None
            if place is None:
                due += walk.end()
            for batch in _batches(due):
                report += _counted(batch) if dry_run else await self._apply(bucket.bucket_id, rule, batch)
        return report

    async def _read(self, bucket: Bucket, rule: LifecycleRule, place: _Place) -> list[FileVersion]:
        """A page, and then as long a pause as it took, so that half of a reader's time stays for others."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        stop = successor_of_prefix(rule.prefix.encode())
        page = await self._metadata.read(lambda transaction: transaction.scan_versions(bucket, *place, stop, PAGE))
        await asyncio.sleep(loop.time() - began)
        return page

    async def _apply(self, bucket_id: str, rule: LifecycleRule, batch: list[DueChange]) -> LifecycleReport:
        now_ms = self._clock()
        hidden = [change.version for change in batch if change.kind is Due.HIDE]
        try:
            markers = {version.version_id: await self._new_marker(bucket_id, version.key) for version in hidden}
        except NoSuchBucket:
            return LifecycleReport()
        applied = await self._commit(
            lambda transaction: apply_changes(transaction, bucket_id, rule, batch, markers, now_ms)
        )
        return applied.report

    def _is_locked(self, version: FileVersion) -> bool:
        return not object_lock.may_delete(version, self._clock(), bypass_governance=False)


def apply_changes(
    transaction: Transaction,
    bucket_id: str,
    rule: LifecycleRule,
    batch: list[DueChange],
    markers: dict[str, FileVersion],
    now_ms: int,
) -> Applied:
    """Make those of the changes that still hold, as long as the bucket has the rule.

    `markers` has the hide marker for each version that is to be hidden, by its id.
    """
    bucket = transaction.bucket_by_id(bucket_id)
    report = LifecycleReport()
    released: list[str] = []
    if bucket is not None and rule in bucket.settings.lifecycle_rules:
        for due in batch:
            change = _apply(transaction, bucket, rule, due, markers, now_ms)
            if change is not None:
                report += _COUNTED_AS[due.kind]
                released += change.released
    return Applied(None, tuple(released), report=report)


def _apply(
    transaction: Transaction,
    bucket: Bucket,
    rule: LifecycleRule,
    due: DueChange,
    markers: dict[str, FileVersion],
    now_ms: int,
) -> Change | None:
    """The change, or None when it does not hold any more."""
    version = transaction.version(bucket, due.version.version_id)
    if version is None or not _still_means(rule, version):
        return None
    match due.kind:
        case Due.HIDE:
            marker = markers[version.version_id]
            may_hide = _may_hide(transaction, bucket, version, now_ms)
            return versions.delete_key(transaction, marker, None, by_rule=True) if may_hide else None
        case Due.DELETE:
            is_hidden = _is_still_hidden(transaction, bucket, due) and _is_deep_enough(
                transaction, bucket, rule, version
            )
            may_delete = is_hidden and _may_delete(version, now_ms)
        case Due.REMOVE_MARKER:
            is_in_place = rule.s3 is None or version.is_latest
            may_delete = is_in_place and version.action is Action.HIDE and _hides_nothing(transaction, bucket, version)
        case Due.CANCEL:
            is_unfinished = version.action is Action.START
            return unfinished.cancel_file(transaction, bucket.bucket_id, version.version_id) if is_unfinished else None
        case _:
            assert_never(due.kind)
    if not may_delete:
        return None
    place = (bucket.bucket_id, version.key, version.version_id)
    return versions.delete_version(transaction, *place, None, now_ms=now_ms, by_rule=True)


def _may_hide(transaction: Transaction, bucket: Bucket, version: FileVersion, now_ms: int) -> bool:
    """Whether it is still the visible one, and may go where hiding means deleting."""
    latest = transaction.latest(bucket, version.key)
    if latest is None or latest.version_id != version.version_id or not latest.is_visible:
        return False
    return bucket.versioning is Versioning.ENABLED or _may_delete(version, now_ms)


def _still_means(rule: LifecycleRule, version: FileVersion) -> bool:
    """Tags may have changed since; an unfinished file has neither tags nor a size that rules look at."""
    return version.action is Action.START or covers(rule, version)


def _is_deep_enough(transaction: Transaction, bucket: Bucket, rule: LifecycleRule, version: FileVersion) -> bool:
    """Whether as many hidden versions lie above it as the rule keeps: newer ones may have been deleted since."""
    kept = newer_versions_kept(rule)
    if not kept:
        return True
    newer = 0
    for other in versions.newest_first(transaction, bucket, version.key):
        if other.version_id == version.version_id:
            return False
        newer += other.action is not Action.START
        if newer > kept:  # the latest, and those that are kept
            return True
    return False


def _is_still_hidden(transaction: Transaction, bucket: Bucket, due: DueChange) -> bool:
    """Whether what hid the version is still there: then it has been hidden all the time."""
    return due.hidden_by is not None and transaction.version(bucket, due.hidden_by.version_id) is not None


def _may_delete(version: FileVersion, now_ms: int) -> bool:
    return object_lock.may_delete(version, now_ms, bypass_governance=False)


def _hides_nothing(transaction: Transaction, bucket: Bucket, marker: FileVersion) -> bool:
    end_of_key = marker.key + b"\0"
    return not transaction.scan_versions(bucket, marker.key, marker.uploaded_at_ms - 1, end_of_key, 1)


def _buckets_with_rules(transaction: Transaction) -> list[Bucket]:
    buckets = [bucket for account in transaction.accounts() for bucket in transaction.buckets(account.account_id)]
    return [bucket for bucket in buckets if enabled_rules(bucket)]


def enabled_rules(bucket: Bucket) -> list[LifecycleRule]:
    return [rule for rule in bucket.settings.lifecycle_rules if rule.is_enabled]


def _batches(changes: list[DueChange]) -> Iterator[list[DueChange]]:
    for start in range(0, len(changes), BATCH):
        yield changes[start : start + BATCH]


def _counted(changes: list[DueChange]) -> LifecycleReport:
    return sum((_COUNTED_AS[change.kind] for change in changes), LifecycleReport())
