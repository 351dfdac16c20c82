"""What the edge gave to viewers and took from origins, by UTC day, kept over restarts.

Workers count since their start and know no days. The control process asks them now and then, adds what has come since
the last time to the day it is, and writes it down. A worker that is killed takes with it what it counted since then,
ten seconds at most; so does a machine that loses its power.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from calotype.edge.control import Workers
from calotype.edge.statistics import WorkerStatistics
from calotype.private_files import write_private

log = logging.getLogger("calotype.edge")

DAYS_KEPT = 62  # this month and the one before
INTERVAL_S = 10.0


class Figures(Struct, frozen=True, kw_only=True):
    """Answers to viewers and their bytes, requests to origins and the bytes of their answers."""

    requests: int = 0
    bytes_out: int = 0
    origin_requests: int = 0
    origin_bytes: int = 0

    def plus(self, other: Figures, sign: int = 1) -> Figures:
        return Figures(
            requests=self.requests + sign * other.requests,
            bytes_out=self.bytes_out + sign * other.bytes_out,
            origin_requests=self.origin_requests + sign * other.origin_requests,
            origin_bytes=self.origin_bytes + sign * other.origin_bytes,
        )


class Seen(Struct, frozen=True, kw_only=True):
    """What a worker told last; one with another start has begun anew from nothing."""

    started_at_ms: int
    figures: Figures


class Record(Struct, frozen=True, kw_only=True):
    """`days` by YYYY-MM-DD, `workers` by number."""

    days: dict[str, Figures] = {}
    workers: dict[str, Seen] = {}


def noted(record: Record, told: Iterable[WorkerStatistics], day: str) -> Record:
    """The record with what the workers did since it was made, on that day."""
    workers, figures = dict(record.workers), record.days.get(day, Figures())
    for worker in told:
        now = figures_of(worker)
        before = workers.get(str(worker.worker))
        same = before is not None and before.started_at_ms == worker.started_at_ms
        figures = figures.plus(now.plus(before.figures, -1) if same and before is not None else now)
        workers[str(worker.worker)] = Seen(started_at_ms=worker.started_at_ms, figures=now)
    days = {**record.days, day: figures}
    return Record(days=dict(sorted(days.items())[-DAYS_KEPT:]), workers=workers)


def figures_of(worker: WorkerStatistics) -> Figures:
    return Figures(
        requests=sum(worker.requests.values()),
        bytes_out=worker.bytes_out,
        origin_requests=worker.origin_requests,
        origin_bytes=worker.origin_bytes,
    )


def utc_day(now_ms: int) -> str:
    return datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%d")


class Traffic:
    """The record in its file. `clock` gives milliseconds since the epoch. Belongs to one event loop."""

    def __init__(self, path: Path, workers: Workers, clock: Callable[[], int]) -> None:
        self._path = path
        self._workers = workers
        self._clock = clock
        self._record = load(path)
        self._written = self._record

    @property
    def days(self) -> dict[str, Figures]:
        return self._record.days

    async def refresh(self) -> list[WorkerStatistics]:
        """What each living worker says of itself, now also noted."""
        told = await self._workers.statistics()
        self._record = noted(self._record, told, utc_day(self._clock()))
        return told

    async def follow(self) -> None:
        """Notes and writes, until it is cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            await self.write()

    async def write(self) -> None:
        """Note what there is, and keep it when it is new."""
        await self.refresh()
        record = self._record
        if record == self._written:
            return
        try:
            await asyncio.to_thread(write_private, self._path, msgspec.json.encode(record).decode())
        except OSError as error:  # tried again next time
            log.warning("%s cannot be written: %s", self._path, error)
            return
        self._written = record


def load(path: Path) -> Record:
    """The record in the file; an empty one where there is none, or where it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except FileNotFoundError:
        return Record()
    except (OSError, msgspec.MsgspecError) as error:
        log.warning("%s cannot be read, the days begin anew: %s", path, error)
        return Record()
