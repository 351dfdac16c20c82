"""HTTP/2 behind TLS: answers, flow control in both directions, and what a hostile client may not make us do."""

from __future__ import annotations

import asyncio
import json
import ssl

import h2.connection
import h2.events
import hyperframe.frame
import pytest
import trustme
from h2.config import H2Configuration
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from calotype.http.message import Headers, Request, Response
from calotype.serve.limits import Limits
from calotype.serve.tls import CertificateFiles, Certificates

HEAD = [(":method", "GET"), (":scheme", "https"), (":authority", "a.test"), (":path", "/")]
PUT = [(":method", "PUT"), (":scheme", "https"), (":authority", "a.test"), (":path", "/p")]


class Http2Client:
    """One connection through the codec's client side; it acknowledges data only when told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, speaks_first: bool) -> None:
        self.reader = reader
        self.writer = writer
        self.codec = h2.connection.H2Connection(
            H2Configuration(client_side=True, header_encoding="latin-1", validate_outbound_headers=False)
        )
        self.events: list[h2.events.Event] = []
        if speaks_first:
            self.codec.initiate_connection()
            self.flush()

    def flush(self) -> None:
        self.writer.write(self.codec.data_to_send())

    def ask(self, header_list, body: bytes | None = None) -> int:
        stream_id = self.codec.get_next_available_stream_id()
        self.codec.send_headers(stream_id, header_list, end_stream=body is None)
        if body is not None:
            self.codec.send_data(stream_id, body, end_stream=True)
        self.flush()
        return stream_id

    async def until(self, kind, stream_id: int | None = None, *, acknowledge: bool = True, timeout_s: float = 5.0):
        """The next event of this kind, every event before it kept in `events`."""
        async with asyncio.timeout(timeout_s):
            while True:
                for event in self.events:
                    if isinstance(event, kind) and stream_id in (None, getattr(event, "stream_id", None)):
                        self.events.remove(event)
                        return event
                received = await self.reader.read(65536)
                if not received:
                    raise ConnectionError("closed")
                events = self.codec.receive_data(received)
                for event in events:
                    if isinstance(event, h2.events.DataReceived) and acknowledge:
                        self.codec.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                self.events += events
                self.flush()

    async def answer(self, stream_id: int, *, acknowledge: bool = True) -> tuple[dict[str, str], bytes]:
        """(fields, body) of the stream's response."""
        response = await self.until(h2.events.ResponseReceived, stream_id, acknowledge=acknowledge)
        await self.until(h2.events.StreamEnded, stream_id, acknowledge=acknowledge)
        data = [
            event for event in self.events if isinstance(event, h2.events.DataReceived) and event.stream_id == stream_id
        ]
        for event in data:
            self.events.remove(event)
        return dict(response.headers), b"".join(event.data for event in data)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificates(authority, tmp_path) -> Certificates:
    issued = authority.issue_cert("a.test")
    path = tmp_path / "a.pem"
    path.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    return Certificates([CertificateFiles(path, path)])


@pytest.fixture
async def open_h2(start, connect, certificates, authority):
    """Starts a server and connects to it: `server, client = await open_h2(handler, limits=…)`."""

    async def open_one(handler=None, *, speaks_first=True, **options):
        server = await start(handler, ssl=certificates, **options)
        trust = ssl.create_default_context()
        authority.configure_trust(trust)
        trust.set_alpn_protocols(["h2"])
        raw = await connect(server, ssl=trust, server_hostname="a.test")
        return server, Http2Client(raw.reader, raw.writer, speaks_first=speaks_first)

    return open_one


def gate_handler(make_handler):
    """A handler that waits for its `go_on` and says which requests were cancelled."""
    go_on, cancelled = asyncio.Event(), []

    async def handle(request: Request) -> Response:
        try:
            await go_on.wait()
        except asyncio.CancelledError:
            cancelled.append(request.target)
            raise
        return Response(200, body=b"done")

    handler = make_handler(handle)
    handler.go_on, handler.cancelled = go_on, cancelled
    return handler


async def test_a_request_is_understood_as_over_http_1_1(open_h2):
    _, client = await open_h2()
    fields = [*HEAD[:3], (":path", "/x?y"), ("x", "1"), ("cookie", "a=b"), ("cookie", "c=d")]
    answered, body = await client.answer(client.ask(fields))
    seen = json.loads(body)
    assert answered[":status"] == "200"
    assert answered["content-length"] == str(len(body))
    assert "date" in answered
    assert (seen["method"], seen["target"], seen["version"], seen["content_length"]) == ("GET", "/x?y", "2", 0)
    assert seen["headers"] == [["host", "a.test"], ["x", "1"], ["cookie", "a=b; c=d"]]


@pytest.mark.parametrize(
    ("header_list", "status"),
    [
        ([(":method", "FOO"), *HEAD[1:]], "501"),
        ([(":method", "get"), *HEAD[1:]], "501"),
        ([*HEAD[:3], (":path", "*")], "400"),
        ([*HEAD[:3], (":path", "x")], "400"),
        ([*HEAD[:3], (":path", "/a#b")], "400"),
        ([*HEAD[:3], (":path", "/a b")], "400"),
        ([*HEAD[:3], (":path", "/\xe9")], "400"),
        ([*HEAD[:2], (":authority", "a/b"), HEAD[3]], "400"),
        ([*HEAD, ("expect", "a-miracle")], "417"),
        ([*HEAD[:3], (":path", "/" + "a" * 20_000)], "414"),
        ([*HEAD, *[(f"x-{n}", "y") for n in range(200)]], "431"),
        ([*HEAD, ("x", "y" * 66_000)], "431"),
    ],
)
async def test_a_refused_request_ends_its_stream_and_not_the_connection(open_h2, header_list, status):
    _, client = await open_h2()
    stream_id = client.ask(header_list)
    assert (await client.answer(stream_id))[0][":status"] == status
    assert (await client.answer(client.ask(HEAD)))[0][":status"] == "200"


@pytest.mark.parametrize(
    "header_list",
    [
        [*HEAD, ("connection", "close")],
        [*HEAD, ("transfer-encoding", "chunked")],
        [*HEAD, ("X", "y")],
        [*HEAD, ("x", "a\r\nb: c")],
        [*HEAD, ("x", "a\0b")],
        [*HEAD, ("host", "b.test")],
        [*HEAD, (":path", "/second")],
        HEAD[:3],
    ],
)
async def test_what_the_protocol_forbids_ends_the_connection(open_h2, make_handler, header_list):
    handler = make_handler()
    _, client = await open_h2(handler)
    client.codec.config.normalize_outbound_headers = False
    client.ask(header_list)
    await client.until((h2.events.ConnectionTerminated, h2.events.StreamReset))
    assert handler.asked == []


@pytest.mark.parametrize(
    ("method", "response", "status", "length", "body"),
    [
        ("GET", Response(200, body=b"abc"), "200", "3", b"abc"),
        ("GET", Response(200), "200", "0", b""),
        ("HEAD", Response(200, Headers([("content-length", "9")])), "200", "9", b""),
        ("HEAD", Response(200, body=b"abc"), "200", "3", b""),
        ("GET", Response(204, body=b"x"), "204", None, b""),
        ("GET", Response(304, Headers([("content-length", "9")])), "304", "9", b""),
        ("GET", Response(200, Headers([("connection", "close"), ("transfer-encoding", "x")]), b"a"), "200", "1", b"a"),
        ("GET", Response(200, Headers([("x", "a\r\nb: c")])), "500", None, None),
        ("GET", Response(200, Headers([("content-length", "5")]), b"abc"), "500", None, None),
    ],
)
async def test_each_response_is_framed_once(open_h2, make_handler, method, response, status, length, body):
    async def handle(request: Request) -> Response:
        return response

    _, client = await open_h2(make_handler(handle))
    answered, received = await client.answer(client.ask([(":method", method), *HEAD[1:]]))
    assert answered[":status"] == status
    assert {"connection", "transfer-encoding", "b"}.isdisjoint(answered)
    if body is not None:
        assert (answered.get("content-length"), received) == (length, body)


async def test_streams_are_answered_side_by_side(open_h2, make_handler):
    first = asyncio.Event()

    async def handle(request: Request) -> Response:
        if request.target == "/first":
            await first.wait()
        return Response(200, body=request.target.encode())

    _, client = await open_h2(make_handler(handle))
    slow = client.ask([*HEAD[:3], (":path", "/first")])
    assert (await client.answer(client.ask([*HEAD[:3], (":path", "/second")])))[1] == b"/second"
    first.set()
    assert (await client.answer(slow))[1] == b"/first"


async def test_large_bodies_go_both_ways(open_h2, make_handler):
    async def echo(request: Request) -> Response:
        async def pieces():
            async for piece in request.body:
                yield piece

        return Response(200, Headers(), pieces())

    _, client = await open_h2(make_handler(echo))
    size, sent = 3_000_000, 0
    stream_id = client.codec.get_next_available_stream_id()
    client.codec.send_headers(stream_id, PUT)
    while sent < size:
        window = min(client.codec.local_flow_control_window(stream_id), 16_384, size - sent)
        if window:
            client.codec.send_data(stream_id, b"x" * window)
            client.flush()
            sent += window
        else:
            await client.until(h2.events.WindowUpdated)
    client.codec.end_stream(stream_id)
    client.flush()
    assert (await client.answer(stream_id))[1] == b"x" * size


async def test_a_client_that_opens_no_window_stops_the_stream(open_h2, make_handler):
    produced = 0

    async def endless():
        nonlocal produced
        for _ in range(100):
            produced += 100_000
            yield b"x" * 100_000

    async def handle(request: Request) -> Response:
        return Response(200, Headers(), endless())

    _, client = await open_h2(make_handler(handle))
    stream_id = client.ask(HEAD)
    await client.until(h2.events.DataReceived, stream_id, acknowledge=False)
    await asyncio.sleep(0.1)
    assert produced <= 200_000
    client.codec.increment_flow_control_window(20_000_000)
    client.codec.increment_flow_control_window(20_000_000, stream_id)
    client.flush()
    await client.until(h2.events.StreamEnded, stream_id)
    assert produced == 10_000_000


async def test_a_window_that_never_opens_ends_the_stream_in_time(open_h2, make_handler):
    closed = asyncio.Event()

    async def endless():
        try:
            while True:
                yield b"x" * 100_000
        finally:
            closed.set()

    async def handle(request: Request) -> Response:
        return Response(200, Headers(), endless()) if request.target == "/" else Response(200)

    server, client = await open_h2(make_handler(handle), limits=Limits(write_timeout_s=0.2))
    client.ask(HEAD)
    await client.until(h2.events.StreamReset, acknowledge=False)
    await asyncio.wait_for(closed.wait(), 2)
    await asyncio.sleep(0.01)
    assert server.requests_in_flight == 0
    assert (await client.answer(client.ask([*HEAD[:3], (":path", "/2")])))[0][":status"] == "200"


async def test_a_slow_reader_of_the_body_closes_the_window(open_h2, make_handler):
    handler = gate_handler(make_handler)
    server, client = await open_h2(handler, limits=Limits(body_buffer_bytes=100_000))
    stream_id = client.codec.get_next_available_stream_id()
    await client.until(h2.events.RemoteSettingsChanged)
    client.codec.send_headers(stream_id, PUT)
    while window := min(client.codec.local_flow_control_window(stream_id), 16_384):
        client.codec.send_data(stream_id, b"x" * window)
    client.flush()
    await asyncio.sleep(0.1)
    assert server._state.bytes_in_flight == 100_000
    handler.go_on.set()
    await client.until(h2.events.StreamReset, stream_id)
    assert server._state.bytes_in_flight == 0


async def test_an_answer_before_the_whole_body_tells_the_client_to_stop(open_h2, make_handler):
    async def refuse(request: Request) -> Response:
        return Response(403, body=b"no")

    _, client = await open_h2(make_handler(refuse))
    stream_id = client.codec.get_next_available_stream_id()
    client.codec.send_headers(stream_id, PUT)
    client.flush()
    assert (await client.until(h2.events.ResponseReceived, stream_id)).headers[0] == (":status", "403")
    assert (await client.until(h2.events.StreamReset, stream_id)).error_code == ErrorCodes.NO_ERROR


async def test_continue_and_other_interim_responses_are_sent(open_h2, make_handler):
    async def handle(request: Request) -> Response:
        request.send_interim(103, Headers([("link", "</a>")]))
        return Response(200, body=b"".join([piece async for piece in request.body]))

    _, client = await open_h2(make_handler(handle))
    stream_id = client.codec.get_next_available_stream_id()
    client.codec.send_headers(stream_id, [*PUT, ("expect", "100-continue")])
    client.flush()
    hint = await client.until(h2.events.InformationalResponseReceived, stream_id)
    assert hint.headers == [(":status", "103"), ("link", "</a>")]
    assert (await client.until(h2.events.InformationalResponseReceived, stream_id)).headers == [(":status", "100")]
    client.codec.send_data(stream_id, b"abc", end_stream=True)
    client.flush()
    assert (await client.answer(stream_id))[1] == b"abc"


async def test_a_body_beyond_its_limit_is_413(open_h2):
    _, client = await open_h2(limits=Limits(body_max_bytes=5))
    declared = client.ask([*PUT, ("content-length", "6")], b"abcdef")
    assert (await client.until(h2.events.ResponseReceived, declared)).headers[0] == (":status", "413")
    undeclared = client.ask(PUT, b"abcdef")
    assert (await client.until(h2.events.ResponseReceived, undeclared)).headers[0] == (":status", "413")


async def test_a_body_that_stops_is_408(open_h2):
    _, client = await open_h2(limits=Limits(body_timeout_s=0.1))
    client.codec.send_headers(1, PUT)
    client.codec.send_data(1, b"abc")
    client.flush()
    assert (await client.until(h2.events.ResponseReceived, 1)).headers[0] == (":status", "408")


@pytest.mark.parametrize("length", ["9", "2", None])
async def test_a_response_body_that_breaks_off_resets_the_stream(open_h2, make_handler, length, caplog):
    async def broken():
        yield b"abc"
        if length is None:
            raise RuntimeError("broken")

    async def handle(request: Request) -> Response:
        return Response(200, Headers([("content-length", length)] if length else []), broken())

    _, client = await open_h2(make_handler(handle))
    reset = await client.until(h2.events.StreamReset, client.ask(HEAD))
    assert reset.error_code == ErrorCodes.INTERNAL_ERROR
    assert "broke off" in caplog.text


async def test_a_reset_stream_cancels_its_handler(open_h2, make_handler):
    handler = gate_handler(make_handler)
    server, client = await open_h2(handler)
    stream_id = client.ask(HEAD)
    other = client.ask([*HEAD[:3], (":path", "/other")])
    await asyncio.sleep(0.02)
    client.codec.reset_stream(stream_id, ErrorCodes.CANCEL)
    client.flush()
    await asyncio.sleep(0.02)
    assert handler.cancelled == ["/"]
    assert server.requests_in_flight == 1
    handler.go_on.set()
    assert (await client.answer(other))[1] == b"done"


async def test_a_client_that_leaves_cancels_every_handler(open_h2, make_handler):
    handler = gate_handler(make_handler)
    server, client = await open_h2(handler)
    for _ in range(3):
        client.ask(HEAD)
    await asyncio.sleep(0.02)
    client.writer.transport.abort()
    await asyncio.sleep(0.02)
    assert handler.cancelled == ["/"] * 3
    assert (server.connection_count, server.requests_in_flight) == (0, 0)


# Hostile clients


async def terminated(client: Http2Client) -> ErrorCodes:
    return (await client.until(h2.events.ConnectionTerminated)).error_code


async def test_rapid_resets_end_the_connection(open_h2, make_handler):
    server, client = await open_h2(gate_handler(make_handler), limits=Limits(resets_max=50))
    for _ in range(60):
        stream_id = client.ask(HEAD)
        client.codec.reset_stream(stream_id, ErrorCodes.CANCEL)
        client.flush()
    assert await terminated(client) == ErrorCodes.ENHANCE_YOUR_CALM
    await asyncio.sleep(0.02)
    assert server.requests_in_flight == 0


async def test_more_streams_than_allowed_end_the_connection(open_h2, make_handler):
    server, client = await open_h2(gate_handler(make_handler), limits=Limits(streams_max=10))
    await client.until(h2.events.RemoteSettingsChanged)
    client.codec.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 1000
    client.codec.remote_settings.acknowledge()
    for _ in range(11):
        client.ask(HEAD)
    await client.until((h2.events.ConnectionTerminated, h2.events.StreamReset))
    assert server.requests_in_flight <= 10


async def test_endless_continuation_frames_end_the_connection(open_h2):
    _, client = await open_h2()
    client.writer.write(hyperframe.frame.HeadersFrame(1, b"\x82").serialize())
    for _ in range(100):
        client.writer.write(hyperframe.frame.ContinuationFrame(1, b"\x00\x01a\x01b").serialize())
    await terminated(client)


async def test_a_header_list_that_unpacks_to_more_than_the_limit_ends_the_connection(open_h2):
    _, client = await open_h2()
    client.codec.send_headers(1, [*HEAD, *[("x", "y" * 4000)] * 100], end_stream=True)
    client.flush()
    await terminated(client)


@pytest.mark.parametrize(
    "frame",
    [
        hyperframe.frame.PingFrame(0, b"12345678").serialize(),
        hyperframe.frame.SettingsFrame(0, {4: 65_535}).serialize(),
        hyperframe.frame.PriorityFrame(1, depends_on=0, stream_weight=1).serialize(),
        hyperframe.frame.WindowUpdateFrame(0, window_increment=1).serialize(),
        b"\x00\x00\x00\xf0\x00\x00\x00\x00\x00",  # of an unknown type
    ],
    ids=["ping", "settings", "priority", "window update", "unknown"],
)
async def test_a_flood_of_frames_without_requests_ends_the_connection(open_h2, frame):
    _, client = await open_h2(limits=Limits(idle_frames_max=100))
    client.writer.write(frame * 200)
    assert await terminated(client) == ErrorCodes.ENHANCE_YOUR_CALM


async def test_a_flood_of_empty_data_frames_ends_the_connection(open_h2, make_handler):
    _, client = await open_h2(gate_handler(make_handler), limits=Limits(idle_frames_max=100))
    client.codec.send_headers(1, PUT)
    client.flush()
    client.writer.write(hyperframe.frame.DataFrame(1, b"").serialize() * 200)
    assert await terminated(client) == ErrorCodes.ENHANCE_YOUR_CALM


async def test_opening_windows_while_taking_much_data_is_no_flood(open_h2, make_handler):
    async def large(request: Request) -> Response:
        return Response(200, body=b"x" * 10_000_000)

    _, client = await open_h2(make_handler(large), limits=Limits(idle_frames_max=100))
    assert len((await client.answer(client.ask(HEAD)))[1]) == 10_000_000


async def test_a_client_that_takes_nothing_is_cut_in_time(open_h2, make_handler):
    async def large(request: Request) -> Response:
        return Response(200, body=b"x" * 30_000_000)

    server, client = await open_h2(make_handler(large), limits=Limits(write_timeout_s=0.3))
    client.codec.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 40_000_000})
    client.codec.increment_flow_control_window(40_000_000)
    client.ask(HEAD)
    client.writer.transport.pause_reading()
    await asyncio.sleep(1.2)
    assert (server.connection_count, server.requests_in_flight) == (0, 0)


@pytest.mark.parametrize("limit", ["head_timeout_s", "idle_timeout_s"])
async def test_a_connection_without_requests_is_closed_in_time(open_h2, limit):
    server, client = await open_h2(limits=Limits(**{limit: 0.1}))
    if limit == "idle_timeout_s":
        await client.answer(client.ask(HEAD))
    await asyncio.sleep(0.4)
    assert server.connection_count == 0


async def test_a_connection_too_many_is_closed(open_h2, connect):
    server, client = await open_h2(limits=Limits(connections_max=0))
    with pytest.raises(ConnectionError):
        await client.answer(client.ask(HEAD))
    assert server.connection_count == 0


async def test_garbage_instead_of_the_preface_ends_the_connection(open_h2):
    server, client = await open_h2(speaks_first=False)
    client.writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await asyncio.sleep(0.05)
    assert server.connection_count == 0


async def test_a_frame_without_end_is_not_buffered_for_ever(open_h2):
    server, client = await open_h2()
    client.writer.write(b"\xff\xff\xff\x00\x00\x00\x00\x00\x01")
    for _ in range(60):
        client.writer.write(b"x" * 100_000)
        await asyncio.sleep(0)
    assert await terminated(client) == ErrorCodes.ENHANCE_YOUR_CALM
    assert server.connection_count == 0


async def test_a_drain_says_goaway_and_finishes_the_open_streams(open_h2, make_handler):
    handler = gate_handler(make_handler)
    server, client = await open_h2(handler)
    stream_id = client.ask(HEAD)
    await asyncio.sleep(0.02)
    draining = asyncio.create_task(server.drain(5))
    assert await terminated(client) == ErrorCodes.NO_ERROR
    handler.go_on.set()
    client.codec.state_machine.state = h2.connection.ConnectionState.CLIENT_OPEN
    assert (await client.answer(stream_id))[1] == b"done"
    await asyncio.wait_for(draining, 2)
