"""What a month costs at one provider's list prices, by the CDN before it.

With a CDN the store is asked as our origin was asked: for what the cache did not have. The bytes of that are the first
mile, free between some partners. Without one every viewer asks the store. What the CDN itself charges is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from calotype.costs.operations import FREE, class_at, is_download
from calotype.costs.prices import Provider, Rate
from calotype.costs.usage import Day, EdgeTraffic, Month


class Cdn(StrEnum):
    """What stands before the store; ANOTHER is one that is no partner of it."""

    CLOUDFLARE = "Cloudflare"
    ANOTHER = "another"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Bill:
    """Dollars for a month. `to_viewers` is for what the store sends past any CDN."""

    provider: Provider
    cdn: Cdn
    storage: float
    calls: float
    first_mile: float
    to_viewers: float

    @property
    def total(self) -> float:
        return self.storage + self.calls + self.first_mile + self.to_viewers


def bill(provider: Provider, month: Month, cdn: Cdn) -> Bill:
    """The month at that provider. Where nobody knows what the edge did, all downloads went through it, and were all
    that viewers asked for."""
    through = [through_cdn(day, cdn) for day in month.days]
    past = [past_cdn(day, cdn) for day in month.days]
    to_viewers = egress_cost(provider.egress, past, month.stored_bytes)
    both = egress_cost(provider.egress, [a + b for a, b in zip(through, past, strict=True)], month.stored_bytes)
    return Bill(
        provider=provider,
        cdn=cdn,
        storage=provider.storage.cost(max(0.0, month.stored_bytes - provider.storage.free)),
        calls=sum(
            calls_cost(rate, (calls_of(provider, name, day, cdn) for day in month.days))
            for name, rate in provider.calls.items()
        ),
        first_mile=0.0 if provider.is_free_to(cdn.value) else both - to_viewers,
        to_viewers=to_viewers,
    )


def through_cdn(day: Day, cdn: Cdn) -> float:
    """The bytes that went from the store to the CDN."""
    if cdn is Cdn.NONE:
        return 0.0
    return day.bytes_out if day.edge is None else min(day.edge.origin_bytes, day.bytes_out)


def past_cdn(day: Day, cdn: Cdn) -> float:
    """The bytes that the store sends to whoever is no CDN."""
    if day.edge is None:
        return day.bytes_out if cdn is Cdn.NONE else 0.0
    direct = max(0.0, day.bytes_out - day.edge.origin_bytes)
    return direct + day.edge.bytes_out if cdn is Cdn.NONE else direct


def calls_of(provider: Provider, name: str, day: Day, cdn: Cdn) -> float:
    """How many calls of that class of the provider's the day has."""
    counted = sum(
        each.count for each in day.calls if class_at(provider.key, each.operation, each.transaction_class) == name
    )
    if cdn is Cdn.NONE and day.edge is not None and name == download_class(provider):
        counted += asked_by_viewers(day, day.edge)
    return counted


def asked_by_viewers(day: Day, edge: EdgeTraffic) -> float:
    """How many more downloads there are when viewers ask the store themselves instead of the edge for them."""
    downloads = sum(each.count for each in day.calls if is_download(each.operation))
    return edge.requests - min(edge.origin_requests, downloads)


def download_class(provider: Provider) -> str:
    name = class_at(provider.key, "GetObject", "B")
    assert name != FREE, "no provider gives downloads away"
    return name


def calls_cost(rate: Rate, calls_by_day: Iterable[float]) -> float:
    """Dollars for a month of calls, each day's and the month's free ones taken off."""
    charged = sum(max(0.0, calls - rate.free_a_day) for calls in calls_by_day)
    return rate.cost(max(0.0, charged - rate.free))


def egress_cost(rate: Rate, bytes_by_day: list[float], stored_bytes: float) -> float:
    """Dollars for a month's bytes out; of the two ways in which some are free, the better one counts."""
    beyond_daily = sum(max(0.0, each - rate.free_a_day) for each in bytes_by_day)
    beyond_stored = max(0.0, sum(bytes_by_day) - rate.free_times_stored * stored_bytes)
    return rate.cost(max(0.0, min(beyond_daily, beyond_stored) - rate.free))
