"""The two stores that most tests run on: in files, and in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from calotype.master_key import MasterKey
from calotype.store.store import Store, StoreSettings, memory_store

QUICK = StoreSettings(reserve_bytes=0, remove_after_s=0.0)


@pytest.fixture(params=["files", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "files":
        opened = await Store.open(tmp_path / "origin", MasterKey.random(), settings=QUICK)
    else:
        opened = await memory_store(settings=QUICK)
    async with opened:
        yield opened
