"""Which lifecycle rules are taken, and how they read back (b2.md §6.2)."""

from __future__ import annotations

from typing import Any

import pytest

from calotype.b2.errors import BadRequest
from calotype.b2.lifecycle_rules import lifecycle_rule_json, lifecycle_rules
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
