"""The worker between the store's outbox and the edges."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from calotype.programs.purger import MOST_AT_ONCE, Outbox, PurgeRefused, run_purger
from calotype.store.model import OutboxRow


class FakeOutbox:
    """Rows in memory, with the same promises as the store's."""

    def __init__(self) -> None:
        self.rows: list[OutboxRow] = []
        self._sequence = 0
        self._changed = asyncio.Event()

    def add(self, *keys: str, bucket: str = "photos") -> None:
        for key in keys:
            self._sequence += 1
            self.rows.append(OutboxRow(self._sequence, "account", bucket, key.encode()))
        self._changed.set()

    async def outbox(self, after: int, limit: int = 1000) -> list[OutboxRow]:
        return [row for row in self.rows if row.sequence > after][:limit]

    async def wait_outbox(self, after: int) -> None:
        while not await self.outbox(after):
            self._changed.clear()
            await self._changed.wait()

    async def forget_outbox(self, up_to: int) -> None:
        self.rows = [row for row in self.rows if row.sequence > up_to]


class RecordingEdge:
    """An edge that fails as often as told before it works."""

    def __init__(self, failures: int = 0, refuses: str = "") -> None:
        self.name = "the edge"
        self.refuses = refuses
        self.purged: list[list[str]] = []
        self.failures = failures

    async def purge(self, paths: Sequence[str]) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionRefusedError("connection refused")
        if self.refuses in paths:
            raise PurgeRefused("it cannot be purged")
        self.purged.append(list(paths))


def paths_of(row: OutboxRow) -> list[str]:
    return [f"/{row.key.decode()}"] if row.bucket_name == "photos" else []


@asynccontextmanager
async def purging(store: Outbox, *edges: RecordingEdge) -> AsyncIterator[None]:
    task = asyncio.create_task(run_purger(store, paths_of, edges))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_change_is_purged_at_every_edge_and_then_forgotten() -> None:
    store, edges = FakeOutbox(), [RecordingEdge(), RecordingEdge()]
    async with purging(store, *edges):
        store.add("a.png")
        await until(lambda: not store.rows)
    assert [edge.purged for edge in edges] == [[["/a.png"]]] * 2


async def test_what_was_left_by_a_crash_is_purged_at_the_start() -> None:
    store, edge = FakeOutbox(), RecordingEdge()
    store.add("a.png", "b.png", "a.png")
    async with purging(store, edge):
        await until(lambda: not store.rows)
    assert edge.purged == [["/a.png", "/b.png"]]


async def test_nothing_is_forgotten_before_every_edge_has_purged(capsys: pytest.CaptureFixture[str]) -> None:
    store, well, away = FakeOutbox(), RecordingEdge(), RecordingEdge(failures=2)
    async with purging(store, well, away):
        store.add("a.png")
        await until(lambda: bool(well.purged))
        assert store.rows
        await until(lambda: not store.rows)
    assert away.purged == [["/a.png"]]
    log = capsys.readouterr().err
    assert "the edge cannot be purged (connection refused); trying again until it can" in log
    assert "the edge can be purged again" in log


async def test_a_bucket_that_is_no_sites_is_forgotten_without_a_purge() -> None:
    store, edge = FakeOutbox(), RecordingEdge()
    async with purging(store, edge):
        store.add("a.png", bucket="other")
        await until(lambda: not store.rows)
    assert edge.purged == []


async def test_a_path_that_is_refused_for_good_keeps_no_other_in_the_cache(capsys: pytest.CaptureFixture[str]) -> None:
    store, edge = FakeOutbox(), RecordingEdge(refuses="/cdn-cgi/b.png")
    store.add("a.png", "cdn-cgi/b.png", "c.png")
    async with purging(store, edge):
        await until(lambda: not store.rows)
    assert edge.purged == [["/a.png"], ["/c.png"]]
    assert "the edge does not purge /cdn-cgi/b.png: it cannot be purged" in capsys.readouterr().err


async def test_changes_of_one_moment_go_in_one_call() -> None:
    store, edge = FakeOutbox(), RecordingEdge()
    async with purging(store, edge):
        await asyncio.sleep(0.01)  # now the worker waits
        for number in range(5):
            store.add(f"{number}.png")
            await asyncio.sleep(0.001)
        await until(lambda: not store.rows)
    assert len(edge.purged) == 1


async def test_many_changes_go_in_batches() -> None:
    store, edge = FakeOutbox(), RecordingEdge()
    store.add(*(f"{number}.png" for number in range(2 * MOST_AT_ONCE + 5)))
    async with purging(store, edge):
        await until(lambda: not store.rows)
    assert [len(paths) for paths in edge.purged] == [MOST_AT_ONCE, MOST_AT_ONCE, 5]
