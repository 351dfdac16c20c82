"""A program that uploads, overwrites and deletes without end, and says on its standard output what was promised.

    python store_workload.py FOLDER WORKERS UPLOADS_EACH SEED SITTINGS

A sitting opens the store, works and closes it.

Each line of output is written by one system call at the moment of the promise:

    put KEY VERSION_ID SHA256 BLOB_ID
    deleting KEY VERSION_ID       (before it is asked for: from here on it may be gone)
    deleted KEY VERSION_ID

The master key comes from the environment.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

from calotype.master_key import MasterKey
from calotype.store.model import Bucket, FileVersion, VersionDraft
from calotype.store.store import Store, StoreSettings

BUCKET_NAME = "workload"


def say(*words: str) -> None:
    os.write(1, (" ".join(words) + "\n").encode())


def content_for(rng: random.Random) -> bytes:
    """Mostly small bodies, now and then one of several pieces, or none."""
    length = rng.choice([0, 1, 700, 3000, 5000, 5000, 9000, 300_000 if rng.random() < 0.3 else 100])
    return rng.randbytes(length)


async def put(store: Store, bucket: Bucket, key: bytes, content: bytes) -> FileVersion:
    async with store.upload(bucket, key, expected_length=len(content)) as upload:
        await upload.write(content)
        version = await upload.commit(VersionDraft())
    assert version.digests is not None
    blob_id = version.extents[0].blob_id if version.extents else "-"
    say("put", key.decode(), version.version_id, version.digests.sha256, blob_id)
    return version


async def work(store: Store, bucket: Bucket, worker: int, uploads: int, seed: int) -> None:
    rng = random.Random(f"{seed}/{worker}")
    made: list[FileVersion] = []
    for number in range(uploads):
        key = b"%d/%d" % (worker, rng.randrange(max(uploads // 2, 1)) if rng.random() < 0.4 else number)
        made.append(await put(store, bucket, key, content_for(rng)))
        if rng.random() < 0.2:
            doomed = made.pop(rng.randrange(len(made)))
            say("deleting", doomed.name, doomed.version_id)
            await store.delete_version(bucket.bucket_id, doomed.key, doomed.version_id)
            say("deleted", doomed.name, doomed.version_id)


async def main(folder: Path, workers: int, uploads: int, seed: int) -> None:
    settings = StoreSettings(
        reserve_bytes=0, synced_alone_bytes=8_000, remove_after_s=0.02, housekeeping_interval_s=0.02
    )
    async with await Store.open(folder, MasterKey.load(), settings=settings) as store:
        account = await store.default_account()
        existing = {bucket.name: bucket for bucket in await store.list_buckets(account.account_id)}
        bucket = existing.get(BUCKET_NAME) or await store.create_bucket(account.account_id, BUCKET_NAME)
        say("ready")
        await asyncio.gather(*(work(store, bucket, worker, uploads, seed) for worker in range(workers)))


if __name__ == "__main__":
    workers, uploads, seed, sittings = map(int, sys.argv[2:])
    for sitting in range(sittings):
        asyncio.run(main(Path(sys.argv[1]), workers, uploads, seed + sitting))
