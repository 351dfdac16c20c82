"""What goes on beside the requests: the ledger's flush, the removal of released blobs, the news of the outbox."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from calotype.store.accounting import Accounting
from calotype.store.blobs import Blobs
from calotype.store.errors import Refused
from calotype.store.fsck import find_orphans, named_in_segment
from calotype.store.group_commit import GroupCommit
from calotype.store.ledger import Alert
from calotype.store.metadata import Metadata, Transaction
from calotype.store.pieces import segment_of
from calotype.store.removal import Removals
from calotype.store.versions import Change

_log = logging.getLogger("calotype.store")


class Housekeeping:
    """`active` names the blobs being written, from before their file is made until their commit or end."""

    def __init__(
        self, metadata: Metadata, blobs: Blobs, accounting: Accounting, remove_after_s: float, interval_s: float
    ) -> None:
        self._accounting = accounting
        self.removals = Removals(remove_after_s)
        self.active: set[str] = set()
        self._metadata = metadata
        self._blobs = blobs
        self._interval_s = interval_s
        self._news: asyncio.Event | None = None  # made by who waits for it, set once, at the next change
        self.outbox_forgotten_up_to = 0
        self._outbox_removed_up_to = 0
        self._commits: GroupCommit | None = None
        self._task: asyncio.Task[None] | None = None
        self._sweeping: asyncio.Task[None] | None = None

    def start(self, commits: GroupCommit) -> None:
        self._commits = commits
        self._task = asyncio.create_task(self._run())

    def sweep_soon(self) -> None:
        """Look for the orphans of an earlier crash, in the background."""
        self._sweeping = asyncio.create_task(self._sweep_quietly())

    async def stop(self) -> None:
        """Flush the ledger, and remove what waits for removal and nobody reads."""
        tasks = [task for task in (self._task, self._sweeping) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.flush_ledger()
        await self._remove_forgotten()
        await self._remove_due(all_of_them=True)

    def committed(self, outcome: Any) -> None:
        """Told of each committed change's result."""
        if isinstance(outcome, Change):
            self.removals.release(outcome.released, time.monotonic())
            if self._news is not None:
                self._news.set()
                self._news = None

    async def flush_ledger(self) -> None:
        """Write what was counted since the last time, and the alerts that it makes due."""
        if self._commits is None:
            return
        rows = self._accounting.calls.take()
        try:
            if rows:
                await self._commits.commit(lambda transaction: transaction.add_to_ledger(rows))
        except Refused:
            self._accounting.calls.put_back(rows)
            return
        for alert in await self._accounting.due_alerts(rows):
            await self._raise_alert(self._commits, alert)

    async def _raise_alert(self, commits: GroupCommit, alert: Alert) -> None:
        try:
            is_new = await commits.commit(lambda transaction: transaction.insert_alert(alert))
        except Refused:
            return  # it stays due
        self._accounting.tell(alert, is_new=is_new)

    def _has_changes_beyond(self, after: int) -> Callable[[Transaction], bool]:
        start = max(after, self.outbox_forgotten_up_to)
        return lambda transaction: bool(transaction.outbox(start, 1))

    def forget_outbox(self, up_to: int) -> None:
        """Rows up to this one are gone for who asks, and removed within the second; after a crash some may come again.

        A commit for each time that somebody has followed the outbox a little further would double their number.
        """
        self.outbox_forgotten_up_to = max(self.outbox_forgotten_up_to, up_to)

    async def sweep(self) -> int:
        """Release the blobs that no row names, and remove those that may go at once; how many there were."""
        count = 0
        async for orphans in find_orphans(self._metadata, self._blobs, self.active):
            self.removals.release(orphans, time.monotonic())
            count += len(orphans)
        count += await self._sweep_segments()
        await self._remove_due()
        return count

    async def _sweep_segments(self) -> int:
        """Release what lies in closed segments and belongs to no blob; remove the segments that have none."""
        count = 0
        for segment in await asyncio.to_thread(list, self._blobs.closed_segments()):
            blob_ids = await self._blobs_of_segment(segment)
            if blob_ids is None:
                return count
            leftovers = await asyncio.to_thread(self._blobs.leftovers, segment, blob_ids)
            count += len(leftovers)
            if blob_ids:
                self.removals.release(leftovers, time.monotonic())
            else:
                await asyncio.to_thread(self._blobs.remove_segment, segment)
        return count

    async def _blobs_of_segment(self, segment: str) -> set[str] | None:
        """All that a closed segment must keep: blobs that a row names, are being written, or wait for removal.

        The order makes it whole: a blob without a row yet is being written when we begin. One whose row is gone waits
        for removal when we end, as every change that went before a commit of ours has by then released what it let go
        of. None when the store takes no commits.
        """
        found = {blob_id for blob_id in self.active if segment_of(blob_id) == segment}
        found.update(await named_in_segment(self._metadata, segment))
        try:
            await self._settled()
        except Refused:
            return None
        found.update(blob_id for blob_id in self.removals.waiting() if segment_of(blob_id) == segment)
        return found

    async def _settled(self) -> None:
        """Come back when all changes that were committed so far have been told to `committed`."""
        if self._commits is not None:
            await self._commits.commit(lambda transaction: None)

    async def _sweep_quietly(self) -> None:
        try:
            removed = await self.sweep()
        except (OSError, sqlite3.Error) as error:
            _log.warning("the sweep for orphans stopped: %s", error)
            return
        if removed:
            _log.info("removed %d blobs that no version names", removed)

    def next_change(self) -> asyncio.Event:
        """Set when the next change is committed, whatever it is about. Ask for it before looking at the metadata."""
        if self._news is None:
            self._news = asyncio.Event()
        return self._news

    async def wait_outbox(self, after: int) -> None:
        while True:
            news = self.next_change()
            if await self._metadata.read(self._has_changes_beyond(after)):
                return
            await news.wait()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval_s)
            try:
                await self.flush_ledger()
                await self._remove_forgotten()
                await self._remove_due()
            except (OSError, sqlite3.Error) as error:  # tried again next time
                _log.warning("housekeeping: %s", error)

    async def _remove_forgotten(self) -> None:
        up_to = self.outbox_forgotten_up_to
        if up_to <= self._outbox_removed_up_to or self._commits is None:
            return
        try:
            await self._commits.commit(lambda transaction: transaction.forget_outbox(up_to))
        except Refused:
            return  # they are removed when the store may be written again
        self._outbox_removed_up_to = up_to

    async def _remove_due(self, *, all_of_them: bool = False) -> None:
        due = self.removals.due(time.monotonic(), all_of_them=all_of_them)
        if not due:
            return
        # Asked once more, since nothing brings back a file that was removed by mistake.
        unnamed = await self._metadata.read(lambda transaction: transaction.unnamed_blobs(due))
        await asyncio.to_thread(self._remove, unnamed)
        for segment in {segment for blob_id in unnamed if (segment := segment_of(blob_id))}:
            await self._remove_segment_without_blobs(segment)

    async def _remove_segment_without_blobs(self, segment: str) -> None:
        if not self._blobs.is_closed(segment) or await named_in_segment(self._metadata, segment, limit=1):
            return
        if await self._blobs_of_segment(segment) == set():
            await asyncio.to_thread(self._blobs.remove_segment, segment)

    def _remove(self, blob_ids: list[str]) -> None:
        for blob_id in blob_ids:
            try:
                self._blobs.remove(blob_id)
            except OSError as error:
                _log.warning("blob %s stays behind as an orphan: %s", blob_id, error)
