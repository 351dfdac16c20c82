"""GetUsage over a store whose clock the tests set."""

from __future__ import annotations

from calotype.admin.json import AlertEntry, BucketUse, CapUse, DayCalls
from calotype.admin.usage import usage_of
from calotype.store.caps import Caps
from calotype.store.model import VersionDraft
from calotype.store.settings import StoreSettings
from calotype.store.store import memory_store

NOON_MS = 1_795_348_800_000  # 2026-11-22, 12:00 UTC
DAY_MS = 86_400_000


async def test_usage_tells_today_the_month_the_caps_and_the_alerts() -> None:
    now_ms = [NOON_MS - 40 * DAY_MS]
    settings = StoreSettings(reserve_bytes=0, caps=Caps(class_b=4, storage_bytes=100))
    async with await memory_store(clock=lambda: now_ms[0], settings=settings) as store:
        account = (await store.default_account()).account_id
        bucket = await store.create_bucket(account, "photographs")
        await store.create_bucket(account, "drawings")
        store.count(account, "photographs", "GetObject", "B", bytes_out=1)  # too long ago to be told
        now_ms[0] = NOON_MS - DAY_MS
        store.count(account, "photographs", "GetObject", "B", bytes_out=10)
        store.count(account, "drawings", "GetObject", "B", bytes_out=20)
        now_ms[0] = NOON_MS
        async with store.upload(bucket, b"a", expected_length=50) as upload:
            await upload.write(bytes(50))
            await upload.commit(VersionDraft())
        store.count(account, "photographs", "PutObject", "A", bytes_in=50)
        store.accounting.begin_call(account, "B", 3)
        store.count(account, "photographs", "GetObject", "B", bytes_out=30, calls=3)
        store.count("another account", "theirs", "GetObject", "B")

        usage = await usage_of(store, account, NOON_MS)
    assert (usage.now_ms, usage.day) == (NOON_MS, "2026-11-22")
    assert usage.caps == [
        CapUse(cap="storage", limit=100, used=50),
        CapUse(cap="download", limit=None, used=0),
        CapUse(cap="class_b", limit=4, used=3),
        CapUse(cap="class_c", limit=None, used=0),
    ]
    assert usage.alerts == [AlertEntry(day="2026-11-22", cap="class_b", percent=75, at_ms=NOON_MS)]
    assert [each for each in usage.buckets if each.versions] == [
        BucketUse(bucket_name="photographs", stored_bytes=50, versions=1)
    ]
    assert [(row.bucket_name, row.operation, row.count, row.bytes_in, row.bytes_out) for row in usage.today] == [
        ("photographs", "GetObject", 3, 0, 30),
        ("photographs", "PutObject", 1, 50, 0),
    ]
    common = {"operation": "GetObject", "transaction_class": "B", "bytes_in": 0}
    assert usage.days == [
        DayCalls(day="2026-11-21", count=2, bytes_out=30, **common),
        DayCalls(day="2026-11-22", count=3, bytes_out=30, **common),
        DayCalls(day="2026-11-22", operation="PutObject", transaction_class="A", count=1, bytes_in=50, bytes_out=0),
    ]
