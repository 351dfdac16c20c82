"""Responses as the client reads them, whole and broken, from origins that answer with raw bytes."""

from __future__ import annotations

import asyncio

import pytest

from calotype.http.message import Headers, Request, Response, read_body
from calotype.serve.errors import (
    IncompleteBody,
    MalformedResponse,
)


def get(target: str = "/", *fields: tuple[str, str]) -> Request:
    return Request.of("GET", target, [("host", "a"), *fields])


async def body_of(response: Response) -> bytes:
    return await read_body(response.body, 10_000_000)


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, b"abc"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, b""),
        (b"HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nabc", 200, b"abc"),
        (b"HTTP/1.1 299 Anything\r\nContent-Length: 3\r\n\r\nabc", 299, b"abc"),
        (b"HTTP/1.1 599 x\r\nContent-Length: 3\r\n\r\nabc", 599, b"abc"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n2\r\nbc\r\n0\r\nT: x\r\n\r\n",
            200,
            b"abc",
        ),
        (b"HTTP/1.1 204 No\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 No\r\nContent-Length: 3\r\n\r\n", 304, b""),
        # the connection's end is the body's end
        (b"HTTP/1.1 200 OK\r\n\r\nabc", 200, b"abc"),
        (b"HTTP/1.0 200 OK\r\n\r\nabc", 200, b"abc"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, b"abc"),
        # longer than declared: the declared length counts
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", 200, b"abc"),
        # interim responses come first
        (
            b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
            200,
            b"abc",
        ),
    ],
)
async def test_a_response_is_read_to_its_end(origin, client, answer, status, body):
    address, _ = await origin(answer)
    response = await client.fetch(address, get())
    assert (response.status, await body_of(response)) == (status, body)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\n\r\nabc",
    ],
)
async def test_a_response_cut_at_every_byte_is_read_the_same(scripted, client, answer):
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            position = int((await reader.readuntil(b"\r\n\r\n")).split(b" ")[1][1:])
            writer.write(answer[:position])
            await asyncio.sleep(0.001)
            writer.write(answer[position:])
            if b"Content-Length" not in answer and b"chunked" not in answer:
                return

    address = await scripted(respond)
    for position in range(1, len(answer)):
        response = await client.fetch(address, get(f"/{position}"))
        assert (response.headers.get("x"), await body_of(response)) == ("y", b"abc")


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/0.9 200 OK\r\n\r\n",
        b"HTTP/1.1 99 x\r\n\r\n",
        b"HTTP/1.1 20x OK\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 103 E\r\n\r\n" * 100,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nabc",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
    ],
    ids=lambda answer: repr(answer)[2:80],
)
async def test_an_answer_that_cannot_be_trusted_is_malformed(origin, client, answer):
    address, _ = await origin(answer, keeps_open=True)
    with pytest.raises(MalformedResponse):
        await client.fetch(address, get())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
    ],
)
async def test_a_body_that_ends_too_early_gives_what_came_and_then_says_so(origin, client, answer):
    address, _ = await origin(answer)
    response = await client.fetch(address, get())
    received = b""
    with pytest.raises(IncompleteBody):  # noqa: PT012
        async for piece in response.body:
            received += piece
    assert received == b"abc"


async def test_a_malformed_chunk_within_the_body_is_malformed(origin, client):
    address, _ = await origin(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", keeps_open=True)
    with pytest.raises(MalformedResponse):
        await body_of(await client.fetch(address, get()))


async def test_trailers_are_not_merged_into_the_header_fields(origin, client):
    address, _ = await origin(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\n\r\n")
    response = await client.fetch(address, get())
    await body_of(response)
    assert response.headers == Headers([("transfer-encoding", "chunked")])


async def test_interim_responses_are_passed_on_and_not_merged(origin, client):
    address, _ = await origin(
        b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\nHTTP/1.1 102 P\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    )
    seen: list[tuple[int, Headers]] = []
    response = await client.fetch(address, get(), on_interim=lambda status, headers: seen.append((status, headers)))
    assert seen == [(103, Headers([("link", "</a>")])), (102, Headers())]
    assert response.headers == Headers([("content-length", "0")])


@pytest.mark.parametrize("framing", [b"Content-Length: 9", b"Transfer-Encoding: chunked", b"X: y"])
async def test_the_answer_to_head_has_no_body_and_keeps_the_connection(origin, client, framing):
    answer = b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n"
    address, script = await origin(answer, answer, keeps_open=True)
    for _ in range(2):
        response = await client.fetch(address, Request.of("HEAD", "/", [("host", "a")]))
        assert await body_of(response) == b""
    assert script.connections == 1


async def test_a_body_in_the_answer_to_head_is_never_read_as_the_next_answer(origin, client):
    smuggled = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"
    address, script = await origin(b"HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n" + smuggled, keeps_open=True)
    await body_of(await client.fetch(address, Request.of("HEAD", "/", [("host", "a")])))
    script.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright"]
    assert await body_of(await client.fetch(address, get())) == b"right"
    assert script.connections == 2


@pytest.mark.parametrize("status", [b"200 OK\r\nContent-Length: 0", b"204 No", b"304 No\r\nContent-Length: 5"])
async def test_bytes_behind_an_answer_are_never_read_as_the_next_answer(origin, client, status):
    extra = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"
    address, script = await origin(b"HTTP/1.1 " + status + b"\r\n\r\n" + extra, keeps_open=True)
    await body_of(await client.fetch(address, get()))
    script.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright"]
    assert await body_of(await client.fetch(address, get())) == b"right"
    assert script.connections == 2


async def test_bytes_on_an_idle_connection_end_it(scripted, client):
    go_on = asyncio.Event()

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await go_on.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong")
        assert await reader.read() == b""

    address = await scripted(respond)
    await body_of(await client.fetch(address, get()))
    assert client.idle_count == 1
    go_on.set()
    async with asyncio.timeout(5):
        while client.idle_count:
            await asyncio.sleep(0.01)
