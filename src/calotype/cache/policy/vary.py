"""Vary: which stored response was selected by header fields like these (RFC 9111 §4.1)."""

from __future__ import annotations

from collections.abc import Iterable

from calotype.http.message import Headers

ANYTHING = "*"

Selecting = tuple[tuple[str, str | None], ...]  # request field and its normalised value; None when it was absent

# Lists in which neither order nor letter case has a meaning of its own: each member carries its weight.
_UNORDERED_LISTS = frozenset({"accept", "accept-encoding", "accept-language", "accept-charset"})


def vary_names(headers: Headers) -> tuple[str, ...]:
    """The field names of every Vary line, lower-case, sorted; (`*`,) when any member is `*`."""
    members = {
        name.strip(" \t").lower() for line in headers.get_all("vary") for name in line.split(",") if name.strip(" \t")
    }
    return (ANYTHING,) if ANYTHING in members else tuple(sorted(members))


def selecting_values(names: Iterable[str], request_headers: Headers) -> Selecting:
    """The request's values for these fields, in the form in which two requests compare."""
    return tuple((name, _normalised(name, request_headers.combined(name))) for name in names)


def selects(selecting: Selecting, request_headers: Headers) -> bool:
    """Whether a response chosen under `selecting` answers a request with these fields; absent equals absent only."""
    return all(
        name != ANYTHING and _normalised(name, request_headers.combined(name)) == value for name, value in selecting
    )


def _normalised(name: str, value: str | None) -> str | None:
    if value is None:
        return None
    members = [member.strip(" \t") for member in value.split(",")]
    if name in _UNORDERED_LISTS:
        return ",".join(sorted("".join(member.split()).lower() for member in members if member))
    return ",".join(members)
