"""What is remembered of the latest versions is never older than the database, however reads and changes interleave."""

from __future__ import annotations

from itertools import permutations

import pytest

from calotype.store.latest_versions import LatestVersions
from calotype.store.model import Action, FileVersion

PLACE = ("bucket", b"a.png")
OTHER = ("bucket", b"b.png")


def version(number: int, place: tuple[str, bytes] = PLACE) -> FileVersion:
    return FileVersion(
        account_id="account",
        bucket_id=place[0],
        version_id=str(number),
        key=place[1],
        action=Action.UPLOAD,
        uploaded_at_ms=number,
        length=0,
        content_type="",
        digests=None,
        etag="",
    )


def kept(remembered: LatestVersions, place: tuple[str, bytes] = PLACE, number: int = 1) -> FileVersion:
    made = version(number, place)
    remembered.keep(place, made, remembered.begin_reading(place))
    return made


def test_what_was_read_is_remembered() -> None:
    remembered = LatestVersions()
    assert remembered.get(PLACE) is None
    made = kept(remembered)
    assert remembered.get(PLACE) is made
    assert remembered.get(OTHER) is None


def test_a_change_is_forgotten_before_it_is_committed_and_others_stay() -> None:
    remembered = LatestVersions()
    kept(remembered)
    other = kept(remembered, OTHER)
    remembered.begin_change([PLACE])
    assert remembered.get(PLACE) is None
    assert remembered.get(OTHER) is other
    remembered.end_change()
    assert remembered.get(PLACE) is None
    assert remembered.get(OTHER) is other


# What one reader and one writer do, in their own order.
READER = ("begin reading", "read", "keep")
WRITER = ("begin change", "commit", "end change")


def interleavings() -> list[tuple[str, ...]]:
    every = permutations([*READER, *WRITER])
    return [steps for steps in every if in_order(steps, READER) and in_order(steps, WRITER)]


def in_order(steps: tuple[str, ...], own: tuple[str, ...]) -> bool:
    return [step for step in steps if step in own] == list(own)


@pytest.mark.parametrize("steps", interleavings(), ids=", ".join)
def test_never_older_than_the_database(steps: tuple[str, ...]) -> None:
    remembered, stored, read, reading = LatestVersions(), 1, 0, object()
    for step in steps:
        match step:
            case "begin reading":
                reading = remembered.begin_reading(PLACE)
            case "read":
                read = stored
            case "keep":
                remembered.keep(PLACE, version(read), reading)
            case "begin change":
                remembered.begin_change([PLACE])
            case "commit":
                stored = 2
            case "end change":
                remembered.end_change()
        found = remembered.get(PLACE)
        assert found is None or found == version(stored)


def test_of_two_readings_at_once_one_that_began_before_a_change_is_not_kept() -> None:
    remembered = LatestVersions()
    early = remembered.begin_reading(PLACE)
    remembered.begin_change([PLACE])
    remembered.end_change()
    late = remembered.begin_reading(PLACE)
    remembered.keep(PLACE, version(1), early)
    assert remembered.get(PLACE) is None
    remembered.keep(PLACE, version(2), late)
    assert remembered.get(PLACE) == version(2)


def test_a_reading_that_was_given_up_leaves_nothing_behind() -> None:
    remembered = LatestVersions()
    reading = remembered.begin_reading(PLACE)
    remembered.give_up(PLACE, reading)
    remembered.keep(PLACE, version(1), reading)
    assert remembered.get(PLACE) is None


def test_the_one_not_asked_for_the_longest_goes_first() -> None:
    remembered = LatestVersions(most=2)
    kept(remembered, ("bucket", b"1"))
    kept(remembered, ("bucket", b"2"))
    assert remembered.get(("bucket", b"1")) is not None
    kept(remembered, ("bucket", b"3"))
    assert remembered.get(("bucket", b"2")) is None
    assert remembered.get(("bucket", b"1")) is not None
