"""The group commit: who waits shares the syncs, and each change stands or falls alone."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from calotype.store.blobs import BlobWriter
from calotype.store.errors import PreconditionFailed, ReadOnly, StorageFull
from calotype.store.group_commit import GroupCommit
from calotype.store.memory_blobs import MemoryBlobs
from calotype.store.memory_metadata import MemoryMetadata
from calotype.store.metadata import Transaction
from calotype.store.model import Bucket, FileVersion, VersionDraft
from calotype.store.store import Store, memory_store


class SlowBlobs(MemoryBlobs):
    """Whose syncs wait until they are let go, and tell what they were given."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: list[int] = []
        self.error: OSError | None = None
        self.may_go = threading.Event()
        self.may_go.set()

    def make_durable(self, writers: Sequence[BlobWriter]) -> None:
        self.groups.append(len(writers))
        self.may_go.wait()
        if self.error is not None:
            raise self.error
        super().make_durable(writers)


class CountingMetadata(MemoryMetadata):
    """Which tells the sizes of its transactions, and fails when asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: list[int] = []
        self.error: OSError | None = None

    async def apply(self, functions: Sequence[Callable[[Transaction], Any]]) -> list[Any]:
        self.groups.append(len(functions))
        if self.error is not None:
            raise self.error
        return await super().apply(functions)


@pytest.fixture
def blobs() -> SlowBlobs:
    return SlowBlobs()


@pytest.fixture
def metadata() -> CountingMetadata:
    return CountingMetadata()


@pytest.fixture
async def commits(metadata: CountingMetadata, blobs: SlowBlobs) -> AsyncIterator[GroupCommit]:
    made = GroupCommit(metadata, blobs, lambda outcome: None)
    yield made
    blobs.may_go.set()
    await made.close()


def append(key: bytes) -> Callable[[Transaction], int]:
    return lambda transaction: transaction.append_outbox("account", "bucket", key)


def written(blobs: SlowBlobs) -> BlobWriter:
    return blobs.create(blobs.new_id())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def test_those_who_wait_during_a_sync_share_the_next_one(
    commits: GroupCommit, blobs: SlowBlobs, metadata: CountingMetadata
) -> None:
    blobs.may_go.clear()
    first = asyncio.create_task(commits.commit(append(b"first"), [written(blobs)]))
    await until(lambda: blobs.groups == [1])
    rest = [asyncio.create_task(commits.commit(append(b"%d" % n), [written(blobs)])) for n in range(10)]
    await asyncio.sleep(0.01)
    assert not first.done()
    blobs.may_go.set()
    await asyncio.gather(first, *rest)
    assert blobs.groups == [1, 10]
    assert metadata.groups == [1, 10]


async def test_changes_committed_together_share_their_groups_and_stand_or_fall_alone(
    commits: GroupCommit, metadata: CountingMetadata
) -> None:
    def refuse(transaction: Transaction) -> int:
        raise PreconditionFailed

    outcomes = await commits.commit_all([append(b"a"), refuse, *[append(b"%d" % number) for number in range(200)]])
    assert isinstance(outcomes[1], PreconditionFailed)
    assert [outcome for outcome in outcomes if isinstance(outcome, int)] == list(range(1, 202))
    assert metadata.groups == [128, 74]


async def test_nobody_is_answered_before_the_group_is_durable(commits: GroupCommit, blobs: SlowBlobs) -> None:
    blobs.may_go.clear()
    waiting = asyncio.create_task(commits.commit(append(b"a"), [written(blobs)]))
    await until(lambda: blobs.groups == [1])
    await asyncio.sleep(0.02)
    assert not waiting.done()
    blobs.may_go.set()
    await waiting


async def test_a_refused_change_fails_alone_and_loses_its_blob(commits: GroupCommit, blobs: SlowBlobs) -> None:
    def refuse(transaction: Transaction) -> None:
        raise PreconditionFailed

    kept = written(blobs)
    outcomes = await asyncio.gather(
        commits.commit(append(b"a"), [kept]), commits.commit(refuse, [written(blobs)]), return_exceptions=True
    )
    assert outcomes[0] == 1
    assert isinstance(outcomes[1], PreconditionFailed)
    assert list(blobs.blob_ids()) == [kept.blob_id]


async def test_a_caller_that_leaves_neither_stops_nor_spoils_the_group(
    commits: GroupCommit, blobs: SlowBlobs, metadata: CountingMetadata
) -> None:
    blobs.may_go.clear()
    leaves = asyncio.create_task(commits.commit(append(b"leaves"), [written(blobs)]))
    stays = asyncio.create_task(commits.commit(append(b"stays"), [written(blobs)]))
    await until(lambda: blobs.groups == [2])
    leaves.cancel()
    blobs.may_go.set()
    await stays
    rows = await metadata.read(lambda transaction: transaction.outbox(0, 10))
    assert [row.key for row in rows] == [b"leaves", b"stays"]


async def test_nobody_waits_for_a_large_upload_that_syncs_alone(
    commits: GroupCommit, blobs: SlowBlobs, metadata: CountingMetadata
) -> None:
    blobs.may_go.clear()
    large = asyncio.create_task(commits.commit(append(b"large"), [written(blobs)], sync_alone=True))
    await until(lambda: blobs.groups == [1])
    assert await commits.commit(append(b"small")) == 1
    assert not large.done()
    blobs.may_go.set()
    assert await large == 2
    assert (blobs.groups, metadata.groups) == ([1], [1, 1])  # and it is not synced a second time


async def test_a_large_upload_whose_sync_fails_is_refused_and_removed(commits: GroupCommit, blobs: SlowBlobs) -> None:
    blobs.error = OSError(errno.EIO, "told to fail")
    with pytest.raises(ReadOnly):
        await commits.commit(append(b"large"), [written(blobs)], sync_alone=True)
    assert commits.failure is not None
    assert list(blobs.blob_ids()) == []


async def test_closing_waits_for_a_large_upload_too(commits: GroupCommit, blobs: SlowBlobs) -> None:
    blobs.may_go.clear()
    large = asyncio.create_task(commits.commit(append(b"large"), [written(blobs)], sync_alone=True))
    await until(lambda: blobs.groups == [1])
    closing = asyncio.create_task(commits.close())
    blobs.may_go.set()
    await closing
    assert await large == 1


async def test_closing_answers_whoever_waits_and_refuses_the_next(commits: GroupCommit, blobs: SlowBlobs) -> None:
    blobs.may_go.clear()
    waiting = asyncio.create_task(commits.commit(append(b"a"), [written(blobs)]))
    await until(lambda: blobs.groups == [1])
    closing = asyncio.create_task(commits.close())
    blobs.may_go.set()
    await closing
    assert waiting.done()
    writer = written(blobs)
    with pytest.raises(ReadOnly):
        await commits.commit(append(b"late"), [writer])
    assert writer.blob_id not in blobs.blob_ids()


@pytest.mark.parametrize(
    ("number", "error", "failure"), [(errno.EIO, ReadOnly, True), (errno.ENOSPC, StorageFull, False)]
)
async def test_a_commit_that_fails_leaves_no_blob(
    commits: GroupCommit,
    blobs: SlowBlobs,
    metadata: CountingMetadata,
    number: int,
    error: type[Exception],
    failure: bool,
) -> None:
    metadata.error = OSError(number, "told to fail")
    with pytest.raises(error):
        await commits.commit(append(b"a"), [written(blobs)])
    assert (commits.failure is not None) == failure
    assert list(blobs.blob_ids()) == []


async def put_if_absent(store: Store, bucket: Bucket, content: bytes) -> FileVersion:
    def must_be_absent(current: FileVersion | None) -> None:
        if current is not None:
            raise PreconditionFailed("If-None-Match")

    async with store.upload(bucket, b"key", expected_length=len(content)) as upload:
        await upload.write(content)
        return await upload.commit(VersionDraft(), must_be_absent)


async def test_of_many_conditional_writers_exactly_one_wins() -> None:
    async with await memory_store() as store:
        bucket = await store.create_bucket((await store.default_account()).account_id, "bucket")
        outcomes = await asyncio.gather(
            *(put_if_absent(store, bucket, b"%d" % number) for number in range(20)), return_exceptions=True
        )
        winners = [outcome for outcome in outcomes if isinstance(outcome, FileVersion)]
        assert len(winners) == 1
        assert sum(isinstance(outcome, PreconditionFailed) for outcome in outcomes) == 19
        assert (await store.latest(bucket.bucket_id, b"key")).version_id == winners[0].version_id
