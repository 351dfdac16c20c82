"""The client's requests, connections and timeouts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from calotype.http.message import Request, Response, read_body
from calotype.serve.client import Address, Client, ClientLimits, Timeouts
from calotype.serve.errors import (
    ClientLeft,
    ConnectFailed,
    IncompleteBody,
    OriginClosed,
    ReadTimeout,
)
from calotype.serve.listener import bind_unix
from calotype.serve.server import Server


def get(target: str = "/", *fields: tuple[str, str]) -> Request:
    return Request.of("GET", target, [("host", "a"), *fields])


async def body_of(response: Response) -> bytes:
    return await read_body(response.body, 10_000_000)


async def test_a_connection_is_used_again(origin, client):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
    address, script = await origin(*[answer] * 3, keeps_open=True)
    for _ in range(3):
        await body_of(await client.fetch(address, get()))
    assert script.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
    ],
)
async def test_a_connection_that_says_close_is_not_used_again(origin, client, answer):
    address, script = await origin(answer, keeps_open=True)
    for _ in range(2):
        await body_of(await client.fetch(address, get()))
    assert script.connections == 2


async def test_a_request_on_a_dead_kept_connection_is_not_repeated_and_says_that_it_was_reused(scripted, client):
    requests = 0

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        await reader.readuntil(b"\r\n\r\n")
        requests += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        requests += 1

    address = await scripted(respond)
    await body_of(await client.fetch(address, get()))
    with pytest.raises(OriginClosed) as raised:
        await client.fetch(address, get())
    assert raised.value.reused
    assert requests == 2


async def test_a_fresh_connection_that_closes_without_an_answer_is_origin_closed(origin, client):
    address, _ = await origin(b"")
    with pytest.raises(OriginClosed) as raised:
        await client.fetch(address, get())
    assert not raised.value.reused


async def test_the_request_goes_out_as_it_was_given(origin, client):
    address, script = await origin(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    request = get("/a%2fb//c?x=%zz", ("x-a", "1"), ("x-b", "caf\xe9"), ("x-a", "2"), ("connection", "x"))
    await body_of(await client.fetch(address, request))
    assert script.seen == [
        b"GET /a%2fb//c?x=%zz HTTP/1.1\r\nhost: a\r\nx-a: 1\r\nx-b: caf\xe9\r\nx-a: 2\r\nconnection: x\r\n\r\n"
    ]


async def test_a_request_without_host_gets_the_one_of_the_address(origin, client):
    address, script = await origin(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    await body_of(await client.fetch(address, Request.of("GET", "/")))
    assert script.seen == [f"GET / HTTP/1.1\r\nhost: 127.0.0.1:{address.port}\r\n\r\n".encode()]


@pytest.mark.parametrize(
    "request_",
    [
        Request.of("GET", "/a b"),
        Request.of("GET", "/a\r\nx: y"),
        Request.of("GET", ""),
        Request.of("G T", "/"),
        Request.of("GET", "/", [("x", "a\r\nb: c")]),
        Request.of("GET", "/", [("x", "a\nb")]),
        Request.of("GET", "/", [("x y", "a")]),
        Request.of("GET", "/", [("", "a")]),
    ],
)
async def test_a_request_that_would_break_out_of_its_line_is_never_sent(origin, client, request_):
    address, script = await origin(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", keeps_open=True)
    with pytest.raises(ValueError, match="is no"):
        await client.fetch(address, request_)
    assert script.seen == []
    await body_of(await client.fetch(address, get()))


async def test_a_body_is_sent_with_its_length_or_chunked(start, make_handler, client):
    server = await start()
    address = Address("127.0.0.1", server.port)
    response = await client.fetch(address, Request.of("PUT", "/", [("host", "a")], b"hello"))
    assert b'"content_length": 5, "body": "hello"' in await body_of(response)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"hel"
        yield b""
        yield b"lo"

    request = Request("PUT", "/", [(b"host", b"a")], body=pieces(), content_length=None)
    assert b'"content_length": null, "body": "hello"' in await body_of(await client.fetch(address, request))


async def test_the_body_waits_for_100_continue_when_the_request_expects_it(scripted, client):
    log: list[str] = []

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
        log.append("nothing yet")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        log.append((await reader.readexactly(3)).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    address = await scripted(respond)
    request = Request.of("PUT", "/", [("host", "a"), ("expect", "100-continue")], b"abc")
    assert (await client.fetch(address, request)).status == 200
    assert log == ["nothing yet", "abc"]


async def test_an_answer_before_the_whole_body_stops_the_upload(scripted, client):
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")
        await writer.drain()
        await reader.read()

    closed = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0.001)
        finally:
            closed.set()

    address = await scripted(respond)
    request = Request("PUT", "/", [(b"host", b"a")], body=endless(), content_length=None)
    response = await client.fetch(address, request)
    assert (response.status, await body_of(response)) == (403, b"no")
    await asyncio.wait_for(closed.wait(), 2)
    assert client.idle_count == 0


async def test_what_the_request_body_raises_comes_through(origin, client):
    async def broken() -> AsyncIterator[bytes]:
        yield b"abc"
        raise ClientLeft("gone")

    address, _ = await origin(b"", keeps_open=True)
    request = Request("PUT", "/", [(b"host", b"a")], body=broken(), content_length=10)
    with pytest.raises(ClientLeft):
        await client.fetch(address, request)


@pytest.mark.parametrize("length", [2, 4])
async def test_a_request_body_of_another_length_than_declared_is_an_error(scripted, client, length):
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    address = await scripted(respond)
    request = Request.of("PUT", "/", [("host", "a")], b"abc")
    request.content_length = length
    with pytest.raises(ValueError, match="declared"):
        await client.fetch(address, request)


async def test_no_answer_in_time_is_a_read_timeout(origin, client):
    address, _ = await origin(b"HTTP/1.1 200 OK\r\n", keeps_open=True)
    with pytest.raises(ReadTimeout):
        await client.fetch(address, get(), timeouts=Timeouts(read_s=0.05))


async def test_a_body_that_stops_is_a_read_timeout(origin, client):
    address, _ = await origin(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", keeps_open=True)
    response = await client.fetch(address, get(), timeouts=Timeouts(read_s=0.05))
    with pytest.raises(ReadTimeout):
        await body_of(response)


async def test_the_read_timeout_counts_between_bytes_and_not_as_a_whole(scripted, client):
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc":
            writer.write(bytes((byte,)))
            await asyncio.sleep(0.01)

    address = await scripted(respond)
    response = await client.fetch(address, get(), timeouts=Timeouts(read_s=0.35))
    assert await body_of(response) == b"abc"


async def test_a_slow_reader_stops_the_origin(scripted, client):
    sent = 0

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x" * 100_000)
            await writer.drain()
            sent += 100_000

    address = await scripted(respond)
    response = await client.fetch(address, get())
    await asyncio.sleep(0.3)
    assert sent < 20_000_000
    received = 0
    async for piece in response.body:
        received += len(piece)
    assert received == 100_000_000


async def test_closing_the_body_early_gives_the_connection_up(origin, client):
    address, _ = await origin(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", keeps_open=True)
    response = await client.fetch(address, get())
    await response.body.aclose()
    with pytest.raises(IncompleteBody):
        await body_of(response)
    assert client.idle_count == 0


async def test_a_refused_connection_says_so(client, unused_port):
    with pytest.raises(ConnectFailed) as raised:
        await client.fetch(Address("127.0.0.1", unused_port), get())
    assert raised.value.reason == "refused"


async def test_an_unknown_name_says_so(client):
    with pytest.raises(ConnectFailed) as raised:
        await client.fetch(Address("no-such-host.invalid", 80), get())
    assert raised.value.reason == "dns"


async def test_no_connection_in_time_says_so(scripted, client):
    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    address = replace(await scripted(never), tls=True)
    with pytest.raises(ConnectFailed) as raised:
        await client.fetch(address, get(), timeouts=Timeouts(connect_s=0.1))
    assert raised.value.reason == "timeout"


async def test_further_exchanges_wait_for_a_place(start, make_handler):
    running = most = 0

    async def slow(request: Request) -> Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        return Response(200)

    server = await start(make_handler(slow))
    client = Client(ClientLimits(connections_per_address=2))
    address = Address("127.0.0.1", server.port)
    responses = await asyncio.gather(*(client.fetch(address, get()) for _ in range(8)))
    assert [response.status for response in responses] == [200] * 8
    assert most == 2
    with pytest.raises(ConnectFailed):
        await asyncio.gather(*(client.fetch(address, get(), timeouts=Timeouts(connect_s=0.01)) for _ in range(8)))
    await client.close()


async def test_idle_connections_are_closed_in_time_and_kept_in_number(start):
    server = await start()
    client = Client(ClientLimits(idle_per_address=2, idle_timeout_s=0.1))
    address = Address("127.0.0.1", server.port)
    for response in await asyncio.gather(*(client.fetch(address, get()) for _ in range(4))):
        await body_of(response)
    assert client.idle_count == 2
    await asyncio.sleep(0.2)
    assert client.idle_count == 0
    await client.close()


async def test_a_unix_socket_is_an_origin_like_any_other(client, tmp_path, make_handler):
    server = Server(make_handler())
    await server.start(bind_unix(tmp_path / "s.sock"))
    address = Address("worker-1", 80, unix_path=str(tmp_path / "s.sock"))
    assert b'["host", "worker-1"]' in await body_of(await client.fetch(address, Request.of("GET", "/")))
    await server.close()
    with pytest.raises(ConnectFailed):
        await client.fetch(Address("x", 80, unix_path=str(tmp_path / "nobody.sock")), get())


async def test_cancelling_a_fetch_gives_its_connection_and_place_back(origin):
    address, script = await origin(b"", keeps_open=True)
    client = Client(ClientLimits(connections_per_address=1))
    fetch = asyncio.create_task(client.fetch(address, get()))
    await script.was_asked.wait()
    fetch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetch
    script.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]
    assert (await client.fetch(address, get())).status == 200
    await client.close()
