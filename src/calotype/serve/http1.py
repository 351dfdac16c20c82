"""The HTTP/1.1 connection of a server: requests in, answers out in their order.

A request without a body on a quiet connection is offered to the handler's `try_now` inside the parser's callback;
what it returns goes out with one write. Everything else queues and is answered by one task at a time, `Answer`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections import deque
from typing import cast

from calotype.http.message import Request
from calotype.serve.answer import Answer
from calotype.serve.clock import http_date_bytes
from calotype.serve.errors import BodyTimedOut, ClientLeft, RequestRefused
from calotype.serve.request_body import RequestBody
from calotype.serve.request_reader import RequestReader
from calotype.serve.response_framing import frame_response
from calotype.serve.state import ServerState
from calotype.serve.write_gate import WriteGate

log = logging.getLogger("calotype.serve")

# Up to this length a body is copied behind its head for one write; beyond, the copy costs more than a second buffer.
JOIN_MAX_BYTES = 16_384

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Http1Connection(asyncio.Protocol):
    """One connection, from accept to close; `scheme` is http, or https behind TLS."""

    def __init__(self, state: ServerState, scheme: str) -> None:
        self.state = state
        self.gate = WriteGate()
        self._scheme = scheme
        self._try_now = state.handler.try_now
        self._transport: asyncio.Transport | None = None
        self._reader: RequestReader | None = None
        self._queue: deque[tuple[Request, bool] | RequestRefused] = deque()
        self._current: Request | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_quiet = False
        self._saw_eof = False
        self._reading_is_paused = False
        self._body_bytes = 0
        self._last_read: float | None = None
        self._made_at = state.now
        self._lingers_until: float | None = None
        self._unsent = 0
        self._unsent_since = state.now

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=self.state.limits.write_buffer_bytes)
        self._reader = RequestReader(self.state, self, self._scheme, _client_address(self._transport))
        if len(self.state.connections) >= self.state.limits.connections_max:
            self._refuse_connection()
            return
        self.state.connections.add(self)
        self._is_quiet = not self.state.is_draining

    def data_received(self, data: bytes) -> None:
        self._last_read = self.state.now
        if self._reader is not None:
            self._reader.feed(data)

    def eof_received(self) -> bool:
        """The client sends no more; it may still read what it asked for."""
        reader = self._reader
        self._saw_eof = True
        if reader is None:
            return False
        body = reader.body
        reader.stop()
        if body is not None:
            body.fail(ClientLeft("the client closed the connection before the end of the body"))
        has_answers_to_send = self._task is not None or bool(self._queue)
        return has_answers_to_send and self._scheme == "http"

    def connection_lost(self, exc: Exception | None) -> None:
        self.state.closed(self)
        self._transport = None
        self._is_quiet = False
        if self._reader is not None:
            if self._reader.body is not None:
                self._reader.body.fail(ClientLeft("the client left"))
            self._reader.release()
        self._drop_bodies()
        if self._task is not None:
            self._task.cancel()
        self.gate.open()

    def pause_writing(self) -> None:
        self.gate.close()
        self._is_quiet = False

    def resume_writing(self) -> None:
        self.gate.open()
        self._update_quiet()

    # What the reader calls.

    def request_arrived(self, request: Request, keep_alive: bool) -> None:
        if self._is_quiet and keep_alive and request.content_length == 0 and request.version == "1.1":
            try:
                prepared = self._try_now(request)
            except Exception:
                log.exception("no immediate answer to %s %s", request.method, request.path)
                prepared = None
            if prepared is not None:
                self.write_head_and_body(prepared.head, prepared.body)
                return
        self._enqueue((request, keep_alive))

    def request_refused(self, refusal: RequestRefused) -> None:
        self._enqueue(refusal)

    def body_arrived(self, length: int) -> None:
        self._body_bytes += length
        if self.is_saturated():
            self._update_reading()

    def body_taken(self, length: int) -> None:
        self._body_bytes -= length
        self._last_read = self.state.now
        if self._reading_is_paused or (self._reader is not None and self._reader.holds_input):
            self._update_reading()

    def send_continue(self) -> None:
        self._last_read = self.state.now
        self.write(CONTINUE)

    def is_saturated(self) -> bool:
        """Whether nothing more should be read before something is answered or taken."""
        limits = self.state.limits
        return (
            len(self._queue) >= limits.pipelined_max
            or self._body_bytes >= limits.body_buffer_bytes
            or (self._body_bytes > 0 and self.state.bytes_in_flight >= limits.bytes_in_flight_max)
        )

    # What an answer calls.

    def write(self, piece: bytes) -> None:
        if self._transport is not None:
            self._transport.write(piece)

    def write_lines(self, pieces: tuple[bytes, ...]) -> None:
        if self._transport is not None:
            self._transport.writelines(pieces)

    def write_head_and_body(self, head: bytes, body: bytes) -> None:
        if self._transport is None:
            return
        if len(body) > JOIN_MAX_BYTES:
            self._transport.writelines((head, body))
        else:
            self._transport.write(head + body)

    def may_keep_alive(self) -> bool:
        """Whether the connection can go on after the answer whose head is about to be written."""
        if (self.state.is_draining or self._saw_eof) and not self._queue:
            return False
        body = self._current_body()
        if body is None or (body.is_complete and not body.continue_is_due):
            return True
        return not self._rest_is_too_long(body)

    def answered(self, answer: Answer) -> None:
        """The answer is written: the next one, or the end."""
        self._task = None
        body = self._current_body()
        self._current = None
        if body is not None:
            body.discard()
        if not answer.wants_keep_alive:
            self._end(linger=body is not None and not body.is_complete)
            return
        self._last_read = self.state.now
        self._answer_next()
        self._update_reading()

    def close(self) -> None:
        """Closes once everything written is sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def break_off(self, *, by_reset: bool) -> None:
        """Ends the connection in the midst of a body; what was written is still sent, unless by a reset."""
        if not by_reset:
            self.close()
        elif self._transport is not None:
            sock = self._transport.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.abort()

    # What the server calls.

    def shut_down(self) -> None:
        self._is_quiet = False
        reader = self._reader
        is_idle = self._task is None and not self._queue
        if is_idle and (reader is None or (not reader.is_in_head and reader.body is None)):
            self.close()

    def check_timeouts(self, now: float) -> None:
        limits, reader = self.state.limits, self._reader
        if self._transport is None or reader is None:
            return
        if self._is_stalled(now):
            self.abort()
        elif self._lingers_until is not None:
            if now >= self._lingers_until:
                self.close()
        elif reader.body is not None and (reader.body.is_awaited or reader.body.is_discarding):
            self._check_body(reader.body, now)
        elif self._task is not None or self._queue:
            return
        elif self._last_read is None or reader.is_in_head:
            began = self._made_at if self._last_read is None else reader.head_began
            if now - began >= limits.head_timeout_s:
                self._end_slow_head(reader)
        elif now - self._last_read >= limits.idle_timeout_s:
            self.close()

    # Steps.

    def _enqueue(self, item: tuple[Request, bool] | RequestRefused) -> None:
        self._is_quiet = False
        self._queue.append(item)
        if self._task is None:
            self._answer_next()
        self._update_reading()

    def _answer_next(self) -> None:
        if self._transport is None:
            return
        if not self._queue:
            if self._saw_eof:
                self.close()
            elif self.state.is_draining:
                self.shut_down()
            self._update_quiet()
            return
        item = self._queue.popleft()
        if isinstance(item, RequestRefused):
            self._answer_refusal(item)
            return
        self._current, keep_alive = item
        answer = Answer(self, self._current, wants_keep_alive=keep_alive)
        self._task = asyncio.get_running_loop().create_task(answer.run())
        self.state.start(self._task)

    def _answer_refusal(self, refusal: RequestRefused) -> None:
        self._write_own_answer(refusal.status, refusal.detail)
        self._end(linger=True)

    def _write_own_answer(self, status: int, detail: str) -> None:
        response = self.state.own_answer(status, detail, None)
        framed = frame_response(
            response,
            method="GET",
            version="1.1",
            keep_alive=False,
            date=http_date_bytes(),
            server=self.state.server_header,
        )
        assert isinstance(response.body, bytes)
        self.write_head_and_body(framed.head, response.body)

    def _refuse_connection(self) -> None:
        assert self._reader is not None
        self._reader.stop()
        self._write_own_answer(503, "too many connections")
        self.close()

    def _end_slow_head(self, reader: RequestReader) -> None:
        """A client that sent nothing gets no answer, one that stopped in the middle of a head gets 408."""
        if reader.is_in_head:
            reader.stop()
            self._enqueue(RequestRefused(408, "the request head did not arrive in time"))
        else:
            self.close()

    def _check_body(self, body: RequestBody, now: float) -> None:
        if now - (self._last_read or self._made_at) < self.state.limits.body_timeout_s:
            return
        if body.is_discarding:
            self.abort()
        else:
            body.fail(BodyTimedOut())

    def _is_stalled(self, now: float) -> bool:
        """Whether the client has taken nothing of what waits for it, for too long."""
        assert self._transport is not None
        unsent = self._transport.get_write_buffer_size()
        if not unsent or unsent != self._unsent:
            self._unsent, self._unsent_since = unsent, now
        return bool(unsent) and now - self._unsent_since >= self.state.limits.write_timeout_s

    def _end(self, *, linger: bool) -> None:
        """Closes after what is written. Lingering reads on for a while: closing with unread input would make the
        kernel send a reset, which can destroy the answer before the client has read it (RFC 9112 §9.6).
        """
        self._queue.clear()
        if self._reader is not None:
            self._reader.stop()
        if self._transport is None:
            return
        if not linger or self._saw_eof:
            self._transport.close()
            return
        self._lingers_until = self.state.now + self.state.limits.linger_timeout_s
        self._resume_reading()
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def _update_quiet(self) -> None:
        self._is_quiet = (
            self._task is None
            and not self._queue
            and not self.gate.is_closed
            and not self.state.is_draining
            and self._lingers_until is None
            and self._transport is not None
        )

    def _update_reading(self) -> None:
        if self._transport is None or self._reader is None or self._lingers_until is not None:
            return
        if self.is_saturated():
            if not self._reading_is_paused:
                self._reading_is_paused = True
                self._transport.pause_reading()
            return
        self._resume_reading()
        self._reader.feed_rest()

    def _resume_reading(self) -> None:
        if self._reading_is_paused and self._transport is not None:
            self._reading_is_paused = False
            self._transport.resume_reading()

    def _current_body(self) -> RequestBody | None:
        body = self._current.body if self._current is not None else None
        return body if isinstance(body, RequestBody) else None

    def _rest_is_too_long(self, body: RequestBody) -> bool:
        """Whether reading the unread rest of the body away would cost more than a new connection."""
        length = self._current.content_length if self._current is not None else None
        if length is None or body.continue_is_due:
            return True
        return length - body.received > self.state.limits.drain_max_bytes

    def _drop_bodies(self) -> None:
        for body in (self._current_body(), *(item[0].body for item in self._queue if isinstance(item, tuple))):
            if isinstance(body, RequestBody):
                body.discard()
        self._queue.clear()


def _client_address(transport: asyncio.BaseTransport) -> tuple[str, int]:
    """The peer's address and port; empty for a Unix socket."""
    peer = transport.get_extra_info("peername")
    return (str(peer[0]), int(peer[1])) if isinstance(peer, tuple) and len(peer) >= 2 else ("", 0)
