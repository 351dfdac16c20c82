"""Follows the store's outbox and purges what changed at the edges, whoever wrote it.

An overwrite or a deletion by any client becomes a row of the outbox in the same transaction. This worker maps the
rows through the site to the paths that viewers use and purges them; only then are they forgotten, so that an edge
that was away, or a crash in between, costs a repeated purge and never a stale picture.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from calotype.programs.supervisor import log
from calotype.store.model import OutboxRow

MOST_AT_ONCE = 100  # files in one purge_cache call below Enterprise (edge.md §1.10)
LINGER_S = 0.02  # under many uploads a second one call, and one synced ban, then serves all of that moment
FIRST_RETRY_S = 0.2
LONGEST_RETRY_S = 10.0


class Outbox(Protocol):
    """What the worker needs of the store."""

    async def outbox(self, after: int, limit: int = 1000) -> list[OutboxRow]: ...

    async def wait_outbox(self, after: int) -> None: ...

    async def forget_outbox(self, up_to: int) -> None: ...


class PurgeRefused(Exception):
    """The edge will not take this purge, however often it is asked: a path that cannot be in its cache."""


class Edge(Protocol):
    """An edge's control plane."""

    name: str

    async def purge(self, paths: Sequence[str]) -> None:
        """Comes back when no worker of the edge would answer with what it had; raises when that is not certain.

        Raises `PurgeRefused` when asking again cannot help.
        """
        ...


PathsOf = Callable[[OutboxRow], Iterable[str]]


async def run_purger(store: Outbox, paths_of: PathsOf, edges: Sequence[Edge]) -> None:
    """Runs until it is cancelled. `paths_of` gives the paths, as they stand in a URL, of what a row is about."""
    after = 0
    while True:
        rows = await store.outbox(after, MOST_AT_ONCE)
        if not rows:
            await store.wait_outbox(after)
            await asyncio.sleep(LINGER_S)
            continue
        paths = list(dict.fromkeys(path for row in rows for path in paths_of(row)))
        await asyncio.gather(*(_purge(edge, paths) for edge in edges))
        after = rows[-1].sequence
        await store.forget_outbox(after)


async def _purge(edge: Edge, paths: Sequence[str]) -> None:
    """Purges until it has worked; the log tells when an edge is away and when it is back."""
    delay_s = FIRST_RETRY_S
    failed = False
    for start in range(0, len(paths), MOST_AT_ONCE):
        batch = paths[start : start + MOST_AT_ONCE]
        while (reason := await _try_purge(edge, batch)) is not None:
            if not failed:
                log(f"{edge.name} cannot be purged ({reason}); trying again until it can")
            failed = True
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, LONGEST_RETRY_S)
    if failed:
        log(f"{edge.name} can be purged again")


async def _try_purge(edge: Edge, paths: Sequence[str]) -> str | None:
    """None when it worked, else why not. What is refused for good is told and left out."""
    try:
        await edge.purge(paths)
    except PurgeRefused as exc:
        if len(paths) > 1:
            return await _one_by_one(edge, paths)
        log(f"{edge.name} does not purge {paths[0]}: {exc}")
    except Exception as exc:  # whatever it is, the purge must be tried again
        return str(exc) or type(exc).__name__
    return None


async def _one_by_one(edge: Edge, paths: Sequence[str]) -> str | None:
    """So that one path that is refused does not keep the others in the cache."""
    reasons = [await _try_purge(edge, [path]) for path in paths]
    return next((reason for reason in reasons if reason is not None), None)
