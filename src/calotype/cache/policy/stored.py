"""A stored response without its body: what the policy judges and what the entry file keeps beside the bytes."""

from __future__ import annotations

from dataclasses import dataclass, field

from calotype.cache.policy.vary import Selecting
from calotype.http.conditional import Validators
from calotype.http.http_date import parse_http_date
from calotype.http.message import Headers


@dataclass(frozen=True, slots=True)
class Lifetime:
    """When the response was of age 0, until when it is fresh, and what may happen after; times in Unix seconds.

    `stale_while_revalidate` and `stale_if_error` are windows in seconds counted from staleness, None when the
    origin said nothing. `may_be_stale` is False when a directive forbids stale use outright.
    """

    born: float
    fresh_until: float
    always_validate: bool = False
    may_be_stale: bool = True
    stale_while_revalidate: int | None = None
    stale_if_error: int | None = None

    def is_fresh(self, now: float) -> bool:
        return not self.always_validate and now < self.fresh_until

    def current_age(self, now: float) -> int:
        return max(0, int(now - self.born))

    def remaining(self, now: float) -> int:
        """Seconds of freshness left; negative when stale (the `ttl` of Cache-Status)."""
        return int(self.fresh_until - now)

    def allows_stale_while_revalidate(self, now: float) -> bool:
        window = self.stale_while_revalidate
        return self._may_be_stale() and window is not None and now < self.fresh_until + window

    def allows_stale_on_error(self, now: float, *, is_disconnected: bool) -> bool:
        """Whether a stale answer beats the origin's error; without a directive only when nobody answered at all."""
        if not self._may_be_stale():
            return False
        if self.stale_if_error is None:
            return is_disconnected
        return now < self.fresh_until + self.stale_if_error

    def _may_be_stale(self) -> bool:
        return self.may_be_stale and not self.always_validate


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A stored response. `ban_position` is the position of the ban log at which its fetch began."""

    key: str
    zone_id: str
    url: str
    origin_url: str
    query: str | None
    query_ignored: bool
    status: int
    headers: Headers
    lifetime: Lifetime
    ban_position: int
    body_length: int
    selecting: Selecting = ()
    tags: tuple[str, ...] = field(default=())

    @property
    def validators(self) -> Validators:
        """What conditional requests compare with: the ETag, and Last-Modified or else Date (RFC 9110 §13.1.3)."""
        modified = self.headers.get("last-modified") or self.headers.get("date")
        return Validators(self.headers.get("etag"), parse_http_date(modified) if modified else None)

    @property
    def has_validator(self) -> bool:
        return "etag" in self.headers or "last-modified" in self.headers
