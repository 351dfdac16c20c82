"""Request bodies over HTTP/1.1: `100 Continue`, draining, and back-pressure in both directions."""

from __future__ import annotations

import asyncio
import json

import pytest

from calotype.http.message import Headers, Request, Response
from calotype.serve.limits import Limits

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def request(target: str, *lines: str, method: str = "GET", body: bytes = b"") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: a", *lines, "", ""]).encode() + body


def answering(response):
    """A handle function that gives this response, or calls this to make one."""

    async def handle(request: Request) -> Response:
        return response() if callable(response) else response

    return handle


async def test_continue_is_sent_when_the_body_is_first_asked_for(start, connect, make_handler):
    asked = asyncio.Event()

    async def reading(request: Request) -> Response:
        await asked.wait()
        return Response(200, body=b"".join([piece async for piece in request.body]))

    client = await connect(await start(make_handler(reading)))
    await client.send(request("/", "Content-Length: 3", "Expect: 100-continue", method="PUT"))
    with pytest.raises(TimeoutError):
        await client.head(timeout_s=0.05)
    asked.set()
    assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
    await client.send(b"abc")
    assert (await client.answer())[1] == b"abc"


async def test_no_continue_is_sent_when_the_body_is_already_there(start, connect):
    client = await connect(await start())
    await client.send(request("/", "Content-Length: 3", "Expect: 100-continue", method="PUT", body=b"abc"))
    assert (await client.head()).startswith(b"HTTP/1.1 200")


async def test_an_answer_instead_of_continue_closes_the_connection(start, connect, make_handler):
    # Whether the client will send the body now, nobody can know.
    client = await connect(await start(make_handler(answering(Response(403)))))
    await client.send(request("/", "Content-Length: 3", "Expect: 100-continue", method="PUT"))
    answer = await client.rest()
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"connection: close" in answer


async def test_who_expects_it_for_an_empty_body_gets_continue_too(start, connect):
    # It may be left out (RFC 9110 §10.1.1), but the AWS CLI then misreads the next answer on the connection.
    client = await connect(await start())
    for _ in range(2):
        await client.send(request("/", "Content-Length: 0", "Expect: 100-continue", method="PUT"))
        assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert (await client.answer())[0].startswith(b"HTTP/1.1 200")


async def test_an_answer_instead_of_continue_for_an_empty_body_closes_the_connection(start, connect, make_handler):
    client = await connect(await start(make_handler(answering(Response(403)))))
    await client.send(request("/", "Content-Length: 0", "Expect: 100-continue", method="PUT"))
    assert b"connection: close" in await client.rest()


@pytest.mark.parametrize("expectation", ["a-miracle", "200", ""])
async def test_any_other_expectation_is_passed_over(start, connect, expectation):
    client = await connect(await start())
    for length in (0, 3):
        headers = (f"Content-Length: {length}", f"Expect: {expectation}")
        await client.send(request("/", *headers, method="PUT", body=b"abc"[:length]))
        assert (await client.answer())[0].startswith(b"HTTP/1.1 200")


async def test_an_unread_short_body_is_drained_and_the_connection_goes_on(start, connect, make_handler):
    client = await connect(await start(make_handler(answering(Response(403)))))
    for _ in range(3):
        await client.send(request("/", "Content-Length: 60000", method="PUT", body=b"x" * 30_000))
        assert b"connection" not in await client.head()
        await client.send(b"x" * 30_000)


@pytest.mark.parametrize("framing", ["Content-Length: 50000000", "Transfer-Encoding: chunked"])
async def test_an_unread_long_body_ends_the_connection_and_the_answer_arrives(start, connect, make_handler, framing):
    client = await connect(await start(make_handler(answering(Response(403)))))
    await client.send(request("/", framing, method="PUT", body=b"f4240\r\n" + b"x" * 1_000_000))
    head = await client.head()
    assert head.startswith(b"HTTP/1.1 403")
    assert b"connection: close" in head


async def test_a_refused_upload_can_read_its_answer_while_it_is_still_sending(start, connect):
    server = await start(limits=Limits(body_max_bytes=1000, linger_timeout_s=2))
    client = await connect(server)
    client.writer.write(request("/", "Content-Length: 20000000", method="PUT"))
    for _ in range(20):
        client.writer.write(b"x" * 1_000_000)
        await client.writer.drain()
    assert (await client.rest()).startswith(b"HTTP/1.1 413")


async def test_a_slow_reader_of_the_body_stops_the_client(start, connect, make_handler):
    go_on = asyncio.Event()

    async def slow(request: Request) -> Response:
        await go_on.wait()
        return Response(200, body=str(sum([len(piece) async for piece in request.body])).encode())

    size = 50_000_000
    server = await start(make_handler(slow))
    client = await connect(server)
    await client.send(request("/", f"Content-Length: {size}", method="PUT"))
    sent = 0

    async def send() -> None:
        nonlocal sent
        while sent < size:
            client.writer.write(b"x" * 1_000_000)
            await client.writer.drain()
            sent += 1_000_000

    sending = asyncio.create_task(send())
    await asyncio.sleep(0.2)
    assert sent < 20_000_000
    assert server._state.bytes_in_flight < 2_000_000
    go_on.set()
    assert (await client.answer())[1] == str(size).encode()
    await sending
    assert server._state.bytes_in_flight == 0


async def test_all_bodies_together_have_a_limit(start, connect, make_handler):
    go_on = asyncio.Event()

    async def slow(request: Request) -> Response:
        await go_on.wait()
        return Response(200, body=str(sum([len(piece) async for piece in request.body])).encode())

    server = await start(make_handler(slow), limits=Limits(bytes_in_flight_max=500_000, body_buffer_bytes=400_000))
    clients = [await connect(server) for _ in range(8)]
    for client in clients:
        client.writer.write(request("/", "Content-Length: 1000000", method="PUT", body=b"x" * 1_000_000))
    await asyncio.sleep(0.2)
    in_flight = server._state.bytes_in_flight
    go_on.set()
    for client in clients:
        assert (await client.answer())[1] == b"1000000"
    assert in_flight < 500_000 + 8 * 300_000  # each may hold one read of the socket beyond the mark


async def test_a_slow_reader_of_the_answer_stops_the_stream(start, connect, make_handler):
    produced = 0

    async def endless():
        nonlocal produced
        for _ in range(500):
            produced += 100_000
            yield b"x" * 100_000

    client = await connect(await start(make_handler(answering(lambda: Response(200, Headers(), endless())))))
    await client.send(GET)
    await asyncio.sleep(0.2)
    assert produced < 20_000_000
    client.writer.write_eof()
    assert (await client.rest()).endswith(b"\r\n0\r\n\r\n")
    assert produced == 50_000_000


async def test_waiting_requests_stop_the_reading_at_64(start, connect, make_handler):
    go_on = asyncio.Event()

    async def slow(request: Request) -> Response:
        await go_on.wait()
        return Response(200, body=request.target.encode())

    server = await start(make_handler(slow))
    client = await connect(server)
    client.writer.write(b"".join(request(f"/{n}") for n in range(5000)))
    await asyncio.sleep(0.1)
    [connection] = server._state.connections
    waiting = len(connection._queue)
    assert 64 <= waiting < 64 + 200  # what is left of the slice being parsed still counts in
    go_on.set()
    for n in range(5000):
        assert (await client.answer())[1] == b"/%d" % n


async def test_the_body_of_a_waiting_request_is_kept_for_its_turn(start, connect):
    client = await connect(await start())
    await client.send(
        request("/1", "Content-Length: 2", method="PUT", body=b"ab")
        + request("/2", "Transfer-Encoding: chunked", method="PUT", body=b"2\r\ncd\r\n0\r\n\r\n")
        + request("/3")
    )
    bodies = [json.loads((await client.answer())[1])["body"] for _ in range(3)]
    assert bodies == ["ab", "cd", ""]


async def test_a_malformed_chunk_is_400_to_the_handler_that_reads_it(start, connect, make_handler):
    async def reading(request: Request) -> Response:
        return Response(200, body=b"".join([piece async for piece in request.body]))

    client = await connect(await start(make_handler(reading)))
    await client.send(request("/", "Transfer-Encoding: chunked", method="PUT", body=b"3\r\nabc\r\n"))
    await asyncio.sleep(0.01)
    await client.send(b"nonsense\r\n" + GET)
    answer = await client.rest()
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1


async def test_a_body_is_never_seen_shorter_after_the_answer(start, connect, make_handler):
    outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def early(request: Request) -> Response:
        async def read_on() -> None:
            try:
                async for _ in request.body:
                    pass
                outcome.set_result("complete")
            except Exception as error:
                outcome.set_result(type(error).__name__)

        tasks.append(asyncio.create_task(read_on()))
        await asyncio.sleep(0.01)
        return Response(200)

    tasks: list[asyncio.Task[None]] = []
    client = await connect(await start(make_handler(early)))
    await client.send(request("/", "Content-Length: 10", method="PUT", body=b"abc"))
    await client.head()
    assert await asyncio.wait_for(outcome, 2) == "ClientLeft"
