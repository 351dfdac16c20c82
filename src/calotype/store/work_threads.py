"""Threads for many short jobs: hashing a piece and writing it, reading a small file.

A thread takes several jobs at a time and hands their results over together, so under load the event loop is woken
once for all of them. `ThreadPoolExecutor` wakes it for each, which cost a third of the store's speed.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

_Job = tuple[Callable[[], Any], "asyncio.Future[Any]"]
_Outcome = tuple["asyncio.Future[Any]", Any, BaseException | None]

# Short, since the first job's answer waits for the last's.
_JOBS_AT_ONCE = 4


class WorkThreads:
    """Belongs to the running event loop. `shutdown` lets the waiting jobs finish."""

    def __init__(self, count: int, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = False
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
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
        self._jobs.put((partial(function, *arguments), answer))
        return answer

    async def shutdown(self) -> None:
        self._stopped = True
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _work(self) -> None:
        while True:
            jobs, is_last = self._next_jobs()
            outcomes = [_outcome(function, answer) for function, answer in jobs]
            if outcomes:
                self._loop.call_soon_threadsafe(_settle, outcomes)
            if is_last:
                return

    def _next_jobs(self) -> tuple[list[_Job], bool]:
        """At least one job, unless it is the end; several only when enough are left for every other thread."""
        jobs: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == _JOBS_AT_ONCE or self._jobs.qsize() < len(self._threads):
                return jobs, False
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return jobs, False
        return jobs, True


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
