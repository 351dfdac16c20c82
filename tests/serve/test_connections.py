"""Clients that are slow, leave, half-close or are too many; and the drain."""

from __future__ import annotations

import asyncio
import socket

import pytest

from calotype.http.message import Headers, Request, Response
from calotype.serve.errors import AddressInUse
from calotype.serve.limits import Limits
from calotype.serve.listener import bind, bind_unix, parse_address
from calotype.serve.server import Server

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Waiting:
    """A handle function that waits for `go_on` and tells how it ended."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self, request: Request) -> Response:
        self.began.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.ended.set_result("cancelled")
            raise
        return Response(200, body=b"done")


def reset(client) -> None:
    """Closes the connection so that the server gets a reset."""
    sock = client.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.writer.transport.abort()


async def test_a_client_that_leaves_cancels_its_handler(start, connect, make_handler):
    waiting = Waiting()
    server = await start(make_handler(waiting))
    client = await connect(server)
    await client.send(GET)
    await waiting.began.wait()
    reset(client)
    assert await asyncio.wait_for(waiting.ended, 2) == "cancelled"
    await asyncio.sleep(0.01)
    assert (server.connection_count, server.requests_in_flight) == (0, 0)


async def test_a_client_that_leaves_closes_the_stream_it_was_sent(start, connect, make_handler):
    closed = asyncio.Event()

    async def endless():
        try:
            while True:
                yield b"x" * 10_000
                await asyncio.sleep(0.001)
        finally:
            closed.set()

    async def handle(request: Request) -> Response:
        return Response(200, Headers(), endless())

    client = await connect(await start(make_handler(handle)))
    await client.send(GET)
    await client.head()
    reset(client)
    await asyncio.wait_for(closed.wait(), 2)


async def test_a_client_that_leaves_within_its_body_is_an_error_to_the_reader(start, connect, make_handler):
    outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def reading(request: Request) -> Response:
        received = b""
        try:
            async for piece in request.body:
                received += piece
        except BaseException as error:
            outcome.set_result(f"{type(error).__name__} after {received.decode()}")
            raise
        return Response(200)

    client = await connect(await start(make_handler(reading)))
    await client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
    await asyncio.sleep(0.02)
    client.writer.write_eof()
    assert await asyncio.wait_for(outcome, 2) == "ClientLeft after abc"
    assert await client.is_closed()


async def test_a_half_closed_client_still_gets_its_answers(start, connect, make_handler):
    waiting = Waiting()
    client = await connect(await start(make_handler(waiting)))
    await client.send(GET + GET)
    client.writer.write_eof()
    await asyncio.sleep(0.02)
    waiting.go_on.set()
    answer = await client.rest()
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.count(b"connection: close") == 1


@pytest.mark.parametrize("raw", [b"", b"GET / HT", GET[:-2]])
async def test_a_client_that_half_closes_without_a_request_is_let_go(start, connect, raw):
    client = await connect(await start())
    await client.send(raw)
    client.writer.write_eof()
    assert await client.is_closed()


async def test_a_client_that_sends_nothing_is_closed_in_time(start, connect):
    client = await connect(await start(limits=Limits(head_timeout_s=0.1)))
    assert await client.is_closed(2)


async def test_a_head_that_does_not_end_in_time_is_408(start, connect):
    client = await connect(await start(limits=Limits(head_timeout_s=0.15)))
    for byte in GET[:20]:
        client.writer.write(bytes((byte,)))
        await asyncio.sleep(0.02)
    assert (await client.rest(2)).startswith(b"HTTP/1.1 408")


async def test_a_later_head_has_its_own_time(start, connect):
    client = await connect(await start(limits=Limits(head_timeout_s=0.2)))
    await client.send(GET)
    await client.answer()
    await asyncio.sleep(0.4)
    await client.send(GET)
    await client.answer()
    await client.send(GET[:10])
    assert (await client.rest(2)).startswith(b"HTTP/1.1 408")


async def test_a_body_that_stops_is_408(start, connect):
    client = await connect(await start(limits=Limits(body_timeout_s=0.1)))
    await client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
    assert (await client.rest(2)).startswith(b"HTTP/1.1 408")


async def test_a_body_that_trickles_is_not_cut(start, connect):
    client = await connect(await start(limits=Limits(body_timeout_s=0.6)))
    await client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
    for _ in range(9):
        await asyncio.sleep(0.1)
        await client.send(b"x")
    assert (await client.head()).startswith(b"HTTP/1.1 200")


async def test_a_handler_that_takes_its_time_with_the_body_is_not_the_clients_fault(start, connect, make_handler):
    async def slow(request: Request) -> Response:
        received = 0
        async for piece in request.body:
            received += len(piece)
            await asyncio.sleep(0.3)
        return Response(200, body=str(received).encode())

    client = await connect(await start(make_handler(slow), limits=Limits(body_timeout_s=0.1, body_buffer_bytes=10)))
    await client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n" + b"x" * 10)
    await asyncio.sleep(0.01)
    await client.send(b"x" * 10)
    assert (await client.answer())[1] == b"20"


async def test_an_idle_connection_is_closed_only_after_its_time(start, connect):
    client = await connect(await start(limits=Limits(idle_timeout_s=0.4)))
    await client.send(GET)
    await client.answer()
    with pytest.raises(TimeoutError):
        await client.rest(0.2)
    assert await client.is_closed(2)


def test_idle_connections_stay_open_well_over_five_seconds() -> None:
    assert Limits().idle_timeout_s == 400


async def test_a_client_that_takes_nothing_of_its_answer_is_cut(start, connect, make_handler):
    async def large(request: Request) -> Response:
        return Response(200, body=b"x" * 50_000_000)

    server = await start(make_handler(large), limits=Limits(write_timeout_s=0.2))
    client = await connect(server)
    client.writer.transport.pause_reading()
    await client.send(GET)
    await asyncio.sleep(1)
    assert (server.connection_count, server.requests_in_flight) == (0, 0)


async def test_a_client_that_reads_slowly_is_not_cut(start, connect, make_handler):
    async def large(request: Request) -> Response:
        return Response(200, body=b"x" * 20_000_000)

    client = await connect(await start(make_handler(large), limits=Limits(write_timeout_s=0.6)))
    await client.send(GET)
    head = await client.head()
    received = 0
    for _ in range(12):
        received += len(await client.reader.readexactly(1_000_000))
        await asyncio.sleep(0.06)
    received += len(await client.reader.readexactly(8_000_000))
    assert (head[:12], received) == (b"HTTP/1.1 200", 20_000_000)


async def test_a_lingering_client_is_cut_in_time(start, connect):
    server = await start(limits=Limits(linger_timeout_s=0.2))
    client = await connect(server)
    await client.send(b"nonsense\r\n\r\n")
    assert (await client.rest()).startswith(b"HTTP/1.1 501")
    assert server.connection_count == 1
    async with asyncio.timeout(2):
        while server.connection_count:
            client.writer.write(b"more")
            await asyncio.sleep(0.02)


async def test_a_connection_too_many_is_answered_503(start, connect):
    server = await start(limits=Limits(connections_max=2))
    clients = [await connect(server) for _ in range(2)]
    for client in clients:
        await client.send(GET)
        await client.answer()
    extra = await connect(server)
    assert (await extra.rest()).startswith(b"HTTP/1.1 503")
    clients[0].close()
    await asyncio.sleep(0.02)
    again = await connect(server)
    await again.send(GET)
    assert (await again.head()).startswith(b"HTTP/1.1 200")


async def test_a_request_too_many_is_answered_503_and_the_connection_goes_on(start, connect, make_handler):
    waiting = Waiting()
    server = await start(make_handler(waiting), limits=Limits(requests_in_flight_max=1))
    first, second = await connect(server), await connect(server)
    await first.send(GET)
    await waiting.began.wait()
    await second.send(GET)
    head, _ = await second.answer()
    assert head.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 1" in head
    waiting.go_on.set()
    assert (await first.answer())[1] == b"done"
    await second.send(GET)
    assert (await second.answer())[1] == b"done"


# The drain


async def test_a_drain_lets_running_requests_finish_and_closes_idle_connections(start, connect, make_handler):
    waiting = Waiting()
    server = await start(make_handler(waiting))
    idle, busy = await connect(server), await connect(server)
    await busy.send(GET)
    await waiting.began.wait()
    draining = asyncio.create_task(server.drain(5))
    assert await idle.is_closed()
    with pytest.raises(OSError):
        await connect(server)
    assert not draining.done()
    waiting.go_on.set()
    answer = await busy.rest()
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer
    await asyncio.wait_for(draining, 2)


async def test_a_drain_answers_what_was_already_sent(start, connect, make_handler):
    waiting = Waiting()
    server = await start(make_handler(waiting))
    client = await connect(server)
    await client.send(GET * 3)
    await waiting.began.wait()
    draining = asyncio.create_task(server.drain(5))
    await asyncio.sleep(0.01)
    waiting.go_on.set()
    answer = await client.rest()
    assert answer.count(b"HTTP/1.1 200") == 3
    assert answer.count(b"connection: close") == 1
    await asyncio.wait_for(draining, 2)


async def test_a_drain_lets_an_upload_finish(start, connect):
    server = await start()
    client = await connect(server)
    await client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
    await asyncio.sleep(0.01)
    draining = asyncio.create_task(server.drain(5))
    await asyncio.sleep(0.01)
    await client.send(b"def")
    answer = await client.rest()
    assert b'"body": "abcdef"' in answer
    await asyncio.wait_for(draining, 2)


async def test_a_drain_cuts_what_is_left_at_its_deadline(start, connect, make_handler):
    waiting = Waiting()
    server = await start(make_handler(waiting))
    client = await connect(server)
    await client.send(GET)
    await waiting.began.wait()
    await asyncio.wait_for(server.drain(0.1), 2)
    assert waiting.ended.result() == "cancelled"
    assert await client.is_closed()
    assert (server.connection_count, server.requests_in_flight) == (0, 0)


# Listeners


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        ("[::1]:80", ("::1", 80)),
        (":80", ("", 80)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_an_address_is_a_host_and_a_port(text, expected):
    assert parse_address(text) == expected


@pytest.mark.parametrize("text", ["", "80", "localhost", "a:b", "a:70000", "::1:80", "a:-1", "a:٨"])
def test_what_is_no_address_is_an_error_that_says_what_is(text):
    with pytest.raises(ValueError, match=r"HOST:PORT|brackets"):
        parse_address(text)


def test_an_address_in_use_is_said_with_the_address() -> None:
    with bind("127.0.0.1:0") as first:
        address = f"127.0.0.1:{first.getsockname()[1]}"
        with pytest.raises(AddressInUse, match=address):
            bind(address)


def test_several_processes_may_share_a_port_when_all_say_so() -> None:
    with bind("127.0.0.1:0", reuse_port=True) as first:
        bind(f"127.0.0.1:{first.getsockname()[1]}", reuse_port=True).close()


def test_a_dead_unix_socket_is_replaced_and_a_living_one_is_not(tmp_path) -> None:
    path = tmp_path / "s.sock"
    bind_unix(path).close()
    with bind_unix(path) as living:
        assert (path.stat().st_mode & 0o777) == 0o600
        assert living.family == socket.AF_UNIX
        with pytest.raises(AddressInUse):
            bind_unix(path)


def test_a_file_in_the_way_of_a_unix_socket_is_left_alone(tmp_path) -> None:
    path = tmp_path / "precious"
    path.write_text("x")
    with pytest.raises(AddressInUse, match="in the way"):
        bind_unix(path)
    assert path.read_text() == "x"


async def test_one_server_may_listen_on_several_addresses(connect, make_handler, tmp_path):
    server = Server(make_handler())
    await server.start("127.0.0.1:0")
    await server.start(bind_unix(tmp_path / "s.sock"))
    client = await connect(server)
    await client.send(GET)
    assert (await client.head()).startswith(b"HTTP/1.1 200")
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s.sock"))
    writer.write(GET)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    writer.close()
    await server.close()
