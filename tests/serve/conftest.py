"""A server with a handler written inside the test, and clients that speak raw bytes to it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvloop

from calotype.http.message import Headers, Prepared, Request, Response
from calotype.serve.server import Server


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
