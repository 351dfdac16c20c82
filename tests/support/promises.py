"""What the workload was promised, read from its output, and whether a store keeps it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from calotype.master_key import MasterKey
from calotype.store.errors import NoSuchBucket
from calotype.store.model import FileVersion
from calotype.store.store import Store, StoreSettings
from support.store_workload import BUCKET_NAME


@dataclass(frozen=True, slots=True)
class Put:
    key: bytes
    version_id: str
    sha256: str
    blob_id: str


@dataclass(slots=True)
class Promises:
    puts: dict[str, Put] = field(default_factory=dict)
    deleting: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)

    def hear(self, line: str) -> None:
        match line.split():
            case ["put", key, version_id, sha256, blob_id]:
                self.puts[version_id] = Put(key.encode(), version_id, sha256, blob_id)
            case ["deleting", _, version_id]:
                self.deleting.add(version_id)
            case ["deleted", _, version_id]:
                self.deleted.add(version_id)

    @property
    def kept_puts(self) -> list[Put]:
        """Uploads that were acknowledged and that nobody has begun to delete."""
        return [put for version_id, put in self.puts.items() if version_id not in self.deleting]


async def check(folder: Path, master_key: MasterKey, promises: Promises) -> int:
    """Open the store and hold it to the promises; how many versions it has.

    Every acknowledged version is there and whole; every other that is there is whole as well; no deleted one is.
    """
    settings = StoreSettings(reserve_bytes=0, remove_after_s=0.0)
    async with await Store.open(folder, master_key, settings=settings) as store:
        versions = await _all_versions(store)
        present = {version.version_id: version for version in versions}
        for put in promises.kept_puts:
            assert put.version_id in present, f"{put.key!r} was acknowledged and is gone"
        assert not promises.deleted & set(present), "a version came back after its deletion was acknowledged"
        for version in versions:
            assert await _is_whole(store, version), f"{version.key!r} is not whole"
            promised = promises.puts.get(version.version_id)
            assert promised is None or version.digests is None or promised.sha256 == version.digests.sha256
        latest = {}
        for version in versions:
            latest.setdefault(version.key, version)
        assert all(version.is_latest == (latest[version.key] is version) for version in versions)
    return len(versions)


async def _all_versions(store: Store) -> list[FileVersion]:
    try:
        bucket = await store.bucket(BUCKET_NAME)
    except NoSuchBucket:
        return []
    versions: list[FileVersion] = []
    key: bytes | None = b""
    version_id: str | None = None
    while key is not None:
        page = await store.list_versions(bucket.bucket_id, start_key=key, start_version_id=version_id)
        versions += page.versions
        key, version_id = page.next_key, page.next_version_id
    return versions


async def _is_whole(store: Store, version: FileVersion) -> bool:
    content = b"".join([chunk async for chunk in store.read(version)])
    assert version.digests is not None
    return len(content) == version.length and hashlib.sha256(content).hexdigest() == version.digests.sha256
