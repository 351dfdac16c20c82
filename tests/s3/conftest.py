"""An S3 server in the process of the test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from calotype.s3.settings import S3Settings
from support.s3_in_process import Site, Uploads, opened


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with opened() as site:
        yield site


@pytest.fixture
async def uploads(site: Site) -> Uploads:
    """Where a part but the last has at least 11 bytes, in the bucket `photos`."""
    site.server._settings = S3Settings(minimum_part_size_bytes=11)
    await site.bucket()
    return Uploads(site)
