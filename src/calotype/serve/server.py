"""A server: listeners, the connections they make, the sweep that ends what takes too long, and the drain."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl as ssl_module
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from calotype.serve.handler import Handler
from calotype.serve.http1 import Http1Connection
from calotype.serve.limits import Limits
from calotype.serve.listener import BACKLOG, bind
from calotype.serve.response_framing import plain_response
from calotype.serve.state import BodyLimit, OwnAnswer, ServerState

if TYPE_CHECKING:
    from calotype.serve.tls import Certificates

# How often timeouts are looked at, at most; a quarter of the shortest one when that is less.
SWEEP_INTERVAL_S = 1.0

# How often certificate files are looked at; ACME clients renew weeks before the old certificate ends.
CERTIFICATE_INTERVAL_S = 10.0


class Server:
    """Answers HTTP on any number of listeners with one handler.

    `server_header` is the value of the Server field, None for none. `body_limit` gives the longest body a request may
    have, None for `limits.body_max_bytes`. With `ssl` every listener speaks TLS. `own_answer` words what the server
    says itself, of requests that are malformed or beyond a limit.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        limits: Limits | None = None,
        server_header: str | None = None,
        ssl: Certificates | ssl_module.SSLContext | None = None,
        body_limit: BodyLimit | None = None,
        own_answer: OwnAnswer = plain_response,
    ) -> None:
        self._handler = handler
        self._limits = limits if limits is not None else Limits()
        self._server_header = server_header
        self._certificates = None if isinstance(ssl, ssl_module.SSLContext) else ssl
        self._ssl = self._certificates.context if self._certificates is not None else ssl
        self._certificates_seen_at = 0.0
        self._body_limit = body_limit
        self._own_answer = own_answer
        self._state: ServerState | None = None
        self._port: int | None = None
        self._listeners: list[asyncio.Server] = []
        self._sweep: asyncio.TimerHandle | None = None

    async def start(self, where: socket.socket | tuple[str, int] | str) -> None:
        """Starts to accept on a listening socket, a (host, port) or `HOST:PORT`; may be called for several."""
        loop = asyncio.get_running_loop()
        if self._state is None:
            self._state = ServerState(
                self._handler, self._limits, self._server_header, self._body_limit, loop.time(), self._own_answer
            )
            self._sweep_later(loop)
        sock = where if isinstance(where, socket.socket) else bind(_address_text(where))
        name = sock.getsockname()
        self._listeners.append(await self._listen(loop, sock, self._state))
        if self._port is None and isinstance(name, tuple):
            self._port = int(name[1])

    async def _listen(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, state: ServerState) -> asyncio.Server:
        options: dict[str, Any] = {"sock": sock, "backlog": BACKLOG, "ssl": self._ssl}
        connection: Callable[[], asyncio.Protocol] = partial(Http1Connection, state, "http")
        if self._ssl is not None:
            # Here and not above: HTTP/2's codec weighs 5 MB, which a process that speaks no TLS need not carry.
            from calotype.serve.negotiated import NegotiatedConnection

            connection = partial(NegotiatedConnection, state)
            options["ssl_handshake_timeout"] = self._limits.tls_handshake_timeout_s
        if sock.family == socket.AF_UNIX:
            return await loop.create_unix_server(connection, **options)
        return await loop.create_server(connection, **options)

    @property
    def port(self) -> int:
        """The port of the first listener that has one."""
        assert self._port is not None, "the server listens on no port"
        return self._port

    @property
    def connection_count(self) -> int:
        return len(self._state.connections) if self._state is not None else 0

    @property
    def requests_in_flight(self) -> int:
        return self._state.requests_in_flight if self._state is not None else 0

    async def drain(self, timeout_s: float = 30.0) -> None:
        """Stops accepting, lets the requests begun be answered, and cuts what is left after the timeout."""
        for listener in self._listeners:
            listener.close()
        state = self._state
        if state is None:
            return
        state.is_draining = True
        for connection in list(state.connections):
            connection.shut_down()
        if state.connections:
            state.emptied.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(state.emptied.wait(), timeout_s)
        for connection in list(state.connections):
            connection.abort()
        await self._finish_tasks(state)
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None

    async def close(self) -> None:
        """Stops at once."""
        await self.drain(0.0)

    async def _finish_tasks(self, state: ServerState) -> None:
        await asyncio.sleep(0)
        tasks = list(state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait(tasks, timeout=5.0)

    def _sweep_later(self, loop: asyncio.AbstractEventLoop) -> None:
        interval_s = min(SWEEP_INTERVAL_S, self._limits.shortest_timeout_s / 4)
        self._sweep = loop.call_later(interval_s, self._sweep_now, loop)

    def _sweep_now(self, loop: asyncio.AbstractEventLoop) -> None:
        assert self._state is not None
        now = self._state.now = loop.time()
        for connection in list(self._state.connections):
            connection.check_timeouts(now)
        if self._certificates is not None and now - self._certificates_seen_at >= CERTIFICATE_INTERVAL_S:
            self._certificates_seen_at = now
            self._certificates.reload_if_changed()
        self._sweep_later(loop)


def _address_text(where: tuple[str, int] | str) -> str:
    if isinstance(where, str):
        return where
    host, port = where
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
