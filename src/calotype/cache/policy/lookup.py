"""What the stored responses of a key mean for a request: one of five states (RFC 9111 §4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calotype.cache.policy.settings import CacheSettings, Mode
from calotype.cache.policy.stored import StoredResponse
from calotype.cache.policy.vary import selects
from calotype.http.cache_control import CacheControl
from calotype.http.message import Headers


@dataclass(frozen=True, slots=True)
class Hit:
    """Fresh: answer from the store."""

    stored: StoredResponse


@dataclass(frozen=True, slots=True)
class Stale:
    """Stale but allowed: answer from the store, and when `refresh`, validate in the background."""

    stored: StoredResponse
    refresh: bool


@dataclass(frozen=True, slots=True)
class Revalidate:
    """Ask the origin whether the stored response still holds before answering."""

    stored: StoredResponse


@dataclass(frozen=True, slots=True)
class Miss:
    """Nothing stored answers this. `is_variant` when the key is known, but under other selecting fields."""

    is_variant: bool = False


@dataclass(frozen=True, slots=True)
class Bypass:
    """The request goes past the cache; `reason` names what decided so."""

    reason: str


Lookup = Hit | Stale | Revalidate | Miss | Bypass


def request_directives(headers: Headers, settings: CacheSettings) -> CacheControl:
    """The client's Cache-Control where it is heard: by the RFC, not in a zone (Cloudflare ignores it)."""
    if settings.mode is not Mode.RFC:
        return CacheControl()
    values = headers.get_all("cache-control")
    if not values and (headers.get("pragma") or "").strip().lower() == "no-cache":
        return CacheControl(no_cache=True)  # RFC 9111 §5.4
    return CacheControl.parse(values)


def look_up(variants: Sequence[StoredResponse], headers: Headers, settings: CacheSettings, *, now: float) -> Lookup:
    """The state of a GET or HEAD whose key has these stored responses."""
    if settings.eligible is False:
        return Bypass("rule")
    stored = choose_variant(variants, headers)
    if stored is None:
        return Miss(is_variant=bool(variants))
    wanted = request_directives(headers, settings)
    if wanted.no_cache:
        return Revalidate(stored)
    if stored.lifetime.is_fresh(now) and _is_fresh_enough(stored, wanted, now):
        return Hit(stored)
    return _stale_state(stored, wanted, settings, now)


def choose_variant(variants: Sequence[StoredResponse], headers: Headers) -> StoredResponse | None:
    """The newest stored response that the request's fields select (RFC 9111 §4.1)."""
    matching = [stored for stored in variants if selects(stored.selecting, headers)]
    return max(matching, key=lambda stored: stored.lifetime.born, default=None)


def _is_fresh_enough(stored: StoredResponse, wanted: CacheControl, now: float) -> bool:
    if wanted.max_age is not None and stored.lifetime.current_age(now) > wanted.max_age:
        return False
    return wanted.min_fresh is None or stored.lifetime.remaining(now) >= wanted.min_fresh


def _stale_state(stored: StoredResponse, wanted: CacheControl, settings: CacheSettings, now: float) -> Lookup:
    lifetime = stored.lifetime
    if wanted.max_age is None and wanted.min_fresh is None:
        if settings.serve_stale_while_updating and lifetime.allows_stale_while_revalidate(now):
            return Stale(stored, refresh=True)
        usable = lifetime.may_be_stale and not lifetime.always_validate
        if wanted.max_stale is not None and usable and -lifetime.remaining(now) <= wanted.max_stale:
            return Stale(stored, refresh=False)
    return Revalidate(stored)
