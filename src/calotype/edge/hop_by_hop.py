"""Fields that concern one connection only, removed before storing and before sending on (RFC 9110 §7.6.1)."""

from __future__ import annotations

from calotype.http.message import Headers

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def end_to_end(headers: Headers) -> Headers:
    """The fields that travel on: neither hop-by-hop nor named by Connection."""
    named = {name.strip(" \t").lower() for line in headers.get_all("connection") for name in line.split(",")}
    dropped = HOP_BY_HOP | named
    return Headers((name, value) for name, value in headers if name not in dropped)
