"""Targeted cache control (RFC 9213): which directives govern a response, and the parser of their strict syntax.

A targeted field is a Structured Field dictionary (RFC 8941 §3.2). One syntax error, or one known member of the wrong
type, voids the whole field, and then the next one in order counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from calotype.http.cache_control import DELTA_SECONDS_MAX, CacheControl
from calotype.http.message import Headers

RFC_TARGETS = ("cdn-cache-control",)
CLOUDFLARE_TARGETS = ("cloudflare-cdn-cache-control", "cdn-cache-control")


@dataclass(frozen=True, slots=True)
class Governing:
    """The directives that count; when they come from a targeted field, Expires has no say."""

    directives: CacheControl
    is_targeted: bool


def governing_directives(headers: Headers, *, targets: Sequence[str]) -> Governing:
    """The first valid, non-empty targeted field, or else Cache-Control."""
    for name in targets:
        field = headers.combined(name)
        directives = parse_targeted(field) if field is not None else None
        if directives is not None:
            return Governing(directives, is_targeted=True)
    return Governing(CacheControl.parse(headers.get_all("cache-control")), is_targeted=False)


_LIFETIMES = {
    "max-age": "max_age",
    "s-maxage": "s_maxage",
    "stale-while-revalidate": "stale_while_revalidate",
    "stale-if-error": "stale_if_error",
}
_FLAGS = {
    "no-store": "no_store",
    "no-cache": "no_cache",
    "private": "private",
    "public": "public",
    "must-revalidate": "must_revalidate",
    "proxy-revalidate": "proxy_revalidate",
    "immutable": "immutable",
    "no-transform": "no_transform",
    "must-understand": "must_understand",
}


def parse_targeted(field: str) -> CacheControl | None:
    """The directives of a targeted field, or None when it is void or empty."""
    members = _parse_dictionary(field)
    if not members:
        return None
    found: dict[str, Any] = {}
    for name, value in members.items():
        if name in _LIFETIMES:
            if not isinstance(value, int) or isinstance(value, bool):
                return None
            found[_LIFETIMES[name]] = min(max(0, value), DELTA_SECONDS_MAX)
        elif name in _FLAGS:
            if not isinstance(value, bool):
                return None
            found[_FLAGS[name]] = value
    return CacheControl(**found)


# Bare items of RFC 8941 §3.3 other than integer and boolean are recognised, so that they can be refused or ignored.
_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_INTEGER = re.compile(r"-?[0-9]{1,15}(?![0-9.])")
_BOOLEAN = re.compile(r"\?([01])")
_OTHER_ITEM = re.compile(
    r'-?[0-9]{1,12}\.[0-9]{1,3}(?![0-9.])|"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"'
    r"|[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*|:[A-Za-z0-9+/=]*:"
)
_COMMA = re.compile(r"[ \t]*,[ \t]*")

_Item = int | bool | str
_OTHER = "other"  # any bare item that no directive takes


def _parse_dictionary(text: str) -> dict[str, _Item] | None:
    """Members with their values, parameters dropped; None on a syntax error; an inner list is one of the others."""
    text = text.strip(" ")
    members: dict[str, _Item] = {}
    position = 0
    while position < len(text):
        parsed = _parse_member(text, position)
        if parsed is None:
            return None
        name, value, position = parsed
        members[name] = value
        if position == len(text):
            return members
        comma = _COMMA.match(text, position)
        if comma is None or comma.end() == len(text):
            return None
        position = comma.end()
    return members


def _parse_member(text: str, position: int) -> tuple[str, _Item, int] | None:
    key = _KEY.match(text, position)
    if key is None:
        return None
    position = key.end()
    value: _Item = True
    if text.startswith("=", position):
        parsed = _parse_item_or_list(text, position + 1)
        if parsed is None:
            return None
        value, position = parsed
    after = _skip_parameters(text, position)
    return None if after is None else (key[0], value, after)


def _parse_item_or_list(text: str, position: int) -> tuple[_Item, int] | None:
    if text.startswith("(", position):
        after = _skip_inner_list(text, position + 1)
        return None if after is None else (_OTHER, after)
    return _parse_item(text, position)


def _parse_item(text: str, position: int) -> tuple[_Item, int] | None:
    if match := _INTEGER.match(text, position):
        return int(match[0]), match.end()
    if match := _BOOLEAN.match(text, position):
        return match[1] == "1", match.end()
    if match := _OTHER_ITEM.match(text, position):
        return _OTHER, match.end()
    return None


def _skip_inner_list(text: str, position: int) -> int | None:
    while True:
        while text.startswith(" ", position):
            position += 1
        if text.startswith(")", position):
            return position + 1
        parsed = _parse_item(text, position)
        after = _skip_parameters(text, parsed[1]) if parsed is not None else None
        if after is None or text[after : after + 1] not in (" ", ")"):
            return None
        position = after


def _skip_parameters(text: str, position: int) -> int | None:
    while text.startswith(";", position):
        position += 1
        while text.startswith(" ", position):
            position += 1
        key = _KEY.match(text, position)
        if key is None:
            return None
        position = key.end()
        if text.startswith("=", position):
            parsed = _parse_item(text, position + 1)
            if parsed is None:
                return None
            position = parsed[1]
    return position
