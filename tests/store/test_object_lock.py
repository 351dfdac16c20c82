"""Object lock: the tables of what a lock allows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from calotype.store.errors import FileLock, MissingFileLock, RetainUntilInPast
from calotype.store.model import (
    Action,
    Bucket,
    BucketSettings,
    BucketType,
    DefaultRetention,
    FileVersion,
    LockMode,
    Retention,
    Versioning,
)
from calotype.store.object_lock import default_retention_until, may_delete, retention_change_refusal, with_lock

NOW = 1_000_000
GOVERNANCE, COMPLIANCE = LockMode.GOVERNANCE, LockMode.COMPLIANCE
VERSION = FileVersion("a", "b", "v", b"key", Action.UPLOAD, 1, 0, "text/plain", None, "")


def bucket(settings: BucketSettings) -> Bucket:
    return Bucket("a", "b", "photographs", BucketType.PRIVATE, Versioning.ENABLED, 1, settings=settings)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("retention", "legal_hold", "bypass", "allowed"),
    [
        (None, None, False, True),
        (None, False, False, True),  # a hold that was taken off
        (None, True, False, False),
        (None, True, True, False),  # "Legal hold stops deletion regardless of bypass" (b2.md §6.4)
        (Retention(GOVERNANCE, NOW + 1), None, False, False),
        (Retention(GOVERNANCE, NOW + 1), None, True, True),
        (Retention(COMPLIANCE, NOW + 1), None, False, False),
        (Retention(COMPLIANCE, NOW + 1), None, True, False),  # compliance gives way to nobody
        (Retention(GOVERNANCE, NOW), None, False, True),  # over at the millisecond that it names
        (Retention(COMPLIANCE, NOW - 1), None, False, True),
        (Retention(GOVERNANCE, NOW + 1), True, True, False),  # the hold stands by itself
        (Retention(COMPLIANCE, NOW - 1), True, False, False),
    ],
)
def test_a_version_may_be_deleted_when_nothing_locks_it(
    retention: Retention | None, legal_hold: bool | None, bypass: bool, allowed: bool
) -> None:
    version = replace(VERSION, retention=retention, legal_hold=legal_hold)
    assert may_delete(version, NOW, bypass_governance=bypass) is allowed


def test_an_unfinished_large_file_may_be_cancelled_whatever_lock_it_will_have() -> None:
    started = replace(VERSION, action=Action.START, retention=Retention(COMPLIANCE, NOW + 1), legal_hold=True)
    assert may_delete(started, NOW, bypass_governance=False)


LATER, SAME, SOONER = NOW + 200, NOW + 100, NOW + 50


@pytest.mark.parametrize(
    ("active", "wanted", "without_bypass", "with_bypass"),
    [
        (None, Retention(GOVERNANCE, SAME), True, True),
        (None, Retention(COMPLIANCE, SAME), True, True),
        (None, None, True, True),
        # "Shorten or remove governance: needs bypassGovernance" (b2.md §6.4)
        (Retention(GOVERNANCE, SAME), Retention(GOVERNANCE, LATER), True, True),
        (Retention(GOVERNANCE, SAME), Retention(GOVERNANCE, SAME), True, True),
        (Retention(GOVERNANCE, SAME), Retention(GOVERNANCE, SOONER), False, True),
        (Retention(GOVERNANCE, SAME), None, False, True),
        # firmer and not shorter is neither of the two
        (Retention(GOVERNANCE, SAME), Retention(COMPLIANCE, SAME), True, True),
        (Retention(GOVERNANCE, SAME), Retention(COMPLIANCE, SOONER), False, True),
        # "Compliance: only lengthen", with or without bypass
        (Retention(COMPLIANCE, SAME), Retention(COMPLIANCE, LATER), True, True),
        (Retention(COMPLIANCE, SAME), Retention(COMPLIANCE, SAME), True, True),
        (Retention(COMPLIANCE, SAME), Retention(COMPLIANCE, SOONER), False, False),
        (Retention(COMPLIANCE, SAME), Retention(GOVERNANCE, LATER), False, False),
        (Retention(COMPLIANCE, SAME), None, False, False),
    ],
)
def test_a_retention_changes_as_its_mode_allows(
    active: Retention | None, wanted: Retention | None, without_bypass: bool, with_bypass: bool
) -> None:
    assert (retention_change_refusal(active, wanted, bypass_governance=False) is None) is without_bypass
    assert (retention_change_refusal(active, wanted, bypass_governance=True) is None) is with_bypass


@pytest.mark.parametrize(
    ("duration", "unit", "now", "until"),
    [
        (1, "days", "2024-02-28T10:00:00.123", "2024-02-29T10:00:00.123"),  # to the millisecond
        (30, "days", "2024-12-15T00:00:00", "2025-01-14T00:00:00"),
        (1, "years", "2023-06-01T12:30:00.999", "2024-06-01T12:30:00.999"),  # over a leap day: 366 days
        (1, "years", "2024-02-29T01:02:03", "2025-03-01T01:02:03"),  # never sooner than a whole year
        (4, "years", "2024-02-29T00:00:00", "2028-02-29T00:00:00"),
        (100_000, "years", "2024-02-01T00:00:00", "9999-02-01T00:00:00"),  # the calendar's end
    ],
)
def test_a_default_retention_ends_so_many_days_or_years_later(duration: int, unit: str, now: str, until: str) -> None:
    assert default_retention_until(DefaultRetention(GOVERNANCE, duration, unit), at(now)) == at(until)


LOCKED = BucketSettings(file_lock_enabled=True)
DEFAULTED = BucketSettings(file_lock_enabled=True, default_retention=DefaultRetention(COMPLIANCE, 1, "days"))
STATED = Retention(GOVERNANCE, NOW + 5)


@pytest.mark.parametrize(
    ("settings", "stated", "legal_hold", "expected"),
    [
        (BucketSettings(), None, None, None),
        (LOCKED, None, None, None),
        (LOCKED, STATED, True, STATED),
        # "Default retention applies to uploads that state none" (b2.md §6.4)
        (DEFAULTED, None, None, Retention(COMPLIANCE, NOW + 86_400_000)),
        (DEFAULTED, None, True, Retention(COMPLIANCE, NOW + 86_400_000)),
        (DEFAULTED, STATED, None, STATED),
        # "retention or hold in a bucket without lock" (b2.md §1.7)
        (BucketSettings(), STATED, None, MissingFileLock),
        (BucketSettings(), None, True, MissingFileLock),
        (BucketSettings(), None, False, MissingFileLock),
        # "The retainUntilTimestamp must be in future" (b2.md §1.7)
        (LOCKED, Retention(GOVERNANCE, NOW), None, RetainUntilInPast),
        (DEFAULTED, Retention(COMPLIANCE, NOW - 1), None, RetainUntilInPast),
    ],
)
def test_a_new_version_is_locked_as_stated_or_by_the_buckets_default(
    settings: BucketSettings,
    stated: Retention | None,
    legal_hold: bool | None,
    expected: Retention | type[FileLock] | None,
) -> None:
    version = replace(VERSION, retention=stated, legal_hold=legal_hold)
    if isinstance(expected, type):
        with pytest.raises(expected):
            with_lock(bucket(settings), version, NOW)
    else:
        assert with_lock(bucket(settings), version, NOW) == replace(version, retention=expected)
