"""A connection to an origin: one exchange at a time, kept open between them."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from typing import cast

from calotype.http.message import Request
from calotype.serve.errors import ReadTimeout
from calotype.serve.exchange import Exchange, ExchangeLimits, OnInterim
from calotype.serve.request_framing import expects_continue
from calotype.serve.write_gate import WriteGate

# How long an origin may keep us waiting for `100 Continue` before the body is sent all the same (RFC 9110 §10.1.1
# forbids waiting for ever: many servers never send it).
CONTINUE_TIMEOUT_S = 1.0

_TARGET = re.compile(r"[\x21-\x7e]+")
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BAD_VALUE = re.compile(rb"[\r\n\0]")


class OriginConnection(asyncio.Protocol):
    """`on_exchange_ended` is told after each exchange whether the connection can carry another, and of an idle end."""

    def __init__(self) -> None:
        self.gate = WriteGate()
        self.served = 0
        self.is_open = True
        self.on_exchange_ended: Callable[[OriginConnection, bool], None] | None = None
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._upload: asyncio.Task[None] | None = None
        self._saw_eof = False

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._exchange is None:
            # An answer that nobody asked for would be taken for the next request's.
            self.abort()
        else:
            self._exchange.data_received(data)

    def eof_received(self) -> bool:
        self._saw_eof = True
        if self._exchange is not None:
            self._exchange.connection_ended(None, reused=self.served > 1)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._transport = None
        self.gate.open()
        if self._exchange is not None:
            self._exchange.connection_ended(exc, reused=self.served > 1)
        elif self.on_exchange_ended is not None:
            self.on_exchange_ended(self, False)

    def pause_writing(self) -> None:
        self.gate.close()

    def resume_writing(self) -> None:
        self.gate.open()

    # What an exchange calls.

    def pause_reading(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def exchange_ended(self, *, reusable: bool) -> None:
        self._exchange = None
        upload, self._upload = self._upload, None
        if upload is not None and not upload.done():
            upload.cancel()
            reusable = False
        if not reusable or self._saw_eof:
            self.abort()
        if self.on_exchange_ended is not None:
            self.on_exchange_ended(self, reusable and self.is_usable)

    # What the client calls.

    @property
    def is_usable(self) -> bool:
        return self.is_open and not self._saw_eof and self._transport is not None and not self._transport.is_closing()

    def send(
        self,
        request: Request,
        host: str,
        limits: ExchangeLimits,
        *,
        write_timeout_s: float,
        on_interim: OnInterim | None,
    ) -> Exchange:
        """Sends the head at once and the body in a task of its own; the answer comes through the exchange."""
        head = request_head(request, host)
        assert self._transport is not None
        self.served += 1
        exchange = self._exchange = Exchange(self, request.method, limits, on_interim)
        self._transport.write(head)
        if request.content_length != 0:
            self._upload = asyncio.get_running_loop().create_task(self._send_body(request, exchange, write_timeout_s))
        return exchange

    def abort(self) -> None:
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    # Steps.

    async def _send_body(self, request: Request, exchange: Exchange, write_timeout_s: float) -> None:
        try:
            if expects_continue(request.fields, request.version):
                await exchange.continued(CONTINUE_TIMEOUT_S)
            await self._send_pieces(request.body, exchange, request.content_length, write_timeout_s)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._upload = None
            exchange.fail(error)

    async def _send_pieces(
        self, body: AsyncIterator[bytes], exchange: Exchange, length: int | None, write_timeout_s: float
    ) -> None:
        sent = 0
        async for piece in body:
            sent += len(piece)
            if length is not None and sent > length:
                raise ValueError(f"the request body is longer than its declared {length} bytes")
            if piece and self._transport is not None:
                self._transport.writelines((b"%x\r\n" % len(piece), piece, b"\r\n") if length is None else (piece,))
                exchange.made_progress()
                await self._flushed(write_timeout_s)
        if length is not None and sent < length:
            raise ValueError(f"the request body has {sent} bytes of its declared {length}")
        if length is None and self._transport is not None:
            self._transport.write(b"0\r\n\r\n")

    async def _flushed(self, write_timeout_s: float) -> None:
        if not self.gate.is_closed:
            return
        try:
            async with asyncio.timeout(write_timeout_s):
                await self.gate.passed()
        except TimeoutError as error:
            raise ReadTimeout(f"the origin took nothing of the body for {write_timeout_s:g} s") from error

    async def closed(self) -> None:
        """Cuts the connection and waits for its upload to end."""
        self.abort()
        if self._upload is not None:
            self._upload.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._upload


def request_head(request: Request, host: str) -> bytes:
    """The request line and fields as they are given, framing excepted: that follows from `content_length`.

    Host is added when it is missing. Raises ValueError for what cannot stand in a head.
    """
    if not _METHOD.fullmatch(request.method) or not _TARGET.fullmatch(request.target):
        raise ValueError(f"{request.method!r} {request.target!r} is no request line")
    lines = [f"{request.method} {request.target} HTTP/1.1".encode("ascii")]
    if not any(name == b"host" for name, _ in request.raw_headers):
        lines.append(b"host: " + host.encode("ascii"))
    for name, value in request.raw_headers:
        if name in (b"content-length", b"transfer-encoding"):
            continue
        if not _NAME.fullmatch(name) or _BAD_VALUE.search(value):
            raise ValueError(f"{name!r}: {value!r} is no header field")
        lines.append(name + b": " + value)
    if request.content_length is None:
        lines.append(b"transfer-encoding: chunked")
    elif request.content_length or _declares_empty_body(request):
        lines.append(b"content-length: %d" % request.content_length)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _declares_empty_body(request: Request) -> bool:
    """Methods that mean to carry content say so even when it is empty (RFC 9110 §8.6)."""
    return request.method in ("POST", "PUT", "PATCH") or b"content-length" in request.fields
