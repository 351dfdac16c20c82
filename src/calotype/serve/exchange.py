"""One request and its response on a connection to an origin.

One response parser lives as long as one response: httptools cannot be told that HEAD has no body nor that the
connection's end is the body's end, and takes unknown transfer codings for a body. These are settled here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import httptools

from calotype.http.message import Headers
from calotype.serve.errors import IncompleteBody, MalformedResponse, OriginClosed, ReadTimeout
from calotype.serve.request_reader import CHUNK_OVERHEAD_BYTES, CHUNK_OVERHEAD_PER_BYTE

OnInterim = Callable[[int, Headers], None]

# A response may be preceded by a few 100, 102 and 103; an endless row of them is a way to hold us.
INTERIM_MAX = 64


@dataclass(frozen=True, slots=True)
class ExchangeLimits:
    """What an origin may send: a head of at most this size, and how much of a body waits for its reader."""

    head_max_bytes: int = 131_072
    body_buffer_bytes: int = 262_144
    read_timeout_s: float = 100.0


class Line(Protocol):
    """What an exchange asks of the connection that carries it."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def exchange_ended(self, *, reusable: bool) -> None: ...


class Exchange:
    """The receiving side; as an async iterator, the body of the response.

    Whoever stops before the end calls `aclose`, which gives the connection up.
    """

    def __init__(self, line: Line, method: str, limits: ExchangeLimits, on_interim: OnInterim | None) -> None:
        self._line: Line | None = line
        self._method = method
        self._limits = limits
        self._on_interim = on_interim
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._raw: list[tuple[bytes, bytes]] = []
        self._pieces: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self._head_bytes = 0
        self._chunk_overhead = 0
        self._interim_count = 0
        self._buffered = 0
        self._received = 0
        self._is_chunked = False
        self._ends_with_connection = False
        self._keep_alive = False
        self._has_excess = False
        self._is_paused = False
        self.status: int | None = None
        self.headers = Headers()
        self.is_complete = False
        self._continued: asyncio.Future[None] | None = None

    # What the connection calls.

    def data_received(self, data: bytes) -> None:
        if self._error is not None or self._parser is None:
            return
        try:
            self._feed(data)
        except httptools.HttpParserUpgrade:
            self.fail(MalformedResponse("the origin switched protocols unasked"))
        except httptools.HttpParserError as error:
            self._parser_failed(error)
        else:
            self._check_sizes(len(data))
        if self.is_complete:
            self._end(reusable=self._keep_alive and not self._has_excess)
        self._wake()

    def connection_ended(self, error: Exception | None, *, reused: bool) -> None:
        """The origin closed its side, or the connection was lost."""
        if self.is_complete:
            return
        if self.status is None:
            self.fail(OriginClosed(_ending("the origin closed the connection without an answer", error), reused=reused))
        elif self._ends_with_connection and error is None:
            self.is_complete = True
            self._end(reusable=False)
            self._wake()
        else:
            self.fail(IncompleteBody(_ending("the origin closed the connection within the body", error)))

    def fail(self, error: Exception) -> None:
        """Ends the exchange; whoever waits for its head or body gets the error."""
        if self._error is None and not self.is_complete:
            self._error = error
            self._end(reusable=False)
            self._wake()

    def made_progress(self) -> None:
        """A piece of the request went out: the time for an answer starts anew."""
        self._wake()

    # What the client calls.

    async def head(self) -> None:
        """Returns when the final status and its header fields are there."""
        while self.status is None:
            if self._error is not None:
                raise self._error
            await self._wait()

    async def continued(self, timeout_s: float) -> None:
        """Returns when the origin said `100 Continue` or answered, or did neither in time."""
        self._continued = asyncio.get_running_loop().create_future()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._continued

    def __aiter__(self) -> Exchange:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self._error is not None:
                raise self._error
            if self.is_complete:
                raise StopAsyncIteration
            await self._wait()
        piece = self._pieces.popleft()
        self._buffered -= len(piece)
        if self._is_paused and self._line is not None and self._buffered <= self._limits.body_buffer_bytes // 4:
            self._is_paused = False
            self._line.resume_reading()
        return piece

    async def aclose(self) -> None:
        self.fail(IncompleteBody("the body was not read to its end"))
        self._pieces.clear()

    # Steps.

    async def _wait(self) -> None:
        """Until anything arrives or goes out; ReadTimeout when nothing does for too long."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._limits.read_timeout_s):
                await self._waiter
        except TimeoutError:
            self.fail(ReadTimeout(f"no byte from the origin for {self._limits.read_timeout_s:g} s"))
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _may_continue(self) -> None:
        if self._continued is not None and not self._continued.done():
            self._continued.set_result(None)

    def _feed(self, data: bytes) -> None:
        assert self._parser is not None
        if self._method != "HEAD":
            self._parser.feed_data(data)
            return
        # The head ends with a line; what follows that line, whatever Content-Length says, does not belong to it.
        for line in data.splitlines(keepends=True):
            if self.is_complete:
                self._has_excess = True
                return
            self._parser.feed_data(line)

    def _parser_failed(self, error: httptools.HttpParserError) -> None:
        if self.is_complete:
            self._has_excess = True
        elif self._error is not None:
            return  # raised inside a callback to stop the parser, after the exchange had failed
        elif isinstance(error, httptools.HttpParserCallbackError):
            raise error
        else:
            self.fail(MalformedResponse(str(error)))

    def _check_sizes(self, fed: int) -> None:
        if self.status is None:
            self._head_bytes += fed
            if self._head_bytes > 2 * self._limits.head_max_bytes:
                self.fail(self._too_large())
        elif self._is_chunked and not self.is_complete:
            self._chunk_overhead += fed
            allowed = CHUNK_OVERHEAD_BYTES + (1 + CHUNK_OVERHEAD_PER_BYTE) * self._received
            if self._chunk_overhead > allowed + self._limits.head_max_bytes:
                self.fail(MalformedResponse("the chunked body is mostly chunk headers"))

    def _check_head_size(self, size: int) -> None:
        if size > self._limits.head_max_bytes:
            raise self._too_large()

    def _too_large(self) -> MalformedResponse:
        return MalformedResponse(f"the head is larger than {self._limits.head_max_bytes} bytes")

    def _end(self, *, reusable: bool) -> None:
        self._parser = None
        self._may_continue()
        if self._line is not None:
            line, self._line = self._line, None
            if self._is_paused:
                line.resume_reading()
            line.exchange_ended(reusable=reusable)

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self.is_complete:
            self._has_excess = True
        self._raw = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._raw.append((name.lower(), value.rstrip()))

    def on_headers_complete(self) -> None:
        try:
            self._head_arrived()
        except MalformedResponse as error:
            self.fail(error)
            raise

    def on_body(self, piece: bytes) -> None:
        if self.is_complete:
            self._has_excess = True
            return
        self._received += len(piece)
        self._buffered += len(piece)
        self._pieces.append(piece)
        if self._buffered >= self._limits.body_buffer_bytes and not self._is_paused and self._line is not None:
            self._is_paused = True
            self._line.pause_reading()

    def on_message_complete(self) -> None:
        if self.status is not None:
            self.is_complete = True

    def _head_arrived(self) -> None:
        parser = self._parser
        if parser is None or self.is_complete:
            return
        version, status = parser.get_http_version(), parser.get_status_code()
        if version not in ("1.1", "1.0"):
            raise MalformedResponse(f"the origin answered in HTTP/{version}")
        self._check_head_size(sum(len(name) + len(value) + 4 for name, value in self._raw))
        headers = Headers.from_raw(self._raw)
        self._raw = []
        if status < 200:
            self._interim_arrived(status, headers)
            return
        self._check_coding(headers, version)
        self.headers, self.status = headers, status
        self._may_continue()
        has_body = self._method != "HEAD" and status not in (204, 304)
        self._ends_with_connection = has_body and not self._is_chunked and "content-length" not in headers
        # Not the parser's own opinion: it takes the end of an answer to HEAD without a length for the connection's.
        self._keep_alive = not self._ends_with_connection and _wants_keep_alive(headers, version)
        self.is_complete = not has_body

    def _interim_arrived(self, status: int, headers: Headers) -> None:
        self._interim_count += 1
        if status == 101 or self._interim_count > INTERIM_MAX:
            raise MalformedResponse(f"the origin answered {status} unasked")
        if status == 100:
            self._may_continue()
        if self._on_interim is not None:
            self._on_interim(status, headers)

    def _check_coding(self, headers: Headers, version: str) -> None:
        """Anything but exactly `chunked` is refused: a body whose end two readers see differently can smuggle."""
        coding = headers.combined("transfer-encoding")
        if coding is None:
            return
        if coding.lower() != "chunked" or version == "1.0":
            raise MalformedResponse(f"the transfer coding {coding!r} cannot be trusted in HTTP/{version}")
        self._is_chunked = True


def _wants_keep_alive(headers: Headers, version: str) -> bool:
    options = {option.strip().lower() for option in (headers.combined("connection") or "").split(",")}
    return "close" not in options and (version == "1.1" or "keep-alive" in options)


def _ending(detail: str, error: Exception | None) -> str:
    return detail if error is None else f"{detail}: {error}"
