"""The document of lifecycle rules, read as S3 validates it and written as it was put (s3.md §8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from calotype.s3 import xml
from calotype.s3.configuration.lifecycle_filter import RuleFilter, filter_node, filter_of
from calotype.s3.configuration.lifecycle_periods import (
    date_node,
    date_of,
    hidden_transition_node,
    hidden_transitions_of,
    newer_versions_of,
    positive,
    transition_node,
    transitions_of,
)
from calotype.s3.documents import malformed, one_of, parsed_body
from calotype.s3.errors import InvalidArgument, InvalidRequest
from calotype.store.lifecycle_rule import LifecycleRule, S3Lifecycle

MOST_RULES = 1000
LONGEST_ID = 255
ENABLED, DISABLED = "Enabled", "Disabled"
_ROOT = "LifecycleConfiguration"
_ACTIONS = (
    "Expiration",
    "Transition",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransition",
    "AbortIncompleteMultipartUpload",
)
_ONCE = ("ID", "Status", "Filter", "Prefix", "Expiration", "NoncurrentVersionExpiration", _ACTIONS[-1])


def lifecycle_rules_of_document(body: bytes) -> tuple[LifecycleRule, ...]:
    """The rules in their order; the id of one without is empty. Raises S3Error for what S3 would not take."""
    elements = list(parsed_body(body, _ROOT).all("Rule"))
    if not 1 <= len(elements) <= MOST_RULES:
        raise malformed(f"a LifecycleConfiguration has 1 to {MOST_RULES} rules")
    rules = tuple(_rule_of(element) for element in elements)
    ids = [rule.s3.rule_id for rule in rules if rule.s3 is not None and rule.s3.rule_id]
    if len(set(ids)) < len(ids):
        raise InvalidArgument("Rule ID must be unique. Found same ID for more than one rule")
    return rules


def _rule_of(element: xml.Element) -> LifecycleRule:
    names = [child.name for child in element.children]
    if repeated := [name for name in _ONCE if names.count(name) > 1]:
        raise malformed(f"{repeated[0]} stands twice in a Rule")
    rule_id = element.text_of("ID") or ""
    if len(rule_id) > LONGEST_ID:
        raise InvalidArgument.of("ID", rule_id, f"ID length should not exceed allowed limit of {LONGEST_ID}")
    is_enabled = one_of(element, "Status", (ENABLED, DISABLED)) == ENABLED
    wanted = filter_of(element)
    if not any(name in _ACTIONS for name in names):
        raise InvalidRequest("At least one action needs to be specified in a rule.")
    days, at_ms, removes_markers = _expiration_of(element.child("Expiration"), wanted)
    noncurrent_days, newer_versions = _hidden_expiration_of(element.child("NoncurrentVersionExpiration"))
    s3 = S3Lifecycle(
        rule_id,
        is_enabled,
        wanted.form,
        wanted.prefix is not None,
        wanted.tags,
        wanted.larger_than_bytes,
        wanted.smaller_than_bytes,
        at_ms,
        removes_markers,
        newer_versions,
        transitions_of(element),
        hidden_transitions_of(element),
    )
    check_order(s3, days, noncurrent_days)
    abort_days = _abort_days_of(element.child("AbortIncompleteMultipartUpload"), wanted)
    return LifecycleRule(wanted.prefix or "", days, noncurrent_days, abort_days, s3)


def _expiration_of(element: xml.Element | None, wanted: RuleFilter) -> tuple[int | None, int | None, bool | None]:
    """Days, date, and whether markers go: one of the three."""
    if element is None:
        return None, None, None
    if len(element.children) != 1:
        raise malformed("an Expiration has one of Days, Date and ExpiredObjectDeleteMarker")
    days, at_ms, removes_markers = positive(element, "Days", "Expiration"), date_of(element), None
    if element.child("ExpiredObjectDeleteMarker") is not None:
        removes_markers = one_of(element, "ExpiredObjectDeleteMarker", ("true", "false")) == "true"
        if wanted.tags:
            raise InvalidRequest("ExpiredObjectDeleteMarker cannot be specified with Tags.")
    if (days, at_ms, removes_markers) == (None, None, None):
        raise malformed("an Expiration has one of Days, Date and ExpiredObjectDeleteMarker")
    return days, at_ms, removes_markers


def _hidden_expiration_of(element: xml.Element | None) -> tuple[int | None, int | None]:
    """Days, and how many versions stay."""
    if element is None:
        return None, None
    days = positive(element, "NoncurrentDays", "NoncurrentVersionExpiration")
    if days is None:
        raise malformed("a NoncurrentVersionExpiration has NoncurrentDays")
    return days, newer_versions_of(element)


def _abort_days_of(element: xml.Element | None, wanted: RuleFilter) -> int | None:
    if element is None:
        return None
    if wanted.tags:
        raise InvalidRequest("AbortIncompleteMultipartUpload cannot be specified with Tags.")
    days = positive(element, "DaysAfterInitiation", "AbortIncompleteMultipartUpload")
    if days is None:
        raise malformed("an AbortIncompleteMultipartUpload has DaysAfterInitiation")
    return days


def check_order(s3: S3Lifecycle, days: int | None, noncurrent_days: int | None) -> None:
    """Returns when nothing moves after it has gone; raises InvalidRequest, InvalidArgument."""
    moves_by_date = {transition.at_ms is not None for transition in s3.transitions}
    expires_by_date = set() if days is None and s3.expires_at_ms is None else {s3.expires_at_ms is not None}
    if len(moves_by_date | expires_by_date) > 1:
        raise InvalidRequest("Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule")
    _check_after("Days", "Expiration", days, [transition.days for transition in s3.transitions])
    _check_after("Date", "Expiration", s3.expires_at_ms, [transition.at_ms for transition in s3.transitions])
    hidden = [transition.days for transition in s3.hidden_transitions]
    _check_after("NoncurrentDays", "NoncurrentVersionExpiration", noncurrent_days, hidden)


def _check_after(name: str, action: str, end: int | None, moves: Sequence[int | None]) -> None:
    if end is not None and any(move is not None and move >= end for move in moves):
        raise InvalidArgument(f"'{name}' in the {action} action must be greater than '{name}' in the Transition action")


def lifecycle_document(rules: Iterable[LifecycleRule]) -> bytes:
    """The rules, each of which has S3's part."""
    return xml.document(_ROOT, *(("Rule", _nodes_of(rule, rule.s3)) for rule in rules if rule.s3 is not None))


def _nodes_of(rule: LifecycleRule, s3: S3Lifecycle) -> list[xml.Node]:
    nodes: list[xml.Node] = [("ID", s3.rule_id)] if s3.rule_id else []
    nodes += [filter_node(rule, s3), ("Status", ENABLED if s3.is_enabled else DISABLED)]
    if expiration := _expiration_node(rule, s3):
        nodes.append(("Expiration", [expiration]))
    nodes += [transition_node(transition) for transition in s3.transitions]
    nodes += [hidden_transition_node(transition) for transition in s3.hidden_transitions]
    if rule.days_from_hiding_to_deleting is not None:
        nodes.append(("NoncurrentVersionExpiration", _hidden_expiration_nodes(rule.days_from_hiding_to_deleting, s3)))
    if rule.days_from_starting_to_canceling is not None:
        days: list[xml.Node] = [("DaysAfterInitiation", str(rule.days_from_starting_to_canceling))]
        nodes.append(("AbortIncompleteMultipartUpload", days))
    return nodes


def _expiration_node(rule: LifecycleRule, s3: S3Lifecycle) -> xml.Node | None:
    if rule.days_from_uploading_to_hiding is not None:
        return "Days", str(rule.days_from_uploading_to_hiding)
    if s3.expires_at_ms is not None:
        return date_node(s3.expires_at_ms)
    if s3.removes_expired_markers is not None:
        return "ExpiredObjectDeleteMarker", "true" if s3.removes_expired_markers else "false"
    return None


def _hidden_expiration_nodes(days: int, s3: S3Lifecycle) -> list[xml.Node]:
    nodes: list[xml.Node] = [("NoncurrentDays", str(days))]
    if s3.newer_versions_kept is not None:
        nodes.append(("NewerNoncurrentVersions", str(s3.newer_versions_kept)))
    return nodes
