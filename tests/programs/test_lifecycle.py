"""Lifecycle rules at the start of the origin and once a day."""

from __future__ import annotations

import asyncio

import pytest

from calotype.programs import lifecycle
from calotype.store.lifecycle_job import LifecycleJob, LifecycleReport
from calotype.store.store import memory_store


async def test_rules_are_followed_at_the_start_and_again_and_again_whatever_happens(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    outcomes: list[LifecycleReport | OSError] = [
        LifecycleReport(),
        OSError("the disk is away"),
        LifecycleReport(hidden=3, deleted=1),
    ]
    runs: list[int] = []
    ended = asyncio.Event()

    async def run_once(self: LifecycleJob) -> LifecycleReport:
        runs.append(len(runs))
        outcome = outcomes.pop(0)
        if not outcomes:
            ended.set()
        if isinstance(outcome, OSError):
            raise outcome
        return outcome

    monkeypatch.setattr(lifecycle, "INTERVAL_S", 0.001)
    monkeypatch.setattr(LifecycleJob, "run_once", run_once)
    async with await memory_store() as store:
        following = asyncio.create_task(lifecycle.follow_lifecycle_rules(store))
        await asyncio.wait_for(ended.wait(), 5)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    told = capfd.readouterr().err
    assert "could not be followed to the end: the disk is away" in told
    assert "by lifecycle rules: hidden 3, deleted 1, hide markers removed 0" in told
    assert told.count("by lifecycle rules") == 1  # nothing done, nothing said
