"""A program that uploads, overwrites, copies and deletes without end, and says on its standard output what it was told.

    python store_workload.py FOLDER WORKERS UPLOADS_EACH SEED SITTINGS

A sitting opens the store, works and closes it.

Each line of output is written by one system call at the moment of the promise, or before what it warns of is asked for:

    put KEY VERSION_ID SHA256 BLOB_ID
    copied KEY VERSION_ID SHA256
    deleting KEY VERSION_ID       (before: from here on it may be gone)
    deleted KEY VERSION_ID
    started KEY VERSION_ID
    sending VERSION_ID NUMBER SHA256   (before: from here on the part may be this one)
    part VERSION_ID NUMBER SHA256 BLOB_ID
    finishing VERSION_ID SHA256   (before: from here on it may be finished)
    finished KEY VERSION_ID SHA256

The master key comes from the environment.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import sys
from pathlib import Path

from calotype.master_key import MasterKey
from calotype.store import segments
from calotype.store.encryption import SERVER_KEY, EncryptionKey
from calotype.store.large_files import Finished
from calotype.store.model import Bucket, FileVersion, Part, VersionDraft
from calotype.store.store import Store, StoreSettings

BUCKET_NAME = "workload"
SEGMENT_BYTES = 8 * 1024  # so that segments fill up and go


def say(*words: str) -> None:
    os.write(1, (" ".join(words) + "\n").encode())


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def content_for(rng: random.Random) -> bytes:
    """Mostly small bodies, now and then one of several pieces, or none."""
    length = rng.choice([0, 1, 700, 3000, 5000, 5000, 9000, 300_000 if rng.random() < 0.3 else 100])
    return rng.randbytes(length)


def encryption_for(rng: random.Random) -> EncryptionKey | None:
    return SERVER_KEY if rng.random() < 0.2 else None


def blob_of(made: FileVersion | Part) -> str:
    return made.extents[0].blob_id if made.extents else "-"


class Worker:
    """Uploads under keys of its own, and has one large file in progress at a time."""

    def __init__(self, store: Store, bucket: Bucket, number: int, rng: random.Random) -> None:
        self._store = store
        self._bucket = bucket
        self._number = number
        self._rng = rng
        self._made: list[tuple[FileVersion, bytes]] = []
        self._file: FileVersion | None = None
        self._parts: dict[int, bytes] = {}

    async def work(self, uploads: int) -> None:
        rng = self._rng
        for number in range(uploads):
            key = b"%d/%d" % (self._number, rng.randrange(max(uploads // 2, 1)) if rng.random() < 0.4 else number)
            await self._put(key)
            if rng.random() < 0.2:
                await self._copy(key)
            if rng.random() < 0.7:
                await self._go_on_with_large_file(key)
            if rng.random() < 0.25:
                await self._delete()

    async def _put(self, key: bytes) -> None:
        content, encryption = content_for(self._rng), encryption_for(self._rng)
        upload = self._store.upload(self._bucket, key, expected_length=len(content), encryption=encryption)
        async with upload:
            await upload.write(content)
            version = await upload.commit(VersionDraft())
        say("put", key.decode(), version.version_id, sha256_of(content), blob_of(version))
        self._made.append((version, content))

    async def _copy(self, key: bytes) -> None:
        source, content = self._rng.choice(self._made)
        start = self._rng.randrange(len(content) + 1) if self._rng.random() < 0.5 else 0
        copied = await self._store.copy(
            source, self._bucket, key, VersionDraft(), start=start, key_of_copy=encryption_for(self._rng)
        )
        say("copied", key.decode(), copied.version_id, sha256_of(content[start:]))
        self._made.append((copied, content[start:]))

    async def _delete(self) -> None:
        doomed, _ = self._made.pop(self._rng.randrange(len(self._made)))
        await self._remove(doomed)

    async def _remove(self, doomed: FileVersion) -> None:
        say("deleting", doomed.name, doomed.version_id)
        await self._store.delete_version(self._bucket.bucket_id, doomed.key, doomed.version_id)
        say("deleted", doomed.name, doomed.version_id)

    async def _go_on_with_large_file(self, key: bytes) -> None:
        if self._file is None:
            encryption = encryption_for(self._rng)
            file = await self._store.large_files.start(self._bucket, key, VersionDraft(), encryption=encryption)
            say("started", key.decode(), file.version_id)
            self._file = file
        choice = self._rng.random()
        if choice < 0.6 or not self._parts:
            await self._send_part(self._file, self._rng.randint(1, 3))
            return
        if choice < 0.9:
            await self._finish(self._file)
        else:
            await self._remove(self._file)
        self._file, self._parts = None, {}

    async def _send_part(self, file: FileVersion, number: int) -> None:
        content = content_for(self._rng)
        say("sending", file.version_id, str(number), sha256_of(content))
        async with self._store.large_files.upload_part(file, number, expected_length=len(content)) as upload:
            await upload.write(content)
            part = await upload.commit()
        say("part", file.version_id, str(number), sha256_of(content), blob_of(part))
        self._parts[number] = content

    async def _finish(self, file: FileVersion) -> None:
        numbers = sorted(self._parts)
        content = b"".join(self._parts[number] for number in numbers)
        say("finishing", file.version_id, sha256_of(content))
        version = await self._store.large_files.finish(file, lambda _, parts: Finished(tuple(numbers), etag="-"))
        say("finished", version.name, version.version_id, sha256_of(content))
        self._made.append((version, content))


async def main(folder: Path, workers: int, uploads: int, seed: int) -> None:
    segments.SEGMENT_BYTES = SEGMENT_BYTES
    settings = StoreSettings(
        reserve_bytes=0, synced_alone_bytes=8_000, remove_after_s=0.02, housekeeping_interval_s=0.02
    )
    async with await Store.open(folder, MasterKey.load(), settings=settings) as store:
        account = await store.default_account()
        existing = {bucket.name: bucket for bucket in await store.list_buckets(account.account_id)}
        bucket = existing.get(BUCKET_NAME) or await store.create_bucket(account.account_id, BUCKET_NAME)
        say("ready")
        each = (Worker(store, bucket, number, random.Random(f"{seed}/{number}")) for number in range(workers))
        await asyncio.gather(*(worker.work(uploads) for worker in each))


if __name__ == "__main__":
    workers, uploads, seed, sittings = map(int, sys.argv[2:])
    for sitting in range(sittings):
        asyncio.run(main(Path(sys.argv[1]), workers, uploads, seed + sitting))
