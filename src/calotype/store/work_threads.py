"""Threads for many short jobs: hashing a piece and writing it, reading a small file.

What is asked for within one turn of the event loop is handed over together when the turn ends, in shares of a few
jobs, and a share's results come back together. Waking a thread, or the loop, costs more than many of the jobs, and
each time the interpreter's lock changes hands; one at a time it was a third of the store's speed.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

_Job = tuple[Callable[[], Any], "asyncio.Future[Any]"]
_Outcome = tuple["asyncio.Future[Any]", Any, BaseException | None]

# Short, since the first job's answer waits for the last's.
_LARGEST_SHARE = 4


class WorkThreads:
    """Belongs to the running event loop. `shutdown` lets the waiting jobs finish."""

    def __init__(self, count: int, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = False
        self._asked: list[_Job] = []
        self._shares: SimpleQueue[list[_Job] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True) for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, function: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
        """A future of the function's result. Cancelling it does not stop the function."""
        answer: asyncio.Future[T] = self._loop.create_future()
        if self._stopped:  # a reader that leaves after the end still closes its file
            answer.set_result(function(*arguments))
            return answer
        if not self._asked:
            self._loop.call_soon(self._hand_over)
        self._asked.append((partial(function, *arguments), answer))
        return answer

    async def shutdown(self) -> None:
        self._stopped = True
        self._hand_over()
        for _ in self._threads:
            self._shares.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _hand_over(self) -> None:
        """In even shares."""
        jobs, self._asked = self._asked, []
        size = max(1, min(-(-len(jobs) // len(self._threads)), _LARGEST_SHARE))
        for first in range(0, len(jobs), size):
            self._shares.put(jobs[first : first + size])

    def _work(self) -> None:
        while (share := self._shares.get()) is not None:
            outcomes = [_outcome(function, answer) for function, answer in share]
            self._loop.call_soon_threadsafe(_settle, outcomes)


def _outcome(function: Callable[[], Any], answer: asyncio.Future[Any]) -> _Outcome:
    try:
        return answer, function(), None
    except BaseException as error:  # handed to whoever waits
        return answer, None, error


def _settle(outcomes: list[_Outcome]) -> None:
    for answer, result, error in outcomes:
        if answer.cancelled():
            continue
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)
