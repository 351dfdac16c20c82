"""Validation: asking the origin about a stored response, and what its 304 changes (RFC 9111 §4.3)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from calotype.cache.policy.settings import CacheSettings
from calotype.cache.policy.stored import StoredResponse
from calotype.cache.policy.storing import DoNotStore, Exchange, decide_storing
from calotype.http.conditional import parse_etag
from calotype.http.message import Headers

# The client's own conditions are about its copy, not about ours.
CONDITIONAL_FIELDS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range")

# These describe the stored bytes and stay as they were stored (RFC 9111 §3.2).
DESCRIBES_THE_BODY = frozenset(
    {"content-length", "content-encoding", "content-type", "content-range", "content-md5", "transfer-encoding"}
)


def validation_fields(stored: StoredResponse) -> list[tuple[str, str]]:
    """The conditions under which the origin may answer 304: the stored validators."""
    fields = []
    if (etag := stored.headers.get("etag")) is not None:
        fields.append(("if-none-match", etag))
    if (last_modified := stored.headers.get("last-modified")) is not None:
        fields.append(("if-modified-since", last_modified))
    return fields


def is_about(stored: StoredResponse, headers: Headers) -> bool:
    """Whether a 304 with these fields speaks of the stored response: its ETag, if any, is the stored one."""
    theirs, ours = parse_etag(headers.get("etag") or ""), parse_etag(stored.headers.get("etag") or "")
    return theirs is None or (ours is not None and theirs.matches_weakly(ours))


@dataclass(frozen=True, slots=True)
class Freshened:
    """The stored response after a 304; `is_reusable` is False when the new fields forbid keeping it."""

    stored: StoredResponse
    is_reusable: bool


def freshen(stored: StoredResponse, exchange: Exchange, settings: CacheSettings, *, ban_position: int) -> Freshened:
    """The stored response with the fields of the 304 in `exchange`, and its lifetime begun anew (RFC 9111 §4.3.4)."""
    headers = updated_headers(stored.headers, exchange.headers)
    verdict = decide_storing(replace(exchange, status=stored.status, headers=headers), settings)
    if isinstance(verdict, DoNotStore):
        return Freshened(replace(stored, headers=headers), is_reusable=False)
    kept = headers.without(*verdict.dropped_fields)
    return Freshened(
        replace(stored, headers=kept, lifetime=verdict.lifetime, ban_position=ban_position), is_reusable=True
    )


def updated_headers(stored: Headers, received: Headers) -> Headers:
    """The stored fields, each replaced by the 304's of the same name unless it describes the body.

    An Age of the stored response that the 304 does not repeat goes: it belonged to the answer before.
    """
    newer = [(name, value) for name, value in received if name not in DESCRIBES_THE_BODY]
    return stored.without("age").merge(newer)
