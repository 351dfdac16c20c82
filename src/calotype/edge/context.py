"""What the rules read: the fields of one request, and of its response, as the Rules language names them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from calotype.http.message import Headers
from calotype.http.percent import decode
from calotype.rules.values import MISSING, Missing, Value


@dataclass(frozen=True, slots=True)
class RequestFields:
    """One request as a phase sees it: frozen within the phase, replaced between phases.

    `path` and `query` may have been rewritten, the raw ones are as they arrived. Text is latin-1, `query` is empty
    when there is none. `response_status` is 0 before there is a response.
    """

    method: str
    scheme: str
    host: str
    path: str
    query: str
    raw_path: str
    raw_query: str
    headers: Headers
    client_address: str
    now: float
    ray: str
    zone_name: str
    version: str = "1.1"
    server_port: int = 0
    response_status: int = 0
    response_headers: Headers = Headers()  # noqa: RUF009 - immutable

    def field(self, name: str) -> Value | Missing:
        """The field's value; MISSING when the request has none."""
        read = FIELDS.get(name)
        return MISSING if read is None else read(self)

    def rewritten(self, path: str, query: str) -> RequestFields:
        return replace(self, path=path, query=query)

    def answered(self, status: int, headers: Headers) -> RequestFields:
        return replace(self, response_status=status, response_headers=headers)


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _uri(path: str, query: str) -> bytes:
    return _bytes(f"{path}?{query}" if query else path)


def _full_uri(fields: RequestFields, path: str, query: str) -> bytes:
    return _bytes(f"{fields.scheme}://{fields.host}") + _uri(path, query)


def _basename(path: str) -> bytes:
    return _bytes(path.rpartition("/")[2])


def _extension(path: str) -> bytes:
    stem, dot, extension = path.rpartition("/")[2].rpartition(".")
    return _bytes(extension.lower()) if dot and stem else b""


def _arguments(query: str) -> list[tuple[bytes, bytes]]:
    pairs = []
    for parameter in query.split("&"):
        if parameter:
            name, _, value = parameter.partition("=")
            pairs.append((_bytes(name), _bytes(value)))
    return pairs


def _multimap(pairs: Sequence[tuple[bytes, bytes]]) -> Mapping[bytes, Value]:
    found: dict[bytes, list[Value]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return dict(found.items())


def _header_pairs(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(_bytes(name), _bytes(value)) for name, value in headers]


def _header(name: str) -> Callable[[RequestFields], Value | Missing]:
    return lambda fields: _bytes(fields.headers.combined(name) or "")


def _cookies(fields: RequestFields) -> Mapping[bytes, Value]:
    pairs = []
    for line in fields.headers.get_all("cookie"):
        for cookie in line.split(";"):
            name, equals, value = cookie.strip().partition("=")
            if equals:
                pairs.append((decode(name), _bytes(value)))
    return _multimap(pairs)


def _languages(fields: RequestFields) -> list[Value]:
    weighted = []
    for position, member in enumerate((fields.headers.combined("accept-language") or "").split(",")):
        language, _, weight = member.strip().partition(";q=")
        if language and language != "*":
            weighted.append((-_weight(weight), position, _bytes(language)))
    return [language for _, _, language in sorted(weighted)]


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


def _address(fields: RequestFields) -> Value | Missing:
    try:
        return ipaddress.ip_address(fields.client_address)
    except ValueError:
        return MISSING


def _media_type(fields: RequestFields) -> bytes:
    content_type = fields.response_headers.get("content-type") or ""
    return _bytes(content_type.partition(";")[0].strip().lower())


def _uri_fields(prefix: str, path: Any, query: Any) -> dict[str, Callable[[RequestFields], Value | Missing]]:
    """The fields of the request line, once as rewritten and once as they arrived."""
    return {
        f"{prefix}.full_uri": lambda fields: _full_uri(fields, path(fields), query(fields)),
        f"{prefix}.uri": lambda fields: _uri(path(fields), query(fields)),
        f"{prefix}.uri.path": lambda fields: _bytes(path(fields)),
        f"{prefix}.uri.path.basename": lambda fields: _basename(path(fields)),
        f"{prefix}.uri.path.extension": lambda fields: _extension(path(fields)),
        f"{prefix}.uri.query": lambda fields: _bytes(query(fields)),
        f"{prefix}.uri.args": lambda fields: _multimap(_arguments(query(fields))),
        f"{prefix}.uri.args.names": lambda fields: [name for name, _ in _arguments(query(fields))],
        f"{prefix}.uri.args.values": lambda fields: [value for _, value in _arguments(query(fields))],
    }


def _header_fields(prefix: str, headers: Any) -> dict[str, Callable[[RequestFields], Value | Missing]]:
    return {
        prefix: lambda fields: _multimap(_header_pairs(headers(fields))),
        f"{prefix}.names": lambda fields: [name for name, _ in _header_pairs(headers(fields))],
        f"{prefix}.values": lambda fields: [value for _, value in _header_pairs(headers(fields))],
    }


FIELDS: dict[str, Callable[[RequestFields], Value | Missing]] = {
    "http.host": lambda fields: _bytes(fields.host),
    **_uri_fields("http.request", lambda fields: fields.path, lambda fields: fields.query),
    **_uri_fields("raw.http.request", lambda fields: fields.raw_path, lambda fields: fields.raw_query),
    "http.request.method": lambda fields: _bytes(fields.method),
    "http.request.version": lambda fields: _bytes("HTTP/2" if fields.version == "2" else f"HTTP/{fields.version}"),
    **_header_fields("http.request.headers", lambda fields: fields.headers),
    **_header_fields("raw.http.request.headers", lambda fields: fields.headers),
    "http.request.headers.truncated": lambda _: False,
    "http.request.cookies": _cookies,
    "http.cookie": _header("cookie"),
    "http.referer": _header("referer"),
    "http.user_agent": _header("user-agent"),
    "http.x_forwarded_for": _header("x-forwarded-for"),
    "http.request.accepted_languages": _languages,
    "http.request.timestamp.sec": lambda fields: int(fields.now),
    "http.request.timestamp.msec": lambda fields: int(fields.now * 1000) % 1000,
    "ip.src": _address,
    "ssl": lambda fields: fields.scheme == "https",
    "cf.ray_id": lambda fields: _bytes(fields.ray),
    "cf.zone.name": lambda fields: _bytes(fields.zone_name),
    "cf.edge.server_port": lambda fields: fields.server_port,
    "http.response.code": lambda fields: fields.response_status,
    **_header_fields("http.response.headers", lambda fields: fields.response_headers),
    **_header_fields("raw.http.response.headers", lambda fields: fields.response_headers),
    "http.response.content_type.media_type": _media_type,
}
