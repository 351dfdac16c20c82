"""Large files over files and in memory alike: start, parts, finish, cancel."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from calotype.master_key import MasterKey
from calotype.store.errors import (
    BucketNotEmpty,
    IncompleteUpload,
    NoSuchBucket,
    NoSuchKey,
    NoSuchPart,
    NoSuchUpload,
    NoSuchVersion,
    PreconditionFailed,
    StorageFull,
)
from calotype.store.large_files import Finished
from calotype.store.model import Action, Bucket, Digests, FileVersion, Part, VersionDraft, Versioning
from calotype.store.store import Store, StoreSettings, memory_store

QUICK = StoreSettings(reserve_bytes=0, remove_after_s=0.0)


class Clock:
    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock(1_700_000_000_000)


@pytest.fixture(params=["files", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[Store]:
    if request.param == "files":
        opened = await Store.open(tmp_path / "origin", MasterKey.random(), settings=QUICK, clock=clock)
    else:
        opened = await memory_store(settings=QUICK, clock=clock)
    async with opened:
        yield opened


@pytest.fixture
async def bucket(store: Store) -> Bucket:
    return await store.create_bucket((await store.default_account()).account_id, "films")


async def start(store: Store, bucket: Bucket, key: bytes = b"film.mp4", **fields: object) -> FileVersion:
    return await store.large_files.start(bucket, key, VersionDraft(**fields))  # type: ignore[arg-type]


async def put_part(store: Store, file: FileVersion, number: int, content: bytes) -> Part:
    async with store.large_files.upload_part(file, number, expected_length=len(content)) as upload:
        await upload.write(content)
        return await upload.commit()


async def put(store: Store, bucket: Bucket, key: bytes, content: bytes, **fields: object) -> FileVersion:
    async with store.upload(bucket, key, expected_length=len(content)) as upload:
        await upload.write(content)
        return await upload.commit(VersionDraft(**fields))  # type: ignore[arg-type]


def all_parts(file: FileVersion, parts: list[Part]) -> Finished:
    return Finished(tuple(part.part_number for part in parts), etag=f"etag-{len(parts)}")


def only(*numbers: int) -> object:
    return lambda file, parts: Finished(numbers, etag="e")


async def content_of(store: Store, version: FileVersion, start: int = 0, stop: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.read(version, start, stop)])


async def blobs_left(store: Store) -> int:
    """How many blobs are left once what was released is gone; the rows must agree."""
    report = await store.fsck()
    assert report.is_clean, report.problems
    assert len(list(store.blobs.blob_ids())) == report.blobs
    return report.blobs


async def test_parts_in_any_order_become_one_file(store: Store, bucket: Bucket, clock: Clock) -> None:
    file = await start(store, bucket, content_type="video/mp4", info={"a": "b"}, attributes={"kept": 1})
    assert (file.action, file.length, file.is_latest, file.part_count) == (Action.START, 0, False, 0)
    assert file.version_id.startswith(f"4_z{bucket.bucket_id}_f2")  # kind 2: large (b2.md §4.6)
    clock.now_ms += 1000
    contents = {number: random.Random(number).randbytes(300_000 + number) for number in (1, 2, 3)}
    await asyncio.gather(*(put_part(store, file, number, contents[number]) for number in (3, 1, 2)))
    with pytest.raises(NoSuchKey):
        await store.latest(bucket.bucket_id, b"film.mp4")
    version = await store.large_files.finish(file, all_parts)
    whole = b"".join(contents[number] for number in (1, 2, 3))
    assert (version.version_id, version.uploaded_at_ms) == (file.version_id, file.uploaded_at_ms)
    assert (version.action, version.length, version.part_count) == (Action.UPLOAD, len(whole), 3)
    assert (version.etag, version.digests, version.extents) == ("etag-3", Digests("", "", ""), ())
    assert (version.content_type, version.info, version.attributes) == ("video/mp4", {"a": "b"}, {"kept": 1})
    assert version.is_latest
    assert await store.latest(bucket.bucket_id, b"film.mp4") == version == await store.version(version.version_id)
    assert await content_of(store, version) == whole
    for first, last in [(0, 1), (300_000, 300_002), (300_001, 300_001), (299_999, 600_010), (900_005, 900_006)]:
        assert await content_of(store, version, first, last) == whole[first:last]
    assert [part.start for part in await store.large_files.parts(version)] == [0, 300_001, 600_003]
    assert await blobs_left(store) == 3


async def test_a_part_has_its_digests_and_a_resend_takes_its_place(store: Store, bucket: Bucket) -> None:
    file = await start(store, bucket)
    await put_part(store, file, 1, b"old")
    part = await put_part(store, file, 1, b"new content")
    assert part.digests.sha1 == hashlib.sha1(b"new content").hexdigest()
    assert part.digests.md5 == hashlib.md5(b"new content").hexdigest()
    assert await store.large_files.parts(file) == [part]
    assert await blobs_left(store) == 1
    assert await content_of(store, await store.large_files.finish(file, all_parts)) == b"new content"


async def test_parts_are_listed_from_a_number_on(store: Store, bucket: Bucket) -> None:
    file = await start(store, bucket)
    for number in (7, 2, 5, 10_000):
        await put_part(store, file, number, b"%d" % number)
    listed = [part.part_number for part in await store.large_files.parts(file)]
    assert listed == [2, 5, 7, 10_000]
    assert [part.part_number for part in await store.large_files.parts(file, 5, 2)] == [5, 7]


async def test_parts_that_are_not_chosen_give_their_space_back(store: Store, bucket: Bucket) -> None:
    file = await start(store, bucket)
    for number in (1, 2, 3, 4):
        await put_part(store, file, number, b"%d" % number)
    version = await store.large_files.finish(file, only(2, 4))  # type: ignore[arg-type]
    assert await content_of(store, version) == b"24"
    assert await blobs_left(store) == 2
    (usage,) = await store.metadata.read(lambda transaction: transaction.usage(bucket.account_id))
    assert (usage.stored_bytes, usage.versions) == (2, 1)


@pytest.mark.parametrize("chosen", [(1, 3), ()], ids=["one that is not there", "none"])
async def test_a_finish_without_the_parts_changes_nothing(
    store: Store, bucket: Bucket, chosen: tuple[int, ...]
) -> None:
    file = await start(store, bucket)
    await put_part(store, file, 1, b"one")
    await put_part(store, file, 2, b"two")
    with pytest.raises(NoSuchPart):
        await store.large_files.finish(file, only(*chosen))  # type: ignore[arg-type]
    assert len(await store.large_files.parts(file)) == 2
    assert await content_of(store, await store.large_files.finish(file, all_parts)) == b"onetwo"


async def test_a_finish_may_be_refused_from_inside_its_transaction(store: Store, bucket: Bucket) -> None:
    file = await start(store, bucket, info={"k": "v"})
    part = await put_part(store, file, 1, b"one")

    def refuse(seen: FileVersion, parts: list[Part]) -> Finished:
        assert (seen, parts) == (file, [part])
        raise PreconditionFailed("the parts are too small")

    with pytest.raises(PreconditionFailed):
        await store.large_files.finish(file, refuse)
    assert await store.version(file.version_id) == file
    assert await store.large_files.parts(file) == [part]


async def test_of_two_finishes_at_once_one_finds_no_upload(store: Store, bucket: Bucket) -> None:
    file = await start(store, bucket)
    await put_part(store, file, 1, b"one")
    outcomes = await asyncio.gather(
        *(store.large_files.finish(file, all_parts) for _ in range(5)), return_exceptions=True
    )
    finished = [outcome for outcome in outcomes if isinstance(outcome, FileVersion)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, NoSuchUpload)]
    assert (len(finished), len(refused)) == (1, 4)
    assert await content_of(store, finished[0]) == b"one"


@pytest.mark.parametrize("end", ["finish", "cancel", "delete"])
async def test_what_comes_after_the_end_leaves_nothing_behind(store: Store, bucket: Bucket, end: str) -> None:
    file = await start(store, bucket)
    await put_part(store, file, 1, b"one")
    async with store.large_files.upload_part(file, 2, expected_length=500_000) as late:
        await late.write(bytes(300_000))
        if end == "finish":
            await store.large_files.finish(file, all_parts)
        elif end == "cancel":
            assert await store.large_files.cancel(file.version_id) == file
        else:
            await store.delete_version(bucket.bucket_id, file.key, file.version_id)
        await late.write(bytes(200_000))
        with pytest.raises(NoSuchUpload):
            await late.commit()
    for refused in (
        store.large_files.cancel(file.version_id),
        store.large_files.finish(file, all_parts),
        store.large_files.parts(file),
    ):
        with pytest.raises(NoSuchUpload):
            await refused
    assert await blobs_left(store) == (1 if end == "finish" else 0)
    if end != "finish":
        with pytest.raises(NoSuchVersion):
            await store.version(file.version_id)


async def test_a_part_in_a_bucket_that_was_deleted_meanwhile_leaves_nothing_behind(
    store: Store, bucket: Bucket
) -> None:
    file = await start(store, bucket)
    with pytest.raises(BucketNotEmpty):  # an unfinished file counts (b2.md §1.4)
        await store.delete_bucket(bucket.bucket_id)
    async with store.large_files.upload_part(file, 1, expected_length=300_000) as late:
        await late.write(bytes(300_000))
        await store.large_files.cancel(file.version_id)
        await store.delete_bucket(bucket.bucket_id)
        with pytest.raises(NoSuchUpload):
            await late.commit()
    with pytest.raises(NoSuchBucket):
        await start(store, bucket)
    assert await blobs_left(store) == 0


async def test_a_part_of_the_wrong_length_leaves_nothing_behind(store: Store, bucket: Bucket) -> None:
    file = await start(store, bucket)
    async with store.large_files.upload_part(file, 1, expected_length=500_000) as upload:
        await upload.write(bytes(300_000))
        with pytest.raises(IncompleteUpload):
            await upload.commit()
    assert await store.large_files.parts(file) == []
    assert await blobs_left(store) == 0


@pytest.mark.parametrize("version_id", ["", "4_z", "4_zffffffffffffffffffffffff_f2"])
async def test_an_id_that_was_never_given_is_no_upload(store: Store, bucket: Bucket, version_id: str) -> None:
    file = await start(store, bucket)
    with pytest.raises(NoSuchUpload):
        await store.large_files.cancel(version_id)
    strange = replace(file, version_id=version_id)
    with pytest.raises(NoSuchUpload):
        await put_part(store, strange, 1, b"x")


async def test_a_file_takes_its_place_by_the_time_of_its_start(store: Store, bucket: Bucket, clock: Clock) -> None:
    """b2.md §1.7: ordered by the timestamp taken at start."""
    below = await put(store, bucket, b"film.mp4", b"below")
    clock.now_ms += 1000
    file = await start(store, bucket)
    assert (await store.latest(bucket.bucket_id, b"film.mp4")).version_id == below.version_id
    await put_part(store, file, 1, b"large")
    clock.now_ms += 1000
    above = await put(store, bucket, b"film.mp4", b"above")
    version = await store.large_files.finish(file, all_parts)
    assert not version.is_latest
    assert await store.latest(bucket.bucket_id, b"film.mp4") == above
    assert len(await store.outbox(0)) == 2, "what shows has not changed"
    listed = (await store.list_versions(bucket.bucket_id)).versions
    assert [row.version_id for row in listed] == [above.version_id, version.version_id, below.version_id]
    assert [row.is_latest for row in listed] == [True, False, False]
    await store.delete_version(bucket.bucket_id, b"film.mp4", above.version_id)
    assert await store.latest(bucket.bucket_id, b"film.mp4") == replace(version, is_latest=True)


async def test_a_finished_file_on_top_takes_the_latest_mark_and_is_told(
    store: Store, bucket: Bucket, clock: Clock
) -> None:
    await put(store, bucket, b"film.mp4", b"below")
    clock.now_ms += 1000
    file = await start(store, bucket)
    assert len(await store.outbox(0)) == 1, "a start is no change that anybody sees"
    await put_part(store, file, 1, b"large")
    version = await store.large_files.finish(file, all_parts)
    assert await store.latest(bucket.bucket_id, b"film.mp4") == version
    assert [row.key for row in await store.outbox(0)] == [b"film.mp4", b"film.mp4"]
    assert [row.is_latest for row in (await store.list_versions(bucket.bucket_id)).versions] == [True, False]


async def test_a_start_at_a_time_of_its_own_keeps_it(store: Store, bucket: Bucket) -> None:
    newer = await put(store, bucket, b"film.mp4", b"x")
    file = await start(store, bucket, uploaded_at_ms=1_000_000)
    await put_part(store, file, 1, b"old")
    version = await store.large_files.finish(file, all_parts)
    assert version.uploaded_at_ms == 1_000_000
    assert (await store.latest(bucket.bucket_id, b"film.mp4")).version_id == newer.version_id


@pytest.mark.parametrize(
    ("versioning", "is_null", "versions_left"),
    [(Versioning.ENABLED, False, 3), (Versioning.SUSPENDED, True, 2), (Versioning.UNVERSIONED, True, 1)],
)
async def test_a_finish_replaces_what_the_buckets_versioning_says(
    store: Store, bucket: Bucket, clock: Clock, versioning: Versioning, is_null: bool, versions_left: int
) -> None:
    """s3.md §6: unversioned replaces all, suspended the null one."""
    await put(store, bucket, b"film.mp4", b"first")
    await store.update_bucket(bucket.bucket_id, versioning=Versioning.SUSPENDED)
    await put(store, bucket, b"film.mp4", b"null")
    await store.update_bucket(bucket.bucket_id, versioning=versioning)
    clock.now_ms += 1000
    file = await start(store, bucket)
    await put_part(store, file, 1, b"large")
    version = await store.large_files.finish(file, all_parts)
    assert (version.is_null, version.is_latest) == (is_null, True)
    assert len((await store.list_versions(bucket.bucket_id)).versions) == versions_left
    assert await content_of(store, await store.latest(bucket.bucket_id, b"film.mp4")) == b"large"
    assert await blobs_left(store) == versions_left


async def test_a_precondition_of_finish_sees_the_visible_version(store: Store, bucket: Bucket) -> None:
    before = await put(store, bucket, b"film.mp4", b"there")
    file = await start(store, bucket)
    await put_part(store, file, 1, b"x")
    seen: list[FileVersion | None] = []

    def precondition(visible: FileVersion | None) -> None:
        seen.append(visible)
        raise PreconditionFailed("if-none-match")

    with pytest.raises(PreconditionFailed):
        await store.large_files.finish(file, all_parts, precondition=precondition)
    assert seen[0] == before
    assert len(await store.large_files.parts(file)) == 1


async def test_files_in_progress_are_listed_by_key(store: Store, bucket: Bucket, clock: Clock) -> None:
    started = []
    for key in (b"z/2", b"a", b"z/1", b"z/1", b"z/1"):
        clock.now_ms += 1
        started.append(await start(store, bucket, key))
    await put(store, bucket, b"a", b"x")
    listed = store.large_files.unfinished_by_key
    in_order = (started[1], *started[2:], started[0])
    assert (await listed(bucket.bucket_id)).versions == in_order
    assert (await listed(bucket.bucket_id, prefix=b"z/", limit=2)).versions == in_order[1:3]
    after = await listed(bucket.bucket_id, start_key=b"z/1", after_version_id=started[3].version_id)
    assert (after.versions, after.next_key) == ((started[4], started[0]), None)
    folded = await listed(bucket.bucket_id, delimiter=b"/", limit=1)
    assert (folded.versions, folded.common_prefixes, folded.next_key) == ((started[1],), (), b"z/1")
    assert (await listed(bucket.bucket_id, delimiter=b"/", start_key=b"b")).common_prefixes == (b"z/",)
    with pytest.raises(NoSuchBucket):
        await listed("0" * 24)


async def test_files_in_progress_are_listed_by_age(store: Store, bucket: Bucket, clock: Clock) -> None:
    started = []
    for key in (b"z/1", b"a/1", b"z/2", b"z/3"):
        clock.now_ms += 1
        started.append(await start(store, bucket, key))
    await put(store, bucket, b"z/finished", b"x")
    assert await store.large_files.unfinished(bucket.bucket_id) == (started, None)
    page, following = await store.large_files.unfinished(bucket.bucket_id, prefix=b"z/", limit=2)
    assert ([file.key for file in page], following) == ([b"z/1", b"z/2"], started[3].version_id)
    rest = await store.large_files.unfinished(bucket.bucket_id, prefix=b"z/", start_version_id=following)
    assert rest == ([started[3]], None)
    await store.large_files.cancel(started[3].version_id)
    assert await store.large_files.unfinished(bucket.bucket_id, prefix=b"z/3") == ([], None)
    with pytest.raises(NoSuchBucket):
        await store.large_files.unfinished("0" * 24)


async def test_a_finished_file_gives_all_its_space_back_when_it_goes(store: Store, bucket: Bucket) -> None:
    file = await start(store, bucket)
    for number in range(1, 1203):  # more than are read at once
        await put_part(store, file, number, b"%d" % number)
    version = await store.large_files.finish(file, all_parts)
    assert await content_of(store, version) == b"".join(b"%d" % number for number in range(1, 1203))
    assert await content_of(store, version, 9, 11) == b"10"
    await store.delete_version(bucket.bucket_id, version.key, version.version_id)
    assert await blobs_left(store) == 0
    (usage,) = await store.metadata.read(lambda transaction: transaction.usage(bucket.account_id))
    assert (usage.stored_bytes, usage.versions) == (0, 0)


async def test_a_file_deleted_while_it_is_read_is_no_longer_found(store: Store, bucket: Bucket) -> None:
    """Its parts' rows are gone, and nothing of another version is served instead."""
    file = await start(store, bucket)
    for number in range(1, 203):
        await put_part(store, file, number, b"x")
    version = await store.large_files.finish(file, all_parts)
    content = store.read(version)
    assert await anext(content) == b"x"
    await store.delete_version(bucket.bucket_id, version.key, version.version_id)
    with pytest.raises(NoSuchVersion):
        [chunk async for chunk in content]
    with pytest.raises(NoSuchVersion):
        await content_of(store, version)


async def test_no_space_in_the_third_part_leaves_the_others(clock: Clock) -> None:
    async with await memory_store(settings=QUICK, clock=clock, capacity_bytes=1_000_000) as store:
        bucket = await store.create_bucket((await store.default_account()).account_id, "films")
        file = await start(store, bucket)
        await put_part(store, file, 1, bytes(300_000))
        await put_part(store, file, 2, bytes(300_000))
        with pytest.raises(StorageFull):
            await put_part(store, file, 3, bytes(500_000))
        assert [part.part_number for part in await store.large_files.parts(file)] == [1, 2]
        assert await blobs_left(store) == 2
        version = await store.large_files.finish(file, all_parts)
        assert version.length == 600_000
