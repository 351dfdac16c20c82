"""Files under object lock, through the verbs of the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from calotype.master_key import MasterKey
from calotype.store.errors import (
    BucketNotEmpty,
    FileLockConflict,
    MissingFileLock,
    NoSuchKey,
    NoSuchVersion,
    RetainUntilInPast,
    RetentionRefused,
    StoreError,
    VersionLocked,
)
from calotype.store.large_files import Finished
from calotype.store.model import (
    Action,
    Bucket,
    BucketSettings,
    DefaultRetention,
    FileVersion,
    LockMode,
    Retention,
    VersionDraft,
    Versioning,
)
from calotype.store.store import Store, StoreSettings, memory_store

QUICK = StoreSettings(reserve_bytes=0, remove_after_s=0.0)
DAY_MS = 86_400_000
GOVERNANCE, COMPLIANCE = LockMode.GOVERNANCE, LockMode.COMPLIANCE
LOCKED = BucketSettings(file_lock_enabled=True)
DEFAULTED = replace(LOCKED, default_retention=DefaultRetention(COMPLIANCE, 1, "days"))


class Clock:
    def __init__(self) -> None:
        self.now_ms = 1_700_000_000_123

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["files", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[Store]:
    if request.param == "files":
        opened = await Store.open(tmp_path / "origin", MasterKey.random(), settings=QUICK, clock=clock)
    else:
        opened = await memory_store(settings=QUICK, clock=clock)
    async with opened:
        yield opened


async def new_bucket(store: Store, settings: BucketSettings = LOCKED, name: str = "photographs") -> Bucket:
    return await store.create_bucket((await store.default_account()).account_id, name, settings=settings)


async def put(store: Store, bucket: Bucket, key: bytes = b"a", **fields: object) -> FileVersion:
    async with store.upload(bucket, key, expected_length=5) as upload:
        await upload.write(b"bytes")
        return await upload.commit(VersionDraft(**fields))  # type: ignore[arg-type]


async def delete(store: Store, version: FileVersion, *, bypass: bool = False) -> FileVersion:
    return await store.delete_version(version.bucket_id, version.key, version.version_id, bypass_governance=bypass)


async def retain(
    store: Store, version: FileVersion, retention: Retention | None, *, bypass: bool = False
) -> FileVersion:
    return await store.update_retention(
        version.bucket_id, version.key, version.version_id, retention, bypass_governance=bypass
    )


async def hold(store: Store, version: FileVersion, is_on: bool) -> FileVersion:
    return await store.update_legal_hold(version.bucket_id, version.key, version.version_id, is_on)


async def test_a_retention_holds_to_the_millisecond(store: Store, clock: Clock) -> None:
    bucket = await new_bucket(store)
    retention = Retention(COMPLIANCE, clock.now_ms + 777)
    version = await put(store, bucket, retention=retention)
    assert version.retention == retention
    assert (await store.version(version.version_id)).retention == retention
    clock.now_ms += 776
    for bypass in (False, True):
        with pytest.raises(VersionLocked):
            await delete(store, version, bypass=bypass)
    assert await store.latest(bucket.bucket_id, b"a") == version
    clock.now_ms += 1
    await delete(store, version)
    with pytest.raises(NoSuchKey):
        await store.latest(bucket.bucket_id, b"a")


async def test_governance_gives_way_to_its_bypass_and_a_hold_to_nobody(store: Store, clock: Clock) -> None:
    bucket = await new_bucket(store)
    version = await put(store, bucket, retention=Retention(GOVERNANCE, clock.now_ms + DAY_MS), legal_hold=True)
    for bypass in (False, True):
        with pytest.raises(VersionLocked):
            await delete(store, version, bypass=bypass)
    assert (await hold(store, version, False)).legal_hold is False
    with pytest.raises(VersionLocked):
        await delete(store, version)
    await delete(store, version, bypass=True)


async def test_a_locked_version_may_be_hidden_and_covered_and_keeps_its_bucket(store: Store, clock: Clock) -> None:
    bucket = await new_bucket(store)
    version = await put(store, bucket, retention=Retention(COMPLIANCE, clock.now_ms + DAY_MS))
    above = await put(store, bucket)
    marker = await store.hide(bucket.bucket_id, b"a")
    deleted = await store.delete_object(bucket.bucket_id, b"a")
    assert deleted is not None
    for removable in (deleted, marker, above):
        await delete(store, removable)
    assert (await store.latest(bucket.bucket_id, b"a")).version_id == version.version_id
    with pytest.raises(BucketNotEmpty):
        await store.delete_bucket(bucket.bucket_id)


@pytest.mark.parametrize(
    ("settings", "stated", "until"),
    [
        (LOCKED, None, None),
        (DEFAULTED, None, DAY_MS),
        (DEFAULTED, 50, 50),  # what is stated goes before the default
    ],
)
async def test_every_way_to_make_a_file_gives_it_its_retention(
    store: Store, clock: Clock, settings: BucketSettings, stated: int | None, until: int | None
) -> None:
    bucket = await new_bucket(store, settings)
    expected = None if until is None else Retention(COMPLIANCE, clock.now_ms + until)
    draft = VersionDraft(
        retention=None if stated is None else Retention(COMPLIANCE, clock.now_ms + stated), uploaded_at_ms=5_000
    )
    uploaded = await put(store, bucket, retention=draft.retention, uploaded_at_ms=5_000)
    copied = await store.copy(uploaded, bucket, b"copy", draft)
    elsewhere = await new_bucket(store, name="elsewhere")
    assert (await store.copy(uploaded, elsewhere, b"copy", VersionDraft())).retention is None  # not the source's
    started = await store.large_files.start(bucket, b"large", draft)
    for version in (uploaded, copied, started):
        assert version.retention == expected  # from now, also with an upload time of the client's
    async with store.large_files.upload_part(started, 1, expected_length=5) as part:
        await part.write(b"bytes")
        await part.commit()
    clock.now_ms += 10
    finished = await store.large_files.finish(started, lambda file, parts: Finished((1,), etag="x"))
    assert finished.retention == expected  # counted from the start
    assert (await store.version(finished.version_id)).retention == expected


@pytest.mark.parametrize(
    ("settings", "draft", "error"),
    [
        (BucketSettings(), {"retention": Retention(GOVERNANCE, 1 << 50)}, MissingFileLock),
        (BucketSettings(), {"legal_hold": True}, MissingFileLock),
        (BucketSettings(), {"legal_hold": False}, MissingFileLock),
        (LOCKED, {"retention": Retention(GOVERNANCE, 1_700_000_000_123)}, RetainUntilInPast),
    ],
)
async def test_a_lock_that_the_bucket_cannot_give_leaves_no_file(
    store: Store, settings: BucketSettings, draft: dict[str, object], error: type[StoreError]
) -> None:
    bucket = await new_bucket(store, settings)
    source = await put(store, await new_bucket(store, name="elsewhere"))
    stated = VersionDraft(**draft)  # type: ignore[arg-type]
    with pytest.raises(error):
        store.check_lock(bucket, stated.retention, stated.legal_hold)
    with pytest.raises(error):
        await put(store, bucket, **draft)
    with pytest.raises(error):
        await store.copy(source, bucket, b"a", stated)
    with pytest.raises(error):
        await store.large_files.start(bucket, b"a", stated)
    assert (await store.list_versions(bucket.bucket_id)).versions == ()
    assert len(list(store.blobs.blob_ids())) == 1
    assert (await store.fsck()).is_clean


async def test_a_retention_is_lengthened_freely_and_shortened_with_the_bypass(store: Store, clock: Clock) -> None:
    version = await put(store, await new_bucket(store))
    assert (await retain(store, version, Retention(GOVERNANCE, clock.now_ms + 100))).retention == Retention(
        GOVERNANCE, clock.now_ms + 100
    )
    longer = Retention(GOVERNANCE, clock.now_ms + 200)
    assert (await retain(store, version, longer)).retention == longer
    for change in (Retention(GOVERNANCE, clock.now_ms + 199), None):
        with pytest.raises(RetentionRefused):
            await retain(store, version, change)
        assert (await store.version(version.version_id)).retention == longer
        assert (await retain(store, version, change, bypass=True)).retention == change
        await retain(store, version, longer)
    firm = Retention(COMPLIANCE, clock.now_ms + 200)
    await retain(store, version, firm)
    for change in (Retention(COMPLIANCE, clock.now_ms + 199), longer, None):
        with pytest.raises(RetentionRefused):
            await retain(store, version, change, bypass=True)
    clock.now_ms += 200
    assert (await retain(store, version, None)).retention is None  # it was over


async def test_a_lock_is_changed_of_a_version_in_a_bucket_with_lock_only(store: Store, clock: Clock) -> None:
    later = Retention(GOVERNANCE, clock.now_ms + DAY_MS)
    without = await put(store, await new_bucket(store, BucketSettings(), "without"))
    for attempt in (retain(store, without, later), retain(store, without, None), hold(store, without, False)):
        with pytest.raises(MissingFileLock):
            await attempt
    bucket = await new_bucket(store)
    version = await put(store, bucket)
    with pytest.raises(RetainUntilInPast):
        await retain(store, version, Retention(GOVERNANCE, clock.now_ms))
    marker = await store.hide(bucket.bucket_id, b"a")
    for missing in (marker, replace(version, key=b"b"), replace(version, version_id="unknown")):
        for attempt in (retain(store, missing, later), hold(store, missing, True)):
            with pytest.raises(NoSuchVersion):
                await attempt


async def test_a_change_of_the_lock_leaves_everything_else(store: Store, clock: Clock) -> None:
    bucket = await new_bucket(store)
    version = await put(store, bucket, info={"a": "b"})
    (row,) = await store.outbox(0)
    later = Retention(GOVERNANCE, clock.now_ms + DAY_MS)
    changed = await retain(store, version, later)
    assert changed == replace(version, retention=later)
    assert await hold(store, version, True) == replace(changed, legal_hold=True)
    assert await store.latest(bucket.bucket_id, b"a") == replace(changed, legal_hold=True)
    assert await store.outbox(0) == [row]  # nothing that visitors see has changed
    assert (await store.fsck()).is_clean


async def test_an_unfinished_file_is_cancelled_whatever_lock_it_would_have(store: Store, clock: Clock) -> None:
    bucket = await new_bucket(store)
    locked = VersionDraft(retention=Retention(COMPLIANCE, clock.now_ms + DAY_MS), legal_hold=True)
    cancelled = await store.large_files.start(bucket, b"a", locked)
    await store.large_files.cancel(cancelled.version_id)
    deleted = await store.large_files.start(bucket, b"a", locked)
    await delete(store, deleted)
    assert (await store.list_versions(bucket.bucket_id)).versions == ()


async def test_a_bucket_with_lock_keeps_it_and_its_versions(store: Store) -> None:
    bucket = await new_bucket(store, BucketSettings())
    unversioned = await store.update_bucket(bucket.bucket_id, versioning=Versioning.UNVERSIONED)
    with pytest.raises(MissingFileLock):
        await store.update_bucket(
            bucket.bucket_id, settings=replace(unversioned.settings, default_retention=DEFAULTED.default_retention)
        )
    locked = await store.update_bucket(bucket.bucket_id, settings=LOCKED)
    assert locked.versioning is Versioning.ENABLED
    for changes in ({"settings": BucketSettings()}, {"versioning": Versioning.SUSPENDED}):
        with pytest.raises(FileLockConflict):
            await store.update_bucket(bucket.bucket_id, **changes)
    assert await store.bucket_by_id(bucket.bucket_id) == locked
    made = await store.create_bucket(
        bucket.account_id, "made-with-lock", versioning=Versioning.UNVERSIONED, settings=LOCKED
    )
    assert made.versioning is Versioning.ENABLED


async def test_a_deletion_and_a_lock_at_once_end_one_way_or_the_other(store: Store, clock: Clock) -> None:
    bucket = await new_bucket(store)
    for number in range(20):
        version = await put(store, bucket, b"%d" % number)
        later = Retention(COMPLIANCE, clock.now_ms + DAY_MS)
        both = [retain(store, version, later), delete(store, version)]
        outcomes = await asyncio.gather(*(both if number % 2 else reversed(both)), return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert [type(error) for error in refused] in ([VersionLocked], [NoSuchVersion])
        left = (await store.list_versions(bucket.bucket_id, prefix=b"%d" % number, start_key=b"%d" % number)).versions
        found = [each for each in left if each.key == version.key]
        assert [each.retention for each in found] == ([later] if isinstance(refused[0], VersionLocked) else [])
    assert all(each.action is Action.UPLOAD for each in left)
