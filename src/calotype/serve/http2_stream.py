"""One stream of an HTTP/2 connection: the handler is asked and its response sent as far as the windows allow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable
from typing import Protocol

from h2.errors import ErrorCodes

from calotype.http.message import Headers, Request, Response
from calotype.serve.answer import ask, close_stream, failed, log_broken_answer, of_length
from calotype.serve.clock import http_date_bytes
from calotype.serve.errors import BadResponse, ClientLeft
from calotype.serve.request_body import RequestBody
from calotype.serve.response_framing import (
    BodyFraming,
    body_framing,
    check_interim_status,
    encode_lines,
    final_fields,
    own_fields,
)
from calotype.serve.state import ServerState

log = logging.getLogger("calotype.serve")

HeaderList = list[tuple[bytes, bytes]]


class StreamCarrier(Protocol):
    """What a stream asks of its connection."""

    state: ServerState

    def send_headers(self, stream_id: int, header_list: HeaderList, *, end_stream: bool) -> None: ...
    def send_data(self, stream_id: int, piece: memoryview) -> int: ...
    def end_stream(self, stream_id: int) -> None: ...
    def reset(self, stream_id: int, code: ErrorCodes) -> None: ...
    async def writable(self) -> None: ...
    def stream_ended(self, stream: Stream) -> None: ...


class Stream:
    """A request and its answer. `waits_since` is set while the client's window keeps the answer waiting."""

    def __init__(self, carrier: StreamCarrier, stream_id: int, request: Request, body: RequestBody | None) -> None:
        self._carrier = carrier
        self._window_waiter: asyncio.Future[None] | None = None
        self._head_is_out = False
        self.id = stream_id
        self.request = request
        self.body = body
        self.task: asyncio.Task[None] | None = None
        self.waits_since: float | None = None
        self.heard_at = carrier.state.now
        self.is_gone = False

    def window_opened(self) -> None:
        if self._window_waiter is not None and not self._window_waiter.done():
            self._window_waiter.set_result(None)

    def client_left(self, detail: str) -> None:
        """The stream was reset, or its connection lost: the handler is cancelled."""
        self.is_gone = True
        if self.body is not None:
            self.body.fail(ClientLeft(detail))
            self.body.discard()
        if self.task is not None:
            self.task.cancel()

    async def run(self) -> None:
        try:
            await self._send(await self._response())
        except ClientLeft:
            self._give_up(ErrorCodes.CANCEL)
        except asyncio.CancelledError:
            self._give_up(ErrorCodes.CANCEL)
            raise
        except Exception as error:
            log_broken_answer(self.request, error)
            self._give_up(ErrorCodes.INTERNAL_ERROR)
        finally:
            self._carrier.stream_ended(self)

    async def _response(self) -> Response:
        self.request.send_interim = self.send_interim
        return await ask(self._carrier.state, self.request)

    def send_interim(self, status: int, headers: Headers) -> None:
        """Sends a 1xx response at once; nothing after the final head."""
        check_interim_status(status)
        if not self._head_is_out and not self.is_gone:
            fields = own_fields(headers, drop_length=True)
            self._carrier.send_headers(self.id, _header_list(status, fields), end_stream=False)

    async def _send(self, response: Response) -> None:
        try:
            header_list, framing, length = self._frame(response)
        except BadResponse as error:
            log.error("bad response to %s %s: %s", self.request.method, self.request.path, error)
            await close_stream(response.body)
            response = failed(self._carrier.state, self.request)
            header_list, framing, length = self._frame(response)
        has_no_body = framing is BodyFraming.NONE or response.body == b""
        self._head_is_out = True
        if not self.is_gone:
            self._carrier.send_headers(self.id, header_list, end_stream=has_no_body)
        try:
            if not has_no_body:
                await self._send_body(response.body, framing, length)
        finally:
            await close_stream(response.body)
        self._refuse_rest_of_body()

    def _frame(self, response: Response) -> tuple[HeaderList, BodyFraming, int]:
        framing, length = body_framing(response, method=self.request.method, version="1.1")
        server = self._carrier.state.server_header
        fields = final_fields(response, framing, length, date=http_date_bytes(), server=server)
        return _header_list(response.status, fields), framing, length

    async def _send_body(self, body: bytes | AsyncIterable[bytes], framing: BodyFraming, length: int) -> None:
        if isinstance(body, bytes):
            await self._send_piece(body)
        else:
            async for piece in of_length(body, length) if framing is BodyFraming.LENGTH else body:
                await self._send_piece(piece)
        if not self.is_gone:
            self._carrier.end_stream(self.id)

    async def _send_piece(self, piece: bytes) -> None:
        rest = memoryview(piece)
        while len(rest) and not self.is_gone:
            sent = self._carrier.send_data(self.id, rest)
            rest = rest[sent:]
            if not sent:
                await self._window()
            await self._carrier.writable()

    async def _window(self) -> None:
        self._window_waiter = asyncio.get_running_loop().create_future()
        self.waits_since = self._carrier.state.now
        try:
            await self._window_waiter
        finally:
            self._window_waiter = None
            self.waits_since = None

    def _refuse_rest_of_body(self) -> None:
        """Tells the client to stop sending a body that nobody reads any more (RFC 9113 §8.1)."""
        if self.body is not None and not self.body.is_complete:
            self._give_up(ErrorCodes.NO_ERROR)

    def _give_up(self, code: ErrorCodes) -> None:
        if not self.is_gone:
            self.is_gone = True
            self._carrier.reset(self.id, code)


def _header_list(status: int, fields: list[tuple[str, str]]) -> HeaderList:
    """The fields for the codec; raises BadResponse for what must not leave in a field, as over HTTP/1.1."""
    encode_lines([f"{name}: {value}" for name, value in fields])
    encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in fields]
    return [(b":status", b"%d" % status), *encoded]
