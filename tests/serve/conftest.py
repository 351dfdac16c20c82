"""A server with a handler written inside the test, and clients that speak raw bytes to it."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import h2.connection
import h2.events
import pytest
import trustme
import uvloop
from h2.config import H2Configuration

from calotype.http.message import Headers, Prepared, Request, Response
from calotype.serve.client import Address, Client
from calotype.serve.server import Server
from calotype.serve.tls import CertificateFiles, Certificates


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the programs run on."""
    return {"uvloop": uvloop.new_event_loop}


class Handler:
    """A handler made of one coroutine function; it records what it was asked."""

    def __init__(
        self,
        handle: Callable[[Request], Awaitable[Response]] | None = None,
        try_now: Callable[[Request], Prepared | None] | None = None,
    ) -> None:
        self._handle = handle if handle is not None else describe
        self._try_now = try_now
        self.asked: list[str] = []

    def try_now(self, request: Request) -> Prepared | None:
        return self._try_now(request) if self._try_now is not None else None

    async def handle(self, request: Request) -> Response:
        self.asked.append(f"{request.method} {request.target}")
        return await self._handle(request)


async def describe(request: Request) -> Response:
    """An answer that tells what was understood of the request, body included."""
    body = b"".join([piece async for piece in request.body])
    seen: dict[str, Any] = {
        "method": request.method,
        "target": request.target,
        "version": request.version,
        "headers": list(request.headers),
        "content_length": request.content_length,
        "body": body.decode("latin-1"),
    }
    return Response(200, Headers([("content-type", "application/json")]), json.dumps(seen).encode())


class RawClient:
    """A TCP or TLS connection that sends what it is told and shows what comes back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def rest(self, timeout_s: float = 5.0) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(timeout_s):
            return await self.reader.read(-1)

    async def head(self, timeout_s: float = 5.0) -> bytes:
        async with asyncio.timeout(timeout_s):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def answer(self, timeout_s: float = 5.0) -> tuple[bytes, bytes]:
        """(head, body) of the next response with a Content-Length."""
        head = await self.head(timeout_s)
        length = next(
            (
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            ),
            0,
        )
        async with asyncio.timeout(timeout_s):
            return head, await self.reader.readexactly(length)

    async def is_closed(self, timeout_s: float = 5.0) -> bool:
        """Whether the server closes without another byte."""
        try:
            return await self.rest(timeout_s) == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        self.writer.close()


StartServer = Callable[..., Awaitable[Server]]
ConnectTo = Callable[[Server], Awaitable[RawClient]]


@pytest.fixture
async def start() -> AsyncIterator[StartServer]:
    """Starts a server on a free port: `server = await start(handler, limits=…)`."""
    servers: list[Server] = []

    async def start_one(handler: Any = None, **options: Any) -> Server:
        server = Server(handler if handler is not None else Handler(), **options)
        servers.append(server)
        await server.start(("127.0.0.1", 0))
        return server

    yield start_one
    for server in servers:
        await server.close()


@pytest.fixture
async def connect() -> AsyncIterator[ConnectTo]:
    clients: list[RawClient] = []

    async def connect_one(server: Server, **options: Any) -> RawClient:
        client = RawClient(*await asyncio.open_connection("127.0.0.1", server.port, **options))
        clients.append(client)
        return client

    yield connect_one
    for client in clients:
        client.close()


@pytest.fixture
def make_handler() -> type[Handler]:
    return Handler


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Http2Client:
    """One connection through the codec's client side; it acknowledges data only when told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, speaks_first: bool) -> None:
        self.reader = reader
        self.writer = writer
        self.codec = h2.connection.H2Connection(
            H2Configuration(client_side=True, header_encoding="latin-1", validate_outbound_headers=False)
        )
        self.events: list[h2.events.Event] = []
        if speaks_first:
            self.codec.initiate_connection()
            self.flush()

    def flush(self) -> None:
        self.writer.write(self.codec.data_to_send())

    def ask(self, header_list, body: bytes | None = None) -> int:
        stream_id = self.codec.get_next_available_stream_id()
        self.codec.send_headers(stream_id, header_list, end_stream=body is None)
        if body is not None:
            self.codec.send_data(stream_id, body, end_stream=True)
        self.flush()
        return stream_id

    async def until(self, kind, stream_id: int | None = None, *, acknowledge: bool = True, timeout_s: float = 5.0):
        """The next event of this kind, every event before it kept in `events`."""
        async with asyncio.timeout(timeout_s):
            while True:
                for event in self.events:
                    if isinstance(event, kind) and stream_id in (None, getattr(event, "stream_id", None)):
                        self.events.remove(event)
                        return event
                received = await self.reader.read(65536)
                if not received:
                    raise ConnectionError("closed")
                events = self.codec.receive_data(received)
                for event in events:
                    if isinstance(event, h2.events.DataReceived) and acknowledge:
                        self.codec.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                self.events += events
                self.flush()

    async def answer(self, stream_id: int, *, acknowledge: bool = True) -> tuple[dict[str, str], bytes]:
        """(fields, body) of the stream's response."""
        response = await self.until(h2.events.ResponseReceived, stream_id, acknowledge=acknowledge)
        await self.until(h2.events.StreamEnded, stream_id, acknowledge=acknowledge)
        data = [
            event for event in self.events if isinstance(event, h2.events.DataReceived) and event.stream_id == stream_id
        ]
        for event in data:
            self.events.remove(event)
        return dict(response.headers), b"".join(event.data for event in data)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificates(authority, tmp_path) -> Certificates:
    issued = authority.issue_cert("a.test")
    path = tmp_path / "a.pem"
    path.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    return Certificates([CertificateFiles(path, path)])


@pytest.fixture
async def open_h2(start, connect, certificates, authority):
    """Starts a server and connects to it: `server, client = await open_h2(handler, limits=…)`."""

    async def open_one(handler=None, *, speaks_first=True, **options):
        server = await start(handler, ssl=certificates, **options)
        trust = ssl.create_default_context()
        authority.configure_trust(trust)
        trust.set_alpn_protocols(["h2"])
        raw = await connect(server, ssl=trust, server_hostname="a.test")
        return server, Http2Client(raw.reader, raw.writer, speaks_first=speaks_first)

    return open_one


class RawOrigin:
    """Answers each connection with a script of bytes, after it has read a request head."""

    def __init__(self, answers: list[bytes], *, keeps_open: bool) -> None:
        self.answers = answers
        self.keeps_open = keeps_open
        self.connections = 0
        self.seen: list[bytes] = []
        self.was_asked = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        for answer in self.answers:
            self.seen.append(await reader.readuntil(b"\r\n\r\n"))
            self.was_asked.set()
            writer.write(answer)
            await writer.drain()
        if self.keeps_open:
            await reader.read()


@pytest.fixture
async def scripted() -> AsyncIterator[Callable[..., Any]]:
    """An origin that answers each connection with a coroutine: `address = await scripted(respond)`."""
    servers: list[asyncio.Server] = []
    tasks: list[asyncio.Task[None]] = []

    async def start(respond: Callable[..., Any]) -> Address:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.append(asyncio.current_task())
            try:
                await respond(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        servers.append(server)
        return Address("127.0.0.1", server.sockets[0].getsockname()[1])

    yield start
    for server in servers:
        server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def origin(scripted) -> Callable[..., Any]:
    """An origin that answers with raw bytes: `address, script = await origin(b"HTTP/1.1 …")`."""

    async def start(*answers: bytes, keeps_open: bool = False) -> tuple[Address, RawOrigin]:
        script = RawOrigin(list(answers), keeps_open=keeps_open)
        return await scripted(script), script

    return start


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = Client()
    yield client
    await client.close()
