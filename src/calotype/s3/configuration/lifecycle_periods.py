"""When a lifecycle rule acts: days and dates, and the transitions that go by them (S3 "Lifecycle configuration")."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

from calotype.s3 import xml
from calotype.s3.documents import malformed, whole_number
from calotype.s3.errors import InvalidArgument
from calotype.s3.results import iso_time
from calotype.store.lifecycle import DAY_MS
from calotype.store.lifecycle_rule import Transition

MOST_DAYS = 2_147_483_647
MOST_NEWER_VERSIONS = 100
STORAGE_CLASSES = ("STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
LEAST_DAYS = {"STANDARD_IA": 30, "ONEZONE_IA": 30}

_EPOCH = date(1970, 1, 1)
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)


def positive(element: xml.Element, name: str, action: str) -> int | None:
    """A number over 0, None when there is none; raises MalformedXML, InvalidArgument."""
    number = whole_number(element, name)
    if number is None:
        return None
    if not 0 < number <= MOST_DAYS:
        raise InvalidArgument.of(name, str(number), f"'{name}' for {action} action must be a positive integer")
    return number


def newer_versions_of(element: xml.Element) -> int | None:
    name = "NewerNoncurrentVersions"
    number = whole_number(element, name)
    if number is not None and not 0 < number <= MOST_NEWER_VERSIONS:
        raise InvalidArgument.of(name, str(number), f"'{name}' must be between 1 and {MOST_NEWER_VERSIONS}")
    return number


def date_of(element: xml.Element) -> int | None:
    """The midnight (UTC) that `Date` names, None when there is none; raises MalformedXML, InvalidArgument."""
    text = element.text_of("Date")
    if text is None:
        return None
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise malformed(f"Date is in ISO 8601, not {text!r}")
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2] or '00:00'}{match[3] or '+00:00'}").astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise malformed(f"Date is in ISO 8601, not {text!r}") from exc
    if moment.time() != time():
        raise InvalidArgument.of("Date", text, "'Date' must be at midnight GMT")
    return (moment.date() - _EPOCH).days * DAY_MS


def transitions_of(rule: xml.Element) -> tuple[Transition, ...]:
    """Of the objects that show; each by days or by a date."""
    return tuple(_transition_of(element) for element in rule.all("Transition"))


def _transition_of(element: xml.Element) -> Transition:
    days, at_ms = whole_number(element, "Days"), date_of(element)
    if (days is None) == (at_ms is None):
        raise malformed("a Transition has either Days or a Date")
    storage_class = _storage_class_of(element)
    if days is not None:
        _check_days("Days", days, storage_class, "Transition")
    return Transition(storage_class, days, at_ms)


def hidden_transitions_of(rule: xml.Element) -> tuple[Transition, ...]:
    """Of versions that are hidden, by days alone."""
    return tuple(_hidden_transition_of(element) for element in rule.all("NoncurrentVersionTransition"))


def _hidden_transition_of(element: xml.Element) -> Transition:
    days = whole_number(element, "NoncurrentDays")
    if days is None:
        raise malformed("a NoncurrentVersionTransition has NoncurrentDays")
    storage_class = _storage_class_of(element)
    _check_days("NoncurrentDays", days, storage_class, "NoncurrentVersionTransition")
    return Transition(storage_class, days, newer_versions=newer_versions_of(element))


def _storage_class_of(element: xml.Element) -> str:
    text = element.text_of("StorageClass")
    if text is None:
        raise malformed("a transition has a StorageClass")
    if text not in STORAGE_CLASSES:
        raise InvalidArgument.of("StorageClass", text, f"The storage class is one of {', '.join(STORAGE_CLASSES)}")
    return text


def _check_days(name: str, days: int, storage_class: str, action: str) -> None:
    if not 0 <= days <= MOST_DAYS:
        raise InvalidArgument.of(name, str(days), f"'{name}' in {action} action must be nonnegative")
    least = LEAST_DAYS.get(storage_class, 0)
    if days < least:
        raise InvalidArgument.of(
            name,
            str(days),
            f"'{name}' in {action} action must be greater than or equal to {least} for storageClass '{storage_class}'",
        )


def date_node(moment_ms: int) -> xml.Node:
    return "Date", iso_time(moment_ms)


def transition_node(transition: Transition) -> xml.Node:
    nodes: list[xml.Node] = []
    if transition.at_ms is not None:
        nodes.append(date_node(transition.at_ms))
    if transition.days is not None:
        nodes.append(("Days", str(transition.days)))
    return "Transition", [*nodes, ("StorageClass", transition.storage_class)]


def hidden_transition_node(transition: Transition) -> xml.Node:
    nodes: list[xml.Node] = [("NoncurrentDays", str(transition.days))]
    if transition.newer_versions is not None:
        nodes.append(("NewerNoncurrentVersions", str(transition.newer_versions)))
    return "NoncurrentVersionTransition", [*nodes, ("StorageClass", transition.storage_class)]
