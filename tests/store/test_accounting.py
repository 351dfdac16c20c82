"""Today's totals against the caps, over a store whose clock the tests set."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from calotype.master_key import MasterKey
from calotype.store.caps import Caps
from calotype.store.counted_body import counted_body
from calotype.store.errors import DownloadCapExceeded, StorageCapExceeded, TransactionCapExceeded
from calotype.store.model import Bucket, VersionDraft
from calotype.store.settings import StoreSettings
from calotype.store.store import Store, memory_store

NOON_MS = 1_795_348_800_000
DAY_MS = 86_400_000
HOUR_MS = 3_600_000


class Clock:
    def __init__(self) -> None:
        self.now_ms = NOON_MS

    def __call__(self) -> int:
        return self.now_ms


@asynccontextmanager
async def store_with(clock: Clock | None = None, **caps: int) -> AsyncIterator[tuple[Store, str]]:
    settings = StoreSettings(reserve_bytes=0, housekeeping_interval_s=3600, caps=Caps(**caps))
    async with await memory_store(clock=clock or Clock(), settings=settings) as store:
        yield store, (await store.default_account()).account_id


async def alerts(store: Store) -> list[tuple[str, int]]:
    account_id = (await store.default_account()).account_id
    await store.flush()
    found = await store.metadata.read(lambda transaction: transaction.alerts(account_id, "2000-01-01"))
    return [(alert.cap, alert.percent) for alert in found]


async def put(store: Store, bucket: Bucket, key: bytes, length: int) -> None:
    async with store.upload(bucket, key, expected_length=length) as upload:
        await upload.write(bytes(length))
        await upload.commit(VersionDraft())


async def test_without_caps_nothing_is_refused() -> None:
    async with store_with() as (store, account):
        store.accounting.begin_call(account, "B", 10**9, is_download=True)
        store.accounting.begin_download(account, 10**18)
        await store.accounting.check_storage(account, 10**18)
        assert await alerts(store) == []


async def test_a_class_is_refused_beyond_its_cap_and_the_others_go_on() -> None:
    async with store_with(class_c=3) as (store, account):
        store.accounting.begin_call(account, "C", 2)
        with pytest.raises(TransactionCapExceeded):
            store.accounting.begin_call(account, "C", 2)  # one would fit, two do not
        store.accounting.begin_call(account, "C")
        with pytest.raises(TransactionCapExceeded):
            store.accounting.begin_call(account, "C")
        store.accounting.begin_call(account, "B", 1000)
        store.accounting.begin_call(account, "A", 1000)  # class A has no cap
        store.accounting.begin_call("another account", "C")


async def test_a_download_is_refused_in_words_of_its_own_by_calls_and_by_bytes() -> None:
    async with store_with(class_b=2, download_bytes=100) as (store, account):
        store.accounting.begin_call(account, "B", is_download=True)
        store.accounting.begin_download(account, 100)
        with pytest.raises(DownloadCapExceeded):
            store.accounting.begin_download(account, 1)
        with pytest.raises(DownloadCapExceeded):
            store.accounting.begin_call(account, "B", is_download=True)  # not even its head
        store.accounting.begin_call(account, "B")  # b2_get_file_info
        with pytest.raises(TransactionCapExceeded):
            store.accounting.begin_call(account, "B")


async def test_what_came_to_nothing_is_taken_back_once() -> None:
    async with store_with(class_b=1, download_bytes=100) as (store, account):
        begun = store.accounting.begin_call(account, "B")
        assert begun is not None
        begun.take_back()
        begun.take_back()
        store.accounting.begin_call(account, "B")
        download = store.accounting.begin_download(account, 100)
        download.take_back(60)  # the client went away after 40
        store.accounting.begin_download(account, 60)
        with pytest.raises(DownloadCapExceeded):
            store.accounting.begin_download(account, 1)


async def test_the_day_begins_anew_at_midnight_utc() -> None:
    clock = Clock()
    clock.now_ms = NOON_MS + 12 * HOUR_MS - 1
    async with store_with(clock, class_b=1) as (store, account):
        before = store.accounting.begin_call(account, "B")
        with pytest.raises(TransactionCapExceeded):
            store.accounting.begin_call(account, "B")
        clock.now_ms += 1
        store.accounting.begin_call(account, "B")
        assert before is not None
        before.take_back()  # of yesterday
        with pytest.raises(TransactionCapExceeded):
            store.accounting.begin_call(account, "B")
        clock.now_ms += 2 * DAY_MS
        store.accounting.begin_call(account, "B")


async def test_the_days_totals_survive_a_restart(tmp_path: Path) -> None:
    clock, key = Clock(), MasterKey.random()
    settings = StoreSettings(reserve_bytes=0, caps=Caps(class_b=4, class_c=3, download_bytes=100))
    async with await Store.open(tmp_path, key, clock=clock, settings=settings) as store:
        account = (await store.default_account()).account_id
        store.count(account, "photographs", "GetObject", "B", bytes_out=90)
        store.count(account, "", "b2_list_file_names", "C", calls=3)
        assert await alerts(store) == []  # nothing was begun, so no cap was used
    async with await Store.open(tmp_path, key, clock=clock, settings=settings) as store:
        with pytest.raises(TransactionCapExceeded):
            store.accounting.begin_call(account, "C")
        store.accounting.begin_call(account, "B", 3)
        with pytest.raises(DownloadCapExceeded):
            store.accounting.begin_download(account, 11)
        store.accounting.begin_download(account, 10)
    clock.now_ms += DAY_MS
    async with await Store.open(tmp_path, key, clock=clock, settings=settings) as store:
        store.accounting.begin_call(account, "C", 3)


async def test_storage_is_what_the_metadata_says_and_what_is_under_way() -> None:
    async with store_with(storage_bytes=100) as (store, account):
        bucket = await store.create_bucket(account, "photographs")
        async with store.accounting.storing(account, 60):
            with pytest.raises(StorageCapExceeded):
                async with store.accounting.storing(account, 41):
                    raise AssertionError
            await store.accounting.check_storage(account, 40)
        await put(store, bucket, b"a", 100)
        with pytest.raises(StorageCapExceeded):
            await store.accounting.check_storage(account)
        async with store.accounting.storing(account, 0):
            pass  # an empty file takes no room
        [version] = (await store.list_versions(bucket.bucket_id)).versions
        await store.delete_version(bucket.bucket_id, b"a", version.version_id)
        await store.accounting.check_storage(account, 100)


async def test_an_alert_is_told_once_per_cap_and_day(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    async with store_with(clock, class_b=4, class_c=4) as (store, account):
        for _ in range(3):
            store.accounting.begin_call(account, "B")
            store.count(account, "photographs", "GetObject", "B")
        with caplog.at_level(logging.WARNING, "calotype.store"):
            assert await alerts(store) == [("class_b", 75)]
            assert await alerts(store) == [("class_b", 75)]
        assert [record.getMessage() for record in caplog.records] == [
            "75 % of the cap on calls of class B (4 a day) is used up; `calotype costs` shows by what"
        ]
        store.accounting.begin_call(account, "B")
        store.count(account, "photographs", "GetObject", "B")
        assert await alerts(store) == [("class_b", 75), ("class_b", 100)]
        clock.now_ms += DAY_MS
        for _ in range(4):
            store.accounting.begin_call(account, "B")
        store.count(account, "photographs", "GetObject", "B", calls=4)
        assert await alerts(store) == [("class_b", 75), ("class_b", 100)] * 2


async def test_a_refusal_is_an_alert_even_while_some_bytes_are_left() -> None:
    async with store_with(download_bytes=100) as (store, account):
        store.accounting.begin_download(account, 10)
        with pytest.raises(DownloadCapExceeded):
            store.accounting.begin_download(account, 91)
        assert await alerts(store) == [("download", 75), ("download", 100)]


async def test_an_alert_for_storage_comes_with_the_upload_that_causes_it() -> None:
    async with store_with(storage_bytes=100) as (store, account):
        bucket = await store.create_bucket(account, "photographs")
        await put(store, bucket, b"a", 80)
        store.count(account, "photographs", "PutObject", "A", bytes_in=80)
        assert await alerts(store) == [("storage", 75)]


async def test_alerts_are_not_told_again_after_a_restart(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock, key = Clock(), MasterKey.random()
    settings = StoreSettings(reserve_bytes=0, caps=Caps(class_b=1))
    async with await Store.open(tmp_path, key, clock=clock, settings=settings) as store:
        account = (await store.default_account()).account_id
        store.accounting.begin_call(account, "B")
        store.count(account, "photographs", "GetObject", "B")
    assert len(caplog.records) == 2
    caplog.clear()
    async with await Store.open(tmp_path, key, clock=clock, settings=settings) as store:
        store.count(account, "photographs", "PutObject", "A")
        assert await alerts(store) == [("class_b", 75), ("class_b", 100)]
    assert caplog.records == []


@pytest.mark.parametrize(
    ("caps", "held"),
    [
        (Caps(class_b=4), [75, 100]),
        (Caps(class_b=5), [75]),  # raised: four of five are used up
        (Caps(class_b=100), []),
        (Caps(), []),
    ],
)
async def test_an_alert_holds_as_long_as_the_cap_is_not_raised(tmp_path: Path, caps: Caps, held: list[int]) -> None:
    clock, key = Clock(), MasterKey.random()
    async with await Store.open(
        tmp_path, key, clock=clock, settings=StoreSettings(reserve_bytes=0, caps=Caps(class_b=4))
    ) as store:
        account = (await store.default_account()).account_id
        store.accounting.begin_call(account, "B", 4)
        store.count(account, "photographs", "GetObject", "B", calls=4)
        await store.flush()
        assert [alert.percent for alert in await store.accounting.alerts(account)] == [75, 100]
    async with await Store.open(
        tmp_path, key, clock=clock, settings=StoreSettings(reserve_bytes=0, caps=caps)
    ) as store:
        assert [alert.percent for alert in await store.accounting.alerts(account)] == held
        clock.now_ms += DAY_MS
        assert await store.accounting.alerts(account) == []


async def test_an_alert_for_storage_holds_until_something_is_deleted() -> None:
    async with store_with(storage_bytes=100) as (store, account):
        bucket = await store.create_bucket(account, "photographs")
        await put(store, bucket, b"a", 100)
        store.count(account, "photographs", "PutObject", "A", bytes_in=100)
        await store.flush()
        assert [alert.percent for alert in await store.accounting.alerts(account)] == [75, 100]
        [version] = (await store.list_versions(bucket.bucket_id)).versions
        await store.delete_version(bucket.bucket_id, b"a", version.version_id)
        assert await store.accounting.alerts(account) == []


async def test_uploads_at_once_do_not_get_past_the_cap_together() -> None:
    async with store_with(storage_bytes=100) as (store, account):
        bucket = await store.create_bucket(account, "photographs")
        outcomes = await asyncio.gather(
            *(put(store, bucket, b"%d" % number, 30) for number in range(10)), return_exceptions=True
        )
        assert sum(outcome is None for outcome in outcomes) == 3
        assert {type(outcome) for outcome in outcomes} == {type(None), StorageCapExceeded}
        await put(store, bucket, b"last", 10)  # what was refused has given its room back


async def test_an_upload_that_is_broken_off_gives_its_room_back() -> None:
    async with store_with(storage_bytes=100) as (store, account):
        bucket = await store.create_bucket(account, "photographs")
        async with store.upload(bucket, b"a", expected_length=100) as upload:
            await upload.write(b"begun")
        await put(store, bucket, b"a", 100)


async def large_download(store: Store, account: str, sent: list[int]) -> AsyncIterator[bytes]:
    bucket = await store.create_bucket(account, "photographs")
    await put(store, bucket, b"a", 1_000_000)
    body = await counted_body(store, await store.latest(bucket.bucket_id, b"a"), (0, 1_000_000), sent.append)
    assert not isinstance(body, bytes)
    return body


async def test_a_download_is_refused_before_its_first_byte_and_gives_back_what_was_not_taken() -> None:
    async with store_with(download_bytes=1_500_000) as (store, account):
        sent: list[int] = []
        body = await large_download(store, account, sent)
        version = await store.latest((await store.bucket("photographs")).bucket_id, b"a")
        with pytest.raises(DownloadCapExceeded):
            await counted_body(store, version, (0, 500_001), sent.append)
        taken = len(await anext(body))
        await body.aclose()  # type: ignore[attr-defined]
        assert sent == [taken]
        store.accounting.begin_download(account, 1_500_000 - taken)


async def test_a_download_that_nobody_began_to_read_is_counted_without_bytes() -> None:
    async with store_with(download_bytes=1_500_000) as (store, account):
        sent: list[int] = []
        body = await large_download(store, account, sent)
        del body
        assert sent == [0]
        store.accounting.begin_download(account, 1_500_000)


async def test_large_files_and_copies_are_refused_beyond_the_cap_and_cancelled_in_spite_of_it() -> None:
    async with store_with(storage_bytes=100) as (store, account):
        bucket = await store.create_bucket(account, "photographs")
        await put(store, bucket, b"a", 40)
        source = await store.latest(bucket.bucket_id, b"a")
        await store.copy(source, bucket, b"b", VersionDraft())  # shares its bytes, and is stored like any file
        file = await store.large_files.start(bucket, b"c", VersionDraft())
        with pytest.raises(StorageCapExceeded):
            async with store.large_files.upload_part(file, 1, expected_length=21):
                raise AssertionError
        with pytest.raises(StorageCapExceeded):
            await store.large_files.copy_part(file, 1, source, 0, 21)
        with pytest.raises(StorageCapExceeded):
            await store.copy(source, bucket, b"d", VersionDraft())
        await store.large_files.copy_part(file, 1, source, 0, 20)
        with pytest.raises(StorageCapExceeded):
            await store.large_files.start(bucket, b"e", VersionDraft())
        await store.large_files.cancel(file.version_id)
        await store.large_files.start(bucket, b"e", VersionDraft())
