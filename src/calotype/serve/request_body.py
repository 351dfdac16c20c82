"""The body of a request on its way from the connection to the handler, with back-pressure."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from calotype.http.message import BodyTooLarge
from calotype.serve.errors import ClientLeft
from calotype.serve.state import ServerState

# Beyond, copying the pieces into one costs more than handing them on one by one.
JOINED_BYTES = 65_536


class RequestBody:
    """An async iterator of the pieces that arrive. The connection feeds it and learns what has been taken.

    `on_first_read` is called once, when the handler first asks for a piece (the time to send `100 Continue`, and for an
    empty body too: a client that expects it may misread what comes instead, as the AWS CLI does); `on_taken` with the
    number of bytes that no longer wait, taken or dropped.
    """

    __slots__ = (
        "_error",
        "_max_bytes",
        "_on_first_read",
        "_on_taken",
        "_pieces",
        "_state",
        "_waiter",
        "buffered",
        "is_complete",
        "is_discarding",
        "received",
    )

    def __init__(
        self,
        state: ServerState,
        *,
        max_bytes: int | None,
        on_taken: Callable[[int], None],
        on_first_read: Callable[[], None] | None,
    ) -> None:
        self._state = state
        self._max_bytes = max_bytes
        self._on_taken = on_taken
        self._on_first_read = on_first_read
        self._pieces: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self.buffered = 0
        self.received = 0
        self.is_complete = False
        self.is_discarding = False

    @property
    def is_awaited(self) -> bool:
        """Whether the handler waits for a piece this very moment."""
        return self._waiter is not None

    @property
    def continue_is_due(self) -> bool:
        """Whether the client expects `100 Continue` still, and has sent nothing without it."""
        return self._on_first_read is not None and not self.received

    def feed(self, piece: bytes) -> int:
        """Takes the next piece; says how many of its bytes now wait for the handler."""
        self.received += len(piece)
        if self.is_discarding or self._error is not None:
            return 0
        if self._max_bytes is not None and self.received > self._max_bytes:
            self.fail(BodyTooLarge(self._max_bytes))
            return 0
        self._pieces.append(piece)
        self._count(len(piece))
        self._wake()
        return len(piece)

    def end(self) -> None:
        self.is_complete = True
        self._wake()

    def fail(self, error: Exception) -> None:
        """The body will not be complete; the handler gets this error after the pieces that did arrive."""
        if self._error is None and not self.is_complete:
            self._error = error
            self._wake()

    def discard(self) -> None:
        """Nobody will read on: what waits is dropped, and so is what still comes."""
        self.is_discarding = True
        dropped = self.buffered
        self._pieces.clear()
        self._count(-dropped)
        self._wake()
        if dropped:
            self._on_taken(dropped)

    def __aiter__(self) -> RequestBody:
        return self

    async def __anext__(self) -> bytes:
        if self._on_first_read is not None:
            on_first_read, self._on_first_read = self._on_first_read, None
            if not self.received:
                on_first_read()
        while not self._pieces:
            if self._error is not None:
                raise self._error
            if self.is_discarding:
                # Never the end of the body: what was dropped must not look like a shorter body.
                raise ClientLeft("the request was answered before its body was read")
            if self.is_complete:
                raise StopAsyncIteration
            await self._wait()
        piece = self._take_piece()
        self._count(-len(piece))
        self._on_taken(len(piece))
        return piece

    def _take_piece(self) -> bytes:
        """The next piece; all that is left of a short body at once, since each step of it passes through many hands."""
        if self.is_complete and self.buffered <= JOINED_BYTES and len(self._pieces) > 1:
            rest = b"".join(self._pieces)
            self._pieces.clear()
            return rest
        return self._pieces.popleft()

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _count(self, difference: int) -> None:
        self.buffered += difference
        self._state.bytes_in_flight += difference
