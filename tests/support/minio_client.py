"""MinIO's client for Python, for an origin's owner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import urllib3
from minio import Minio

from support.origin_program import OriginProgram


@contextmanager
def minio_client(origin: OriginProgram) -> Iterator[Minio]:
    """It asks once: an answer that it would ask again for is the test's to see."""
    pool = urllib3.PoolManager(retries=False)
    yield Minio(
        endpoint=origin.address.removeprefix("http://"),
        access_key=origin.owner.key_id,
        secret_key=origin.owner.application_key,
        secure=False,
        region="us-east-1",
        http_client=pool,
    )
    pool.clear()
