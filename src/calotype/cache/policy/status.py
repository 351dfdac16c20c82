"""How the outcome is told: `CF-Cache-Status` and `Cache-Status` (RFC 9211)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

CACHE_NAME = "Calotype"


class CacheStatus(Enum):
    """The values of CF-Cache-Status."""

    HIT = "HIT"
    MISS = "MISS"
    EXPIRED = "EXPIRED"
    STALE = "STALE"
    UPDATING = "UPDATING"
    REVALIDATED = "REVALIDATED"
    BYPASS = "BYPASS"
    DYNAMIC = "DYNAMIC"


# From the store without or after asking the origin: then, and only then, the answer carries Age.
FROM_THE_STORE = frozenset({CacheStatus.HIT, CacheStatus.STALE, CacheStatus.UPDATING, CacheStatus.REVALIDATED})

_HITS = frozenset({CacheStatus.HIT, CacheStatus.STALE, CacheStatus.UPDATING})
_FORWARDED_FOR = {
    CacheStatus.MISS: "uri-miss",
    CacheStatus.EXPIRED: "stale",
    CacheStatus.REVALIDATED: "stale",
    CacheStatus.BYPASS: "bypass",
    CacheStatus.DYNAMIC: "bypass",
}


@dataclass(frozen=True, slots=True)
class Handling:
    """What became of a request in the cache. `origin_status` is the origin's answer, when there was one."""

    status: CacheStatus
    ttl: int | None = None
    origin_status: int | None = None
    stored: bool = False
    collapsed: bool = False
    forwarded_for: str | None = None  # a `fwd` other than the status's own: vary-miss, request, method
    detail: str | None = None

    def to_cache_status(self) -> str:
        """The member this cache adds to Cache-Status."""
        parameters = [CACHE_NAME]
        if self.status in _HITS:
            parameters.append("hit")
        else:
            parameters.append(f"fwd={self.forwarded_for or _FORWARDED_FOR[self.status]}")
            if self.origin_status is not None:
                parameters.append(f"fwd-status={self.origin_status}")
        if self.ttl is not None:
            parameters.append(f"ttl={self.ttl}")
        if self.stored:
            parameters.append("stored")
        if self.collapsed:
            parameters.append("collapsed")
        if self.detail is not None:
            parameters.append(f"detail={self.detail}")
        return "; ".join(parameters)
