"""Cache-Control as a value (RFC 9111 §5.2, RFC 5861, RFC 8246).

A cache errs on the side of asking again: of duplicates the most restrictive counts, and a lifetime that is no
integer means stale.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

# Larger delta-seconds mean "for ever" and are clamped (RFC 9111 §1.2.2).
DELTA_SECONDS_MAX = 2**31

_MEMBER = re.compile(r'(?:"(?:[^"\\]|\\.)*(?:"|$)|[^",])+')
_QUOTED_PAIR = re.compile(r"\\(.)")
_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class CacheControl:
    """The directives known to us; unknown ones are left out.

    Lifetimes are seconds, or None when absent. `no_cache` and `private` are true only in their unqualified form;
    with field names (`no-cache="set-cookie"`) these stand in `no_cache_fields` and `private_fields`, lower-case.
    `max_stale` without a value, which accepts any staleness, is DELTA_SECONDS_MAX.
    """

    max_age: int | None = None
    s_maxage: int | None = None
    no_store: bool = False
    no_cache: bool = False
    no_cache_fields: frozenset[str] = field(default_factory=frozenset)
    private: bool = False
    private_fields: frozenset[str] = field(default_factory=frozenset)
    public: bool = False
    must_revalidate: bool = False
    proxy_revalidate: bool = False
    immutable: bool = False
    no_transform: bool = False
    must_understand: bool = False
    stale_while_revalidate: int | None = None
    stale_if_error: int | None = None
    min_fresh: int | None = None
    max_stale: int | None = None
    only_if_cached: bool = False

    @classmethod
    def parse(cls, header: str | Iterable[str] | None) -> CacheControl:
        """The directives of one field value, or of all values of a repeated field."""
        if header is None:
            return cls()
        lines = [header] if isinstance(header, str) else header
        directives: dict[str, list[str | None]] = {}
        for line in lines:
            for name, argument in _directives(line):
                directives.setdefault(name, []).append(argument)
        return cls(**_flags(directives), **_lifetimes(directives), **_qualified(directives))  # type: ignore[arg-type]


def _directives(line: str) -> Iterator[tuple[str, str | None]]:
    """Each directive as (lower-case name, argument unquoted or None)."""
    for member in _MEMBER.findall(line):
        name, equals, argument = member.strip(" \t").partition("=")
        if name.strip(" \t"):
            yield name.strip(" \t").lower(), _argument(name, argument) if equals else None


def _argument(name: str, text: str) -> str:
    if name != name.rstrip(" \t"):
        return ""  # `max-age =1`: no white space belongs around the equals sign, so the value is not believed
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return _QUOTED_PAIR.sub(r"\1", text[1:-1])
    return text


_FLAGS = {
    "no-store": "no_store",
    "public": "public",
    "must-revalidate": "must_revalidate",
    "proxy-revalidate": "proxy_revalidate",
    "immutable": "immutable",
    "no-transform": "no_transform",
    "must-understand": "must_understand",
    "only-if-cached": "only_if_cached",
}

_SHORTEST_COUNTS = {
    "max-age": "max_age",
    "s-maxage": "s_maxage",
    "stale-while-revalidate": "stale_while_revalidate",
    "stale-if-error": "stale_if_error",
    "max-stale": "max_stale",
}


def _flags(directives: dict[str, list[str | None]]) -> dict[str, bool]:
    return {attribute: True for name, attribute in _FLAGS.items() if name in directives}


def _lifetimes(directives: dict[str, list[str | None]]) -> dict[str, int]:
    lifetimes = {
        attribute: min(_seconds(name, argument) for argument in directives[name])
        for name, attribute in _SHORTEST_COUNTS.items()
        if name in directives
    }
    if "min-fresh" in directives:
        lifetimes["min_fresh"] = max(_seconds("min-fresh", argument) for argument in directives["min-fresh"])
    return lifetimes


def _seconds(name: str, argument: str | None) -> int:
    if argument is None and name == "max-stale":
        return DELTA_SECONDS_MAX
    if argument is None or not _DIGITS.fullmatch(argument):
        return 0
    digits = argument.lstrip("0") or "0"
    return DELTA_SECONDS_MAX if len(digits) > 10 else min(int(digits), DELTA_SECONDS_MAX)


def _qualified(directives: dict[str, list[str | None]]) -> dict[str, bool | frozenset[str]]:
    found: dict[str, bool | frozenset[str]] = {}
    for name, attribute in (("no-cache", "no_cache"), ("private", "private")):
        lists = [_field_names(argument) for argument in directives.get(name, ())]
        found[attribute] = any(not names for names in lists)
        found[f"{attribute}_fields"] = frozenset().union(*lists)
    return found


def _field_names(argument: str | None) -> frozenset[str]:
    """The named fields; none at all means the unqualified form."""
    names = (name.strip(" \t").lower() for name in (argument or "").split(","))
    return frozenset(name for name in names if name)
