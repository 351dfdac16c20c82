"""The table of list prices: what it says, and how a price is multiplied."""

from __future__ import annotations

from datetime import date

import pytest

from calotype.costs.prices import Provider, Rate, price_list

PROVIDERS = {provider.key: provider for provider in price_list().providers}


def test_every_price_names_its_source_and_the_day_it_was_looked_up() -> None:
    rates = [rate for provider in price_list().providers for _, rate in provider.rates]
    assert len(rates) == 12
    assert all(rate.source and isinstance(rate.checked, date) and rate.tiers for rate in rates)
    assert price_list().checked == min(rate.checked for rate in rates)


@pytest.mark.parametrize(
    ("rate", "amount", "dollars"),
    [
        (PROVIDERS["b2"].calls["B"], 10_000, 0.004),  # b2.md §5: $0.004 per 10,000
        (PROVIDERS["b2"].calls["B"], 5_000, 0.002),  # B2 charges no begun unit whole
        (PROVIDERS["b2"].calls["C"], 1_000, 0.004),  # b2.md §5: $0.004 per 1,000
        (PROVIDERS["b2"].egress, 10**9, 0.01),
        (PROVIDERS["b2"].storage, 10**12, 6.0),
        (PROVIDERS["s3"].calls["put"], 1_000, 0.005),
        (PROVIDERS["s3"].calls["get"], 1_000_000, 0.4),
        (PROVIDERS["s3"].storage, 2**30, 0.023),
        (PROVIDERS["s3"].storage, 60 * 2**40, 51_200 * 0.023 + 10_240 * 0.022),  # the first 50 TB, then the next tier
        (PROVIDERS["s3"].egress, 20 * 2**40, 10_240 * 0.09 + 10_240 * 0.085),
        (PROVIDERS["s3"].egress, 200 * 2**40, 10_240 * 0.09 + 40_960 * 0.085 + 102_400 * 0.07 + 51_200 * 0.05),
        (PROVIDERS["r2"].calls["A"], 1_000_001, 9.0),  # "billed for two million operations"
        (PROVIDERS["r2"].calls["B"], 2_000_000, 0.72),
        (PROVIDERS["r2"].storage, 1.1e9, 0.03),  # "1.1 GB-month … billed for 2"
        (PROVIDERS["r2"].egress, 10**15, 0.0),
        (PROVIDERS["r2"].calls["A"], 0, 0.0),
    ],
)
def test_what_an_amount_costs(rate: Rate, amount: float, dollars: float) -> None:
    assert rate.cost(amount) == pytest.approx(dollars)


@pytest.mark.parametrize(
    ("provider", "cdn", "is_free"),
    [
        (PROVIDERS["b2"], "Cloudflare", True),
        (PROVIDERS["b2"], "another", False),
        (PROVIDERS["s3"], "Cloudflare", False),
        (PROVIDERS["s3"], "CloudFront", True),
        (PROVIDERS["r2"], "another", True),
    ],
)
def test_the_first_mile_is_free_between_partners(provider: Provider, cdn: str, is_free: bool) -> None:
    assert provider.is_free_to(cdn) is is_free
