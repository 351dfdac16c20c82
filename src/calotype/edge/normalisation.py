"""URL normalisation of the request's path, before any rule sees it (`http_request_sanitize`, RFC 3986 §6.2.2).

Unreserved characters are decoded, other escapes get upper-case digits, bytes that may not stand in a path are
encoded, dot segments are removed. A slash that came encoded stays encoded: it is part of a name, not of the path.
"""

from __future__ import annotations

import re
from urllib.parse import quote_from_bytes

from calotype.http.percent import decode

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ESCAPE_OR_OTHER = re.compile(r"%([0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:@/\[\]]")
_NEEDS_WORK = re.compile(r"[^A-Za-z0-9\-_~!$&'()*+,;=:@/\[\].]|/\.|\.\.")


def normalised_path(path: str) -> str:
    """The path in its one normal form; always begins with a slash."""
    if not path.startswith("/"):
        path = "/" + path
    if not _NEEDS_WORK.search(path):
        return path
    return _without_dot_segments(_ESCAPE_OR_OTHER.sub(_normal_escape, path))


def canonical_path(path: str) -> str:
    """One spelling for all that name the same object, whatever characters a client chose to encode.

    For cache keys and purges: a purge of `/a%281%29.png` must also reach what was asked for as `/a(1).png`. Only an
    encoded slash stays apart from a bare one.
    """
    return "/".join(quote_from_bytes(decode(segment), safe="") for segment in normalised_path(path).split("/"))


def _normal_escape(match: re.Match[str]) -> str:
    digits = match[1]
    byte = int(digits, 16) if digits is not None else ord(match[0])
    return chr(byte) if digits is not None and byte in _UNRESERVED else f"%{byte:02X}"


def _without_dot_segments(path: str) -> str:
    """RFC 3986 §5.2.4; empty segments are kept, since a key may hold two slashes in a row."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for position, segment in enumerate(segments):
        is_last = position == len(segments) - 1
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
            continue
        if is_last:
            kept.append("")
    return "/" + "/".join(kept)
