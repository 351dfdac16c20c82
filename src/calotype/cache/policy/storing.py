"""May this response be stored, and how long is it fresh? (RFC 9111 §3, and Cloudflare's precedence of TTLs)"""

from __future__ import annotations

from dataclasses import dataclass

from calotype.cache.freshness import HEURISTICALLY_CACHEABLE, freshness_lifetime, heuristic_lifetime, initial_age
from calotype.cache.policy.settings import NO_STORE, CacheSettings, Mode, TtlMode
from calotype.cache.policy.stored import Lifetime
from calotype.cache.policy.targeted import CLOUDFLARE_TARGETS, RFC_TARGETS, Governing, governing_directives
from calotype.cache.policy.vary import ANYTHING, vary_names
from calotype.http.cache_control import CacheControl
from calotype.http.message import Headers

# With must-understand a cache stores only statuses whose caching it knows (RFC 9111 §3); these are RFC 9110's.
UNDERSTOOD_STATUSES = frozenset(
    {200, 203, 204, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411}
    | {412, 413, 414, 415, 416, 417, 421, 422, 426, 500, 501, 502, 503, 504, 505}
)

# Cloudflare's lifetimes where the origin says nothing.
DEFAULT_TTLS = {200: 7200, 206: 7200, 301: 7200, 302: 1200, 303: 1200, 404: 180, 410: 180}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request as it went to the origin and the answer's head, with the times of both in Unix seconds."""

    method: str
    request_headers: Headers
    status: int
    headers: Headers
    request_time: float
    response_time: float


@dataclass(frozen=True, slots=True)
class Store:
    """Keep it. `dropped_fields` are left out of what is stored and sent, such as a cookie under a forced TTL."""

    lifetime: Lifetime
    dropped_fields: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DoNotStore:
    """Pass it on. `reason` is for the `detail` of Cache-Status."""

    reason: str


def decide_storing(exchange: Exchange, settings: CacheSettings) -> Store | DoNotStore:
    """What the cache does with this answer to a request that was a candidate."""
    refusal = _never_stored(exchange)
    if refusal is not None:
        return DoNotStore(refusal)
    if settings.mode is Mode.RFC:
        return _by_the_rfc(exchange)
    return _by_the_zone(exchange, settings)


def _never_stored(exchange: Exchange) -> str | None:
    """Why no setting lets this be stored, or None."""
    if exchange.method != "GET":
        return "method"
    if exchange.status < 200 or exchange.status in (206, 304):
        return "status"
    if vary_names(exchange.headers) == (ANYTHING,):
        return "vary"
    return None


def _by_the_rfc(exchange: Exchange) -> Store | DoNotStore:
    governing = governing_directives(exchange.headers, targets=RFC_TARGETS)
    refusal = _forbidden(exchange, governing.directives)
    if refusal is not None:
        return DoNotStore(refusal)
    if CacheControl.parse(exchange.request_headers.get_all("cache-control")).no_store:
        return DoNotStore("request-no-store")
    lifetime = _explicit_lifetime(exchange, governing)
    if lifetime is None:
        lifetime = heuristic_lifetime(
            exchange.status, exchange.headers, governing.directives, response_time=exchange.response_time
        )
        if lifetime is None and not _is_worth_validating(exchange, governing.directives):
            return DoNotStore("no-freshness")
        if "set-cookie" in exchange.headers:
            return DoNotStore("set-cookie")
    return _store(exchange, governing.directives, lifetime or 0)


def _is_worth_validating(exchange: Exchange, directives: CacheControl) -> bool:
    """Whether a response without lifetime may be kept for its validator alone."""
    if exchange.status not in HEURISTICALLY_CACHEABLE and not directives.public:
        return False
    return "etag" in exchange.headers or "last-modified" in exchange.headers


def _forbidden(exchange: Exchange, directives: CacheControl) -> str | None:
    """The directive that forbids a shared cache to store this, or None (RFC 9111 §3 and §3.5)."""
    understood = directives.must_understand and exchange.status in UNDERSTOOD_STATUSES
    if directives.must_understand and not understood:
        return "must-understand"
    if directives.no_store and not understood:
        return "no-store"
    if directives.private:
        return "private"
    allowed_for_others = directives.public or directives.s_maxage is not None or directives.must_revalidate
    if "authorization" in exchange.request_headers and not allowed_for_others:
        return "authorization"
    return None


def _explicit_lifetime(exchange: Exchange, governing: Governing) -> int | None:
    headers = exchange.headers.without("expires") if governing.is_targeted else exchange.headers
    lifetime = freshness_lifetime(headers, governing.directives, response_time=exchange.response_time)
    if lifetime is None and governing.directives.no_cache:
        return 0
    return lifetime


def _store(exchange: Exchange, directives: CacheControl, lifetime: int) -> Store:
    """Stored by the origin's own word: its age counts against the lifetime."""
    age = initial_age(exchange.headers, request_time=exchange.request_time, response_time=exchange.response_time)
    born = exchange.response_time - age
    dropped = frozenset(directives.private_fields | directives.no_cache_fields)
    return Store(_lifetime(born, lifetime, directives), dropped)


def _lifetime(born: float, lifetime: int, directives: CacheControl) -> Lifetime:
    forbids_stale = directives.must_revalidate or directives.proxy_revalidate or directives.s_maxage is not None
    return Lifetime(
        born=born,
        fresh_until=born + lifetime,
        always_validate=directives.no_cache,
        may_be_stale=not forbids_stale,
        stale_while_revalidate=directives.stale_while_revalidate,
        stale_if_error=directives.stale_if_error,
    )


def _by_the_zone(exchange: Exchange, settings: CacheSettings) -> Store | DoNotStore:
    forced = _forced_ttl(exchange.status, settings)
    if forced == NO_STORE:
        return DoNotStore("status-ttl")
    if forced is not None:
        return _store_forced(exchange, forced)
    governing = governing_directives(exchange.headers, targets=CLOUDFLARE_TARGETS)
    refusal = _forbidden(exchange, governing.directives)
    if refusal is not None:
        return DoNotStore(refusal)
    if "set-cookie" in exchange.headers:
        return DoNotStore("set-cookie")
    lifetime = _explicit_lifetime(exchange, governing)
    if lifetime is not None:
        return _store(exchange, governing.directives, lifetime)
    default = None if settings.edge_ttl_mode is TtlMode.BYPASS_BY_DEFAULT else DEFAULT_TTLS.get(exchange.status)
    if default is None:
        return DoNotStore("no-freshness")
    return _store(exchange, governing.directives, default)


def _forced_ttl(status: int, settings: CacheSettings) -> int | None:
    """The lifetime a rule sets whatever the origin says. A general one leaves errors of the origin out."""
    by_status = settings.ttl_for_status(status)
    if by_status is not None:
        return by_status
    if settings.edge_ttl_mode is TtlMode.OVERRIDE_ORIGIN and settings.edge_ttl is not None and status < 500:
        return settings.edge_ttl
    return None


def _store_forced(exchange: Exchange, ttl: int) -> Store | DoNotStore:
    """Stored by the zone's word: the origin's directives and Age do not count, its cookie is not kept."""
    directives = CacheControl.parse(exchange.headers.get_all("cache-control"))
    if "authorization" in exchange.request_headers and not directives.public:
        return DoNotStore("authorization")
    born = exchange.response_time
    lifetime = Lifetime(
        born=born,
        fresh_until=born + ttl,
        always_validate=ttl == 0,
        stale_while_revalidate=directives.stale_while_revalidate,
        stale_if_error=directives.stale_if_error,
    )
    return Store(lifetime, frozenset({"set-cookie"}))
