"""Whatever comes over the wire, in either direction, is told as a request, a response or an error of ours."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from calotype.http.message import Request
from calotype.serve.errors import OriginError, RequestRefused
from calotype.serve.exchange import Exchange, ExchangeLimits
from calotype.serve.limits import Limits
from calotype.serve.request_reader import RequestReader
from calotype.serve.state import ServerState

REQUESTS = [
    b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nT: x\r\n\r\n",
    b"GET http://b:81/x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
]
RESPONSES = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello",
    b"HTTP/1.1 103 E\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nhello",
]

TROUBLE = [b"", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b" ", b"\t", b":", b",", b"0", b"-", b"\xff", b"chunked"]

# A replacement, insertion or removal: where, how much is cut there, and what is put there.
EDITS = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.integers(0, 3),
        st.sampled_from(TROUBLE),
    ),
    min_size=1,
    max_size=4,
)


def edited(raw: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for position, cut, put in edits:
        position %= len(raw) + 1
        raw = raw[:position] + put + raw[position + cut :]
    return raw


class Listener:
    """What a reader tells; after a refusal it must tell nothing more."""

    def __init__(self) -> None:
        self.refusals = 0
        self.requests: list[Request] = []
        state = ServerState(self, Limits(), None, None, 0.0)
        self.reader = RequestReader(state, self, "http", ("", 0))

    def request_arrived(self, request: Request, keep_alive: bool) -> None:
        assert not self.refusals
        assert request.target.startswith("/") or request.target == "*"
        assert len(request.headers.get_all("host")) <= 1
        assert all("\r" not in value and "\n" not in value and "\0" not in value for _, value in request.headers)
        self.requests.append(request)

    def request_refused(self, refusal: RequestRefused) -> None:
        assert 400 <= refusal.status < 600
        self.refusals += 1
        assert self.refusals == 1

    def body_arrived(self, length: int) -> None:
        assert length >= 0

    def body_taken(self, length: int) -> None:
        assert length >= 0

    def send_continue(self) -> None:
        pass

    def is_saturated(self) -> bool:
        return False


@given(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=3), EDITS, st.integers(1, 60))
@settings(max_examples=300, deadline=None)
def test_edited_requests_are_told_or_refused_once(requests, edits, size):
    raw = edited(b"".join(requests), edits)
    listener = Listener()
    for position in range(0, len(raw), size):
        listener.reader.feed(raw[position : position + size])


@given(st.binary(max_size=300))
def test_any_bytes_are_told_or_refused_once(raw):
    Listener().reader.feed(raw)


class Line:
    def __init__(self) -> None:
        self.endings: list[bool] = []

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def exchange_ended(self, *, reusable: bool) -> None:
        self.endings.append(reusable)


@given(st.sampled_from(RESPONSES), EDITS, st.integers(1, 60), st.sampled_from(["GET", "HEAD"]))
@settings(max_examples=300, deadline=None)
def test_an_edited_response_ends_its_exchange_exactly_once(response, edits, size, method):
    raw = edited(response, edits)

    async def receive() -> None:
        line = Line()
        exchange = Exchange(line, method, ExchangeLimits(), None)
        for position in range(0, len(raw), size):
            exchange.data_received(raw[position : position + size])
        exchange.connection_ended(None, reused=False)
        try:
            await exchange.head()
            assert exchange.status is not None
            assert exchange.status >= 200
            async for _ in exchange:
                pass
        except OriginError:
            assert line.endings == [False]
        assert len(line.endings) == 1

    asyncio.run(receive())
