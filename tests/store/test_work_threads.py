"""Work threads: results and errors come back to the loop, and the end is clean."""

from __future__ import annotations

import asyncio
import threading

import pytest

from calotype.store.work_threads import WorkThreads


async def test_results_and_errors_come_back_to_whoever_asked() -> None:
    threads = WorkThreads(2, "test")
    answers = [threads.run(divmod, 100, number) for number in range(20)]
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    assert isinstance(outcomes[0], ZeroDivisionError)
    assert outcomes[1:] == [divmod(100, number) for number in range(1, 20)]
    await threads.shutdown()


async def test_jobs_run_beside_the_loop_and_beside_each_other() -> None:
    threads = WorkThreads(2, "test")
    both = threading.Barrier(2, timeout=5)
    await asyncio.gather(threads.run(both.wait), threads.run(both.wait))
    await threads.shutdown()


async def test_a_cancelled_job_disturbs_nobody() -> None:
    threads = WorkThreads(1, "test")
    gate = threading.Event()
    first = threads.run(gate.wait)
    cancelled, third = threads.run(str, 2), threads.run(str, 3)
    cancelled.cancel()
    gate.set()
    assert (await first, await third) == (True, "3")
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    await threads.shutdown()


async def test_shutdown_finishes_what_waits_and_later_jobs_run_at_once() -> None:
    threads = WorkThreads(2, "test")
    waiting = [threads.run(str, number) for number in range(50)]
    await threads.shutdown()
    assert await asyncio.gather(*waiting) == [str(number) for number in range(50)]
    assert await threads.run(str, "late") == "late"
