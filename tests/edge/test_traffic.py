"""The edge's traffic by day: what workers count since their start, added up over days and restarts."""

from __future__ import annotations

from pathlib import Path

import pytest

from calotype.edge.statistics import WorkerStatistics
from calotype.edge.traffic import DAYS_KEPT, Figures, Record, Traffic, load, noted, utc_day

NOON_MS = 1_795_348_800_000
DAY_MS = 86_400_000


def told(worker: int, requests: int, *, started_at_ms: int = 1, fetched: int = 0) -> WorkerStatistics:
    """Each answer has 10 bytes, each of the origin's 100."""
    return WorkerStatistics(
        worker=worker,
        started_at_ms=started_at_ms,
        generation=1,
        ban_position=0,
        entries=0,
        stored_bytes=0,
        memory_bytes=0,
        requests={"HIT": requests - fetched, "MISS": fetched},
        bytes_out=10 * requests,
        origin_requests=fetched,
        origin_bytes=100 * fetched,
    )


def figures(requests: int, fetched: int = 0) -> Figures:
    return Figures(requests=requests, bytes_out=10 * requests, origin_requests=fetched, origin_bytes=100 * fetched)


def test_what_came_since_the_last_time_goes_to_the_day_it_is() -> None:
    record = noted(Record(), [told(0, 5, fetched=1), told(1, 7)], "2026-11-21")
    assert record.days == {"2026-11-21": figures(12, 1)}
    record = noted(record, [told(0, 5, fetched=1), told(1, 9, fetched=2)], "2026-11-22")
    assert record.days == {"2026-11-21": figures(12, 1), "2026-11-22": figures(2, 2)}


def test_a_worker_that_was_started_anew_counts_from_nothing() -> None:
    record = noted(Record(), [told(0, 5)], "2026-11-21")
    record = noted(record, [told(0, 3, started_at_ms=2)], "2026-11-21")
    assert record.days == {"2026-11-21": figures(8)}
    record = noted(record, [told(0, 9, started_at_ms=2)], "2026-11-21")
    assert record.days == {"2026-11-21": figures(14)}


def test_a_worker_that_does_not_answer_loses_nothing() -> None:
    record = noted(Record(), [told(0, 5), told(1, 5)], "2026-11-21")
    record = noted(record, [told(1, 6)], "2026-11-21")
    record = noted(record, [told(0, 6), told(1, 6)], "2026-11-21")
    assert record.days == {"2026-11-21": figures(12)}


def test_old_days_are_forgotten() -> None:
    record = Record()
    for day in range(DAYS_KEPT + 3):
        record = noted(record, [told(0, day)], utc_day(NOON_MS + day * DAY_MS))
    assert len(record.days) == DAYS_KEPT
    assert min(record.days) == utc_day(NOON_MS + 3 * DAY_MS)


class ToldWorkers:
    """Workers that say what a test has them say."""

    def __init__(self, *workers: WorkerStatistics) -> None:
        self.workers = list(workers)

    async def statistics(self) -> list[WorkerStatistics]:
        return self.workers


async def test_the_days_are_kept_over_a_restart_and_counted_once(tmp_path: Path) -> None:
    path, workers = tmp_path / "edge" / "traffic.json", ToldWorkers(told(0, 5))
    traffic = Traffic(path, workers, lambda: NOON_MS)  # type: ignore[arg-type]
    await traffic.write()
    workers.workers = [told(0, 8)]  # the worker lives on, the control process begins anew
    again = Traffic(path, workers, lambda: NOON_MS)  # type: ignore[arg-type]
    assert again.days == {utc_day(NOON_MS): figures(5)}
    await again.write()
    assert load(path).days == {utc_day(NOON_MS): figures(8)}


@pytest.mark.parametrize("content", ["", "{", '{"days": 3}', "[]"])
def test_a_file_that_cannot_be_read_begins_anew(tmp_path: Path, content: str) -> None:
    path = tmp_path / "traffic.json"
    path.write_text(content)
    assert load(path) == Record()
    assert load(tmp_path / "none.json") == Record()
