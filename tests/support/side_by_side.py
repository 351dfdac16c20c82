"""The store on disk, its twin in memory and the plain model, side by side: what is done is done on all three."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from calotype.master_key import MasterKey
from calotype.store.errors import StoreError
from calotype.store.model import Bucket, FileVersion, Part
from calotype.store.store import Store, StoreSettings, memory_store
from support.plain_store import DAY_MS, PlainBucket, PlainStore, PlainVersion, Refused
from support.real_store import (
    Real,
    all_names,
    all_versions,
    customer_of,
    seen,
    seen_bucket,
    told,
    told_bucket,
    told_row,
)

T = TypeVar("T")

MEMORY = "/dev/shm"  # noqa: S108 (a folder of its own is made in it)
START_MS = 1_800_000_000_000
QUICK = StoreSettings(reserve_bytes=0, remove_after_s=0.0)

Place = tuple[int, int]
"""Bucket and version, by the model's numbers."""
Lock = tuple[str, int] | None
"""A retention: its mode and when it ends, or for how many days it lasts."""
Span = tuple[int, int] | None

# Few keys, which share prefixes and are hit again.
KEYS = st.sampled_from([b"a", b"a", b"a/b/1", b"a0", b"b//c", "ü".encode()])
PREFIXES = st.sampled_from([b"", b"", b"a", b"a/", b"b/", b"zz"])
DELIMITERS = st.sampled_from([b"", b"/", b"a", b"b/", b"//"])
CONTENTS = st.one_of(st.just(b""), st.binary(min_size=1, max_size=8), st.just(b"0123456789" * 7))
LABELS = st.sampled_from(["red", "green"])
TIMES = st.one_of(st.none(), st.none(), st.sampled_from([5, START_MS - 1, START_MS + 3, START_MS + 10**6]))
ENCRYPTIONS = st.sampled_from(["", "", "server", "anna", "bert"])
MODES = st.sampled_from(["governance", "compliance"])
DAYS_OF_RETENTION = st.one_of(st.none(), st.tuples(MODES, st.sampled_from([-1, 1, 1, 2, 3])))
SPANS = st.one_of(st.none(), st.tuples(st.integers(0, 4), st.integers(4, 40)))
PART_NUMBERS = st.integers(1, 3)

NTH = st.integers(0, 15)
"""Which of the buckets or versions that there are; the last means one of all that ever were."""
GONE = 15


class Wanted(Enum):
    """What a version should be. One that is gone counts as what it was."""

    ANY = ("upload", "hide", "start")
    UPLOAD = ("upload",)
    STARTED = ("start",)


class SideBySide(RuleBasedStateMachine):
    """Rules that a test adds call `version_of_all` and its like, which compare what the three answer."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        # In memory where there is room for it: what syncing costs is not what is looked at here.
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None)
        self.master_key = MasterKey.random()
        self.model = PlainStore(START_MS)
        self.opens: dict[int, str] = {}  # the names of the customers' keys, by version
        self.ever: dict[Place, str] = {}  # what each version is, or was
        on_disk = self.run(self.opened())
        in_memory = self.run(memory_store(self.master_key, settings=QUICK, clock=self.clock))
        self.reals = [Real(store, self.run(store.default_account()).account_id) for store in (on_disk, in_memory)]

    def clock(self) -> int:
        return self.model.now_ms

    async def opened(self) -> Store:
        return await Store.open(Path(self.folder.name), self.master_key, settings=QUICK, clock=self.clock)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(coroutine)

    # Doing one thing on all three

    def on_both(self, act: Callable[[Real], Awaitable[Any]]) -> list[Any]:
        """What the stores answered; the name of the exception where they refused."""

        async def outcome(real: Real) -> Any:
            try:
                return await act(real)
            except StoreError as refused:
                return type(refused).__name__

        return [self.run(outcome(real)) for real in self.reals]

    def version_of_all(
        self, plain: Callable[[], PlainVersion | None], act: Callable[[Real], Awaitable[FileVersion | None]]
    ) -> PlainVersion | None:
        """The version that all three made or changed alike; None where they made none, or refused it alike."""
        made, answers = outcome_of(plain), self.on_both(act)
        if made is None or isinstance(made, str):
            assert answers == [made] * 2
            return None
        for real, answer in zip(self.reals, answers, strict=True):
            assert isinstance(answer, FileVersion), (answer, made)
            real.versions[made.number] = answer
            assert seen(answer) == told(made)
        self.opens[made.number] = customer_of(made)
        self.ever[made.bucket, made.number] = made.action
        return made

    def bucket_of_all(
        self, plain: Callable[[], PlainBucket], act: Callable[[Real], Awaitable[Bucket]]
    ) -> PlainBucket | None:
        made, answers = outcome_of(plain), self.on_both(act)
        if isinstance(made, str):
            assert answers == [made] * 2
            return None
        for real, answer in zip(self.reals, answers, strict=True):
            assert isinstance(answer, Bucket), (answer, made)
            real.buckets[made.number] = answer
            assert seen_bucket(answer) == told_bucket(made)
        return made

    def part_of_all(self, plain: Callable[[], tuple[int, int]], act: Callable[[Real], Awaitable[Part]]) -> None:
        """`plain` gives the part's number and length."""

        async def number_and_length(real: Real) -> tuple[int, int]:
            part = await act(real)
            return part.part_number, part.length

        assert self.on_both(number_and_length) == [outcome_of(plain)] * 2

    # What the model knows

    def model_version(self, place: Place) -> PlainVersion | None:
        found = outcome_of(lambda: self.model.version(*place))
        return None if isinstance(found, str) else found

    def bucket_at(self, nth: int) -> int:
        """The number of a bucket; now and then of one that is gone."""
        return picked(sorted(self.model.buckets), sorted(self.reals[0].buckets), nth)

    def version_at(self, nth: int, wanted: Wanted) -> Place | None:
        """A version of that kind, the newest first; now and then one that is gone. None while there never was one."""
        there = [
            (bucket.number, each.number)
            for bucket in self.model.buckets.values()
            for each in bucket.versions
            if each.action in wanted.value
        ]
        ever = [place for place, action in self.ever.items() if action in wanted.value]
        there.sort(key=lambda place: -place[1])
        return picked(there, ever, nth) if ever else None

    def within(self, place: Place, span: Span) -> tuple[int, int | None]:
        """The span cut to the source's length: what lies outside is refused by the protocols (416)."""
        found = self.model_version(place)
        if span is None or found is None or found.content is None:
            return 0, None
        length = len(found.content)
        return min(span[0], length), min(span[1], length)

    def from_now(self, retention: Lock) -> Lock:
        return None if retention is None else (retention[0], self.model.now_ms + retention[1] * DAY_MS)

    # What holds after every call, and at the end

    @invariant()
    def usage_is_what_is_there(self) -> None:
        for real in self.reals:
            account_id = real.account_id
            used = self.run(real.store.metadata.read(lambda transaction: transaction.usage(account_id)))  # noqa: B023
            assert {each.bucket_id: (each.versions, each.stored_bytes) for each in used if each.versions} == {
                real.buckets[number].bucket_id: (len(bucket.versions), bucket.stored_bytes())
                for number, bucket in self.model.buckets.items()
                if bucket.versions
            }

    def teardown(self) -> None:
        try:
            self.everything_is_as_told()
            self.everything_can_be_deleted()
        finally:
            for real in self.reals:
                self.run(real.store.close())
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.loop.close()
            self.folder.cleanup()

    def everything_is_as_told(self) -> None:
        for real in self.reals:
            for number, bucket in self.model.buckets.items():
                rows = self.run(all_versions(real, number, limit=1000))
                assert rows == [told_row(each) for each in bucket.in_order()]
                rows = self.run(all_names(real, number, limit=1000))
                assert rows == [told_row(each) for each in bucket.names()]
                for each in bucket.versions:
                    if each.content is not None:
                        assert self.run(real.content(each.number, customer_of(each))) == each.content
            assert self.run(real.store.fsck()).is_clean

    def everything_can_be_deleted(self) -> None:
        """Once no lock holds any more; and then not a byte is left."""
        self.model.now_ms += 10 * DAY_MS
        for bucket in list(self.model.buckets.values()):
            for each in list(bucket.versions):
                self.delete_for_good(bucket, each)
            self.bucket_of_all(
                lambda: self.model.delete_bucket(bucket.number),  # noqa: B023
                lambda real: real.store.delete_bucket(real.buckets[bucket.number].bucket_id),  # noqa: B023
            )
        assert not self.model.buckets
        for real in self.reals:
            assert self.run(real.store.fsck()).is_clean
            assert self.run(real.store.metadata.read(lambda transaction: transaction.scan_blobs("", 10))) == []

    def delete_for_good(self, bucket: PlainBucket, version: PlainVersion) -> None:
        if version.legal_hold:
            self.version_of_all(
                lambda: self.model.update_legal_hold(bucket.number, version.number, False),
                lambda real: real.update_legal_hold(version.number, False),
            )
        deleted = self.version_of_all(
            lambda: self.model.delete_version(bucket.number, version.number, bypass=False),
            lambda real: real.delete_version(version.number, bypass=False),
        )
        assert deleted is not None


def picked(there: list[T], ever: list[T], nth: int) -> T:
    return ever[nth % len(ever)] if nth == GONE or not there else there[nth % len(there)]


def outcome_of(plain: Callable[[], T]) -> T | str:
    """What the model answered, or why it refused."""
    try:
        return plain()
    except Refused as refused:
        return refused.why
