"""Which lifecycle rules are taken, and how they read back (b2.md §6.2)."""

from __future__ import annotations

from typing import Any

import pytest

from calotype.b2.errors import BadRequest
from calotype.b2.lifecycle_rules import b2_can_tell, lifecycle_rule_json, lifecycle_rules, with_told
from calotype.store.lifecycle_rule import S3Lifecycle, Transition
from calotype.store.model import LifecycleRule


def rule(prefix: str = "", **days: Any) -> dict[str, Any]:
    return {"fileNamePrefix": prefix, **days}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ()),
        # each of the three alone is enough
        ([rule(daysFromUploadingToHiding=7)], (LifecycleRule("", 7),)),
        ([rule("a/", daysFromHidingToDeleting=1)], (LifecycleRule("a/", None, 1),)),
        ([rule(daysFromStartingToCancelingUnfinishedLargeFiles=3)], (LifecycleRule("", None, None, 3),)),
        # null is "not set", and an unknown field is ignored
        ([rule(daysFromUploadingToHiding=None, daysFromHidingToDeleting=9, x=1)], (LifecycleRule("", None, 9),)),
        # the order stays as given
        (
            [rule("b/", daysFromHidingToDeleting=1), rule("a/", daysFromHidingToDeleting=1)],
            (LifecycleRule("b/", None, 1), LifecycleRule("a/", None, 1)),
        ),
    ],
)
def test_rules_are_taken(given: list[dict[str, Any]], expected: tuple[LifecycleRule, ...]) -> None:
    assert lifecycle_rules(given) == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([{"daysFromHidingToDeleting": 1}], "fileNamePrefix"),
        ([rule(7, daysFromHidingToDeleting=1)], "fileNamePrefix"),  # type: ignore[arg-type]
        ([rule("\x07", daysFromHidingToDeleting=1)], "control"),
        ([rule()], "does nothing"),  # not all three null
        ([rule(daysFromUploadingToHiding=None)], "does nothing"),
        ([rule(daysFromUploadingToHiding=0)], "positive"),  # 0 refused
        ([rule(daysFromHidingToDeleting=-1)], "positive"),
        ([rule(daysFromHidingToDeleting=2**31)], "positive"),
        ([rule(daysFromHidingToDeleting="7")], "positive"),
        ([rule(daysFromHidingToDeleting=1.5)], "positive"),
        ([rule(daysFromHidingToDeleting=True)], "positive"),
        # no prefix may be a prefix of another rule's
        ([rule("a", daysFromHidingToDeleting=1), rule("a/b", daysFromHidingToDeleting=1)], "same files"),
        ([rule("x", daysFromHidingToDeleting=1), rule("", daysFromHidingToDeleting=1)], "same files"),
        ([rule("x", daysFromHidingToDeleting=1), rule("x", daysFromUploadingToHiding=1)], "same files"),
        (
            [rule(prefix, daysFromHidingToDeleting=1) for prefix in ("a", "b", "a!", "a!c")],
            "same files",
        ),
        ([rule(f"{number:03}/", daysFromHidingToDeleting=1) for number in range(101)], "100"),  # at most 100
    ],
)
def test_rules_are_refused(given: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        lifecycle_rules(given)


def test_a_hundred_rules_are_taken() -> None:
    assert len(lifecycle_rules([rule(f"{number:03}/", daysFromHidingToDeleting=1) for number in range(100)])) == 100


def test_days_that_are_not_set_come_back_as_null() -> None:
    assert lifecycle_rule_json(LifecycleRule("a/", None, 7)) == {
        "fileNamePrefix": "a/",
        "daysFromUploadingToHiding": None,
        "daysFromHidingToDeleting": 7,
        "daysFromStartingToCancelingUnfinishedLargeFiles": None,
    }


def by_s3(*days: int | None, **s3: Any) -> LifecycleRule:
    return LifecycleRule("a/", *days, s3=S3Lifecycle("rule", **s3))


@pytest.mark.parametrize(
    ("rule_of_s3", "is_told"),
    [
        (by_s3(1), True),
        (by_s3(None, 2, 3), True),
        (by_s3(None, 2, removes_expired_markers=True), True),  # which B2 does by itself
        (by_s3(1, transitions=(Transition("GLACIER", 1),)), True),  # which does nothing
        # what a prefix and days do not say
        (by_s3(1, is_enabled=False), False),
        (by_s3(1, tags=(("film", "HP5"),)), False),
        (by_s3(1, larger_than_bytes=1), False),
        (by_s3(1, smaller_than_bytes=1), False),
        (by_s3(expires_at_ms=1), False),
        (by_s3(None, 1, newer_versions_kept=1), False),
        (by_s3(removes_expired_markers=True), False),
    ],
)
def test_a_rule_of_s3_is_told_where_b2_has_words_for_it(rule_of_s3: LifecycleRule, is_told: bool) -> None:
    assert b2_can_tell(rule_of_s3) is is_told


TOLD, UNTOLD, NATIVE = by_s3(1), by_s3(expires_at_ms=1), LifecycleRule("b/", 2)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ((), (UNTOLD,)),  # what is not told stays
        ((LifecycleRule("c/", 3),), (LifecycleRule("c/", 3), UNTOLD)),
        ((LifecycleRule("b/", 2), LifecycleRule("a/", 1)), (NATIVE, TOLD, UNTOLD)),  # read and written again
    ],
)
def test_an_update_replaces_what_is_told(wanted: Any, expected: Any) -> None:
    assert with_told((TOLD, UNTOLD, NATIVE), wanted) == expected
