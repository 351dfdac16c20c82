"""Freshness lifetime, heuristics and age, row by row against RFC 9111 §4.2 and §5."""

from __future__ import annotations

import pytest

from calotype.cache.freshness import age_value, freshness_lifetime, heuristic_lifetime, initial_age
from calotype.http.cache_control import DELTA_SECONDS_MAX, CacheControl
from calotype.http.http_date import format_http_date
from calotype.http.message import Headers

NOW = 1_780_000_000.0


def date(offset: float = 0) -> str:
    return format_http_date(NOW + offset)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        # §4.2.1: the first that is present wins: s-maxage, max-age, Expires minus Date.
        ({"cache-control": "s-maxage=5, max-age=10", "expires": date(99)}, 5),
        ({"cache-control": "max-age=10", "expires": date(99), "date": date()}, 10),
        ({"expires": date(60), "date": date()}, 60),
        # "based on the response's Date, never on the cache's clock"
        ({"expires": date(-1000), "date": date(-1060)}, 60),
        # §5.3: an invalid Expires, especially 0, is a time in the past
        ({"expires": "0", "date": date()}, 0),
        ({"expires": "Thu, 01 Dec 2094 16:00:00 +0000", "date": date()}, 0),
        ({"expires": date(-5), "date": date()}, 0),
        # §4.2.1: a non-integer lifetime is stale; §1.2.2: a huge one is clamped
        ({"cache-control": "max-age=1.5"}, 0),
        ({"cache-control": "max-age=99999999999999999999"}, DELTA_SECONDS_MAX),
        ({}, None),
    ],
)
def test_freshness_lifetime(fields: dict[str, str], expected: int | None) -> None:
    headers = Headers(fields.items())
    directives = CacheControl.parse(headers.get_all("cache-control"))
    assert freshness_lifetime(headers, directives, response_time=NOW) == expected


def test_private_cache_ignores_s_maxage() -> None:
    directives = CacheControl.parse("s-maxage=5, max-age=10")
    assert freshness_lifetime(Headers(), directives, response_time=NOW, shared=False) == 10


@pytest.mark.parametrize(
    ("status", "cache_control", "modified", "expected"),
    [
        (200, "", date(-1000), 100),  # §4.2.2: a tenth of the interval since the modification
        (404, "", date(-1000), 100),  # a status that is heuristically cacheable by definition
        (299, "", date(-1000), None),  # one that is not
        (299, "public", date(-1000), 100),  # "or has been explicitly marked as cacheable (public)"
        (200, "", None, None),  # nothing to guess from
        (200, "", date(50), 0),  # modified in the future
        (200, "", date(-(10**8)), 24 * 3600),
    ],
)
def test_heuristic_lifetime(status: int, cache_control: str, modified: str | None, expected: int | None) -> None:
    headers = Headers([("date", date()), *([("last-modified", modified)] if modified else [])])
    directives = CacheControl.parse(cache_control)
    assert heuristic_lifetime(status, headers, directives, response_time=NOW) == expected


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        ("17", 17),
        ("17, 4", 17),  # §5.1: of a list the first value counts
        ("1.5", 0),
        ("-3", 0),
        ("+3", 0),
        ("7s", 0),
        ("", 0),
        ("0000000000000000000012", 12),
        ("99999999999999999999999", DELTA_SECONDS_MAX),  # clamped, not wrapped
    ],
)
def test_age_field(age: str, expected: int) -> None:
    assert age_value(Headers([("age", age)])) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"date": date()}, 2),  # response_delay alone
        ({"date": date(-30)}, 30),  # apparent_age
        ({"date": date(), "age": "50"}, 52),  # corrected_age_value = age_value + response_delay
        ({"date": date(-300), "age": "50"}, 300),  # the larger of the two
        ({"date": date(30), "age": "5"}, 7),  # a clock ahead of ours makes nobody younger
        ({}, 2),  # §6.6.1 of RFC 9110: without Date, the time of arrival
    ],
)
def test_initial_age(fields: dict[str, str], expected: float) -> None:
    assert initial_age(Headers(fields.items()), request_time=NOW - 2, response_time=NOW) == expected
