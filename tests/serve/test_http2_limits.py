"""What a hostile HTTP/2 client may not make us do, and the drain."""

from __future__ import annotations

import asyncio

import h2.connection
import h2.events
import hyperframe.frame
import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from calotype.http.message import Request, Response
from calotype.serve.limits import Limits

HEAD = [(":method", "GET"), (":scheme", "https"), (":authority", "a.test"), (":path", "/")]
PUT = [(":method", "PUT"), (":scheme", "https"), (":authority", "a.test"), (":path", "/p")]


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


async def terminated(client) -> ErrorCodes:
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
