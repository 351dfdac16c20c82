"""What may be stored and for how long, by the RFC and by a zone's rules."""

from __future__ import annotations

import pytest

from calotype.cache.policy.settings import NO_STORE, CacheSettings, Mode, StatusTtl, TtlMode, is_candidate
from calotype.cache.policy.storing import DoNotStore, Exchange, Store, decide_storing
from calotype.http.http_date import format_http_date
from calotype.http.message import Headers

NOW = 1_780_000_000.0
DATE = format_http_date(NOW)
LAST_WEEK = format_http_date(NOW - 1000)

RFC = CacheSettings(mode=Mode.RFC)
ZONE = CacheSettings(eligible=True)
FORCED = CacheSettings(
    eligible=True,
    edge_ttl_mode=TtlMode.OVERRIDE_ORIGIN,
    edge_ttl=2_592_000,
    status_ttls=(StatusTtl(404, 404, 3), StatusTtl(500, 599, NO_STORE)),
)


def decide(
    settings: CacheSettings,
    fields: dict[str, str],
    *,
    status: int = 200,
    request: dict[str, str] | None = None,
    method: str = "GET",
) -> Store | DoNotStore:
    headers = Headers([("date", DATE), *fields.items()])
    return decide_storing(Exchange(method, Headers((request or {}).items()), status, headers, NOW, NOW), settings)


@pytest.mark.parametrize(
    ("status", "fields", "request_fields", "expected"),
    [
        # RFC 9111 §3: explicit freshness makes any final status storable
        (200, {"cache-control": "max-age=60"}, {}, 60),
        (299, {"cache-control": "max-age=60"}, {}, 60),
        (404, {"cache-control": "max-age=60"}, {}, 60),
        (503, {"cache-control": "max-age=60"}, {}, 60),
        (599, {"cache-control": "max-age=60"}, {}, 60),
        # heuristics only for the statuses of RFC 9110 §15.1
        (200, {"last-modified": LAST_WEEK}, {}, 100),
        (302, {"last-modified": LAST_WEEK}, {}, "no-freshness"),
        # without freshness and validator a response is never reused; with a validator it is kept for validation
        (200, {}, {}, "no-freshness"),
        (200, {"etag": '"a"'}, {}, 0),
        # §5.2.2: no-store, private; no-cache is stored
        (200, {"cache-control": "no-store, max-age=60"}, {}, "no-store"),
        (200, {"cache-control": "private, max-age=60"}, {}, "private"),
        (200, {"cache-control": 'private="x-secret", max-age=60'}, {}, 60),
        (200, {"cache-control": "no-cache"}, {}, 0),
        # §5.2.2.3: must-understand overrides no-store for a status that is understood, and forbids the others
        (200, {"cache-control": "must-understand, no-store, max-age=60"}, {}, 60),
        (299, {"cache-control": "must-understand, max-age=60"}, {}, "must-understand"),
        # §3.5: a request with Authorization needs public, s-maxage or must-revalidate
        (200, {"cache-control": "max-age=60"}, {"authorization": "Basic YQ=="}, "authorization"),
        (200, {"cache-control": "max-age=60, public"}, {"authorization": "Basic YQ=="}, 60),
        (200, {"cache-control": "s-maxage=60"}, {"authorization": "Basic YQ=="}, 60),
        (200, {"cache-control": "max-age=60, must-revalidate"}, {"authorization": "Basic YQ=="}, 60),
        # §5.2.1.5: a request with no-store leaves nothing behind
        (200, {"cache-control": "max-age=60"}, {"cache-control": "no-store"}, "request-no-store"),
        # §4.1: a Vary with * never matches
        (200, {"cache-control": "max-age=60", "vary": "accept, *"}, {}, "vary"),
        # partial content is not stored, a 304 is no response of its own
        (206, {"cache-control": "max-age=60"}, {}, "status"),
        (304, {"cache-control": "max-age=60"}, {}, "status"),
        # RFC 9213: a valid targeted field replaces Cache-Control and Expires
        (200, {"cache-control": "no-store", "cdn-cache-control": "max-age=7"}, {}, 7),
        (200, {"cache-control": "max-age=60", "cdn-cache-control": "no-store"}, {}, "no-store"),
        (200, {"cache-control": "max-age=60", "cdn-cache-control": 'max-age="7"'}, {}, 60),
        (200, {"cache-control": "max-age=60", "cdn-cache-control": "Max-Age=7"}, {}, 60),
        (200, {"cache-control": "max-age=60", "cdn-cache-control": "max-age=7, ,"}, {}, 60),
        (200, {"cache-control": "max-age=60", "cdn-cache-control": ""}, {}, 60),
        (200, {"cache-control": "max-age=60", "cdn-cache-control": "max-age=7;x=1, foo=(1 2)"}, {}, 7),
        # Set-Cookie is stored only where freshness is explicit
        (200, {"cache-control": "max-age=60", "set-cookie": "a=b"}, {}, 60),
        (200, {"last-modified": LAST_WEEK, "set-cookie": "a=b"}, {}, "set-cookie"),
    ],
)
def test_by_the_rfc(status: int, fields: dict[str, str], request_fields: dict[str, str], expected: int | str) -> None:
    verdict = decide(RFC, fields, status=status, request=request_fields)
    if isinstance(verdict, DoNotStore):
        assert verdict.reason == expected
    else:
        assert verdict.lifetime.fresh_until - verdict.lifetime.born == expected


@pytest.mark.parametrize(
    ("settings", "status", "fields", "expected"),
    [
        # edge.md §1.2: status TTL over override over the origin's fields over the default by status
        (FORCED, 404, {"cache-control": "max-age=60"}, 3),
        (FORCED, 503, {"cache-control": "max-age=60"}, "status-ttl"),
        (FORCED, 200, {"cache-control": "no-store"}, 2_592_000),
        (FORCED, 200, {"set-cookie": "a=b"}, 2_592_000),
        (ZONE, 200, {"cloudflare-cdn-cache-control": "max-age=1", "cdn-cache-control": "max-age=2"}, 1),
        (ZONE, 200, {"cdn-cache-control": "max-age=2", "cache-control": "max-age=3"}, 2),
        (ZONE, 200, {"cache-control": "max-age=3"}, 3),
        (ZONE, 200, {"cache-control": "s-maxage=4, max-age=3"}, 4),
        (ZONE, 200, {}, 7200),
        (ZONE, 302, {}, 1200),
        (ZONE, 404, {}, 180),
        (ZONE, 500, {}, "no-freshness"),
        # the client's cookie stays with the client where no TTL is forced
        (ZONE, 200, {"cache-control": "max-age=60", "set-cookie": "a=b"}, "set-cookie"),
        # bypass_by_default: follow the origin, otherwise do not store
        (CacheSettings(edge_ttl_mode=TtlMode.BYPASS_BY_DEFAULT), 200, {}, "no-freshness"),
        # an override without status rules leaves the origin's errors out
        (CacheSettings(edge_ttl_mode=TtlMode.OVERRIDE_ORIGIN, edge_ttl=9), 502, {}, "no-freshness"),
    ],
)
def test_by_the_zone(settings: CacheSettings, status: int, fields: dict[str, str], expected: int | str) -> None:
    verdict = decide(settings, fields, status=status)
    if isinstance(verdict, DoNotStore):
        assert verdict.reason == expected
    else:
        assert verdict.lifetime.fresh_until - verdict.lifetime.born == expected


def test_forced_ttl_drops_the_cookie_and_starts_at_arrival() -> None:
    verdict = decide(FORCED, {"set-cookie": "a=b", "age": "1000"})
    assert isinstance(verdict, Store)
    assert verdict.dropped_fields == {"set-cookie"}
    assert verdict.lifetime.current_age(NOW) == 0


def test_response_that_arrives_with_its_whole_age_is_stale() -> None:
    verdict = decide(RFC, {"cache-control": "max-age=60", "age": "60"})
    assert isinstance(verdict, Store)
    assert not verdict.lifetime.is_fresh(NOW)


def test_response_to_credentials_is_never_stored_by_force() -> None:
    assert isinstance(decide(FORCED, {}, request={"authorization": "Basic YQ=="}), DoNotStore)


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PURGE"])
def test_only_get_fills(method: str) -> None:
    assert isinstance(decide(RFC, {"cache-control": "max-age=60"}, method=method), DoNotStore)


@pytest.mark.parametrize(
    ("cache_control", "seconds_stale", "disconnected", "expected"),
    [
        ("max-age=10, stale-if-error=30", 20, False, True),
        ("max-age=10, stale-if-error=30", 31, False, False),
        ("max-age=10, stale-if-error=0", 1, True, False),
        ("max-age=10", 20, True, True),  # RFC 9111 §4.2.4: disconnected
        ("max-age=10", 20, False, False),
        # §4.2.4: "a cache MUST NOT generate a stale response if it is prohibited by an explicit directive"
        ("max-age=10, must-revalidate", 20, True, False),
        ("max-age=10, proxy-revalidate", 20, True, False),
        ("s-maxage=10", 20, True, False),
        ("max-age=10, no-cache", 20, True, False),
    ],
)
def test_stale_on_error(cache_control: str, seconds_stale: int, disconnected: bool, expected: bool) -> None:
    verdict = decide(RFC, {"cache-control": cache_control})
    assert isinstance(verdict, Store)
    allowed = verdict.lifetime.allows_stale_on_error(NOW + 10 + seconds_stale, is_disconnected=disconnected)
    assert allowed is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a.PNG", True),  # case-insensitive
        ("/a.png/b", False),  # the last segment counts
        ("/a.tar.gz", True),  # the last dot
        ("/a.html", False),
        ("/", False),
        ("/robots.txt", True),
        ("/x/robots.txt", False),
    ],
)
def test_candidates_by_extension(path: str, expected: bool) -> None:
    assert is_candidate(path, CacheSettings()) is expected


def test_rule_decides_over_the_extension() -> None:
    assert is_candidate("/page", CacheSettings(eligible=True))
    assert not is_candidate("/a.png", CacheSettings(eligible=False))
    assert is_candidate("/page", RFC)
