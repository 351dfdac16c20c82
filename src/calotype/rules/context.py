"""What expressions read: the fields of one request, and of one response with its request.

Values stay as they are within a phase. Between phases the edge goes on with a new context: `rewritten` after the URL
rewrite, `with_headers` after the request headers; `raw.` fields keep what the visitor sent.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote_to_bytes

from calotype.http.message import Headers
from calotype.rules.values import Missing, Value

NO_HEADERS: Final = Headers()


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The fields of one request. Path and query are as sent, percent-encoded; `query` is None without a `?`.

    `authority` is the Host header with its port; `http.host` is its name alone, lower-case, so that a rule holds on
    any port the edge listens on.
    """

    authority: bytes
    path: bytes
    query: bytes | None
    method: str = "GET"
    version: str = "HTTP/1.1"
    scheme: str = "http"
    headers: Headers = NO_HEADERS
    client_address: str = "0.0.0.0"
    timestamp_ms: int = 0
    zone_name: str = ""
    server_port: int = 0
    ray_id: str = ""
    original: RequestContext | None = None  # as the visitor sent it, when something was rewritten

    def field(self, name: str) -> Value | Missing:
        """The field's value; raises KeyError for a name that is not a request field."""
        return _REQUEST_FIELDS[name](self)

    def rewritten(self, path: bytes | None, query: bytes | None) -> RequestContext:
        """The context after a URL rewrite; None leaves a part as it is, an empty query leaves none."""
        return replace(
            self,
            path=self.path if path is None else path,
            query=self.query if query is None else (query or None),
            original=self.raw,
        )

    def with_headers(self, headers: Headers) -> RequestContext:
        return replace(self, headers=headers, original=self.raw)

    @property
    def raw(self) -> RequestContext:
        """The request as the visitor sent it."""
        return self.original or self


@dataclass(frozen=True, slots=True)
class ResponseContext:
    """The fields of a response, and those of its request. `raw_headers` are as the origin sent them."""

    request: RequestContext
    status: int
    headers: Headers
    raw_headers: Headers | None = None

    def field(self, name: str) -> Value | Missing:
        read = _RESPONSE_FIELDS.get(name)
        return self.request.field(name) if read is None else read(self)


# Request fields


def _host(request: RequestContext) -> bytes:
    authority = request.authority.lower()
    if authority.startswith(b"["):
        return authority.partition(b"]")[0] + b"]"
    return authority.partition(b":")[0]


def _uri(request: RequestContext) -> bytes:
    return request.path if request.query is None else request.path + b"?" + request.query


def _full_uri(request: RequestContext) -> bytes:
    return request.scheme.encode() + b"://" + request.authority + _uri(request)


def _basename(request: RequestContext) -> bytes:
    return request.path.rpartition(b"/")[2]


def _extension(request: RequestContext) -> bytes:
    """Lower-case, after the last dot of the last segment; a leading dot makes a hidden name, not an extension."""
    stem, _, extension = _basename(request).rpartition(b".")
    return extension.lower() if stem else b""


def _pairs(request: RequestContext) -> list[tuple[bytes, bytes]]:
    if not request.query:
        return []
    parts = (part.partition(b"=") for part in request.query.split(b"&") if part)
    return [(name, value) for name, _, value in parts]


def _arguments(request: RequestContext) -> dict[bytes, list[bytes]]:
    return _multimap(_pairs(request))


def _cookies(request: RequestContext) -> dict[bytes, list[bytes]]:
    parts = (part.strip().partition(b"=") for part in _header(request, "cookie").split(b";"))
    return _multimap([(unquote_to_bytes(name), value) for name, _, value in parts if name])


def _multimap(pairs: list[tuple[bytes, bytes]]) -> dict[bytes, list[bytes]]:
    grouped: dict[bytes, list[bytes]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _headers_map(headers: Headers) -> dict[bytes, list[bytes]]:
    return _multimap([(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers])


def _header_names(headers: Headers) -> list[bytes]:
    return [name.encode("latin-1") for name, _ in headers]


def _header_values(headers: Headers) -> list[bytes]:
    return [value.encode("latin-1") for _, value in headers]


def _header(request: RequestContext, name: str) -> bytes:
    """The header's values joined; empty when it is absent, as Cloudflare's convenience fields are."""
    separator = "; " if name == "cookie" else ", "
    return separator.join(request.headers.get_all(name)).encode("latin-1")


def _accepted_languages(request: RequestContext) -> list[bytes]:
    """The languages of Accept-Language by falling weight, without `*` and those of weight 0."""
    weighted: list[tuple[float, bytes]] = []
    for part in _header(request, "accept-language").split(b","):
        language, _, parameter = part.strip().partition(b";")
        weight = _weight(parameter)
        if language and language != b"*" and weight > 0:
            weighted.append((weight, language.strip()))
    return [language for _, language in sorted(weighted, key=lambda pair: -pair[0])]


def _weight(parameter: bytes) -> float:
    name, _, value = parameter.strip().partition(b"=")
    try:
        return min(1.0, max(0.0, float(value))) if name.strip().lower() == b"q" else 1.0
    except ValueError:
        return 0.0


_Read = Callable[[RequestContext], Value]

_REQUEST_LINE: Final[dict[str, _Read]] = {
    "http.request.full_uri": _full_uri,
    "http.request.uri": _uri,
    "http.request.uri.path": lambda request: request.path,
    "http.request.uri.path.basename": _basename,
    "http.request.uri.path.extension": _extension,
    "http.request.uri.query": lambda request: request.query or b"",
    "http.request.uri.args": _arguments,
    "http.request.uri.args.names": lambda request: [name for name, _ in _pairs(request)],
    "http.request.uri.args.values": lambda request: [value for _, value in _pairs(request)],
    "http.request.headers": lambda request: _headers_map(request.headers),
    "http.request.headers.names": lambda request: _header_names(request.headers),
    "http.request.headers.values": lambda request: _header_values(request.headers),
}


def _of_original(read: _Read) -> _Read:
    return lambda request: read(request.raw)


_REQUEST_FIELDS: Final[dict[str, _Read]] = {
    **_REQUEST_LINE,
    **{f"raw.{name}": _of_original(read) for name, read in _REQUEST_LINE.items()},
    "http.host": _host,
    "http.request.method": lambda request: request.method.encode(),
    "http.request.version": lambda request: request.version.encode(),
    "http.request.headers.truncated": lambda request: False,
    "http.request.cookies": _cookies,
    "http.cookie": lambda request: _header(request, "cookie"),
    "http.referer": lambda request: _header(request, "referer"),
    "http.user_agent": lambda request: _header(request, "user-agent"),
    "http.x_forwarded_for": lambda request: _header(request, "x-forwarded-for"),
    "http.request.accepted_languages": _accepted_languages,
    "http.request.timestamp.sec": lambda request: request.timestamp_ms // 1000,
    "http.request.timestamp.msec": lambda request: request.timestamp_ms,
    "ip.src": lambda request: ipaddress.ip_address(request.client_address),
    "ssl": lambda request: request.scheme == "https",
    "cf.ray_id": lambda request: request.ray_id.encode(),
    "cf.zone.name": lambda request: request.zone_name.encode(),
    "cf.edge.server_port": lambda request: request.server_port,
}


# Response fields


def _raw_headers(response: ResponseContext) -> Headers:
    return response.headers if response.raw_headers is None else response.raw_headers


def _media_type(response: ResponseContext) -> bytes:
    return (response.headers.get("content-type") or "").partition(";")[0].strip().lower().encode("latin-1")


_RESPONSE_FIELDS: Final[dict[str, Callable[[ResponseContext], Value]]] = {
    "http.response.code": lambda response: response.status,
    "http.response.headers": lambda response: _headers_map(response.headers),
    "http.response.headers.names": lambda response: _header_names(response.headers),
    "http.response.headers.values": lambda response: _header_values(response.headers),
    "raw.http.response.headers": lambda response: _headers_map(_raw_headers(response)),
    "raw.http.response.headers.names": lambda response: _header_names(_raw_headers(response)),
    "raw.http.response.headers.values": lambda response: _header_values(_raw_headers(response)),
    "http.response.content_type.media_type": _media_type,
}
