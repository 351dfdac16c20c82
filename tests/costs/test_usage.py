"""Today to midnight UTC, and the month to its end."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from calotype.costs.usage import Calls, Day, EdgeTraffic, forecast, forecast_of_stored, mean_day, whole_month


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("used", "time", "expected"),
    [
        (100, "2026-11-22T12:00", 200),
        (100, "2026-11-22T06:00", 400),
        (100, "2026-11-22T23:59:59.999", 100),
        (10, "2026-11-22T00:00", 240),  # within the first hour, as if it were over
        (10, "2026-11-22T00:59", 240),
        (0, "2026-11-22T00:00", 0),
    ],
)
def test_the_rest_of_the_day_goes_on_at_its_pace(used: float, time: str, expected: float) -> None:
    assert forecast(used, at(time)) == pytest.approx(expected, rel=1e-6)


def test_what_is_stored_grows_by_what_is_uploaded() -> None:
    assert forecast_of_stored(1000, 100, at("2026-11-22T12:00")) == 1100
    assert forecast_of_stored(1000, 0, at("2026-11-22T12:00")) == 1000


def day(text: str, downloads: float, edge: EdgeTraffic | None = None) -> Day:
    return Day(date.fromisoformat(text), (Calls("GetObject", "B", downloads, 0, 10 * downloads),), edge)


def counts(days: tuple[Day, ...]) -> list[float]:
    return [each.count("B") for each in days]


def test_a_month_is_what_was_counted_and_goes_on_like_that() -> None:
    month = whole_month([day("2026-10-31", 999), day("2026-11-03", 10), day("2026-11-05", 10)], at("2026-11-05T12:00"))
    assert [each.day.day for each in month.days] == list(range(1, 31))
    assert month.counted == 3  # the third, the fourth without a call, and the fifth
    # today looked ahead is 20, so the mean of 10, 0 and 20 stands for the days that nobody counted
    assert counts(month.days) == [10, 10, 10, 0, *[20], *[10] * 25]
    assert month.days[0].bytes_out == 100


def test_a_month_without_a_row_costs_nothing() -> None:
    month = whole_month([], at("2026-02-14T01:00"))
    assert (len(month.days), month.counted, counts(month.days)) == (28, 1, [0] * 28)
    assert month.edge is None


def test_the_last_day_of_a_month_leaves_nothing_to_guess() -> None:
    known = [day(f"2026-12-{number:02}", 1) for number in range(1, 32)]
    month = whole_month(known, at("2026-12-31T12:00"))
    assert counts(month.days) == [*[1] * 30, 2]


def test_the_edges_traffic_is_looked_ahead_alike() -> None:
    month = whole_month([day("2026-11-01", 1, EdgeTraffic(10, 100, 1, 10))], at("2026-11-01T12:00"))
    assert month.edge == EdgeTraffic(20 * 30, 200 * 30, 2 * 30, 20 * 30)


def test_a_mean_day_keeps_operations_apart() -> None:
    days = [
        Day(date(2026, 11, 1), (Calls("GetObject", "B", 2), Calls("PutObject", "A", 4, 40))),
        Day(date(2026, 11, 2), (Calls("GetObject", "B", 4),)),
    ]
    assert set(mean_day(days).calls) == {Calls("GetObject", "B", 3), Calls("PutObject", "A", 2, 20)}
