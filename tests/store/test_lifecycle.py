"""What lifecycle rules make of versions (b2.md §6.2), as a table: day 100 is today."""

from __future__ import annotations

import pytest

from calotype.store.ids import made_at_ms
from calotype.store.lifecycle import DAY_MS, due_changes
from calotype.store.model import LifecycleRule
from support.lifecycle_versions import TODAY, told, version

HIDE_10 = LifecycleRule("", 10, None, None)
DELETE_10 = LifecycleRule("", None, 10, None)
CANCEL_10 = LifecycleRule("", None, None, 10)
BOTH = LifecycleRule("", 10, 20, None)
ALL = LifecycleRule("", 10, 10, 10)


@pytest.mark.parametrize(
    ("rule", "versions", "expected"),
    [
        # hide after upload: the visible version alone, on the day and not before
        (HIDE_10, "u90", "hide:u90"),
        (HIDE_10, "u91", ""),
        (HIDE_10, "u50 u40", "hide:u50"),
        (HIDE_10, "u95 u40", ""),
        (HIDE_10, "h95 u40", ""),
        (HIDE_10, "u90!", "hide:u90"),  # a hide marker may always come on top of a locked version
        (HIDE_10, "u50@99", "hide:u50@99"),  # by the upload time that was asked for
        # without days to deletion nothing is deleted but markers that hide nothing
        (HIDE_10, "u95 u20 h15 u10", ""),
        # delete after hidden, by a newer upload or by a marker, counted from when that came
        (DELETE_10, "u90 u1", "delete:u1"),
        (DELETE_10, "u91 u1", ""),
        (DELETE_10, "h90 u1", "delete:u1 unmark:h90"),
        (DELETE_10, "h91 u1", ""),
        (DELETE_10, "u1", ""),  # visible for however long
        # each from when it was hidden itself, not from when the last one came
        (DELETE_10, "u99 u90 u89 u1", "delete:u89 delete:u1"),
        (DELETE_10, "u99 u95 u90 u1", "delete:u1"),
        # hidden by a marker, then by an upload above it: since the marker
        (DELETE_10, "u99 h90 u1", "delete:u1 unmark:h90"),
        # a marker is a version that can be hidden too
        (DELETE_10, "u90 h50 u1", "delete:h50 delete:u1"),
        (DELETE_10, "h90 h50 u1", "delete:h50 delete:u1 unmark:h90"),
        # a time that was asked for places a version, but what counts is when it came
        (DELETE_10, "u50@99 u40", ""),
        (DELETE_10, "u50 u40@95", ""),
        (DELETE_10, "u50@85 u40@90", "delete:u40@90"),
        # a large file hides from when it was finished, not from its start, whose place in time it has
        (DELETE_10, "u50+95 u40", ""),
        (DELETE_10, "u50+90 u40", "delete:u40"),
        (DELETE_10, "u60 u50+95", ""),
        # hide markers go when nothing older is left, oldest first, with any rule about hiding or deleting
        (DELETE_10, "h99", "unmark:h99"),
        (HIDE_10, "h99", "unmark:h99"),
        (DELETE_10, "h99 h98", "unmark:h98 unmark:h99"),
        (DELETE_10, "u99 h98", "unmark:h98"),
        (DELETE_10, "h99 u98", ""),
        (CANCEL_10, "h50", ""),
        # what is in progress below a marker will be a version when it is finished
        (DELETE_10, "h99 s50", ""),
        (ALL, "h99 s95", ""),
        (ALL, "h99 s50", "cancel:s50 unmark:h99"),
        # unfinished large files, from when they were really started
        (CANCEL_10, "s90", "cancel:s90"),
        (CANCEL_10, "s91", ""),
        (CANCEL_10, "s20@95", ""),
        (CANCEL_10, "s92 u91 s90 u1", "cancel:s90"),
        (DELETE_10, "s50", ""),
        # what is in progress hides nothing
        (DELETE_10, "s50 u1", ""),
        (DELETE_10, "s50 u90 u1", "delete:u1"),
        (HIDE_10, "s99 u90", "hide:u90"),
        # locked versions stay, and their markers with them
        (DELETE_10, "u90 u2! u1", "delete:u1"),
        (DELETE_10, "h90 u1!", ""),
        (DELETE_10, "h90 u2 u1!", "delete:u2"),
        # both together: hidden today, deleted after the days from today on
        (BOTH, "u50 u40", "hide:u50 delete:u40"),
        (BOTH, "h79 u60", "delete:u60 unmark:h79"),
        (BOTH, "h81 u60", ""),
        (BOTH, "", ""),
    ],
)
def test_what_is_due(rule: LifecycleRule, versions: str, expected: str) -> None:
    given = [version(each) for each in versions.split()]
    now_ms = TODAY * DAY_MS
    assert told(list(due_changes(rule, given, now_ms, lambda each: bool(each.legal_hold)))) == expected


def test_each_key_is_looked_at_for_itself() -> None:
    given = [version("u50", b"a"), version("u40", b"b"), version("h99", b"c"), version("u1", b"d")]
    assert told(list(due_changes(DELETE_10, given, TODAY * DAY_MS, lambda _: False))) == "unmark:h99"


def test_the_witness_of_a_deletion_is_the_topmost_that_has_been_there_long_enough() -> None:
    given = [version(each) for each in ["u99", "u90", "u80", "u1"]]
    changes = list(due_changes(DELETE_10, given, TODAY * DAY_MS, lambda _: False))
    assert [(change.version.etag, change.hidden_by and change.hidden_by.etag) for change in changes] == [
        ("u80", "u90"),
        ("u1", "u90"),
    ]


def test_a_version_id_tells_when_it_was_given_out() -> None:
    assert made_at_ms(version("u20@90").version_id) == 90 * DAY_MS
    assert made_at_ms("null") is None
