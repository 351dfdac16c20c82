"""What was used on which day, today looked ahead to midnight UTC, and the month to its end.

A forecast takes what is left of the day at today's pace so far. What is left of the month goes on like the days that
were counted, today's forecast among them.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

DAY_MS = 86_400_000
EPOCH = date(1970, 1, 1)
SHORTEST_PACE_MS = 3_600_000  # within the first hour of a day one call is no pace


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of one operation, with their bytes; whole numbers once, fractions in a forecast."""

    operation: str
    transaction_class: str
    count: float
    bytes_in: float = 0
    bytes_out: float = 0

    def times(self, factor: float) -> Calls:
        return replace(
            self, count=self.count * factor, bytes_in=self.bytes_in * factor, bytes_out=self.bytes_out * factor
        )


@dataclass(frozen=True, slots=True)
class EdgeTraffic:
    """What the edge answered to viewers, and what it fetched for that from the origin."""

    requests: float = 0
    bytes_out: float = 0
    origin_requests: float = 0
    origin_bytes: float = 0

    def times(self, factor: float) -> EdgeTraffic:
        return EdgeTraffic(
            self.requests * factor,
            self.bytes_out * factor,
            self.origin_requests * factor,
            self.origin_bytes * factor,
        )

    def plus(self, other: EdgeTraffic) -> EdgeTraffic:
        return EdgeTraffic(
            self.requests + other.requests,
            self.bytes_out + other.bytes_out,
            self.origin_requests + other.origin_requests,
            self.origin_bytes + other.origin_bytes,
        )


@dataclass(frozen=True, slots=True)
class Day:
    """`edge` is None where nobody can tell what it did."""

    day: date
    calls: tuple[Calls, ...] = ()
    edge: EdgeTraffic | None = None

    @property
    def bytes_out(self) -> float:
        return sum(each.bytes_out for each in self.calls)

    @property
    def bytes_in(self) -> float:
        return sum(each.bytes_in for each in self.calls)

    def count(self, transaction_class: str) -> float:
        return sum(each.count for each in self.calls if each.transaction_class == transaction_class)

    def times(self, factor: float) -> Day:
        edge = None if self.edge is None else self.edge.times(factor)
        return replace(self, calls=tuple(each.times(factor) for each in self.calls), edge=edge)


@dataclass(frozen=True, slots=True)
class Month:
    """Every day of a month, those to come as they are expected. `counted` days of them are known, today's forecast
    included; `stored_bytes` are taken to lie there all month."""

    days: tuple[Day, ...]
    counted: int
    stored_bytes: float = 0

    @property
    def edge(self) -> EdgeTraffic | None:
        told = [day.edge for day in self.days if day.edge is not None]
        return sum_of_edges(told) if told else None


def day_factor(now_ms: int) -> float:
    """By how much today so far must be multiplied for the whole day."""
    return DAY_MS / max(now_ms % DAY_MS, SHORTEST_PACE_MS)


def forecast(used: float, now_ms: int) -> float:
    """What is used by midnight UTC when today goes on as it began."""
    return used * day_factor(now_ms)


def forecast_of_stored(stored_bytes: float, stored_today: float, now_ms: int) -> float:
    """What is stored by midnight UTC when uploads go on; what will be deleted nobody knows."""
    return stored_bytes + stored_today * (day_factor(now_ms) - 1)


def whole_month(known: Sequence[Day], now_ms: int, stored_bytes: float = 0) -> Month:
    """The month of today, from the days that were counted in it; the last of `known` may be today.

    A day without a row in the middle is a day on which nothing was asked; before the first row nothing was counted.
    """
    today = EPOCH + timedelta(days=now_ms // DAY_MS)
    first = today.replace(day=1)
    by_day = {day.day: day for day in known if first <= day.day <= today}
    begin = min(by_day, default=today)
    counted = [
        by_day.get(begin + timedelta(days=number), Day(begin + timedelta(days=number)))
        for number in range((today - begin).days + 1)
    ]
    counted[-1] = counted[-1].times(day_factor(now_ms))
    usual = mean_day(counted)
    length = calendar.monthrange(today.year, today.month)[1]
    missing = [
        replace(usual, day=each)
        for each in (first + timedelta(days=number) for number in range(length))
        if not begin <= each <= today
    ]
    days = sorted([*counted, *missing], key=lambda day: day.day)
    return Month(tuple(days), len(counted), stored_bytes)


def mean_day(days: Sequence[Day]) -> Day:
    """A day like the others on average; its own date means nothing."""
    added: dict[tuple[str, str], Calls] = {}
    for day in days:
        for each in day.calls:
            key = each.operation, each.transaction_class
            before = added.get(key, Calls(*key, 0))
            added[key] = replace(
                before,
                count=before.count + each.count,
                bytes_in=before.bytes_in + each.bytes_in,
                bytes_out=before.bytes_out + each.bytes_out,
            )
    told = [day.edge for day in days if day.edge is not None]
    edge = sum_of_edges(told) if told else None
    return Day(days[0].day, tuple(added.values()), edge).times(1 / len(days))


def sum_of_edges(traffic: Iterable[EdgeTraffic]) -> EdgeTraffic:
    total = EdgeTraffic()
    for each in traffic:
        total = total.plus(each)
    return total
