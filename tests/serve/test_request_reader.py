"""However the bytes of a connection are cut, the reader hears the same."""

from __future__ import annotations

import pytest

from calotype.http.message import Request
from calotype.serve.errors import RequestRefused
from calotype.serve.limits import Limits
from calotype.serve.request_reader import RequestReader
from calotype.serve.state import ServerState

GET_2 = b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
NEVER = b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = b"POST /p HTTP/1.1\r\nHost: a\r\n"

STREAMS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\r\n\r\nGET /x?y HTTP/1.1\r\nhost:a.b:80\r\nX-Y:  z \t \r\nX-Y: w\r\nEmpty:\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nHEAD /2 HTTP/1.0\r\n\r\n",
    b"GET http://b:81/x?y HTTP/1.1\r\nHost: a\r\nX: y\r\nHost-Like: z\r\n\r\n",
    b"GET HTTP://B HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
    b"M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\nPROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n",
    HEAD + b"Content-Length: 5\r\n\r\nhello" + GET_2,
    HEAD + b"Content-Length: 0\r\n\r\n" + GET_2,
    HEAD + b"Transfer-Encoding: Chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nX: y\r\n\r\n" + GET_2,
    HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi" + NEVER,
    HEAD
    + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 28\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n"
    + NEVER,
    HEAD + b"Connection: upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nGET /never",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n" + GET_2,
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nGET /2 HTTP/1.1\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\nz\r\n",
    HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
    HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + NEVER,
    b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    b"FOO / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /" + b"a" * 120 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 400 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 12 + b"\r\n",
]


class Heard:
    """What a reader tells, in order, with the pieces of each body joined."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self.requests: list[Request] = []
        limits = Limits(target_max_bytes=100, head_max_bytes=300, header_count_max=10, pipelined_max=2)
        self.state = ServerState(self, limits, None, None, 0.0)
        self.reader = RequestReader(self.state, self, "http", ("127.0.0.1", 1))

    def request_arrived(self, request: Request, keep_alive: bool) -> None:
        self.requests.append(request)
        fields = (request.method, request.target, request.version, tuple(request.headers), request.content_length)
        self.events.append((*fields, request.fields == dict(request.raw_headers), keep_alive))

    def request_refused(self, refusal: RequestRefused) -> None:
        self.events.append(("refused", refusal.status))

    def body_arrived(self, length: int) -> None:
        pass

    def body_taken(self, length: int) -> None:
        pass

    def send_continue(self) -> None:
        pass

    def is_saturated(self) -> bool:
        return False

    async def bodies(self) -> list[object]:
        return [await self.body(request) for request in self.requests]

    async def body(self, request: Request) -> object:
        pieces = b""
        if self.reader.body is request.body:
            return "incomplete"
        try:
            async for piece in request.body:
                pieces += piece
        except RequestRefused as refusal:
            return pieces, refusal.status
        return pieces


async def heard(pieces: list[bytes]) -> tuple[list[object], list[object]]:
    listener = Heard()
    for piece in pieces:
        listener.reader.feed(piece)
    return listener.events, await listener.bodies()


@pytest.mark.parametrize("stream", STREAMS, ids=[repr(stream)[2:90] for stream in STREAMS])
async def test_every_stream_cut_at_every_byte_tells_the_same(stream):
    whole = await heard([stream])
    assert whole[0], "the stream must tell something"
    for position in range(1, len(stream)):
        assert await heard([stream[:position], stream[position:]]) == whole
    assert await heard([stream[position : position + 1] for position in range(len(stream))]) == whole


async def test_absolute_form_becomes_origin_form_and_its_authority_the_only_host():
    [event], _ = await heard([b"GET http://b:81/x?y HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"])
    assert event[:4] == ("GET", "/x?y", "1.1", (("host", "b:81"), ("x", "y")))


async def test_repeated_fields_stay_apart_and_lose_outer_white_space():
    [event], _ = await heard([b"GET / HTTP/1.1\r\nHost: a\r\nX-Y:  z \t \r\nx-y: w\r\n\r\n"])
    assert event[3] == (("host", "a"), ("x-y", "z"), ("x-y", "w"))


async def test_nothing_is_heard_after_a_refusal():
    events, _ = await heard([b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"])
    assert events == [("refused", 400)]
