"""A request from the header list of an HTTP/2 stream (RFC 9113 §8.3). Pure.

The codec has checked the grammar: which pseudo-header fields, in which order, no field of the connection.
"""

from __future__ import annotations

import re

from calotype.http.message import Request
from calotype.serve.errors import RequestRefused
from calotype.serve.limits import Limits
from calotype.serve.request_framing import check_host

# The methods that the HTTP/1.1 parser knows, so that both protocols refuse the same ones.
_METHODS_OF_LLHTTP = (
    "ACL BIND CHECKOUT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY OPTIONS "
    "PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK "
    "UNSUBSCRIBE"
)
METHODS = frozenset(_METHODS_OF_LLHTTP.split())

_TARGET = re.compile(rb"/[\x21\x22\x24-\x7e]*")  # visible ASCII, no fragment


def request_from(header_list: list[tuple[bytes, bytes]], client: tuple[str, int], *, has_body: bool) -> Request:
    """The request, Host first among its fields; raises RequestRefused as the HTTP/1.1 reader does."""
    pseudo = {name: value for name, value in header_list if name.startswith(b":")}
    fields = [(name, value) for name, value in header_list if not name.startswith(b":")]
    method = pseudo[b":method"].decode("ascii", "replace")
    if method not in METHODS:
        raise RequestRefused(501, "the method is not implemented")
    target = pseudo.get(b":path", b"")
    if not _TARGET.fullmatch(target) and not (target == b"*" and method == "OPTIONS"):
        raise RequestRefused(400, "the request target is malformed")
    host = _host(pseudo, fields)
    raw_headers = [(b"host", host), *(field for field in fields if field[0] != b"host")]
    request = Request(method, target.decode("ascii"), raw_headers, "https", "2", client)
    request.content_length = _content_length(request, has_body=has_body)
    return request


def check_size(header_list: list[tuple[bytes, bytes]], limits: Limits) -> None:
    """Raises RequestRefused for a head beyond the limits."""
    if any(len(value) > limits.target_max_bytes for name, value in header_list if name == b":path"):
        raise RequestRefused(414, "the request target is too long")
    size = sum(len(name) + len(value) + 4 for name, value in header_list if not name.startswith(b":"))
    if len(header_list) > limits.header_count_max or size > limits.head_max_bytes:
        raise RequestRefused(431, "the header fields are too large")


def _host(pseudo: dict[bytes, bytes], fields: list[tuple[bytes, bytes]]) -> bytes:
    hosts = {value for name, value in fields if name == b"host"}
    host = pseudo.get(b":authority") or (hosts.pop() if len(hosts) == 1 else None)
    if host is None:
        raise RequestRefused(400, "the authority is missing")
    check_host(host)
    return host


def _content_length(request: Request, *, has_body: bool) -> int | None:
    if not has_body:
        return 0
    declared = request.fields.get(b"content-length")
    return int(declared) if declared is not None and declared.isdigit() else None
