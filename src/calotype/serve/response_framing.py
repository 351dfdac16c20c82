"""The head of an HTTP/1.1 response and how its body is delimited (RFC 9112 §6). Pure.

Framing belongs to the server: what a handler says of Connection or Transfer-Encoding is taken as a wish or dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from http import HTTPStatus

from calotype.http.message import Headers, Request, Response
from calotype.serve.errors import BadResponse

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONNECTION_FIELDS = frozenset({"connection", "keep-alive", "proxy-connection", "transfer-encoding"})


class BodyFraming(Enum):
    """How the receiver knows where the body ends."""

    NONE = auto()
    LENGTH = auto()
    CHUNKED = auto()
    CLOSE = auto()


@dataclass(frozen=True, slots=True)
class FramedHead:
    """A head ready to be written, and what follows it. `length` counts the body under BodyFraming.LENGTH."""

    head: bytes
    framing: BodyFraming
    length: int
    keep_alive: bool


def reason_phrase(status: int) -> str:
    return _REASONS.get(status, "")


def has_body(method: str, status: int) -> bool:
    """Whether such a response may carry content (RFC 9110 §6.4.1)."""
    return method != "HEAD" and status not in (204, 304)


def frame_response(
    response: Response, *, method: str, version: str, keep_alive: bool, date: bytes, server: str | None = None
) -> FramedHead:
    """The head with Date, Server, Content-Length or Transfer-Encoding and Connection; raises BadResponse."""
    if "close" in (response.headers.combined("connection") or "").lower():
        keep_alive = False
    framing, length = body_framing(response, method=method, version=version)
    if framing is BodyFraming.CLOSE:
        keep_alive = False
    lines = [f"HTTP/1.1 {response.status} {reason_phrase(response.status)}"]
    lines += [f"{name}: {value}" for name, value in final_fields(response, framing, length, date=date, server=server)]
    if framing is BodyFraming.CHUNKED:
        lines.append("transfer-encoding: chunked")
    if not keep_alive:
        lines.append("connection: close")
    elif version == "1.0":
        lines.append("connection: keep-alive")
    return FramedHead(encode_lines(lines), framing, length, keep_alive)


def final_fields(
    response: Response, framing: BodyFraming, length: int, *, date: bytes, server: str | None
) -> list[tuple[str, str]]:
    """The response's own fields with Content-Length, Date and Server, and without those of the connection."""
    fields = own_fields(response.headers, drop_length=response.status == 204)
    if _needs_length(response, framing):
        fields.append(("content-length", str(length)))
    if "date" not in response.headers:
        fields.append(("date", date.decode("ascii")))
    if server is not None and "server" not in response.headers:
        fields.append(("server", server))
    return fields


def body_framing(response: Response, *, method: str, version: str) -> tuple[BodyFraming, int]:
    """How the body will be delimited, and its length where that is known; raises BadResponse."""
    if not 200 <= response.status <= 999:
        raise BadResponse(f"{response.status} is not a final status")
    declared = declared_length(response.headers)
    if not has_body(method, response.status):
        return BodyFraming.NONE, len(response.body) if isinstance(response.body, bytes) else 0
    if isinstance(response.body, bytes):
        if declared is not None and declared != len(response.body):
            raise BadResponse(f"Content-Length says {declared}, the body has {len(response.body)} bytes")
        return BodyFraming.LENGTH, len(response.body)
    if declared is not None:
        return BodyFraming.LENGTH, declared
    return (BodyFraming.CHUNKED if version == "1.1" else BodyFraming.CLOSE), 0


def declared_length(headers: Headers) -> int | None:
    """The Content-Length that the handler gave, or None; raises BadResponse when it is no single number."""
    values = headers.get_all("content-length")
    if not values:
        return None
    if len(values) > 1 or not (values[0].isascii() and values[0].isdigit()):
        raise BadResponse(f"Content-Length is {', '.join(values)}")
    return int(values[0])


def _needs_length(response: Response, framing: BodyFraming) -> bool:
    """Whether Content-Length is to be added: always for a whole body; for HEAD only when the handler gave the body."""
    if "content-length" in response.headers or not isinstance(response.body, bytes):
        return False
    if framing is BodyFraming.LENGTH:
        return True
    return bool(response.body) and response.status not in (204, 304)


def own_fields(headers: Headers, *, drop_length: bool) -> list[tuple[str, str]]:
    """The fields without those that belong to the connection; raises BadResponse for a name that is none."""
    fields = []
    for name, value in headers:
        if name in _CONNECTION_FIELDS or (drop_length and name == "content-length"):
            continue
        check_field_name(name)
        fields.append((name, value))
    return fields


@lru_cache(maxsize=1024)
def check_field_name(name: str) -> None:
    if not _TOKEN.fullmatch(name):
        raise BadResponse(f"{name!r} is no header field name")


def encode_lines(lines: list[str]) -> bytes:
    """The lines with their ends and the blank line; raises BadResponse when one would break out of its line."""
    text = "\r\n".join(lines) + "\r\n\r\n"
    ends = len(lines) + 1
    if text.count("\n") != ends or text.count("\r") != ends or "\0" in text:
        raise BadResponse("a header field value holds a line break or NUL")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise BadResponse("a header field value is not latin-1 text") from error


def check_interim_status(status: int) -> None:
    if not 100 <= status <= 199 or status == 101:
        raise BadResponse(f"{status} is not an interim status")


def interim_head(status: int, headers: Headers) -> bytes:
    """A 1xx response; 101 is not among them, since we never switch protocols."""
    check_interim_status(status)
    lines = [f"{name}: {value}" for name, value in own_fields(headers, drop_length=True)]
    return encode_lines([f"HTTP/1.1 {status} {reason_phrase(status)}", *lines])


def plain_response(status: int, detail: str, _request: Request | None = None) -> Response:
    """An answer of the server itself, where no protocol has an error form of its own."""
    fields = [("content-type", "text/plain; charset=utf-8")]
    if status == 503:
        fields.append(("retry-after", "1"))
    return Response(status, Headers(fields), f"{status} {reason_phrase(status)}: {detail}\n".encode())
