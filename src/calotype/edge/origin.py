"""Fetching from origins: one request sent, its answer's head awaited, failures named by whose fault they are."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import lru_cache

from calotype.cache.policy.settings import Mode
from calotype.edge.error_pages import EdgeError, origin_error
from calotype.edge.hop_by_hop import end_to_end
from calotype.edge.origin_request import CONSOLE_COOKIE, OriginAddress, OriginRequest
from calotype.http.http_date import format_http_date
from calotype.http.message import NO_BODY, Body, Headers, Request, Response
from calotype.serve.client import Address, Client
from calotype.serve.errors import ConnectFailed, MalformedResponse, OriginClosed, OriginError, ReadTimeout

# An origin that restarted has closed all its kept connections; each may look usable until it is used.
KEPT_CONNECTIONS_TRIED = 3

SendInterim = Callable[[int, Headers], None]


@dataclass(slots=True, eq=False)
class OriginAnswer:
    """The origin's final answer. `body` is read once or closed; times are Unix seconds."""

    status: int
    headers: Headers
    body: AsyncIterator[bytes]
    request_time: float
    response_time: float

    @property
    def length(self) -> int | None:
        value = self.headers.get("content-length")
        return int(value) if value is not None and value.isascii() and value.isdigit() else None

    async def close(self) -> None:
        """Lets go of a body that nobody will read."""
        aclose = getattr(self.body, "aclose", None)
        if aclose is not None:
            await aclose()


class OriginFailed(EdgeError):
    """No usable answer came. `is_disconnected`: the origin was not reached, or went away before it answered."""

    def __init__(self, error: EdgeError, *, is_disconnected: bool) -> None:
        super().__init__(error.status, error.title, error.explanation, error.code)
        self.is_disconnected = is_disconnected


class Origin:
    """Sends requests to origins over pooled connections; what reached the origin on a fresh one is never repeated."""

    def __init__(self, client: Client, mode: Mode) -> None:
        self._client = client
        self._mode = mode
        self.requests = 0
        self.bytes_in = 0

    async def fetch(
        self,
        wanted: OriginRequest,
        *,
        body: AsyncIterator[bytes] | None = None,
        content_length: int | None = 0,
        send_interim: SendInterim | None = None,
    ) -> OriginAnswer:
        """The head of the final answer, with its body to be streamed; raises OriginFailed."""
        request = Request(
            wanted.method,
            wanted.target,
            wanted.headers.to_raw(),
            body=body if body is not None else NO_BODY,
            content_length=content_length,
        )
        self.requests += 1
        request_time = time.time()
        try:
            response = await self._send(request, wanted.address, send_interim)
        except OriginError as exc:
            raise self._failure(exc, wanted.address) from exc
        except ValueError as exc:
            raise EdgeError(400, "Bad request", "The address holds what no request line may hold.") from exc
        response_time = time.time()
        headers = _storable_headers(end_to_end(response.headers), response_time)
        return OriginAnswer(response.status, headers, _CountedBody(self, response.body), request_time, response_time)

    async def _send(self, request: Request, address: OriginAddress, send_interim: SendInterim | None) -> Response:
        """Sends once; a GET or HEAD that met a kept connection just closed is sent again (RFC 9110 §9.2.2)."""
        may_repeat = request.method in ("GET", "HEAD") and request.content_length == 0
        for _ in range(KEPT_CONNECTIONS_TRIED if may_repeat else 0):
            try:
                return await self._client.fetch(_address(address), request, on_interim=send_interim)
            except OriginClosed as exc:
                if not exc.reused:
                    raise
        return await self._client.fetch(_address(address), request, on_interim=send_interim)

    def _failure(self, exc: OriginError, address: OriginAddress) -> OriginFailed:
        """The error in the words of the zone (52x) or of the RFC (502, 504)."""
        status = _zone_status(exc)
        if self._mode is Mode.RFC:
            status = 504 if status in (522, 524) else 502
        is_disconnected = isinstance(exc, (ConnectFailed, OriginClosed, ReadTimeout))
        error = origin_error(status, f"The origin at {address.host}:{address.port}: {_in_words(exc)}.")
        return OriginFailed(error, is_disconnected=is_disconnected)


_CONNECT_STATUS = {
    "refused": 521,
    "timeout": 522,
    "dns": 530,
    "tls": 525,
    "certificate": 526,
    "unreachable": 523,
}


def _zone_status(exc: OriginError) -> int:
    match exc:
        case ConnectFailed():
            return _CONNECT_STATUS[exc.reason]
        case ReadTimeout():
            return 524
        case _:
            return 520


def _in_words(exc: OriginError) -> str:
    match exc:
        case ConnectFailed():
            return f"no connection ({exc.reason})"
        case ReadTimeout():
            return "no answer in time"
        case OriginClosed():
            return "the connection was closed without an answer"
        case MalformedResponse():
            return "the answer is not valid HTTP"
        case _:
            return "the connection failed"


def _storable_headers(headers: Headers, response_time: float) -> Headers:
    """The origin's fields with a Date, an ETag where a B2 origin gives only the SHA-1, and no cookie of the console.

    The ETag is set before storing, so that conditions compare with what was sent (design §8).
    """
    if "date" not in headers:
        headers = headers.add("date", format_http_date(response_time))
    if "etag" not in headers and (sha1 := headers.get("x-bz-content-sha1")) is not None:
        digest = sha1.removeprefix("unverified:")
        if len(digest) == 40 and digest.isalnum():
            headers = headers.add("etag", f'"{digest}"')
    if "set-cookie" in headers:
        prefix = f"{CONSOLE_COOKIE}="
        headers = Headers(
            (name, value) for name, value in headers if name != "set-cookie" or not value.lstrip().startswith(prefix)
        )
    return headers


async def _one_piece(content: bytes) -> AsyncIterator[bytes]:
    if content:
        yield content


class _CountedBody:
    """A body from an origin, counted as it comes."""

    def __init__(self, origin: Origin, body: Body) -> None:
        self._origin = origin
        self._body = _one_piece(body) if isinstance(body, bytes) else aiter(body)

    def __aiter__(self) -> _CountedBody:
        return self

    async def __anext__(self) -> bytes:
        chunk = await anext(self._body)
        self._origin.bytes_in += len(chunk)
        return chunk

    async def aclose(self) -> None:
        """Lets go of what nobody will read."""
        aclose = getattr(self._body, "aclose", None)
        if aclose is not None:
            await aclose()


@lru_cache(maxsize=256)
def _address(address: OriginAddress) -> Address:
    return Address(address.host, address.port, tls=address.tls, server_name=address.server_name, verify=address.verify)
