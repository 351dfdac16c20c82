"""Whether a value fits the grammar of the header field that it is to become, for those that a file brings along.

Text beyond ASCII stands for its UTF-8 bytes, which a quoted string may hold (RFC 9110 §5.6.4).
"""

from __future__ import annotations

import re

from calotype.http.http_date import parse_http_date

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_QUOTED = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*"'
_SPACE = r"[ \t]*+"
_LANGUAGE = r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*"
# Programs write a name like `back\\slash.png` or `é.png` without the quotes that it needs, and browsers take it.
_PARAMETER = rf"{_TOKEN}{_SPACE}={_SPACE}(?:{_QUOTED}|[^ \t;\"\x00-\x1f\x7f]++)"
_DIRECTIVE = rf"{_TOKEN}(?:=(?:{_TOKEN}|{_QUOTED}))?"


# RFC 6266 §4.1; a parameter's `filename*` form is made of token characters (RFC 8187 §3.2.1).
# Possessive quantifiers (`*+`) give nothing back, so that no value takes longer than its length.
_DISPOSITION = re.compile(rf"{_TOKEN}{_SPACE}(?:;{_SPACE}(?:{_PARAMETER}{_SPACE})?+)*+")
_MEMBERS = {
    "content-language": re.compile(_LANGUAGE),  # RFC 9110 §8.5
    "content-encoding": re.compile(_TOKEN),  # RFC 9110 §8.4
    "cache-control": re.compile(_DIRECTIVE),  # RFC 9111 §5.2
}
_GAP = re.compile(r"[ \t]*+(?:,[ \t]*+)++")


def is_well_formed(name: str, value: str) -> bool:
    """Whether the value fits; `name` in lower case. A field that is not known here takes anything."""
    if name == "expires":
        return parse_http_date(value) is not None
    if name == "content-disposition":
        return _DISPOSITION.fullmatch(value) is not None
    member = _MEMBERS.get(name)
    return member is None or _is_list(member, value)


def _is_list(member: re.Pattern[str], value: str) -> bool:
    """Whether it is a comma-separated list of one member or more; empty ones do not count (RFC 9110 §5.6.1.2)."""
    position = _end_of_gap(value, 0)
    found = member.match(value, position)
    while found is not None and found.end() < len(value):
        position = _end_of_gap(value, found.end())
        if position == len(value):
            return True
        found = member.match(value, position) if position > found.end() else None
    return found is not None


def _end_of_gap(value: str, position: int) -> int:
    gap = _GAP.match(value, position)
    return position if gap is None else gap.end()
