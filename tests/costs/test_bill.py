"""A month at each provider, by hand."""

from __future__ import annotations

from datetime import date

import pytest

from calotype.costs.bill import Bill, Cdn, bill
from calotype.costs.prices import price_list
from calotype.costs.usage import Calls, Day, EdgeTraffic, Month

PROVIDERS = {provider.key: provider for provider in price_list().providers}
GB = 10**9
GIB = 2**30


def month(*days: Day, stored_bytes: float = 0) -> Month:
    return Month(days, len(days), stored_bytes)


def day(*calls: Calls, edge: EdgeTraffic | None = None) -> Day:
    return Day(date(2026, 11, 1), calls, edge)


def at(key: str, cdn: Cdn, *days: Day, stored_bytes: float = 0) -> Bill:
    return bill(PROVIDERS[key], month(*days, stored_bytes=stored_bytes), cdn)


@pytest.mark.parametrize(
    ("key", "stored_bytes", "dollars"),
    [
        ("b2", 10 * GB, 0.0),  # the first 10 GB are free
        ("b2", 110 * GB, 0.60),
        ("s3", 100 * GIB, 2.30),
        ("r2", 10 * GB, 0.0),
        ("r2", 11.5 * GB, 0.03),  # begun gigabytes are charged whole
    ],
)
def test_storage(key: str, stored_bytes: float, dollars: float) -> None:
    assert at(key, Cdn.CLOUDFLARE, day(), stored_bytes=stored_bytes).storage == pytest.approx(dollars)


def test_free_calls_of_each_day_come_first() -> None:
    busy, quiet = day(Calls("GetObject", "B", 12_500)), day(Calls("GetObject", "B", 2_500))
    assert at("b2", Cdn.CLOUDFLARE, busy, quiet).calls == pytest.approx(0.004)
    # what one day does not use is not left for another
    assert at("b2", Cdn.CLOUDFLARE, day(), busy).calls == pytest.approx(0.004)


def test_calls_are_charged_in_the_providers_own_classes() -> None:
    calls = day(
        Calls("b2_authorize_account", "C", 1_002_500), Calls("PutObject", "A", 1_000), Calls("DeleteObject", "A", 10**9)
    )
    assert at("b2", Cdn.CLOUDFLARE, calls).calls == pytest.approx(4.0)  # logins are class C there
    assert at("s3", Cdn.CLOUDFLARE, calls).calls == pytest.approx(0.005)  # and not needed here
    assert at("r2", Cdn.CLOUDFLARE, calls).calls == 0.0  # a million of class A are free


FETCHED = Calls("GetObject", "B", 100, 0, 20 * GB)
EDGE = EdgeTraffic(requests=10_000, bytes_out=1_000 * GB, origin_requests=100, origin_bytes=20 * GB)


@pytest.mark.parametrize(
    ("key", "cdn", "first_mile", "to_viewers"),
    [
        ("b2", Cdn.CLOUDFLARE, 0.0, 0.0),  # partners
        ("b2", Cdn.ANOTHER, 0.19, 0.0),  # 20 GB, of which 1 GB a day is free
        ("b2", Cdn.NONE, 0.0, 9.99),
        ("s3", Cdn.CLOUDFLARE, 0.0, 0.0),  # within the 100 GB a month
        ("s3", Cdn.NONE, 0.0, (1_000 * GB / GIB - 100) * 0.09),
        ("r2", Cdn.ANOTHER, 0.0, 0.0),  # free to everybody
        ("r2", Cdn.NONE, 0.0, 0.0),
    ],
)
def test_egress_by_cdn(key: str, cdn: Cdn, first_mile: float, to_viewers: float) -> None:
    told = at(key, cdn, day(FETCHED, edge=EDGE))
    assert told.first_mile == pytest.approx(first_mile)
    assert told.to_viewers == pytest.approx(to_viewers)
    assert told.total == pytest.approx(told.storage + told.calls + first_mile + to_viewers)


def test_egress_is_free_up_to_three_times_what_is_stored() -> None:
    assert at("b2", Cdn.ANOTHER, day(FETCHED, edge=EDGE), stored_bytes=5 * GB).first_mile == pytest.approx(0.05)
    assert at("b2", Cdn.ANOTHER, day(FETCHED, edge=EDGE), stored_bytes=7 * GB).first_mile == 0.0


def test_without_a_cdn_viewers_ask_the_store_themselves() -> None:
    edge = EdgeTraffic(requests=1_000_100, bytes_out=0, origin_requests=100, origin_bytes=0)
    downloads = day(Calls("GetObject", "B", 150), edge=edge)
    # the edge's 100 fetches go, its viewers' 1,000,100 requests come, and 50 others stay
    assert at("s3", Cdn.NONE, downloads).calls == pytest.approx(1_000_150 * 0.0004 / 1_000)
    assert at("s3", Cdn.ANOTHER, downloads).calls == pytest.approx(150 * 0.0004 / 1_000)


def test_what_went_past_the_edge_is_charged_whatever_the_cdn() -> None:
    downloads = day(Calls("GetObject", "B", 10, 0, 30 * GB), edge=EDGE)  # 20 of them fetched by the edge
    told = at("b2", Cdn.CLOUDFLARE, downloads)
    assert (told.first_mile, told.to_viewers) == (0.0, pytest.approx(0.09))


def test_where_the_edge_is_unknown_all_downloads_went_through_it() -> None:
    told = at("b2", Cdn.ANOTHER, day(FETCHED))
    assert (told.first_mile, told.to_viewers) == (pytest.approx(0.19), 0.0)
    told = at("b2", Cdn.NONE, day(FETCHED))
    assert (told.first_mile, told.to_viewers) == (0.0, pytest.approx(0.19))
