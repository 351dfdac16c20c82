"""Freshness and age of a response (RFC 9111 §4.2). Times are Unix seconds, lifetimes and ages seconds."""

from __future__ import annotations

import re

from calotype.http.cache_control import DELTA_SECONDS_MAX, CacheControl
from calotype.http.http_date import parse_http_date
from calotype.http.message import Headers

# RFC 9110 §15.1: the statuses that may be reused with heuristic freshness.
HEURISTICALLY_CACHEABLE = frozenset({200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501})
# A tenth of the time since the last modification is what RFC 9111 §4.2.2 calls typical; a day bounds the guess.
HEURISTIC_FRACTION = 10
HEURISTIC_MAXIMUM_S = 24 * 3600

_DIGITS = re.compile(r"[0-9]+")


def freshness_lifetime(
    headers: Headers, directives: CacheControl, *, response_time: float, shared: bool = True
) -> int | None:
    """Seconds the response says it stays fresh, or None when it does not say (RFC 9111 §4.2.1).

    The first that is present wins: s-maxage (shared caches), max-age, Expires minus Date.
    """
    if shared and directives.s_maxage is not None:
        return directives.s_maxage
    if directives.max_age is not None:
        return directives.max_age
    return expires_minus_date(headers, response_time=response_time)


def expires_minus_date(headers: Headers, *, response_time: float) -> int | None:
    """The lifetime by Expires, or None without one; an invalid Expires, such as `0`, is in the past (§5.3)."""
    values = headers.get_all("expires")
    if not values:
        return None
    moments = [parse_http_date(value) for value in values]
    expires = min((moment for moment in moments if moment is not None), default=None)
    if expires is None or None in moments:
        return 0
    return max(0, expires - int(date_of(headers, response_time)))


def heuristic_lifetime(status: int, headers: Headers, directives: CacheControl, *, response_time: float) -> int | None:
    """A lifetime guessed from Last-Modified, or None where no guess is allowed (RFC 9111 §4.2.2)."""
    if status not in HEURISTICALLY_CACHEABLE and not directives.public:
        return None
    last_modified = parse_http_date(headers.get("last-modified") or "")
    if last_modified is None:
        return None
    interval = max(0, int(date_of(headers, response_time)) - last_modified)
    return min(interval // HEURISTIC_FRACTION, HEURISTIC_MAXIMUM_S)


def initial_age(headers: Headers, *, request_time: float, response_time: float) -> float:
    """The age of the response at the moment it arrived: corrected_initial_age of RFC 9111 §4.2.3."""
    apparent_age = max(0.0, response_time - date_of(headers, response_time))
    response_delay = max(0.0, response_time - request_time)
    return max(apparent_age, age_value(headers) + response_delay)


def age_value(headers: Headers) -> int:
    """The Age that the response came with; 0 when it has none or an invalid one (RFC 9111 §5.1)."""
    field = headers.get("age")
    if field is None:
        return 0
    first = field.partition(",")[0].strip(" \t")
    if not _DIGITS.fullmatch(first):
        return 0
    digits = first.lstrip("0") or "0"
    return DELTA_SECONDS_MAX if len(digits) > 10 else min(int(digits), DELTA_SECONDS_MAX)


def date_of(headers: Headers, response_time: float) -> float:
    """When the response was made: its Date, or the moment it arrived (RFC 9110 §6.6.1)."""
    date = parse_http_date(headers.get("date") or "")
    return response_time if date is None else float(date)
