"""fsck, the sweep, backup and restore."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from calotype.master_key import MasterKey
from calotype.store.backup import NotABackup, TargetNotEmpty, restore_backup
from calotype.store.errors import BlobDamaged
from calotype.store.fsck import Fault
from calotype.store.large_files import Finished
from calotype.store.model import Bucket, FileVersion, VersionDraft
from calotype.store.store import Store, StoreSettings, memory_store
from support.blob_places import OnDisk

QUICK = StoreSettings(reserve_bytes=0, remove_after_s=0.0)


async def put(store: Store, bucket: Bucket, key: bytes, content: bytes) -> FileVersion:
    async with store.upload(bucket, key, expected_length=len(content)) as upload:
        await upload.write(content)
        return await upload.commit(VersionDraft())


async def put_part(store: Store, file: FileVersion, number: int, content: bytes) -> None:
    async with store.large_files.upload_part(file, number, expected_length=len(content)) as upload:
        await upload.write(content)
        await upload.commit()


async def new_bucket(store: Store, name: str = "photographs") -> Bucket:
    return await store.create_bucket((await store.default_account()).account_id, name)


# A file of its own, and one that lies in a segment with others.
LENGTHS = [200_000, 50]


async def test_fsck_of_a_sound_store_is_clean_and_counts(tmp_path: Path) -> None:
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        bucket = await new_bucket(store)
        for number in range(5):
            await put(store, bucket, b"key %d" % number, bytes(100))
        await put(store, bucket, b"empty", b"")
        await store.hide(bucket.bucket_id, b"key 1")
        report = await store.fsck()
    assert report.is_clean
    assert (report.versions, report.blobs, report.content_bytes, report.orphans) == (7, 5, 500, 0)


@pytest.mark.parametrize("length", LENGTHS)
async def test_fsck_names_each_kind_of_damage(tmp_path: Path, length: int) -> None:
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        bucket = await new_bucket(store)
        names = (b"gone", b"flipped", b"sound", b"cut")
        versions = {name: await put(store, bucket, name, b"x" * length) for name in names}
        OnDisk(tmp_path, versions[b"gone"]).lose()
        OnDisk(tmp_path, versions[b"cut"]).cut(length - 1)
        OnDisk(tmp_path, versions[b"flipped"]).flip(length - 1)
        report = await store.fsck()
    found = {problem.blob_id: problem.fault for problem in report.problems}
    assert found == {
        versions[b"gone"].extents[0].blob_id: Fault.MISSING,
        versions[b"cut"].extents[0].blob_id: Fault.WRONG_LENGTH,
        versions[b"flipped"].extents[0].blob_id: Fault.WRONG_DIGEST,
    }


@pytest.mark.parametrize(
    ("damage", "faults"),
    [
        ("UPDATE blobs SET reference_count = 2", {Fault.WRONG_REFERENCES}),
        ("UPDATE blobs SET length = 10", {Fault.OUTSIDE, Fault.WRONG_LENGTH}),
        ("DELETE FROM blobs", {Fault.NO_BLOB_ROW}),
    ],
)
async def test_fsck_finds_rows_that_contradict_each_other(tmp_path: Path, damage: str, faults: set[Fault]) -> None:
    master_key = MasterKey.random()
    async with await Store.open(tmp_path, master_key, settings=QUICK) as store:
        await put(store, await new_bucket(store), b"a", b"x" * 50)
    with sqlite3.connect(tmp_path / "metadata.db") as connection:
        connection.execute(damage)
    connection.close()
    async with await Store.open(tmp_path, master_key, settings=QUICK) as store:
        report = await store.fsck()
    assert {problem.fault for problem in report.problems} == faults


@pytest.mark.parametrize(
    ("damage", "faults"),
    [
        ("UPDATE parts SET start = 50 WHERE part_number = 2 AND start IS NOT NULL", {Fault.WRONG_SUM}),
        ("UPDATE parts SET length = 59 WHERE part_number = 1 AND start IS NULL", {Fault.WRONG_SUM}),
        ("DELETE FROM parts WHERE part_number = 2 AND start IS NOT NULL", {Fault.WRONG_SUM, Fault.WRONG_REFERENCES}),
        ("UPDATE blobs SET length = 10 WHERE length = 61", {Fault.OUTSIDE, Fault.WRONG_LENGTH}),
        ("DELETE FROM blobs WHERE length = 61", {Fault.NO_BLOB_ROW}),
        ("UPDATE blobs SET reference_count = 3 WHERE length = 60", {Fault.WRONG_REFERENCES}),
        ("DELETE FROM versions WHERE action = 'start'", {Fault.WRONG_REFERENCES}),  # nobody's parts
    ],
)
async def test_fsck_looks_at_each_part_of_large_files(tmp_path: Path, damage: str, faults: set[Fault]) -> None:
    master_key = MasterKey.random()
    async with await Store.open(tmp_path, master_key, settings=QUICK) as store:
        bucket = await new_bucket(store)
        finished = await store.large_files.start(bucket, b"finished", VersionDraft())
        for number, content in [(1, b"x" * 60), (2, b"y" * 61)]:
            await put_part(store, finished, number, content)
        version = await store.large_files.finish(finished, lambda _, parts: Finished((1, 2), etag="e"))
        await store.copy(version, bucket, b"copied", VersionDraft(), start=1)
        await put_part(store, await store.large_files.start(bucket, b"started", VersionDraft()), 1, b"z" * 62)
        report = await store.fsck()
        assert (report.is_clean, report.versions, report.blobs) == (True, 3, 3)
    with sqlite3.connect(tmp_path / "metadata.db") as connection:
        connection.execute(damage)
    connection.close()
    async with await Store.open(tmp_path, master_key, settings=QUICK) as store:
        report = await store.fsck()
    assert {problem.fault for problem in report.problems} == faults


@pytest.mark.parametrize("length", LENGTHS)
async def test_reading_damaged_bytes_says_so(tmp_path: Path, length: int) -> None:
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        bucket = await new_bucket(store)
        gone, short = await put(store, bucket, b"a", b"x" * length), await put(store, bucket, b"b", b"x" * length)
        OnDisk(tmp_path, short).cut(length - 1)
        OnDisk(tmp_path, gone).lose()
        for version in (short, gone):
            with pytest.raises(BlobDamaged):
                [chunk async for chunk in store.read(version)]


async def test_a_start_removes_the_orphans_of_a_crash_and_nothing_else(tmp_path: Path) -> None:
    master_key = MasterKey.random()
    async with await Store.open(tmp_path, master_key, settings=QUICK) as store:
        version = await put(store, await new_bucket(store), b"a", b"kept")
    kept = OnDisk(tmp_path, version)
    orphan = tmp_path / "blobs" / "ab" / ("ab" * 16 + ".1")
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"left by a crash")
    async with await Store.open(tmp_path, master_key, settings=QUICK):
        for _ in range(200):
            if not orphan.exists():
                break
            await asyncio.sleep(0.01)
    assert not orphan.exists()
    assert kept.read() == b"kept"


async def test_the_sweep_spares_an_upload_under_way(tmp_path: Path) -> None:
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        bucket = await new_bucket(store)
        async with store.upload(bucket, b"a", expected_length=None) as upload:
            await upload.write(bytes(300_000))
            assert await store.sweep() == 0
            await upload.commit(VersionDraft())
        assert await store.sweep() == 0
        assert (await store.fsck()).is_clean


async def test_a_backup_taken_beside_uploads_and_deletes_is_consistent_and_restores(tmp_path: Path) -> None:
    master_key = MasterKey.random()
    async with await Store.open(tmp_path / "origin", master_key, settings=QUICK) as store:
        bucket = await new_bucket(store)
        key = await store.create_key(bucket.account_id, "k", ["readFiles"])
        store.count(bucket.account_id, bucket.name, "PutObject", "A")
        before = [await put(store, bucket, b"before %d" % number, b"%d" % number * 1000) for number in range(40)]
        film = await store.large_files.start(bucket, b"film", VersionDraft())
        for number in (1, 2, 3):
            await put_part(store, film, number, b"%d" % number * 1000)
        film = await store.large_files.finish(film, lambda _, parts: Finished((1, 2, 3), etag="e"))
        started = await store.large_files.start(bucket, b"started", VersionDraft())
        await put_part(store, started, 1, b"half")
        busy = asyncio.create_task(_change_without_end(store, bucket, before[20:]))
        copied = await store.backup(tmp_path / "backup")
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)
        with pytest.raises(TargetNotEmpty):
            await store.backup(tmp_path / "backup")
    assert copied.blobs >= 40
    assert key.secret.encode() not in (tmp_path / "backup" / "metadata.db").read_bytes()
    await restore_backup(tmp_path / "backup", tmp_path / "restored")
    async with await Store.open(tmp_path / "restored", master_key, settings=QUICK) as store:
        report = await store.fsck()
        assert report.is_clean
        assert (report.blobs, report.orphans) == (copied.blobs, 0)
        assert await store.key(key.key_id) == key
        assert [row.count for row in await store.ledger()] == [1]
        assert b"".join([chunk async for chunk in store.read(film)]) == b"1" * 1000 + b"2" * 1000 + b"3" * 1000
        assert len(await store.large_files.parts(started)) == 1
        for number, version in enumerate(before[:20]):
            content = b"".join([chunk async for chunk in store.read(version)])
            assert content == b"%d" % number * 1000
            await store.delete_version(bucket.bucket_id, version.key, version.version_id)
    # What happens to the restored store leaves the backup alone: the same files, under names of its own.
    assert (await restore_backup(tmp_path / "backup", tmp_path / "again")) == copied


async def _change_without_end(store: Store, bucket: Bucket, doomed: list[FileVersion]) -> None:
    for number in range(10_000):
        await put(store, bucket, b"during %d" % number, bytes(2000))
        if number < len(doomed):
            version = doomed[number]
            await store.delete_version(bucket.bucket_id, version.key, version.version_id)


@pytest.mark.parametrize("length", LENGTHS)
async def test_a_backup_with_a_missing_blob_fails_and_has_no_database(tmp_path: Path, length: int) -> None:
    async with await Store.open(tmp_path / "origin", MasterKey.random(), settings=QUICK) as store:
        version = await put(store, await new_bucket(store), b"a", b"x" * length)
        OnDisk(tmp_path / "origin", version).lose()
        with pytest.raises(BlobDamaged):
            await store.backup(tmp_path / "backup")
    assert not (tmp_path / "backup" / "metadata.db").exists()
    with pytest.raises(NotABackup):
        await restore_backup(tmp_path / "backup", tmp_path / "restored")


async def test_fsck_runs_over_the_twin_in_memory() -> None:
    async with await memory_store(settings=QUICK) as store:
        await put(store, await new_bucket(store), b"a", b"x")
        report = await store.fsck()
    assert (report.is_clean, report.versions, report.blobs) == (True, 1, 1)
