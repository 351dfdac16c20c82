"""What a server of ours calls: one interface for the origin, the edge and the control plane."""

from __future__ import annotations

from typing import Protocol

from calotype.http.message import Prepared, Request, Response


class Handler(Protocol):
    """Answers requests. `try_now` runs inside the parser's callback and must not block.

    It is asked only for HTTP/1.1 requests without a body, with no earlier answer pending on the connection and
    the write buffer under its mark; None sends the request to `handle`, which runs as a task.
    """

    def try_now(self, request: Request) -> Prepared | None: ...

    async def handle(self, request: Request) -> Response: ...
