"""B2 servers over stores in memory, each with its own room and its own least part."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from calotype.b2.settings import B2Settings
from support.b2_in_process import Origin, opened


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    made = await opened()
    yield made
    await made.store.close()


@pytest.fixture
async def small_parts() -> AsyncIterator[Origin]:
    """An origin that takes parts of five bytes."""
    made = await opened(B2Settings(absolute_minimum_part_size_bytes=5))
    yield made
    await made.store.close()


@pytest.fixture
async def origin_with_20_bytes_left() -> AsyncIterator[Origin]:
    made = await opened(capacity_bytes=20)
    yield made
    await made.store.close()


@pytest.fixture
async def small_parts_on_60_bytes() -> AsyncIterator[Origin]:
    made = await opened(B2Settings(absolute_minimum_part_size_bytes=5), capacity_bytes=60)
    yield made
    await made.store.close()
