"""What lifecycle rules of S3 make of versions (s3.md §8), as a table: day 100 is today, and it is noon."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from calotype.store.lifecycle import DAY_MS, covers, due_changes, first_to_end
from calotype.store.lifecycle_rule import S3Lifecycle
from calotype.store.model import LifecycleRule
from support.lifecycle_versions import TODAY, told, version

NOON_MS = TODAY * DAY_MS + DAY_MS // 2


def rule(*days: int | None, prefix: str = "", **s3: Any) -> LifecycleRule:
    return LifecycleRule(prefix, *days, s3=S3Lifecycle("rule", **s3))


EXPIRE_10 = rule(10)
NONCURRENT_10 = rule(None, 10)
KEEP_2 = rule(None, 10, newer_versions_kept=2)
MARKERS = rule(removes_expired_markers=True)
ON_99, ON_101 = rule(expires_at_ms=99 * DAY_MS), rule(expires_at_ms=101 * DAY_MS)
ABORT_10 = rule(None, None, 10)


@pytest.mark.parametrize(
    ("given_rule", "versions", "expected"),
    [
        # Expiration makes a delete marker, at the midnight after the days
        (EXPIRE_10, "u90", "hide:u90"),
        (EXPIRE_10, "u91", ""),
        (EXPIRE_10, "u95 u40", ""),
        (EXPIRE_10, "u90!", "hide:u90"),
        (ON_99, "u98", "hide:u98"),
        (ON_99, "u99", "hide:u99"),  # whatever its age
        (ON_101, "u1", ""),
        # and removes a delete marker of that age that is all there is
        (EXPIRE_10, "h90", "unmark:h90"),
        (EXPIRE_10, "h91", ""),
        (EXPIRE_10, "h90 u1", ""),
        (EXPIRE_10, "h90 h89", ""),  # the lower one is a version like others
        (EXPIRE_10, "u95 h1", ""),
        (ON_99, "h1", "unmark:h1"),
        # ExpiredObjectDeleteMarker does so at any age, and nothing else
        (MARKERS, "h99", "unmark:h99"),
        (MARKERS, "h99 u1", ""),
        (MARKERS, "u1", ""),
        (MARKERS, "h99 s50", ""),
        (rule(removes_expired_markers=False), "h1", ""),
        # NoncurrentVersionExpiration counts from when the next version came
        (NONCURRENT_10, "u90 u1", "delete:u1"),
        (NONCURRENT_10, "u91 u1", ""),
        (NONCURRENT_10, "h90 u1", "delete:u1"),  # the marker is the current version, and no business of this rule
        (NONCURRENT_10, "h1", ""),
        (NONCURRENT_10, "h90 h50 u1", "delete:h50 delete:u1"),
        (NONCURRENT_10, "u90 u1!", ""),
        (rule(None, 10, removes_expired_markers=True), "h90 u1", "delete:u1 unmark:h90"),
        # NewerNoncurrentVersions stay whatever their age
        (KEEP_2, "u90 u50 u40", ""),
        (KEEP_2, "u90 u50 u40 u30 u20", "delete:u30 delete:u20"),
        (KEEP_2, "u90 h50 u40 u30", "delete:u30"),
        # AbortIncompleteMultipartUpload
        (ABORT_10, "s90", "cancel:s90"),
        (ABORT_10, "s91", ""),
    ],
)
def test_what_is_due(given_rule: LifecycleRule, versions: str, expected: str) -> None:
    given = [version(each) for each in versions.split()]
    assert told(list(due_changes(given_rule, given, NOON_MS, lambda each: bool(each.legal_hold)))) == expected


@pytest.mark.parametrize(
    ("uploaded_at_ms", "expected_ms"),
    [
        (50 * DAY_MS, 60 * DAY_MS),
        (50 * DAY_MS + 1, 61 * DAY_MS),  # "rounding the resulting time to the next day midnight UTC"
        (51 * DAY_MS - 1, 61 * DAY_MS),
    ],
)
def test_days_end_at_midnight(uploaded_at_ms: int, expected_ms: int) -> None:
    assert first_to_end([EXPIRE_10], version("u50", uploaded_at_ms=uploaded_at_ms)) == (expected_ms, EXPIRE_10)


def test_a_rule_of_b2_ends_to_the_millisecond() -> None:
    by_b2 = LifecycleRule("", 10)
    assert first_to_end([by_b2], version("u50", uploaded_at_ms=50 * DAY_MS + 1)) == (60 * DAY_MS + 1, by_b2)


def test_the_first_rule_to_come_is_the_one_that_counts() -> None:
    disabled = rule(1, is_enabled=False)
    elsewhere = rule(2, prefix="dog")
    rules = [rule(None, 3), rule(20), disabled, elsewhere, EXPIRE_10]
    assert first_to_end(rules, version("u50")) == (60 * DAY_MS, EXPIRE_10)
    assert first_to_end(rules[2:4], version("u50")) is None


TAGGED = {"tags": {"film": "HP5", "roll": "7"}}


@pytest.mark.parametrize(
    ("filtered", "fields", "is_covered"),
    [
        (rule(prefix="cat"), {}, True),
        (rule(prefix="dog"), {}, False),
        (rule(tags=(("film", "HP5"),)), {"attributes": TAGGED}, True),
        (rule(tags=(("film", "HP5"), ("roll", "7"))), {"attributes": TAGGED}, True),
        (rule(tags=(("film", "HP5"), ("roll", "8"))), {"attributes": TAGGED}, False),
        (rule(tags=(("film", "HP5"),)), {}, False),
        # greater than, less than: neither is the size itself
        (rule(larger_than_bytes=10), {"length": 10}, False),
        (rule(larger_than_bytes=10), {"length": 11}, True),
        (rule(smaller_than_bytes=10), {"length": 10}, False),
        (rule(smaller_than_bytes=10), {"length": 9}, True),
        (rule(prefix="dog", larger_than_bytes=1), {"length": 10}, False),
    ],
)
def test_which_versions_a_filter_means(filtered: LifecycleRule, fields: dict[str, Any], is_covered: bool) -> None:
    assert covers(filtered, version("u50", **fields)) is is_covered


def test_a_marker_has_no_size_and_no_tags() -> None:
    small = replace(MARKERS, s3=S3Lifecycle("rule", smaller_than_bytes=10, removes_expired_markers=True))
    assert not covers(small, version("h50"))
    assert covers(MARKERS, version("h50"))
