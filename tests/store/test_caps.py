"""Caps as values: what still fits, and which alerts are due (b2.md §5)."""

from __future__ import annotations

import pytest

from calotype.store.caps import NO_CAPS, PLANS, Cap, Caps, day_number, has_room, reached_percents


@pytest.mark.parametrize(
    ("limit", "used", "more", "fits"),
    [
        (None, 10**18, 10**18, True),  # no cap is unlimited
        (2500, 2499, 1, True),  # the last one that fits
        (2500, 2500, 1, False),
        (2500, 2499, 2, False),  # a listing of several thousand is as many calls
        (2500, 2500, 0, True),
        (0, 0, 1, False),  # a cap of nothing
    ],
)
def test_what_fits_under_a_limit(limit: int | None, used: int, more: int, fits: bool) -> None:
    assert has_room(limit, used, more) is fits


@pytest.mark.parametrize(
    ("limit", "used", "percents"),
    [
        (100, 74, ()),
        (100, 75, (75,)),
        (100, 99, (75,)),
        (100, 100, (75, 100)),
        (100, 500, (75, 100)),  # a cap that was lowered
        (3, 2, ()),
        (None, 10**18, ()),
        (0, 0, ()),  # nothing was allowed, and nothing is news
    ],
)
def test_alerts_are_due_at_75_and_100_percent(limit: int | None, used: int, percents: tuple[int, ...]) -> None:
    assert reached_percents(limit, used) == percents


def test_the_plan_of_b2_is_what_backblaze_gives_free_of_charge() -> None:
    free = PLANS["b2-free"]
    assert [free.limit(cap) for cap in (Cap.STORAGE, Cap.DOWNLOAD, Cap.CLASS_B, Cap.CLASS_C)] == [
        10_000_000_000,  # 10 GB
        1_000_000_000,  # 1 GB a day
        2500,
        2500,
    ]
    assert PLANS["none"] == NO_CAPS == Caps()


@pytest.mark.parametrize(
    ("now_ms", "day"),
    [(0, 0), (86_399_999, 0), (86_400_000, 1)],  # 00:00 UTC begins the next
)
def test_a_day_begins_at_midnight_utc(now_ms: int, day: int) -> None:
    assert day_number(now_ms) == day
