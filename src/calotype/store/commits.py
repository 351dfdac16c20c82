"""How the verbs commit: a change by itself, or one that makes a received body count."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from calotype.store.errors import ReadOnly
from calotype.store.group_commit import GroupCommit
from calotype.store.incoming import Received
from calotype.store.metadata import Transaction

T = TypeVar("T")


class Commits:
    def __init__(self, group_commit: GroupCommit, synced_alone_bytes: int) -> None:
        self._group_commit = group_commit
        self._synced_alone_bytes = synced_alone_bytes

    async def commit(self, function: Callable[[Transaction], T]) -> T:
        return await self._group_commit.commit(function)

    async def with_body(self, function: Callable[[Transaction], T], received: Received) -> T:
        """The body's blob is the commit's from here on: when the function refuses, it goes."""
        sync_alone = received.length > self._synced_alone_bytes
        return await self._group_commit.commit(function, received.writers, sync_alone=sync_alone)

    def refuse_when_read_only(self) -> None:
        if self._group_commit.failure is not None:
            raise ReadOnly(self._group_commit.failure)
