"""Object lock: what a version's retention and legal hold allow (b2.md §6.4, S3's Object Lock). Pure.

A version is locked while its legal hold is on, or until its retention ends. Governance gives way to who may bypass it;
compliance and the hold give way to nobody. A lock keeps one version from being deleted: versions and hide markers may
always come on top. An unfinished large file may always be cancelled, whatever lock it will have.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from calotype.store.errors import MissingFileLock, RetainUntilInPast, RetentionRefused
from calotype.store.model import Action, Bucket, DefaultRetention, FileVersion, LockMode, Retention

DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1)
_LAST_YEAR = 9999


def may_delete(version: FileVersion, now_ms: int, *, bypass_governance: bool) -> bool:
    if version.action is Action.START:
        return True
    if version.legal_hold:
        return False
    retention = active_retention(version, now_ms)
    if retention is None:
        return True
    return retention.mode is LockMode.GOVERNANCE and bypass_governance


def active_retention(version: FileVersion, now_ms: int) -> Retention | None:
    """The version's retention while it lasts; at the millisecond that it names it is over."""
    retention = version.retention
    return retention if retention is not None and now_ms < retention.until_ms else None


def retention_change_refusal(
    active: Retention | None, wanted: Retention | None, *, bypass_governance: bool
) -> RetentionRefused | None:
    """Why the active retention may not become `wanted` (None: no retention), or None when it may.

    Making it last longer is always allowed, and so is making governance compliance.
    """
    if active is None:
        return None
    is_shorter = wanted is None or wanted.until_ms < active.until_ms
    if active.mode is LockMode.COMPLIANCE:
        if is_shorter or (wanted is not None and wanted.mode is not LockMode.COMPLIANCE):
            return RetentionRefused("a compliance retention can only be made longer")
        return None
    if is_shorter and not bypass_governance:
        return RetentionRefused("shortening or removing a governance retention needs its bypass")
    return None


def require_file_lock(bucket: Bucket) -> None:
    """Raises MissingFileLock."""
    if not bucket.settings.file_lock_enabled:
        raise MissingFileLock(bucket.name)


def check_retention(bucket: Bucket, retention: Retention | None, now_ms: int) -> None:
    """Whether a version of the bucket may have this retention; raises MissingFileLock, RetainUntilInPast."""
    require_file_lock(bucket)
    if retention is not None and retention.until_ms <= now_ms:
        raise RetainUntilInPast(retention.until_ms, now_ms)


def check_stated_lock(bucket: Bucket, retention: Retention | None, legal_hold: bool | None, now_ms: int) -> None:
    """Whether a new version may have this lock (None: not stated); raises MissingFileLock, RetainUntilInPast."""
    if retention is not None or legal_hold is not None:
        check_retention(bucket, retention, now_ms)


def with_lock(bucket: Bucket, version: FileVersion, now_ms: int) -> FileVersion:
    """A new version with the lock that it gets: as stated, else by the bucket's default retention.

    Raises MissingFileLock, RetainUntilInPast.
    """
    check_stated_lock(bucket, version.retention, version.legal_hold, now_ms)
    default = bucket.settings.default_retention
    if version.retention is not None or default is None or not bucket.settings.file_lock_enabled:
        return version
    return replace(version, retention=Retention(default.mode, default_retention_until(default, now_ms)))


def default_retention_until(default: DefaultRetention, now_ms: int) -> int:
    """When a default retention that begins now ends. A year ends on the same day of the calendar, or the day after."""
    if default.unit == "years":
        return _years_later(now_ms, default.duration)
    return now_ms + default.duration * DAY_MS


def _years_later(now_ms: int, years: int) -> int:
    day, time_of_day_ms = divmod(now_ms, DAY_MS)
    today = _EPOCH + timedelta(days=day)
    year = min(today.year + years, _LAST_YEAR)
    try:
        until = today.replace(year=year)
    except ValueError:  # 29 February
        until = today.replace(year=year, month=3, day=1)
    return (until - _EPOCH).days * DAY_MS + time_of_day_ms
