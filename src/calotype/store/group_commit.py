"""The group commit: many changes made durable by few syncs.

While one group is on its way to the disk the next one gathers. A group's blobs are made durable first, files and
folders; then one metadata transaction applies every change of the group, of which a refused precondition fails alone;
then everybody is answered. The two steps of successive groups overlap.

    arriving -> [make blobs durable] -> [one transaction, synchronous=FULL] -> answers

A failed sync leaves the page cache and the disk in disagreement, and asking again may be answered wrongly with yes.
So the first failure makes the store read-only until somebody has looked at the disk and started it again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from calotype.store.blobs import Blobs, BlobWriter, NoRoom
from calotype.store.errors import ReadOnly, StorageFull
from calotype.store.filesystem import OUT_OF_SPACE
from calotype.store.metadata import Metadata, Transaction
from calotype.store.work_threads import WorkThreads

T = TypeVar("T")

_log = logging.getLogger("calotype.store")

# Bounds the open descriptors and the time one transaction holds the others up.
LARGEST_GROUP = 128


@dataclass(slots=True, eq=False)
class _Waiting:
    function: Callable[[Transaction], Any]
    writers: Sequence[BlobWriter]
    answer: asyncio.Future[Any]
    is_durable: bool = False  # its blobs are safe already


class GroupCommit:
    """Made and used on one event loop.

    `committed` is called with each successful change's result. `active` holds the blobs that no sweep may touch:
    those of a change leave it when the change is decided.
    """

    def __init__(
        self, metadata: Metadata, blobs: Blobs, committed: Callable[[Any], None], active: set[str] | None = None
    ) -> None:
        self._active = set() if active is None else active
        self._metadata = metadata
        self._blobs = blobs
        self._committed = committed
        self._arriving: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._durable: asyncio.Queue[list[_Waiting]] = asyncio.Queue(maxsize=1)
        self._steps = [asyncio.create_task(self._sync_groups()), asyncio.create_task(self._commit_groups())]
        self._syncing = WorkThreads(1, "group-sync")
        self._alone: set[asyncio.Task[None]] = set()
        self._closed = False
        self.failure: str | None = None

    async def commit(
        self, function: Callable[[Transaction], T], writers: Sequence[BlobWriter] = (), *, sync_alone: bool = False
    ) -> T:
        """The function's result, once it and the writers' bytes are durable; or what it raised.

        With `sync_alone` the bytes are synced before the change joins a group: they are so many that the others of
        the group should not wait for them.

        The writers belong to the commit from here on, also when the caller is cancelled: then the change may still
        be made, whole.
        """
        if self.failure is not None or self._closed:
            await self._abandon(writers)
            self._active.difference_update(writer.blob_id for writer in writers)
            raise ReadOnly(self.failure or "the store is closed")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(function, writers, answer)
        if sync_alone:
            task = asyncio.create_task(self._sync_alone(waiting))
            self._alone.add(task)
            task.add_done_callback(self._alone.discard)
        else:
            self._arriving.put_nowait(waiting)
        return await answer

    async def commit_all(self, functions: Iterable[Callable[[Transaction], T]]) -> list[T | BaseException]:
        """Each function's result once it is durable, or what it raised. Each changes something or nothing by itself."""
        if self.failure is not None or self._closed:
            raise ReadOnly(self.failure or "the store is closed")
        loop = asyncio.get_running_loop()
        waiting = [_Waiting(function, (), loop.create_future()) for function in functions]
        for each in waiting:
            self._arriving.put_nowait(each)
        outcomes: list[T | BaseException] = await asyncio.gather(
            *(each.answer for each in waiting), return_exceptions=True
        )
        return outcomes

    async def close(self) -> None:
        """Come back when everything that was waiting has been answered; refuse what comes later."""
        self._closed = True
        while self._alone:
            await asyncio.gather(*self._alone)
        await self._arriving.join()
        for step in self._steps:
            step.cancel()
        await asyncio.gather(*self._steps, return_exceptions=True)
        await self._syncing.shutdown()

    async def _sync_groups(self) -> None:
        while True:
            if group := await self._made_durable(await self._next_group()):
                await self._durable.put(group)

    async def _next_group(self) -> list[_Waiting]:
        group = [await self._arriving.get()]
        while len(group) < LARGEST_GROUP and not self._arriving.empty():
            group.append(self._arriving.get_nowait())
        return group

    async def _sync_alone(self, waiting: _Waiting) -> None:
        try:
            await asyncio.to_thread(self._blobs.make_durable, waiting.writers)
            waiting.is_durable = True
        except NoRoom:
            pass  # tried once more with a group, and refused with it
        except Exception as error:
            self._fail("syncing blobs", error)
        self._arriving.put_nowait(waiting)  # which refuses it after a failure

    async def _made_durable(self, group: list[_Waiting]) -> list[_Waiting]:
        """Those of the group that may now be committed; the others have been refused."""
        writers = [writer for waiting in group if not waiting.is_durable for writer in waiting.writers]
        if self.failure is not None:
            await self._refuse(group, ReadOnly(self.failure))
            return []
        if not writers:
            return group
        try:
            await self._syncing.run(self._blobs.make_durable, writers)
        except NoRoom:
            refused = [waiting for waiting in group if waiting.writers and not waiting.is_durable]
            await self._refuse(refused, StorageFull(self._blobs.free_bytes(), 0))
            return [waiting for waiting in group if waiting not in refused]
        except Exception as error:
            await self._refuse(group, self._fail("syncing blobs", error))
            return []
        return group

    async def _commit_groups(self) -> None:
        while True:
            group = await self._durable.get()
            try:
                outcomes = await self._metadata.apply([waiting.function for waiting in group])
            except Exception as error:
                await self._refuse(group, self._failed_transaction(error))
                continue
            await self._answer(group, outcomes)

    async def _answer(self, group: list[_Waiting], outcomes: list[Any]) -> None:
        refused: list[tuple[_Waiting, Exception]] = []
        for waiting, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, Exception):
                refused.append((waiting, outcome))
            else:
                self._committed(outcome)
                self._settle(waiting, outcome)
        await self._abandon([writer for waiting, _ in refused for writer in waiting.writers])
        for waiting, error in refused:
            self._settle(waiting, error)

    async def _refuse(self, group: list[_Waiting], error: Exception) -> None:
        await self._abandon([writer for waiting in group for writer in waiting.writers])
        for waiting in group:
            self._settle(waiting, error)

    def _settle(self, waiting: _Waiting, outcome: Any) -> None:
        self._arriving.task_done()
        self._active.difference_update(writer.blob_id for writer in waiting.writers)
        if waiting.answer.done():  # the caller was cancelled
            return
        if isinstance(outcome, Exception):
            waiting.answer.set_exception(outcome)
        else:
            waiting.answer.set_result(outcome)

    def _failed_transaction(self, error: Exception) -> Exception:
        if isinstance(error, OSError) and error.errno in OUT_OF_SPACE and self.failure is None:
            return StorageFull(self._blobs.free_bytes(), 0)  # SQLite rolled back: nothing has changed
        return self._fail("committing metadata", error)

    def _fail(self, step: str, error: Exception) -> ReadOnly:
        self.failure = f"{step}: {error}"
        trace = None if isinstance(error, OSError) else error  # the disk's fault needs no traceback, ours does
        _log.critical("the store is now read-only: %s. Check the disk, then start again.", self.failure, exc_info=trace)
        return ReadOnly(self.failure)

    async def _abandon(self, writers: Sequence[BlobWriter]) -> None:
        if writers:
            await asyncio.to_thread(_abandon_all, writers)


def _abandon_all(writers: Sequence[BlobWriter]) -> None:
    for writer in writers:
        try:
            writer.abandon()
        except OSError as error:
            _log.warning("blob %s stays behind as an orphan: %s", writer.blob_id, error)
