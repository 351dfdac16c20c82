"""Has the lifecycle rules carried out at the start and once a day, beside the server."""

from __future__ import annotations

import asyncio
import sqlite3

from calotype.programs.supervisor import log
from calotype.store.errors import StoreError
from calotype.store.lifecycle_job import LifecycleReport
from calotype.store.store import Store

INTERVAL_S = 86_400.0


async def follow_lifecycle_rules(store: Store) -> None:
    """Runs until it is cancelled. A run that fails is told, and its work is the next one's."""
    while True:
        try:
            report = await store.lifecycle.run_once()
        except (StoreError, OSError, sqlite3.Error) as exc:
            log(f"the lifecycle rules could not be followed to the end: {exc}")
        else:
            if not report.is_empty:
                log(f"by lifecycle rules: {in_words(report)}")
        await asyncio.sleep(INTERVAL_S)


def in_words(report: LifecycleReport) -> str:
    return (
        f"hidden {report.hidden}, deleted {report.deleted}, hide markers removed {report.markers_removed},"
        f" unfinished large files cancelled {report.canceled}"
    )
