"""One answer over HTTP/1.1: the handler is asked, its response framed and written, the connection's fate decided."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator
from typing import TYPE_CHECKING

from calotype.http.message import BodyTooLarge, Headers, Request, Response
from calotype.serve.clock import http_date_bytes
from calotype.serve.errors import BadResponse, ClientLeft, RequestRefused, ServeError
from calotype.serve.response_framing import BodyFraming, FramedHead, frame_response, interim_head
from calotype.serve.state import ServerState

if TYPE_CHECKING:
    from calotype.serve.http1 import Http1Connection

log = logging.getLogger("calotype.serve")


async def ask(state: ServerState, request: Request) -> Response:
    """The handler's response, or the server's own for an error that the handler let pass; ClientLeft passes."""
    if state.requests_in_flight > state.limits.requests_in_flight_max:
        return state.own_answer(503, "too many requests are being answered", request)
    try:
        return await state.handler.handle(request)
    except BodyTooLarge as error:
        return state.own_answer(413, str(error), request)
    except RequestRefused as error:
        return state.own_answer(error.status, error.detail, request)
    except ClientLeft:
        raise
    except asyncio.CancelledError:
        if _is_being_cancelled():
            raise
        log.exception("no answer to %s %s: what it waited for was cancelled", request.method, request.path)
        return failed(state, request)
    except Exception:
        log.exception("no answer to %s %s", request.method, request.path)
        return failed(state, request)


def failed(state: ServerState, request: Request) -> Response:
    """The answer where something here went wrong, as the log tells."""
    return state.own_answer(500, "the server failed to answer; its log says why", request)


def _is_being_cancelled() -> bool:
    """Whether this very task is meant, and not something shared that the handler waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def close_stream(body: object) -> None:
    """Tells a response stream that nobody listens any more, so that it lets go of what it holds."""
    aclose = getattr(body, "aclose", None)
    if aclose is not None:
        await aclose()


async def of_length(body: AsyncIterable[bytes], length: int) -> AsyncIterator[bytes]:
    """The pieces of the body as far as its declared length; raises BadResponse when it is shorter or longer."""
    remaining = length
    async for piece in body:
        if len(piece) > remaining:
            yield piece[:remaining]
            raise BadResponse(f"the body is longer than its Content-Length, {length}")
        remaining -= len(piece)
        if piece:
            yield piece
    if remaining:
        raise BadResponse(f"the body ends {remaining} bytes before its Content-Length, {length}")


def log_broken_answer(request: Request, error: Exception) -> None:
    """Says in the log why a body broke off; with a traceback unless the error says it all."""
    traceback = None if isinstance(error, ServeError) else error
    log.error("the answer to %s %s broke off: %s", request.method, request.path, error, exc_info=traceback)


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
            await self._send(response)
        except ClientLeft:
            connection.close()
            return
        except asyncio.CancelledError:
            connection.abort()
            raise
        except Exception as error:
            # The head is out: all that is left is to let the client see that the body is not whole.
            log_broken_answer(self.request, error)
            connection.break_off(by_reset=False)
            return
        connection.answered(self)

    async def _response(self) -> Response:
        self.request.send_interim = self.send_interim
        return await ask(self._connection.state, self.request)

    def send_interim(self, status: int, headers: Headers) -> None:
        """Sends a 1xx response at once; after the final head, or to an HTTP/1.0 client, nothing."""
        if not self._head_is_out and self.request.version == "1.1":
            self._connection.write(interim_head(status, headers))

    async def _send(self, response: Response) -> None:
        """Writes the response; what it raises means that the body was not written whole."""
        try:
            framed = self._frame(response)
        except BadResponse as error:
            log.error("bad response to %s %s: %s", self.request.method, self.request.path, error)
            await close_stream(response.body)
            response = failed(self._connection.state, self.request)
            framed = self._frame(response)
        self._head_is_out = True
        self.wants_keep_alive = framed.keep_alive
        if isinstance(response.body, bytes):
            await self._send_whole(framed, response.body)
            return
        self._connection.write(framed.head)
        await self._send_stream(framed, response.body)

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

    async def _send_stream(self, framed: FramedHead, body: AsyncIterable[bytes]) -> None:
        stream = aiter(body)
        try:
            if framed.framing is BodyFraming.LENGTH:
                await self._send_counted(stream, framed.length)
            elif framed.framing is not BodyFraming.NONE:
                await self._send_uncounted(stream, chunked=framed.framing is BodyFraming.CHUNKED)
        finally:
            await close_stream(stream)

    async def _send_counted(self, stream: AsyncIterator[bytes], length: int) -> None:
        async for piece in of_length(stream, length):
            self._connection.write(piece)
            await self._connection.gate.passed()

    async def _send_uncounted(self, stream: AsyncIterator[bytes], *, chunked: bool) -> None:
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
