"""Every malformed shape gets its status, and the connection ends."""

import re

import pytest

from calotype.serve.limits import Limits

GET = b"GET / HTTP/1.1\r\n"
HOST = b"Host: a\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"

MALFORMED = [
    # Host (RFC 9112 §3.2)
    (GET + b"\r\n", 400),
    (GET + HOST + b"Host: b\r\n\r\n", 400),
    (GET + HOST + HOST + b"\r\n", 400),
    (GET + b"Host: a b\r\n\r\n", 400),
    (GET + b"Host: a/b\r\n\r\n", 400),
    (GET + b"Host: a,b@c\r\n\r\n", 400),
    (GET + b"Host: a:http\r\n\r\n", 400),
    (b"GET / HTTP/1.0\r\nHost: a b\r\n\r\n", 400),
    # framing (RFC 9112 §6)
    (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
    (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    (POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    (POST + b"Content-Length: 3, 3\r\n\r\nabc", 400),
    (POST + b"Content-Length: +3\r\n\r\nabc", 400),
    (POST + b"Content-Length: -3\r\n\r\nabc", 400),
    (POST + b"Content-Length: 0x3\r\n\r\nabc", 400),
    (POST + b"Content-Length:\r\n\r\nabc", 400),
    (POST + b"Content-Length: 99999999999999999999999\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    (POST + b"Transfer-Encoding: identity\r\n\r\n", 501),
    (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n", 400),
    (b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    # lines and fields (RFC 9112 §2.2 and §5)
    (b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    (GET + b"Host: a\nX: b\r\n\r\n", 400),
    (GET + HOST + b"X: a\r\n b\r\n\r\n", 400),  # obs-fold
    (GET + HOST + b"X: a\x00b\r\n\r\n", 400),
    (GET + HOST + b"X: a\rb\r\n\r\n", 400),
    (GET + HOST + b"X: a\x01b\r\n\r\n", 400),
    (GET + HOST + b"X : b\r\n\r\n", 400),
    (GET + HOST + b": b\r\n\r\n", 400),
    (GET + HOST + b"X\r\n\r\n", 400),
    (GET + HOST + b"X\xe9: b\r\n\r\n", 400),
    (GET + HOST + b"X(: b\r\n\r\n", 400),
    (GET + b" Host: a\r\n\r\n", 400),
    # the request line (RFC 9112 §3)
    (b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /a\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /a\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET http://user@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET / http/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
    (b"GET /\r\n\r\n", 505),
    (b"GET / HTTP/0.9\r\n\r\n", 505),
    (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    (b"FOO / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    (b"get / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    (b"DESCRIBE / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    # chunks (RFC 9112 §7.1)
    (POST + b"Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n3;\x01\r\nabc\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n3;a\nabc\r\n0\r\n\r\n", 400),
]


@pytest.mark.parametrize(("raw", "status"), MALFORMED, ids=[repr(raw)[2:80] for raw, _ in MALFORMED])
async def test_a_malformed_request_is_refused_and_ends_the_connection(start, connect, raw, status):
    client = await connect(await start())
    await client.send(raw)
    answer = await client.rest()
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"connection: close" in answer
    assert answer.count(b"HTTP/1.1") == 1


async def test_what_follows_a_malformed_request_is_never_a_request(start, connect, make_handler):
    handler = make_handler()
    client = await connect(await start(handler))
    await client.send(GET + b"\r\n" + GET + HOST + b"\r\n")
    answer = await client.rest()
    assert answer.count(b"HTTP/1.1") == 1
    assert handler.asked == []


async def test_requests_before_a_malformed_one_are_answered_first(start, connect):
    client = await connect(await start())
    await client.send(GET + HOST + b"\r\n" + GET + HOST + b"\r\n" + b"nonsense\r\n\r\n")
    answer = await client.rest()
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"200", b"501"]


async def test_a_request_with_an_upgrade_is_answered_as_if_it_had_none(start, connect):
    client = await connect(await start())
    upgrade = GET + HOST + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    await client.send(upgrade + b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b'"target": "/"' in (await client.answer())[1]
    assert b'"target": "/next"' in (await client.answer())[1]


@pytest.mark.parametrize(
    "framed",
    [
        b"Content-Length: 30\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\nxyz",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    ],
)
async def test_the_body_of_a_request_with_an_upgrade_is_a_body_and_not_a_request(start, connect, make_handler, framed):
    # llhttp takes what follows the head for the new protocol; read as HTTP it would be a smuggled request.
    handler = make_handler()
    client = await connect(await start(handler))
    await client.send(POST + b"Connection: upgrade\r\nUpgrade: h2c\r\n" + framed + GET + HOST + b"\r\n")
    answer = await client.rest()
    assert answer.count(b"HTTP/1.1 200") == 1
    assert b"connection: close" in answer
    assert handler.asked == ["POST /"]


async def test_trailers_are_not_handed_out_as_header_fields(start, connect):
    client = await connect(await start())
    await client.send(
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Trailer: x\r\n\r\n" + GET + HOST + b"\r\n"
    )
    first, second = (await client.answer())[1], (await client.answer())[1]
    assert b'"body": "abc"' in first
    assert b"x-trailer" not in first
    assert b"x-trailer" not in second


async def test_a_chunked_body_that_is_mostly_extensions_is_refused(start, connect):
    client = await connect(await start())
    await client.send(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(64):
        client.writer.write(b"1;" + b"x" * 1000 + b"\r\na\r\n")
    assert (await client.rest()).startswith(b"HTTP/1.1 400 ")


async def test_an_endless_chunk_extension_is_refused(start, connect):
    client = await connect(await start())
    await client.send(POST + b"Transfer-Encoding: chunked\r\n\r\n1;")
    for _ in range(64):
        client.writer.write(b"x" * 1000)
    assert (await client.rest()).startswith(b"HTTP/1.1 400 ")


async def test_endless_trailers_are_refused(start, connect):
    client = await connect(await start())
    await client.send(POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
    for _ in range(64):
        client.writer.write(b"x: " + b"y" * 1000 + b"\r\n")
    assert (await client.rest()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("size", [200, 9_000])
async def test_a_target_beyond_its_limit_is_414(start, connect, size):
    server = await start(limits=Limits(target_max_bytes=size))
    client = await connect(server)
    await client.send(b"GET /" + b"a" * size + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await client.rest()).startswith(b"HTTP/1.1 414 ")
    client = await connect(server)
    await client.send(b"GET /" + b"a" * (size - 1) + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await client.head()).startswith(b"HTTP/1.1 200 ")


async def test_an_endless_target_is_414(start, connect):
    client = await connect(await start())
    client.writer.write(b"GET /" + b"a" * 300_000)
    assert (await client.rest()).startswith(b"HTTP/1.1 414 ")


@pytest.mark.parametrize("size", [500, 9_000, 70_000])
async def test_a_head_beyond_its_limit_is_431(start, connect, size):
    server = await start(limits=Limits(head_max_bytes=size))
    client = await connect(server)
    client.writer.write(GET + HOST + b"X: " + b"y" * size + b"\r\n\r\n")
    assert (await client.rest()).startswith(b"HTTP/1.1 431 ")
    client = await connect(server)
    await client.send(GET + HOST + b"X: " + b"y" * (size - 50) + b"\r\n\r\n")
    assert (await client.head()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("endless", [b"X: " + b"y" * 300_000, b"X" * 300_000, b"X: y\r\n" * 50_000])
async def test_an_endless_head_is_431(start, connect, endless):
    client = await connect(await start())
    client.writer.write(GET + HOST + endless)
    assert (await client.rest()).startswith(b"HTTP/1.1 431 ")


async def test_too_many_fields_are_431(start, connect):
    server = await start(limits=Limits(header_count_max=10))
    client = await connect(server)
    await client.send(GET + HOST + b"X: y\r\n" * 10 + b"\r\n")
    assert (await client.rest()).startswith(b"HTTP/1.1 431 ")
    client = await connect(server)
    await client.send(GET + HOST + b"X: y\r\n" * 9 + b"\r\n")
    assert (await client.head()).startswith(b"HTTP/1.1 200 ")


async def test_a_declared_body_beyond_the_limit_is_413_before_it_is_read(start, connect, make_handler):
    handler = make_handler()
    client = await connect(await start(handler, limits=Limits(body_max_bytes=10)))
    await client.send(POST + b"Connection: close\r\nContent-Length: 11\r\n\r\n")
    assert (await client.rest()).startswith(b"HTTP/1.1 413 ")
    assert handler.asked == []


async def test_a_chunked_body_beyond_the_limit_is_413(start, connect):
    client = await connect(await start(limits=Limits(body_max_bytes=10)))
    await client.send(POST + b"Transfer-Encoding: chunked\r\n\r\n8\r\nabcdefgh\r\n3\r\nabc\r\n0\r\n\r\n")
    assert (await client.head()).startswith(b"HTTP/1.1 413 ")


async def test_the_body_limit_may_depend_on_the_request(start, connect):
    def limit(request):
        return 2 if request.target == "/small" else None

    server = await start(body_limit=limit)
    client = await connect(server)
    await client.send(b"POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
    assert (await client.rest()).startswith(b"HTTP/1.1 413 ")
    client = await connect(server)
    await client.send(POST + b"Content-Length: 3\r\n\r\nabc")
    assert (await client.head()).startswith(b"HTTP/1.1 200 ")
