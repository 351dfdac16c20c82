"""One answer over HTTP/1.1: the handler is asked, its response framed and written, the connection's fate decided."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator
from typing import TYPE_CHECKING

from calotype.http.message import BodyTooLarge, Headers, Request, Response
from calotype.serve.clock import http_date_bytes
from calotype.serve.errors import BadResponse, ClientLeft, RequestRefused
from calotype.serve.handler import Handler
from calotype.serve.response_framing import BodyFraming, FramedHead, frame_response, interim_head, plain_response

if TYPE_CHECKING:
    from calotype.serve.http1 import Http1Connection

log = logging.getLogger("calotype.serve")


async def ask(handler: Handler, request: Request) -> Response:
    """The handler's response, or the server's own for an error that the handler let pass; ClientLeft passes."""
    try:
        return await handler.handle(request)
    except BodyTooLarge as error:
        return plain_response(413, str(error))
    except RequestRefused as error:
        return plain_response(error.status, error.detail)
    except ClientLeft:
        raise
    except Exception:
        log.exception("no answer to %s %s", request.method, request.path)
        return plain_response(500, "the server failed to answer; its log says why")


async def close_stream(body: object) -> None:
    """Tells a response stream that nobody listens any more, so that it lets go of what it holds."""
    aclose = getattr(body, "aclose", None)
    if aclose is not None:
        await aclose()


class Answer:
    """The answer to one request, and what its connection may do afterwards."""

    __slots__ = ("_connection", "_head_is_out", "request", "wants_keep_alive")

    def __init__(self, connection: Http1Connection, request: Request, *, wants_keep_alive: bool) -> None:
        self._connection = connection
        self._head_is_out = False
        self.request = request
        self.wants_keep_alive = wants_keep_alive

    async def run(self) -> None:
        connection = self._connection
        try:
            response = await self._response()
            is_whole = await self._send(response)
        except ClientLeft:
            connection.close()
            return
        except asyncio.CancelledError:
            connection.abort()
            raise
        except Exception:
            # The head is out: all that is left is to let the client see that the body is not whole.
            log.exception("the answer to %s %s broke off", self.request.method, self.request.path)
            connection.break_off(by_reset=False)
            return
        if is_whole:
            connection.answered(self)

    async def _response(self) -> Response:
        state = self._connection.state
        if state.requests_in_flight > state.limits.requests_in_flight_max:
            return plain_response(503, "too many requests are being answered", retry_after_s=1)
        self.request.send_interim = self.send_interim
        return await ask(state.handler, self.request)

    def send_interim(self, status: int, headers: Headers) -> None:
        """Sends a 1xx response at once; after the final head, or to an HTTP/1.0 client, nothing."""
        if not self._head_is_out and self.request.version == "1.1":
            self._connection.write(interim_head(status, headers))

    async def _send(self, response: Response) -> bool:
        """Writes the response; False when it could not be written whole and the connection was given up."""
        try:
            framed = self._frame(response)
        except BadResponse as error:
            log.error("bad response to %s %s: %s", self.request.method, self.request.path, error)
            await close_stream(response.body)
            response = plain_response(500, "the server failed to answer; its log says why")
            framed = self._frame(response)
        self._head_is_out = True
        self.wants_keep_alive = framed.keep_alive
        if isinstance(response.body, bytes):
            await self._send_whole(framed, response.body)
            return True
        self._connection.write(framed.head)
        return await self._send_stream(framed, response.body)

    def _frame(self, response: Response) -> FramedHead:
        return frame_response(
            response,
            method=self.request.method,
            version=self.request.version,
            keep_alive=self.wants_keep_alive and self._connection.may_keep_alive(),
            date=http_date_bytes(),
            server=self._connection.state.server_header,
        )

    async def _send_whole(self, framed: FramedHead, body: bytes) -> None:
        if framed.framing is BodyFraming.NONE:
            self._connection.write(framed.head)
        else:
            self._connection.write_head_and_body(framed.head, body)
        await self._connection.gate.passed()

    async def _send_stream(self, framed: FramedHead, body: AsyncIterable[bytes]) -> bool:
        stream = aiter(body)
        try:
            if framed.framing is BodyFraming.NONE:
                return True
            if framed.framing is BodyFraming.LENGTH:
                return await self._send_counted(stream, framed.length)
            return await self._send_uncounted(stream, chunked=framed.framing is BodyFraming.CHUNKED)
        finally:
            await close_stream(stream)

    async def _send_counted(self, stream: AsyncIterator[bytes], length: int) -> bool:
        connection = self._connection
        remaining = length
        async for piece in stream:
            if len(piece) > remaining:
                # Our Content-Length stands; whatever produced more is not to be trusted with the next answer.
                log.error("the body for %s is longer than its Content-Length", self.request.path)
                connection.write(piece[:remaining])
                self.wants_keep_alive = False
                return True
            remaining -= len(piece)
            if piece:
                connection.write(piece)
                await connection.gate.passed()
        if remaining:
            log.error("the body for %s is %d bytes short", self.request.path, remaining)
            connection.break_off(by_reset=False)
        return not remaining

    async def _send_uncounted(self, stream: AsyncIterator[bytes], *, chunked: bool) -> bool:
        connection = self._connection
        try:
            async for piece in stream:
                if piece and chunked:
                    connection.write_lines((b"%x\r\n" % len(piece), piece, b"\r\n"))
                elif piece:
                    connection.write(piece)
                await connection.gate.passed()
        except Exception:
            if not chunked:
                # A close is how this body ends well; only a reset can say that it did not.
                connection.break_off(by_reset=True)
            raise
        if chunked:
            connection.write(b"0\r\n\r\n")
        return True
