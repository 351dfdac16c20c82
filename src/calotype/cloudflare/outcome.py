"""What deciding a call yields: the next configuration and the answer; and what a decision is given from outside."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import UNSET, UnsetType

from calotype.cloudflare.errors import InvalidRequest, NoSuchZone
from calotype.cloudflare.json import Message, ResultInfo, page_of
from calotype.edge.configuration import Configuration, ZoneConfiguration

MAX_PER_PAGE: Final = 5000

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


@dataclass(frozen=True, slots=True)
class Stamp:
    """The moment of a call, and where its new identifiers come from (32 hexadecimal digits)."""

    now_ms: int
    new_id: Callable[[], str]

    @property
    def time(self) -> str:
        return timestamp(self.now_ms)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`configuration` is the very one that came in when nothing is to change."""

    configuration: Configuration
    result: Any
    info: ResultInfo | UnsetType = UNSET
    messages: list[Message] = field(default_factory=list)


def timestamp(now_ms: int) -> str:
    """RFC 3339 in UTC with microseconds, as Cloudflare writes times."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def stored_only(subject: str) -> Message:
    """Tells the caller that something was kept as asked, and that this edge does nothing with it (code ours)."""
    return Message(code=10600, message=f"{subject} is stored, but this edge does not act on it yet")


def paged(configuration: Configuration, items: list[Any], page: int, per_page: int) -> Outcome:
    if page < 1 or not 1 <= per_page <= MAX_PER_PAGE:
        raise InvalidRequest(f"page counts from 1, and per_page goes from 1 to {MAX_PER_PAGE}")
    shown, info = page_of(items, page, per_page)
    return Outcome(configuration, shown, info)


def zone_of(configuration: Configuration, zone_id: str) -> ZoneConfiguration:
    zone = configuration.zone(zone_id)
    if zone is None:
        raise NoSuchZone(f"Invalid zone identifier: there is no zone {zone_id}")
    return zone


def is_host_name(name: str) -> bool:
    """Whether the lower-case text is a host name (RFC 1123 §2.1; underscores as DNS records have them)."""
    return len(name) <= 253 and _HOST_NAME.fullmatch(name) is not None
