"""Listings: by table against one page, and by random operations against a plain model and the twin in memory."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calotype.master_key import MasterKey
from calotype.store.large_files import Finished
from calotype.store.listed_object import ListedObject
from calotype.store.listing import list_names, list_objects, successor_of_prefix
from calotype.store.model import Action, Bucket, FileVersion, ListingPage, PageOf, VersionDraft, Versioning
from calotype.store.store import Store, StoreSettings, memory_store

QUICK = StoreSettings(reserve_bytes=0, remove_after_s=0.0)


async def put(store: Store, bucket: Bucket, key: bytes) -> FileVersion:
    async with store.upload(bucket, key, expected_length=0) as upload:
        return await upload.commit(VersionDraft())


async def new_bucket(store: Store, versioning: Versioning = Versioning.ENABLED) -> Bucket:
    return await store.create_bucket((await store.default_account()).account_id, "bucket", versioning=versioning)


KEYS = [b"a", b"a/1", b"a/2", b"a/b/3", b"a0", b"b//c", b"b/d", "ü".encode()]


@pytest.mark.parametrize(
    ("prefix", "delimiter", "start", "keys", "common_prefixes"),
    [
        (b"", b"", b"", KEYS, []),
        (b"", b"/", b"", [b"a", b"a0", "ü".encode()], [b"a/", b"b/"]),
        (b"a/", b"/", b"", [b"a/1", b"a/2"], [b"a/b/"]),
        (b"b/", b"/", b"", [b"b/d"], [b"b//"]),  # the delimiter right after the prefix counts
        (b"a", b"", b"a/2", [b"a/2", b"a/b/3", b"a0"], []),  # the start is included
        (b"a/", b"/", b"a/1\x00", [b"a/2"], [b"a/b/"]),
        (b"", b"/", b"a/2", [b"a0", "ü".encode()], [b"a/", b"b/"]),  # what lies beyond the start still folds
        (b"", b"//", b"", [key for key in KEYS if b"//" not in key], [b"b//"]),
        (b"zzz", b"", b"", [], []),
        (b"a/", b"", b"b", [], []),
    ],
)
async def test_a_page_of_names(
    prefix: bytes, delimiter: bytes, start: bytes, keys: list[bytes], common_prefixes: list[bytes]
) -> None:
    async with await memory_store(settings=QUICK) as store:
        bucket = await new_bucket(store)
        for key in KEYS:
            await put(store, bucket, key)
        page = await store.list_names(bucket.bucket_id, prefix=prefix, delimiter=delimiter, start=start)
        objects = await store.list_objects(bucket.bucket_id, prefix=prefix, delimiter=delimiter, start=start)
    assert (objects.common_prefixes, objects.next_key) == (page.common_prefixes, page.next_key)
    assert list(objects.versions) == [ListedObject.of(version) for version in page.versions]
    assert [version.key for version in page.versions] == keys
    assert list(page.common_prefixes) == common_prefixes
    assert page.next_key is None


async def test_a_limit_of_nothing_gives_nothing_and_no_next_page() -> None:
    async with await memory_store(settings=QUICK) as store:
        bucket = await new_bucket(store)
        await put(store, bucket, b"a")
        assert await store.list_names(bucket.bucket_id, limit=0) == PageOf((), (), None)
        assert await store.list_objects(bucket.bucket_id, limit=0) == PageOf((), (), None)


@pytest.mark.parametrize(
    ("prefix", "successor"), [(b"", None), (b"a", b"b"), (b"a\xff", b"b"), (b"\xff\xff", None), (b"a/", b"a0")]
)
def test_the_successor_of_a_prefix_is_beyond_all_its_keys(prefix: bytes, successor: bytes | None) -> None:
    assert successor_of_prefix(prefix) == successor


Lists = Callable[..., PageOf[Any]]


async def steps_of_a_page(
    store: Store, bucket: Bucket, delimiter: bytes, lists: Lists = list_names
) -> tuple[int, PageOf[Any]]:
    """How many steps of its virtual machine SQLite took for a page of ten names, and the page."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    def counted(transaction: Any) -> PageOf[Any]:
        transaction.accounts()  # a connection's first statement reads the schema, which would count
        connection = transaction._execute.__self__
        connection.set_progress_handler(count, 1)
        try:
            return lists(transaction, bucket, prefix=b"", delimiter=delimiter, start=b"", limit=10)
        finally:
            connection.set_progress_handler(None, 1)

    page = await store.metadata.read(counted)
    return steps, page


@pytest.mark.parametrize("lists", [list_names, list_objects])
async def test_a_common_prefix_costs_one_seek_however_many_keys_it_holds(tmp_path: Path, lists: Lists) -> None:
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        costs = []
        for name, each in (("few", 2), ("many", 200)):
            bucket = await store.create_bucket((await store.default_account()).account_id, name)
            keys = [b"%d/%d" % (folder, number) for folder in range(3) for number in range(each)]
            await asyncio.gather(*(put(store, bucket, key) for key in [*keys, b"z"]))
            steps, page = await steps_of_a_page(store, bucket, b"/", lists)
            assert ([version.key for version in page.versions], len(page.common_prefixes)) == ([b"z"], 3)
            costs.append(steps)
    assert costs[1] < 1.2 * costs[0]


async def test_hidden_keys_cost_a_page_nothing(tmp_path: Path) -> None:
    async with await Store.open(tmp_path, MasterKey.random(), settings=QUICK) as store:
        bucket = await new_bucket(store)
        await put(store, bucket, b"visible")
        without, page = await steps_of_a_page(store, bucket, b"")

        async def put_and_hide(number: int) -> None:
            await put(store, bucket, b"hidden %d" % number)
            await store.hide(bucket.bucket_id, b"hidden %d" % number)

        await asyncio.gather(*(put_and_hide(number) for number in range(50)))
        with_hidden, page_with_hidden = await steps_of_a_page(store, bucket, b"")
        assert page_with_hidden == page
        assert with_hidden < 1.2 * without


# Random operations. Keys are drawn from few letters so that they share prefixes and are hit again.
key_names = st.text(alphabet="ab/ü", min_size=1, max_size=4).map(str.encode)
verbs = ["put", "hide", "delete", "delete version", "put below", "start", "finish", "cancel", "copy"]
operations = st.lists(st.tuples(st.sampled_from(verbs), key_names, st.integers(0, 3)), max_size=25)
questions = st.tuples(
    st.text(alphabet="ab/", max_size=2).map(str.encode),
    st.sampled_from([b"", b"/", b"a", b"b/"]),
    st.integers(1, 4),
)


@settings(max_examples=40, deadline=None)
@given(operations, questions, st.sampled_from(list(Versioning)))
def test_random_operations_list_the_same_on_disk_in_memory_and_in_the_model(
    operations: list[tuple[str, bytes, int]], question: tuple[bytes, bytes, int], versioning: Versioning
) -> None:
    asyncio.run(_compare(operations, question, versioning))


async def _compare(
    operations: list[tuple[str, bytes, int]], question: tuple[bytes, bytes, int], versioning: Versioning
) -> None:
    prefix, delimiter, limit = question
    answers = []
    with tempfile.TemporaryDirectory() as folder:
        on_disk = await Store.open(Path(folder), MasterKey.random(), settings=QUICK, clock=_Ticks())
        for store in (on_disk, await memory_store(settings=QUICK, clock=_Ticks())):
            async with store:
                bucket = await new_bucket(store, versioning)
                for operation in operations:
                    await _perform_and_check_outbox(store, bucket, *operation)
                answers.append(await _answers(store, bucket, prefix, delimiter, limit))
                every = (await store.list_versions(bucket.bucket_id)).versions
                _check_against_the_model(answers[-1], every, prefix, delimiter)
                assert (await store.fsck()).is_clean
    assert answers[0] == answers[1]


class _Ticks:
    def __init__(self) -> None:
        self._now = 1_000_000

    def __call__(self) -> int:
        self._now += 1
        return self._now


async def _perform_and_check_outbox(store: Store, bucket: Bucket, operation: str, key: bytes, choice: int) -> None:
    """The outbox tells exactly the keys of which something else shows afterwards."""
    before = await _visible(store, bucket)
    heard = [row.sequence for row in await store.outbox(0)]
    await _perform(store, bucket, operation, key, choice)
    after = await _visible(store, bucket)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert [row.key for row in await store.outbox(max(heard, default=0))] == sorted(changed)


async def _visible(store: Store, bucket: Bucket) -> dict[bytes, str]:
    return {version.key: version.version_id for version in (await store.list_names(bucket.bucket_id)).versions}


async def _perform(store: Store, bucket: Bucket, operation: str, key: bytes, choice: int) -> None:
    match operation:
        case "put":
            await put(store, bucket, key)
        case "put below":
            async with store.upload(bucket, key, expected_length=1) as upload:
                await upload.write(b"x")
                await upload.commit(VersionDraft(uploaded_at_ms=choice))
        case "hide":
            await store.hide(bucket.bucket_id, key)
        case "delete":
            await store.delete_object(bucket.bucket_id, key)
        case "delete version":
            versions = (await store.list_versions(bucket.bucket_id, prefix=key)).versions
            if versions:
                doomed = versions[choice % len(versions)]
                await store.delete_version(bucket.bucket_id, doomed.key, doomed.version_id)
        case "start":
            await store.large_files.start(bucket, key, VersionDraft())
        case "finish" | "cancel":
            files, _ = await store.large_files.unfinished(bucket.bucket_id)
            files = sorted(files, key=lambda file: (file.uploaded_at_ms, file.key))  # ids are random on both sides
            if files and operation == "finish":
                await _finish(store, files[choice % len(files)], choice)
            elif files:
                await store.large_files.cancel(files[choice % len(files)].version_id)
        case "copy":
            sources = (await store.list_names(bucket.bucket_id)).versions
            if sources:
                source = sources[choice % len(sources)]
                await store.copy(source, bucket, key, VersionDraft(), start=choice % 2)


async def _finish(store: Store, file: FileVersion, choice: int) -> None:
    """With some parts, of which the first is not used."""
    for number in range(1, choice + 3):
        async with store.large_files.upload_part(file, number) as upload:
            await upload.write(b"%d" % number)
            await upload.commit()
    await store.large_files.finish(file, lambda _, parts: Finished(tuple(range(2, choice + 3)), etag="e"))


Row = tuple[bytes, int, Action, bool, bool]
Pages = list[tuple[list[Row], list[bytes]]]
Answers = tuple[Pages, Pages, Pages]


async def _answers(store: Store, bucket: Bucket, prefix: bytes, delimiter: bytes, limit: int) -> Answers:
    """All pages of names, of versions, and of versions without those in progress."""
    names: Pages = []
    start: bytes | None = b""
    while start is not None:
        asked = {"prefix": prefix, "delimiter": delimiter, "start": start}
        page = await store.list_names(bucket.bucket_id, **asked, limit=limit)
        objects = await store.list_objects(bucket.bucket_id, **asked, limit=limit)
        assert list(objects.versions) == [ListedObject.of(version) for version in page.versions]
        assert (objects.common_prefixes, objects.next_key) == (page.common_prefixes, page.next_key)
        names.append(_page(page))
        start = page.next_key
    every = await _version_pages(store, bucket, prefix, delimiter, limit, unfinished=True)
    finished = await _version_pages(store, bucket, prefix, delimiter, limit, unfinished=False)
    for pages in (names, every, finished):
        assert all(len(rows) + len(folded) == limit for rows, folded in pages[:-1])
    return names, every, finished


async def _version_pages(
    store: Store, bucket: Bucket, prefix: bytes, delimiter: bytes, limit: int, *, unfinished: bool
) -> Pages:
    pages: Pages = []
    start: bytes | None = b""
    start_id: str | None = None
    while start is not None:
        page = await store.list_versions(
            bucket.bucket_id,
            prefix=prefix,
            delimiter=delimiter,
            start_key=start,
            start_version_id=start_id,
            limit=limit,
            unfinished=unfinished,
        )
        pages.append(_page(page))
        start, start_id = page.next_key, page.next_version_id
    return pages


def _page(page: ListingPage) -> tuple[list[Row], list[bytes]]:
    return [_row(version) for version in page.versions], list(page.common_prefixes)


def _row(version: FileVersion) -> Row:
    return version.key, version.uploaded_at_ms, version.action, version.is_latest, version.is_null


def _check_against_the_model(answers: Answers, every: tuple[FileVersion, ...], prefix: bytes, delimiter: bytes) -> None:
    newest: dict[bytes, FileVersion] = {}
    for version in every:
        if version.action is not Action.START:
            newest.setdefault(version.key, version)
    assert all(version.is_latest == (newest.get(version.key) == version) for version in every)
    assert list(every) == sorted(every, key=lambda version: (version.key, -version.uploaded_at_ms))
    visible = [replace(version) for version in newest.values() if version.action is Action.UPLOAD]
    finished = [version for version in every if version.action is not Action.START]
    for pages, rows in zip(answers, (visible, list(every), finished), strict=True):
        listed = [row for page_rows, _ in pages for row in page_rows]
        folded = [common for _, page_folded in pages for common in page_folded]
        below = [row for row in rows if row.key.startswith(prefix)]
        plain = [row for row in below if not delimiter or delimiter not in row.key[len(prefix) :]]
        assert listed == [_row(version) for version in plain]
        expected = {
            row.key[: row.key.index(delimiter, len(prefix)) + len(delimiter)] for row in below if row not in plain
        }
        assert folded == sorted(expected)
