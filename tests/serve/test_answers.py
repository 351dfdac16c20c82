"""Answers over HTTP/1.1: order, framing, bodies, and what ends a connection."""

from __future__ import annotations

import asyncio
import re

import pytest

from calotype.http.http_date import parse_http_date
from calotype.http.message import Headers, Prepared, Request, Response

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
GET_10 = b"GET / HTTP/1.0\r\n\r\n"


def request(target: str, *lines: str, method: str = "GET", body: bytes = b"") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: a", *lines, "", ""]).encode() + body


def answering(response):
    """A handle function that gives this response, or calls this to make one."""

    async def handle(request: Request) -> Response:
        return response() if callable(response) else response

    return handle


def stream(*pieces: bytes, error: Exception | None = None):
    async def body():
        for piece in pieces:
            yield piece
        if error is not None:
            raise error

    return body()


async def test_pipelined_requests_are_answered_in_order(start, connect, make_handler):
    async def slow_first(request: Request) -> Response:
        await asyncio.sleep(0.05 if request.target == "/0" else 0)
        return Response(200, body=request.target.encode())

    client = await connect(await start(make_handler(slow_first)))
    await client.send(b"".join(request(f"/{n}") for n in range(20)))
    assert [(await client.answer())[1] for _ in range(20)] == [b"/%d" % n for n in range(20)]


async def test_an_immediate_answer_goes_out_as_it_is(start, connect, make_handler):
    prepared = Prepared(b"HTTP/1.1 299 Quick\r\ncontent-length: 2\r\n\r\n", b"ok")
    handler = make_handler(try_now=lambda request: prepared)
    client = await connect(await start(handler))
    await client.send(GET * 3)
    assert [await client.answer() for _ in range(3)] == [prepared] * 3
    assert handler.asked == []


@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385, 3_000_000])
async def test_immediate_answers_of_every_size_arrive_whole_and_in_order(start, connect, make_handler, size):
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    prepared = Prepared(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size, body)
    client = await connect(await start(make_handler(answering(Response(200, body=body)), lambda request: prepared)))
    await client.send(GET * 5)
    for _ in range(5):
        assert (await client.answer())[1] == body


async def test_no_immediate_answer_is_asked_for_while_an_earlier_one_is_pending(start, connect, make_handler):
    quick = Prepared(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", b"quick")

    async def slow(request: Request) -> Response:
        await asyncio.sleep(0.02)
        return Response(200, body=request.target.encode())

    handler = make_handler(slow, lambda request: quick if request.target == "/quick" else None)
    client = await connect(await start(handler))
    await client.send(request("/slow") + request("/quick"))
    assert [(await client.answer())[1] for _ in range(2)] == [b"/slow", b"/quick"]
    await client.send(request("/quick"))
    assert (await client.answer())[1] == b"quick"


@pytest.mark.parametrize(
    "raw",
    [
        request("/", "Content-Length: 2", method="POST", body=b"hi"),
        request("/", "Connection: close"),
        GET_10,
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ],
)
async def test_no_immediate_answer_is_asked_for_bodies_nor_old_or_closing_clients(start, connect, make_handler, raw):
    handler = make_handler(try_now=lambda request: Prepared(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", b""))
    client = await connect(await start(handler))
    await client.send(raw)
    assert (await client.head()).startswith(b"HTTP/1.1 200")


async def test_a_failing_immediate_answer_falls_back_to_the_task(start, connect, make_handler, caplog):
    def broken(request: Request) -> Prepared | None:
        raise RuntimeError("oops")

    client = await connect(await start(make_handler(try_now=broken)))
    await client.send(GET)
    assert (await client.head()).startswith(b"HTTP/1.1 200")
    assert "no immediate answer to GET /" in caplog.text


async def test_date_and_server_are_added_and_never_doubled(start, connect, make_handler):
    async def handle(request: Request) -> Response:
        fields = [("date", "then"), ("server", "mine")] if request.target == "/own" else []
        return Response(200, Headers(fields))

    client = await connect(await start(make_handler(handle), server_header="calotype"))
    await client.send(request("/") + request("/own"))
    added = (await client.head()).decode()
    assert "server: calotype\r\n" in added
    assert parse_http_date(re.search(r"date: (.*)\r\n", added)[1]) is not None
    own = (await client.head()).decode()
    assert (own.count("date:"), own.count("server:")) == (1, 1)
    assert "date: then\r\nserver: mine\r\n" in own


def of_length(length: str, *pieces: bytes):
    return lambda: Response(200, Headers([("content-length", length)]), stream(*pieces))


def of_no_length(*pieces: bytes):
    return lambda: Response(200, Headers(), stream(*pieces))


OVERRULED = Headers([("transfer-encoding", "gzip"), ("connection", "x"), ("keep-alive", "1")])
CHUNKED = b"transfer-encoding: chunked"


@pytest.mark.parametrize(
    ("method", "response", "framing", "body"),
    [
        ("GET", Response(200, body=b"abc"), b"content-length: 3", b"abc"),
        ("GET", Response(200), b"content-length: 0", b""),
        ("HEAD", Response(200, body=b"abc"), b"content-length: 3", b""),
        ("HEAD", Response(200, Headers([("content-length", "9")])), b"content-length: 9", b""),
        ("HEAD", Response(200), None, b""),
        ("HEAD", of_length("9", b"x" * 9), b"content-length: 9", b""),
        ("HEAD", of_no_length(b"x" * 9), None, b""),
        ("GET", Response(204, body=b"abc"), None, b""),
        ("GET", Response(204, Headers([("content-length", "3")])), None, b""),
        ("GET", Response(304, Headers([("content-length", "9")])), b"content-length: 9", b""),
        ("GET", Response(304), None, b""),
        ("GET", Response(404, body=b"no"), b"content-length: 2", b"no"),
        ("GET", Response(599, body=b"abc"), b"content-length: 3", b"abc"),
        ("GET", of_length("3", b"a", b"", b"bc"), b"content-length: 3", b"abc"),
        ("GET", of_no_length(b"a", b"", b"bc"), CHUNKED, b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"),
        ("GET", of_no_length(), CHUNKED, b"0\r\n\r\n"),
        ("GET", Response(200, OVERRULED, b"abc"), b"content-length: 3", b"abc"),
    ],
)
async def test_each_response_is_framed_once(start, connect, make_handler, method, response, framing, body):
    client = await connect(await start(make_handler(answering(response))))
    await client.send(request("/", method=method) + request("/", "Connection: close", method="HEAD"))
    answer = await client.rest()
    head, _, rest = answer.partition(b"\r\n\r\n")
    sent_body, _, second = rest.rpartition(b"HTTP/1.1 ")
    lines = [line for line in head.split(b"\r\n") if line.startswith((b"content-length", b"transfer-encoding"))]
    assert (lines, sent_body) == ([framing] if framing else [], body)
    assert b"connection: close" in second
    assert b"connection" not in head


async def test_http_1_0_gets_no_chunks_and_its_connection_closed(start, connect, make_handler):
    client = await connect(await start(make_handler(answering(lambda: Response(200, Headers(), stream(b"a", b"bc"))))))
    await client.send(GET_10)
    head, _, body = (await client.rest()).partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert b"connection: close" in head
    assert body == b"abc"


async def test_http_1_0_may_keep_its_connection_when_it_asks_and_the_length_is_known(start, connect):
    client = await connect(await start())
    for _ in range(2):
        await client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert b"connection: keep-alive" in (await client.answer())[0]


async def test_a_handler_may_ask_for_the_end_of_the_connection(start, connect, make_handler):
    response = Response(200, Headers([("connection", "close")]))
    client = await connect(await start(make_handler(answering(response))))
    await client.send(GET + GET)
    answer = await client.rest()
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.count(b"connection: close") == 1


BAD = [
    Response(200, Headers([("x", "a\r\nset-cookie: b")])),
    Response(200, Headers([("x", "a\nb")])),
    Response(200, Headers([("x", "a\0b")])),
    Response(200, Headers([("x: y", "a")])),
    Response(200, Headers([("", "a")])),
    Response(200, Headers([("x", "日本")])),
    Response(200, Headers([("content-length", "5")]), b"abc"),
    Response(200, Headers([("content-length", "abc")])),
    Response(200, Headers([("content-length", "3"), ("content-length", "3")]), b"abc"),
    Response(100),
    Response(101),
    Response(1000),
]


@pytest.mark.parametrize("response", BAD, ids=[repr(list(response.headers)) + str(response.status) for response in BAD])
async def test_a_response_that_would_break_the_framing_is_a_500(start, connect, make_handler, response, caplog):
    client = await connect(await start(make_handler(answering(response))))
    await client.send(GET)
    head, body = await client.answer()
    assert head.startswith(b"HTTP/1.1 500 ")
    assert b"set-cookie" not in head
    assert body.startswith(b"500 Internal Server Error")
    assert "bad response to GET /" in caplog.text


async def test_a_failing_handler_is_a_500_without_its_traceback_and_the_connection_goes_on(
    start, connect, make_handler, caplog
):
    async def broken(request: Request) -> Response:
        raise RuntimeError("secret")

    client = await connect(await start(make_handler(broken)))
    for _ in range(2):
        await client.send(GET)
        head, body = await client.answer()
        assert head.startswith(b"HTTP/1.1 500 ")
        assert b"secret" not in body
    assert "secret" in caplog.text


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ([("content-length", "9")], lambda: stream(b"abc")),  # shorter than declared
        ([("content-length", "9")], lambda: stream(b"abc", error=RuntimeError("broken"))),
        ([], lambda: stream(b"abc", error=RuntimeError("broken"))),
    ],
)
async def test_a_body_that_breaks_off_gives_what_came_and_is_visibly_incomplete(
    start, connect, make_handler, fields, body, caplog
):
    client = await connect(await start(make_handler(answering(lambda: Response(200, Headers(fields), body())))))
    await client.send(GET + GET)
    answer = await client.rest()
    assert answer.count(b"HTTP/1.1") == 1
    assert b"abc" in answer
    assert not answer.endswith(b"0\r\n\r\n")
    assert caplog.records


async def test_a_body_delimited_by_the_close_that_breaks_off_ends_in_a_reset(start, connect, make_handler, caplog):
    body = answering(lambda: Response(200, Headers(), stream(b"abc", error=RuntimeError("broken"))))
    client = await connect(await start(make_handler(body)))
    await client.send(GET_10)
    with pytest.raises(ConnectionResetError):
        await client.rest()


async def test_a_body_longer_than_declared_is_cut_and_the_connection_closed(start, connect, make_handler, caplog):
    response = answering(lambda: Response(200, Headers([("content-length", "3")]), stream(b"ab", b"cdef")))
    client = await connect(await start(make_handler(response)))
    await client.send(GET + GET)
    answer = await client.rest()
    assert answer.endswith(b"\r\n\r\nabc")
    assert answer.count(b"HTTP/1.1") == 1
    assert "longer than its Content-Length, 3" in caplog.text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_stream_of_a_response_is_closed_at_its_end_and_when_it_is_not_needed(
    start, connect, make_handler, method
):
    closed = []

    class Body:
        def __aiter__(self):
            return self

        async def __anext__(self):
            raise StopAsyncIteration

        async def aclose(self):
            closed.append(True)

    client = await connect(await start(make_handler(answering(lambda: Response(200, Headers(), Body())))))
    await client.send(request("/", method=method))
    await client.head()
    await client.send(request("/", method=method))
    await client.head()
    assert closed


async def test_interim_responses_go_out_before_the_final_one(start, connect, make_handler):
    async def hinting(request: Request) -> Response:
        request.send_interim(103, Headers([("link", "</a.css>")]))
        request.send_interim(102, Headers())
        return Response(200)

    client = await connect(await start(make_handler(hinting)))
    await client.send(GET)
    assert await client.head() == b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n"
    assert await client.head() == b"HTTP/1.1 102 Processing\r\n\r\n"
    assert (await client.head()).startswith(b"HTTP/1.1 200 OK\r\n")
    await client.send(GET_10)
    assert (await client.head()).startswith(b"HTTP/1.1 200 OK\r\n")  # HTTP/1.0 knows no interim responses


async def test_a_handler_that_waited_for_something_cancelled_is_a_500(start, connect, make_handler, caplog):
    async def waiting(request: Request) -> Response:
        shared: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        shared.cancel()
        await shared
        return Response(200)

    client = await connect(await start(make_handler(waiting)))
    for _ in range(2):
        await client.send(GET)
        assert (await client.answer())[0].startswith(b"HTTP/1.1 500")
    assert "cancelled" in caplog.text
