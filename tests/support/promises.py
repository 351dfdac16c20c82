"""What the workload was promised, read from its output, and whether a store keeps it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

from calotype.master_key import MasterKey
from calotype.store.errors import NoSuchBucket
from calotype.store.model import Action, FileVersion
from calotype.store.store import Store, StoreSettings
from support.store_workload import BUCKET_NAME

PartPlace = tuple[str, int]  # version id and part number


@dataclass(frozen=True, slots=True)
class Written:
    """A body that was acknowledged: `row` is a text that its rows hold."""

    row: str
    blob_id: str


@dataclass(slots=True)
class Promises:
    """`contents` maps each acknowledged version to its SHA-256, and `parts` each part to those that it may have."""

    written: list[Written] = field(default_factory=list)
    contents: dict[str, str] = field(default_factory=dict)
    deleting: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    started: set[str] = field(default_factory=set)
    finishing: dict[str, str] = field(default_factory=dict)
    acknowledged_parts: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    parts: dict[PartPlace, set[str]] = field(default_factory=lambda: defaultdict(set))

    def hear(self, line: str) -> None:
        match line.split():
            case ["put", _, version_id, sha256, blob_id]:
                self.contents[version_id] = sha256
                self.written.append(Written(version_id, blob_id))
            case ["copied" | "finished", _, version_id, sha256]:
                self.contents[version_id] = sha256
            case ["deleting", _, version_id]:
                self.deleting.add(version_id)
            case ["deleted", _, version_id]:
                self.deleted.add(version_id)
            case ["started", _, version_id]:
                self.started.add(version_id)
            case ["sending", version_id, number, sha256]:
                self.parts[version_id, int(number)].add(sha256)
            case ["part", version_id, number, sha256, blob_id]:
                self.parts[version_id, int(number)] = {sha256}
                self.acknowledged_parts[version_id].add(int(number))
                if blob_id != "-":
                    self.written.append(Written(blob_id, blob_id))
            case ["finishing", version_id, sha256]:
                self.finishing[version_id] = sha256

    @property
    def strength(self) -> tuple[int, ...]:
        """Changes with each line that promises something."""
        parts = sum(len(numbers) for numbers in self.acknowledged_parts.values())
        return len(self.contents), len(self.written), parts, len(self.deleting), len(self.deleted), len(self.started)

    @property
    def kept(self) -> set[str]:
        """Versions that were acknowledged, also as large files in progress, and that nobody has begun to delete."""
        return (set(self.contents) | self.started) - self.deleting

    @property
    def left(self) -> int:
        """How many versions there are when nothing is under way."""
        return len((set(self.contents) | self.started) - self.deleted)


async def check(folder: Path, master_key: MasterKey, promises: Promises) -> int:
    """Open the store and hold it to the promises; how many versions it has.

    Every acknowledged version is there and whole; every other that is there is whole as well; no deleted one is. A
    large file in progress has every part that was acknowledged, and is finished when that was.
    """
    settings = StoreSettings(reserve_bytes=0, remove_after_s=0.0)
    async with await Store.open(folder, master_key, settings=settings) as store:
        versions = await _all_versions(store)
        present = {version.version_id: version for version in versions}
        missing = promises.kept - set(present)
        assert not missing, f"{missing} was acknowledged and is gone"
        assert not promises.deleted & set(present), "a version came back after its deletion was acknowledged"
        for version in versions:
            if version.action is Action.START:
                await _check_file_in_progress(store, version, promises)
            else:
                await _check_version(store, version, promises)
        _check_latest_marks(versions)
        report = await store.fsck()
        assert report.is_clean, report.problems
    return len(versions)


async def _check_version(store: Store, version: FileVersion, promises: Promises) -> None:
    promised = promises.contents.get(version.version_id) or promises.finishing.get(version.version_id)
    assert version.digests is not None
    sha256 = await _sha256(store, version)
    assert sha256 == (promised or version.digests.sha256), f"{version.key!r} is not whole"


async def _check_file_in_progress(store: Store, file: FileVersion, promises: Promises) -> None:
    assert file.version_id not in promises.contents, "it was acknowledged as finished"
    parts = await store.large_files.parts(file)
    present = {part.part_number for part in parts}
    assert promises.acknowledged_parts[file.version_id] <= present, "a part was acknowledged and is gone"
    for part in parts:
        content = replace(file, action=Action.UPLOAD, extents=part.extents, length=part.length)
        assert await _sha256(store, content) == part.digests.sha256, f"part {part.part_number} is not whole"
        assert part.digests.sha256 in promises.parts[file.version_id, part.part_number]


def _check_latest_marks(versions: list[FileVersion]) -> None:
    finished = [version for version in versions if version.action is not Action.START]
    latest: dict[bytes, FileVersion] = {}
    for version in finished:
        latest.setdefault(version.key, version)
    assert all(version.is_latest == (latest.get(version.key) is version) for version in versions)


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


async def _sha256(store: Store, version: FileVersion) -> str:
    content = b"".join([chunk async for chunk in store.read(version)])
    assert len(content) == version.length
    return hashlib.sha256(content).hexdigest()
