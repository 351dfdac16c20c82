"""Compares what a site needs with what exists, and answers the changes to make; pure.

Three states of each object meet here: wanted (from the site), found (read just now) and remembered (what the last
deployment wrote). Found as wanted is fine. Otherwise the memory tells who moved:

    found = remembered                the site's description changed: change the object
    found ≠ remembered = wanted       somebody changed it by hand: leave it, and show it as drift
    nothing remembered                nobody can have changed it by hand since: change it
    all three differ                  the description is the later word about this object: change it

What serves nobody when it is missing (bucket, zone, record, signing) is made again whatever the memory says.
Objects without our mark are never touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from calotype.deploy.desired import EDGE_KEY
from calotype.deploy.objects import Content, Kind, ObjectName, Objects

VITAL = frozenset({Kind.BUCKET, Kind.ZONE, Kind.RECORD, Kind.SIGNING})
# They may hold or serve what others still need; but nobody else knows the secret of the edge's own key.
_NEVER_DELETED = frozenset({Kind.BUCKET, Kind.KEY, Kind.SETTING})


class Verb(Enum):
    CREATE = "+"
    UPDATE = "~"
    DELETE = "-"


@dataclass(frozen=True, slots=True)
class Change:
    """One object to make, change or remove. `before` and `after` are its contents, None where there is none."""

    verb: Verb
    name: ObjectName
    before: Content | None
    after: Content | None


@dataclass(frozen=True, slots=True)
class Drift:
    """An object of ours that was changed by hand; `found` is None when it was removed."""

    name: ObjectName
    wanted: Content
    found: Content | None


@dataclass(frozen=True, slots=True)
class Plan:
    """`foreign` are the objects beside ours that nobody here made; they stay."""

    changes: tuple[Change, ...] = ()
    drift: tuple[Drift, ...] = ()
    foreign: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.changes


@dataclass(frozen=True, slots=True)
class Found:
    """What exists. `ids` are the services' own ids of the objects; `foreign` describes those without our mark."""

    objects: Objects = field(default_factory=dict)
    ids: Mapping[ObjectName, str] = field(default_factory=dict)
    foreign: tuple[str, ...] = ()


def plan(wanted: Objects, found: Found, remembered: Objects, *, overwrite: bool = False) -> Plan:
    """The changes that make the site as described; with `overwrite` also those that undo what was done by hand."""
    known = _still_valid(remembered, wanted, found)
    changes: list[Change] = []
    drift: list[Drift] = []
    for name, content in wanted.items():
        existing = found.objects.get(name)
        if existing is not None and is_as_wanted(existing, content):
            continue
        if not overwrite and _moved_by_hand(name, content, existing, known.get(name)):
            drift.append(Drift(name, content, existing))
            continue
        changes.append(Change(Verb.CREATE if existing is None else Verb.UPDATE, name, existing, content))
    changes.extend(_removals(wanted, found.objects))
    return Plan(tuple(sorted(changes, key=_order)), tuple(drift), found.foreign)


def is_as_wanted(existing: Content, wanted: Content) -> bool:
    """Whether all that is wanted is so; what the wanted content does not mention does not count."""
    return all(existing.get(member) == value for member, value in wanted.items())


def _moved_by_hand(name: ObjectName, wanted: Content, existing: Content | None, remembered: Content | None) -> bool:
    if remembered is None or remembered != wanted:
        return False
    return existing is not None or name.kind not in VITAL


def _still_valid(remembered: Objects, wanted: Objects, found: Found) -> Objects:
    """The memory without what lay inside a bucket or a zone that is gone: its contents went with it."""
    there = set(wanted) & set(found.objects)
    kinds = {name.kind for name in there}
    gone: set[Kind] = set()
    if Kind.BUCKET not in kinds:
        gone |= {Kind.BUCKET, Kind.KEY}
    if Kind.ZONE not in kinds:
        gone |= {Kind.ZONE, Kind.RECORD, Kind.SETTING, Kind.SIGNING, Kind.RULE}
    return {name: content for name, content in remembered.items() if name.kind not in gone}


def _removals(wanted: Objects, found: Objects) -> Iterator[Change]:
    for name, content in found.items():
        if name not in wanted and (name.kind not in _NEVER_DELETED or name.name == EDGE_KEY):
            yield Change(Verb.DELETE, name, content, None)


def _order(change: Change) -> tuple[bool, int]:
    """Makes before removals, so that no viewer meets a site half taken down; what refers to another goes first."""
    is_removal = change.verb is Verb.DELETE
    return is_removal, -change.name.kind if is_removal else change.name.kind


# As text


def describe(planned: Plan) -> list[str]:
    """The plan for people, one object a line with its differences below it."""
    lines: list[str] = []
    for change in planned.changes:
        lines += _describe_change(change)
    for each in planned.drift:
        what = "removed by hand" if each.found is None else "changed by hand"
        lines.append(f"! {each.name}: {what}; kept")
        if each.found is not None:
            lines += _differences(each.wanted, {**each.wanted, **_mentioned(each.found, each.wanted)})
    lines += [f"  {each}: not ours; kept" for each in planned.foreign]
    return lines


def _describe_change(change: Change) -> list[str]:
    heading = f"{change.verb.value} {change.name}"
    if change.after is None:
        return [heading]
    before = {} if change.before is None else _mentioned(change.before, change.after)
    return [heading, *_differences(before, change.after)]


def _mentioned(existing: Content, wanted: Content) -> Content:
    return {member: existing[member] for member in wanted if member in existing}


def _differences(before: Content, after: Content) -> list[str]:
    lines: list[str] = []
    for member, value in after.items():
        if member not in before:
            lines.append(f"    {member}: {_shown(value)}")
        elif before[member] != value:
            lines.append(f"    {member}: {_shown(before[member])} -> {_shown(value)}")
    return lines


def _shown(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case list():
            return "[" + ", ".join(_shown(each) for each in value) + "]"
        case dict():
            return "{" + ", ".join(f"{key}: {_shown(each)}" for key, each in value.items()) + "}"
        case _:
            return str(value)
