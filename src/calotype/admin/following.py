"""GetOutbox over the store: the changes of one account, waited for where there are none yet."""

from __future__ import annotations

import asyncio
import contextlib

from calotype.admin.json import Outbox, OutboxEntry
from calotype.admin.operations import GetOutbox
from calotype.store.model import OutboxRow
from calotype.store.store import Store


async def changes_of(store: Store, account_id: str, asked: GetOutbox, draining: asyncio.Event) -> Outbox:
    """The account's rows beyond `after`; when there are none, whatever comes while the caller is willing to wait."""
    loop = asyncio.get_running_loop()
    until = loop.time() + asked.wait_s
    rows, seen = await _rows_beyond(store, account_id, asked.after, asked.limit)
    while not rows and await _news_come(store, seen, draining, until - loop.time()):
        rows, seen = await _rows_beyond(store, account_id, seen, asked.limit)
    return Outbox(
        rows=[OutboxEntry(sequence=row.sequence, bucket_name=row.bucket_name, key=row.key.decode()) for row in rows]
    )


async def _rows_beyond(store: Store, account_id: str, after: int, limit: int) -> tuple[list[OutboxRow], int]:
    """The next of the account's rows, and the last sequence that was looked at: others' rows are passed over."""
    while page := await store.outbox(after, limit):
        after = page[-1].sequence
        own = [row for row in page if row.account_id == account_id]
        if own:
            return own, after
    return [], after


async def _news_come(store: Store, after: int, draining: asyncio.Event, timeout_s: float) -> bool:
    """Whether a row beyond `after` is there, once it is, the time is over, or the origin drains."""
    if timeout_s <= 0:
        return False
    news = asyncio.ensure_future(store.wait_outbox(after))
    waits = [news, asyncio.ensure_future(draining.wait())]
    try:
        await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        return news.done()
    finally:
        for wait in waits:
            wait.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await wait
