"""The Cache-Control that the client sees: the browser TTL of a rule or of the zone (edge.md §1.12)."""

from __future__ import annotations

from calotype.cache.freshness import expires_minus_date
from calotype.cache.policy.settings import CacheSettings, Mode, TtlMode
from calotype.http.cache_control import CacheControl
from calotype.http.message import Headers

# Meant for caches before the browser: consumed here.
_CONSUMED = ("cloudflare-cdn-cache-control", "cache-tag")


def client_headers(headers: Headers, status: int, settings: CacheSettings, *, now: float) -> Headers:
    """The stored fields as they leave for the client; in RFC mode unchanged."""
    if settings.mode is Mode.RFC:
        return headers
    headers = headers.without(*_CONSUMED)
    if settings.browser_ttl_mode is TtlMode.BYPASS:
        return headers.without("expires").set("cache-control", "no-store")
    if settings.browser_ttl_mode is TtlMode.OVERRIDE_ORIGIN and settings.browser_ttl is not None:
        return _with_lifetime(headers, min(settings.browser_ttl, _error_ttl(status, settings)))
    if settings.browser_cache_ttl and _is_shorter(headers, settings.browser_cache_ttl, now):
        return _with_lifetime(headers, settings.browser_cache_ttl)
    return headers


def _error_ttl(status: int, settings: CacheSettings) -> int:
    """An error is kept by browsers no longer than by the edge: the picture may be uploaded a moment later."""
    assert settings.browser_ttl is not None
    if status < 400:
        return settings.browser_ttl
    return max(0, settings.ttl_for_status(status) or 0)


def _with_lifetime(headers: Headers, seconds: int) -> Headers:
    return headers.without("expires").set("cache-control", f"max-age={seconds}")


def _is_shorter(headers: Headers, seconds: int, now: float) -> bool:
    """Whether the origin's lifetime for browsers is below the zone's; directives against caching are left alone."""
    directives = CacheControl.parse(headers.get_all("cache-control"))
    if directives.no_store or directives.no_cache or directives.private:
        return False
    own = directives.max_age if directives.max_age is not None else expires_minus_date(headers, response_time=now)
    return own is None or own < seconds
