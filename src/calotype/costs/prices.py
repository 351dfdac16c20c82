"""The table of list prices, `prices.toml`, as values."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from math import ceil, inf
from typing import Any, Self

EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Tier:
    """The price of a unit beyond the tier before, up to so many units a month."""

    up_to: float
    price: float


@dataclass(frozen=True, slots=True)
class Rate:
    """What `unit` calls or bytes cost. The `free…` fields count calls or bytes."""

    unit: int
    tiers: tuple[Tier, ...]
    source: str
    checked: date
    free: float = 0
    free_a_day: float = 0
    free_times_stored: float = 0  # of a month's egress
    rounds_up: bool = False

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Self:
        tiers = tuple(Tier(tier.get("up_to", inf), tier["price"]) for tier in table["tiers"])
        return cls(**{**table, "tiers": tiers})

    def cost(self, charged: float) -> float:
        """Dollars for so many calls or bytes in a month, whatever is free taken off already."""
        units = charged / self.unit
        if self.rounds_up:
            units = ceil(round(units, 9))
        total, start = 0.0, 0.0
        for tier in self.tiers:
            total += max(0.0, min(units, tier.up_to) - start) * tier.price
            start = tier.up_to
        return total


@dataclass(frozen=True, slots=True)
class Provider:
    """One store's list prices. `calls` are rates by the provider's own class; a class without one is free."""

    key: str
    name: str
    url: str
    free_to: tuple[str, ...]
    note: str
    storage: Rate
    egress: Rate
    calls: Mapping[str, Rate]

    @classmethod
    def of(cls, key: str, table: Mapping[str, Any]) -> Self:
        return cls(
            key=key,
            name=table["name"],
            url=table["url"],
            free_to=tuple(table["free_to"]),
            note=table["note"],
            storage=Rate.of(table["storage"]),
            egress=Rate.of(table["egress"]),
            calls={name: Rate.of(rate) for name, rate in table["calls"].items()},
        )

    def is_free_to(self, cdn: str) -> bool:
        """Whether the first mile, from the store to this CDN, costs nothing."""
        return cdn in self.free_to or EVERYBODY in self.free_to

    @property
    def rates(self) -> Iterator[tuple[str, Rate]]:
        """Every price under the name of what it is for."""
        yield "storage", self.storage
        yield "egress", self.egress
        yield from ((f"calls of class {name}", rate) for name, rate in self.calls.items())


@dataclass(frozen=True, slots=True)
class PriceList:
    providers: tuple[Provider, ...]

    @property
    def checked(self) -> date:
        """When the price was looked up that was looked up longest ago."""
        return min(rate.checked for provider in self.providers for _, rate in provider.rates)


def parse(text: str) -> PriceList:
    """The prices in a text like `prices.toml`."""
    return PriceList(tuple(Provider.of(key, table) for key, table in tomllib.loads(text).items()))


@cache
def price_list() -> PriceList:
    """The prices that come with this version."""
    return parse(files("calotype.costs").joinpath("prices.toml").read_text("utf-8"))
