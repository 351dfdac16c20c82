"""HTTP/2 behind TLS: answers, flow control in both directions, and what a hostile client may not make us do."""

from __future__ import annotations

import asyncio
import json

import h2.connection
import h2.events
import pytest
from h2.errors import ErrorCodes

from calotype.http.message import Headers, Request, Response
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


async def test_an_expectation_that_nobody_knows_is_passed_over(open_h2):
    _, client = await open_h2()
    assert (await client.answer(client.ask([*HEAD, ("expect", "a-miracle")])))[0][":status"] == "200"


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
