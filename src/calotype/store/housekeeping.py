"""What goes on beside the requests: the ledger's flush, the removal of released blobs, the news of the outbox."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from calotype.store.blobs import Blobs
from calotype.store.counting import CountedCalls
from calotype.store.errors import Refused
from calotype.store.group_commit import GroupCommit
from calotype.store.metadata import Metadata
from calotype.store.removal import Removals
from calotype.store.versions import Change

_log = logging.getLogger("calotype.store")


class Housekeeping:
    """`active` names the blobs being written, from before their file is made until their commit or end."""

    def __init__(self, metadata: Metadata, blobs: Blobs, remove_after_s: float, interval_s: float) -> None:
        self.calls = CountedCalls()
        self.removals = Removals(remove_after_s)
        self.active: set[str] = set()
        self._metadata = metadata
        self._blobs = blobs
        self._interval_s = interval_s
        self._news = asyncio.Event()  # set once, at the next change of the outbox, and replaced
        self._commits: GroupCommit | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, commits: GroupCommit) -> None:
        self._commits = commits
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Flush the ledger, and remove what waits for removal and nobody reads."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.flush_ledger()
        await self._remove_due(all_of_them=True)

    def committed(self, outcome: Any) -> None:
        """Told of each committed change's result."""
        if isinstance(outcome, Change):
            self.removals.release(outcome.released, time.monotonic())
            self._news.set()
            self._news = asyncio.Event()

    async def flush_ledger(self) -> None:
        rows = self.calls.take()
        if not rows or self._commits is None:
            return
        try:
            await self._commits.commit(lambda transaction: transaction.add_to_ledger(rows))
        except Refused:
            self.calls.put_back(rows)

    async def wait_outbox(self, after: int) -> None:
        while True:
            news = self._news
            if await self._metadata.read(lambda transaction: transaction.outbox(after, 1)):
                return
            await news.wait()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval_s)
            await self.flush_ledger()
            await self._remove_due()

    async def _remove_due(self, *, all_of_them: bool = False) -> None:
        due = self.removals.due(time.monotonic(), all_of_them=all_of_them)
        if due:
            await asyncio.to_thread(self._remove, due)

    def _remove(self, blob_ids: list[str]) -> None:
        for blob_id in blob_ids:
            try:
                self._blobs.remove(blob_id)
            except OSError as error:
                _log.warning("blob %s stays behind as an orphan: %s", blob_id, error)
