"""Lifecycle rules as the B2 API writes them, and which of them it takes (b2.md §6.2).

Rules that were put over S3 are told as far as B2 has words for them. Each API replaces what it tells: here the rest of
S3's rules stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from calotype.b2 import names
from calotype.b2.errors import BadRequest
from calotype.store.model import LifecycleRule

MOST_RULES = 100
MOST_DAYS = 2_147_483_647
"""What the clients' 32-bit integers hold."""

PREFIX = "fileNamePrefix"
HIDE_AFTER = "daysFromUploadingToHiding"
DELETE_AFTER = "daysFromHidingToDeleting"
CANCEL_AFTER = "daysFromStartingToCancelingUnfinishedLargeFiles"
_DAYS = (HIDE_AFTER, DELETE_AFTER, CANCEL_AFTER)


def lifecycle_rules(given: Sequence[Mapping[str, Any]]) -> tuple[LifecycleRule, ...]:
    """The rules in the order given; raises BadRequest. Fields that B2 does not know are ignored."""
    if len(given) > MOST_RULES:
        raise BadRequest(f"lifecycleRules may hold {MOST_RULES} rules, not {len(given)}")
    rules = tuple(_rule(each) for each in given)
    _refuse_overlap(rule.prefix for rule in rules)
    return rules


def lifecycle_rule_json(rule: LifecycleRule) -> dict[str, Any]:
    """The rule as it is told; days that are not set are null."""
    return {
        PREFIX: rule.prefix,
        HIDE_AFTER: rule.days_from_uploading_to_hiding,
        DELETE_AFTER: rule.days_from_hiding_to_deleting,
        CANCEL_AFTER: rule.days_from_starting_to_canceling,
    }


def b2_can_tell(rule: LifecycleRule) -> bool:
    """Whether a prefix and numbers of days say what the rule does. Of markers B2 disposes by itself."""
    s3 = rule.s3
    if s3 is None:
        return True
    goes_further = s3.looks_at_content or s3.expires_at_ms is not None or s3.newer_versions_kept is not None
    days = (
        rule.days_from_uploading_to_hiding,
        rule.days_from_hiding_to_deleting,
        rule.days_from_starting_to_canceling,
    )
    return s3.is_enabled and not goes_further and days != (None, None, None)


def with_told(rules: Iterable[LifecycleRule], wanted: Iterable[LifecycleRule]) -> tuple[LifecycleRule, ...]:
    """The rules with `wanted` in place of those that are told. One that is as it was told stays as it was put."""
    present = list(rules)
    told = {_told_as(rule): rule for rule in present if b2_can_tell(rule)}
    untold = [rule for rule in present if not b2_can_tell(rule)]
    return (*(told.get(rule, rule) for rule in wanted), *untold)


def _told_as(rule: LifecycleRule) -> LifecycleRule:
    return replace(rule, s3=None)


def _rule(given: Mapping[str, Any]) -> LifecycleRule:
    prefix = given.get(PREFIX)
    if not isinstance(prefix, str):
        raise BadRequest(f"A lifecycle rule needs {PREFIX}, a string; it may be empty")
    hide, delete, cancel = (_days(given, name) for name in _DAYS)
    if hide is None and delete is None and cancel is None:
        raise BadRequest(f"The lifecycle rule for {prefix!r} does nothing: one of {', '.join(_DAYS)} must be set")
    return LifecycleRule(names.name_prefix(prefix), hide, delete, cancel)


def _days(given: Mapping[str, Any], name: str) -> int | None:
    days = given.get(name)
    if days is None:
        return None
    if isinstance(days, bool) or not isinstance(days, int) or not 0 < days <= MOST_DAYS:
        raise BadRequest(f"{name} must be a positive number of days or null, not {days!r}")
    return days


def _refuse_overlap(prefixes: Iterable[str]) -> None:
    """In order, a name stands directly before those that begin with it, or before one that does."""
    for shorter, longer in pairwise(sorted(prefixes)):
        if longer.startswith(shorter):
            raise BadRequest(f"Two lifecycle rules apply to the same files: those for {shorter!r} and {longer!r}")
