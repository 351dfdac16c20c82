"""Back-pressure towards the client: a writer waits here while the transport holds more than its mark."""

from __future__ import annotations

import asyncio


class WriteGate:
    """Closed by `pause_writing`, opened by `resume_writing`; one waiter at a time."""

    __slots__ = ("_waiter", "is_closed")

    def __init__(self) -> None:
        self.is_closed = False
        self._waiter: asyncio.Future[None] | None = None

    def close(self) -> None:
        self.is_closed = True

    def open(self) -> None:
        self.is_closed = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def passed(self) -> None:
        """Returns when the gate is open."""
        while self.is_closed:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
