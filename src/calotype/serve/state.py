"""What all connections of one server share: the handler, the limits, a coarse clock and the counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from calotype.http.message import Request, Response
from calotype.serve.handler import Handler
from calotype.serve.limits import Limits
from calotype.serve.response_framing import plain_response

BodyLimit = Callable[[Request], int | None]
OwnAnswer = Callable[[int, str, Request | None], Response]
"""The server's own answer of a status, and why; the request is None where none could be read."""


class Connection(Protocol):
    """What the server asks of a connection, whatever its HTTP version."""

    def check_timeouts(self, now: float) -> None:
        """Ends what has taken too long; `now` is the coarse clock."""

    def shut_down(self) -> None:
        """Closes the connection as soon as the answers begun or asked for are out."""

    def abort(self) -> None:
        """Closes the connection at once."""


class ServerState:
    """Shared by the connections of one server; every change happens in its event loop.

    `now` is the loop's time as of the last sweep: precise enough for timeouts, and free on the hot path.
    """

    __slots__ = (
        "body_limit",
        "bytes_in_flight",
        "connections",
        "emptied",
        "handler",
        "is_draining",
        "limits",
        "now",
        "own_answer",
        "requests_in_flight",
        "server_header",
        "tasks",
    )

    def __init__(
        self,
        handler: Handler,
        limits: Limits,
        server_header: str | None,
        body_limit: BodyLimit | None,
        now: float,
        own_answer: OwnAnswer = plain_response,
    ) -> None:
        self.handler = handler
        self.limits = limits
        self.server_header = server_header
        self.body_limit = body_limit
        self.own_answer = own_answer
        self.now = now
        self.connections: set[Connection] = set()
        self.emptied = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()
        self.requests_in_flight = 0
        self.bytes_in_flight = 0
        self.is_draining = False

    def body_max_bytes(self, request: Request) -> int | None:
        """The longest body this request may have, or None when the handler decides."""
        asked = self.body_limit(request) if self.body_limit is not None else None
        return asked if asked is not None else self.limits.body_max_bytes

    def closed(self, connection: Connection) -> None:
        """Forgets a connection; `emptied` is set when it was the last."""
        self.connections.discard(connection)
        if not self.connections:
            self.emptied.set()

    def start(self, task: asyncio.Task[None]) -> None:
        """Keeps count of a handler's task, and a reference to it, until it is done."""
        self.requests_in_flight += 1
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.requests_in_flight -= 1
        self.tasks.discard(task)
