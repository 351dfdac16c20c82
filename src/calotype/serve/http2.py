"""The HTTP/2 connection of a server, for clients that agreed on it in the TLS handshake.

The codec is the h2 library, which keeps RFC 9113's states. Ours are the streams, both directions of flow control,
and the limits on what a client may make us do: streams opened and reset at once, frames that carry no request,
header blocks without end, windows that never open.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any, cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from hyperframe.frame import GoAwayFrame

from calotype.http.message import Request
from calotype.serve.errors import BodyTimedOut, RequestRefused
from calotype.serve.http2_request import check_size, request_from
from calotype.serve.http2_stream import HeaderList, Stream
from calotype.serve.request_body import RequestBody
from calotype.serve.request_framing import expects_continue
from calotype.serve.state import ServerState
from calotype.serve.write_gate import WriteGate

log = logging.getLogger("calotype.serve")

# Counts of what a client makes us do start anew after this long.
COUNTING_PERIOD_S = 10.0
# Frames that carry no request are earned back by answering: a client opens windows as it takes data.
FRAMES_EARNED_PER_DATA_FRAME = 2
# All streams of a connection share it; uploads over long distances need more than the protocol's 64 KiB.
CONNECTION_WINDOW_BYTES = 1_048_576
# The codec buffers a frame until it is whole and only then looks at its length, which can be 16 MiB. Bodies on their
# way to a stream that we ended say nothing either, but no more than the connection's window.
EVENTLESS_MAX_BYTES = 4 * CONNECTION_WINDOW_BYTES
# How much of one stream goes out before the others have their turn.
TURN_BYTES = 65_536


class Http2Connection(asyncio.Protocol):
    """One connection, from the end of the TLS handshake to its close."""

    def __init__(self, state: ServerState) -> None:
        self.state = state
        self._gate = WriteGate()
        self._codec = _new_codec(state)
        self._transport: asyncio.Transport | None = None
        self._client = ("", 0)
        self._streams: dict[int, Stream] = {}
        self._is_going_away = False
        self._active_at = state.now
        self._made_at = state.now
        self._has_asked = False
        self._counting_since = state.now
        self._resets = 0
        self._idle_frames = 0
        self._eventless_bytes = 0
        self._gate_open_at = state.now

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=self.state.limits.write_buffer_bytes)
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self._client = (str(peer[0]), int(peer[1]))
        if len(self.state.connections) >= self.state.limits.connections_max:
            self._transport.abort()
            return
        self.state.connections.add(self)
        self._codec.initiate_connection()
        self._codec.increment_flow_control_window(CONNECTION_WINDOW_BYTES)
        self._flush()

    def data_received(self, data: bytes) -> None:
        try:
            events = self._codec.receive_data(data)
        except ProtocolError as error:
            log.info("HTTP/2 connection of %s closed: %s", self._client[0], error)
            self._flush()
            self._close()
            return
        for event in events:
            if self._transport is None or self._transport.is_closing():
                return
            self._handle(event)
        self._eventless_bytes = 0 if events else self._eventless_bytes + len(data)
        if self._eventless_bytes > EVENTLESS_MAX_BYTES:
            self._calm_down("a frame without end")
        self._flush()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.state.closed(self)
        for stream in list(self._streams.values()):
            stream.client_left("the client left")
        self._gate.open()

    def pause_writing(self) -> None:
        # Each frame read may make us write; while the client takes nothing, it may ask nothing.
        self._gate.close()
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._gate.open()
        if self._transport is not None:
            self._transport.resume_reading()

    # Events.

    def _handle(self, event: Event) -> None:
        match event:
            case RequestReceived():
                self._request_received(event)
            case DataReceived():
                self._data_received(event)
            case StreamEnded():
                stream = self._streams.get(_id(event))
                if stream is not None and stream.body is not None:
                    stream.body.end()
            case StreamReset():
                self._stream_reset(event)
            case WindowUpdated():
                self._count_idle_frame()
                self._windows_opened(event.stream_id or 0)
            case RemoteSettingsChanged():
                self._count_idle_frame()
                self._windows_opened(0)
            case ConnectionTerminated():
                self._is_going_away = True
                self._close_when_idle()
            case _:
                self._count_idle_frame()

    def _request_received(self, event: RequestReceived) -> None:
        stream_id, header_list = _id(event), cast(HeaderList, event.headers or [])
        self._has_asked = True
        self._active_at = self.state.now
        if self._is_going_away:
            self.reset(stream_id, ErrorCodes.REFUSED_STREAM)
            return
        try:
            check_size(header_list, self.state.limits)
            request = request_from(header_list, self._client, has_body=event.stream_ended is None)
            body = self._body(stream_id, request) if event.stream_ended is None else None
        except RequestRefused as refusal:
            self._answer_refusal(stream_id, refusal)
            return
        stream = self._streams[stream_id] = Stream(self, stream_id, request, body)
        stream.task = asyncio.get_running_loop().create_task(stream.run())
        self.state.start(stream.task)

    def _body(self, stream_id: int, request: Request) -> RequestBody:
        max_bytes = self.state.body_max_bytes(request)
        if max_bytes is not None and request.content_length is not None and request.content_length > max_bytes:
            raise RequestRefused(413, f"the body is longer than {max_bytes} bytes")
        body = RequestBody(
            self.state,
            max_bytes=max_bytes,
            on_taken=partial(self._body_taken, stream_id),
            on_first_read=partial(self._send_continue, stream_id) if expects_continue(request.fields, "2") else None,
        )
        request.body = body
        return body

    def _data_received(self, event: DataReceived) -> None:
        stream, piece = self._streams.get(_id(event)), bytes(event.data or b"")
        if not piece:
            self._count_idle_frame()
        self._heard(_id(event))
        waiting = stream.body.feed(piece) if piece and stream is not None and stream.body is not None else 0
        # What waits is acknowledged when the handler takes it; padding and what nobody wants, at once.
        self._acknowledge(_id(event), (event.flow_controlled_length or 0) - waiting)

    def _stream_reset(self, event: StreamReset) -> None:
        stream = self._streams.get(_id(event))
        if stream is not None:
            stream.client_left("the client reset the stream")
        self._start_counting_anew()
        self._resets += 1
        if self._resets > self.state.limits.resets_max:
            self._calm_down("too many streams opened and reset")

    def _windows_opened(self, stream_id: int) -> None:
        for stream in [self._streams[stream_id]] if stream_id in self._streams else list(self._streams.values()):
            stream.window_opened()

    def _answer_refusal(self, stream_id: int, refusal: RequestRefused) -> None:
        response = self.state.own_answer(refusal.status, refusal.detail, None)
        header_list = [(b":status", b"%d" % response.status), *response.headers.to_raw()]
        self.send_headers(stream_id, header_list, end_stream=True)
        self.reset(stream_id, ErrorCodes.NO_ERROR)

    # Limits.

    def _count_idle_frame(self) -> None:
        self._start_counting_anew()
        self._idle_frames += 1
        if self._idle_frames > self.state.limits.idle_frames_max:
            self._calm_down("too many frames that carry no request")

    def _start_counting_anew(self) -> None:
        if self.state.now - self._counting_since >= COUNTING_PERIOD_S:
            self._counting_since = self.state.now
            self._resets = self._idle_frames = 0

    def _calm_down(self, detail: str) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        log.info("HTTP/2 connection of %s closed: %s", self._client[0], detail)
        self._codec.close_connection(ErrorCodes.ENHANCE_YOUR_CALM, additional_data=detail.encode())
        self._flush()
        self._close()

    # What a stream calls.

    def send_headers(self, stream_id: int, header_list: HeaderList, *, end_stream: bool) -> None:
        self._do(self._codec.send_headers, stream_id, header_list, end_stream=end_stream)

    def send_data(self, stream_id: int, piece: memoryview) -> int:
        """Sends as much of the piece as the windows and one turn allow; how much that was."""
        sent = 0
        try:
            while sent < min(len(piece), TURN_BYTES):
                window = min(self._codec.local_flow_control_window(stream_id), self._codec.max_outbound_frame_size)
                if window <= 0:
                    break
                part = piece[sent : sent + window]
                self._codec.send_data(stream_id, part)
                self._idle_frames -= FRAMES_EARNED_PER_DATA_FRAME
                sent += len(part)
        except ProtocolError:
            return len(piece)  # the stream is gone; its reset comes, or came, through the event
        self._flush()
        return sent

    def end_stream(self, stream_id: int) -> None:
        self._do(self._codec.end_stream, stream_id)

    def reset(self, stream_id: int, code: ErrorCodes) -> None:
        self._do(self._codec.reset_stream, stream_id, code)

    async def writable(self) -> None:
        await self._gate.passed()
        if len(self._streams) > 1:
            await asyncio.sleep(0)

    def stream_ended(self, stream: Stream) -> None:
        self._streams.pop(stream.id, None)
        if stream.body is not None:
            stream.body.discard()
        self._active_at = self.state.now
        self._close_when_idle()

    # What the server calls.

    def shut_down(self) -> None:
        """Tells the client that no further stream will be answered, and closes when the last one is."""
        if not self._is_going_away and self._transport is not None:
            self._is_going_away = True
            # Not through the codec, which would refuse to go on with the open streams.
            last = self._codec.highest_inbound_stream_id
            self._transport.write(GoAwayFrame(0, last_stream_id=last, error_code=0).serialize())
        self._close_when_idle()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def check_timeouts(self, now: float) -> None:
        limits = self.state.limits
        if not self._has_asked and now - self._made_at >= limits.head_timeout_s:
            self._close()
        elif not self._streams and now - self._active_at >= limits.idle_timeout_s:
            self.shut_down()
        for stream in list(self._streams.values()):
            if stream.waits_since is not None and now - stream.waits_since >= limits.write_timeout_s:
                self.reset(stream.id, ErrorCodes.CANCEL)
                stream.client_left("the client opened no window")
            elif stream.body is not None and stream.body.is_awaited and now - stream.heard_at >= limits.body_timeout_s:
                stream.body.fail(BodyTimedOut())
        self._check_unsent(now)

    # Steps.

    def _check_unsent(self, now: float) -> None:
        """Cuts a client that takes nothing of what is written."""
        if not self._gate.is_closed:
            self._gate_open_at = now
        elif now - self._gate_open_at >= self.state.limits.write_timeout_s:
            self.abort()

    def _send_continue(self, stream_id: int) -> None:
        self._heard(stream_id)
        self.send_headers(stream_id, [(b":status", b"100")], end_stream=False)

    def _body_taken(self, stream_id: int, length: int) -> None:
        self._heard(stream_id)
        self._acknowledge(stream_id, length)
        self._flush()

    def _heard(self, stream_id: int) -> None:
        """The time for the next piece of the stream's body starts anew."""
        if stream_id in self._streams:
            self._streams[stream_id].heard_at = self.state.now

    def _acknowledge(self, stream_id: int, length: int) -> None:
        if length > 0:
            self._do(self._codec.acknowledge_received_data, length, stream_id)

    def _do(self, action: Any, *arguments: Any, **options: Any) -> None:
        """Does it unless the stream or connection has ended meanwhile, and sends what comes of it."""
        try:
            action(*arguments, **options)
        except ProtocolError as error:
            log.debug("HTTP/2: %s", error)
        self._flush()

    def _flush(self) -> None:
        outgoing = self._codec.data_to_send()
        if outgoing and self._transport is not None:
            self._transport.write(outgoing)

    def _close_when_idle(self) -> None:
        if self._is_going_away and not self._streams:
            self._close()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _id(event: Any) -> int:
    return int(event.stream_id)


def _new_codec(state: ServerState) -> H2Connection:
    limits = state.limits
    codec = H2Connection(H2Configuration(client_side=False, header_encoding=None))
    codec.local_settings = Settings(
        client=False,
        initial_values={
            SettingCodes.MAX_CONCURRENT_STREAMS: limits.streams_max,
            SettingCodes.INITIAL_WINDOW_SIZE: limits.body_buffer_bytes,
            SettingCodes.MAX_HEADER_LIST_SIZE: limits.head_max_bytes + limits.target_max_bytes,
            SettingCodes.ENABLE_PUSH: 0,
        },
    )
    codec.decoder.max_header_list_size = 2 * (limits.head_max_bytes + limits.target_max_bytes)
    return codec
