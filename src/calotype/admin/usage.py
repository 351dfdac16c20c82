"""GetUsage over the store: what an account uses today against its caps, and the month's calls by day."""

from __future__ import annotations

from calotype.admin.json import AlertEntry, BucketUse, CapUse, DayCalls, LedgerEntry, Usage
from calotype.store.caps import Cap, day_number
from calotype.store.counting import name_of_day
from calotype.store.ledger import LedgerRow
from calotype.store.store import Store

DAYS_TOLD = 31


async def usage_of(store: Store, account_id: str, now_ms: int) -> Usage:
    day = day_number(now_ms)
    today = name_of_day(day)
    rows = [
        row
        for number in range(day - DAYS_TOLD + 1, day + 1)
        for row in await store.ledger(name_of_day(number))
        if row.account_id == account_id
    ]
    used = await store.accounting.used(account_id)
    names = {bucket.bucket_id: bucket.name for bucket in await store.list_buckets(account_id)}
    return Usage(
        now_ms=now_ms,
        day=today,
        caps=[CapUse(cap=cap.value, limit=store.accounting.caps.limit(cap), used=used[cap]) for cap in Cap],
        alerts=[
            AlertEntry(day=alert.day, cap=alert.cap, percent=alert.percent, at_ms=alert.at_ms)
            for alert in await store.accounting.alerts(account_id)
        ],
        buckets=[
            BucketUse(bucket_name=names[usage.bucket_id], stored_bytes=usage.stored_bytes, versions=usage.versions)
            for usage in await store.accounting.usage(account_id)
            if usage.bucket_id in names
        ],
        today=[ledger_entry(row) for row in rows if row.day == today],
        days=calls_by_day(rows),
    )


def ledger_entry(row: LedgerRow) -> LedgerEntry:
    return LedgerEntry(
        day=row.day,
        bucket_name=row.bucket_name,
        operation=row.operation,
        transaction_class=row.transaction_class,
        count=row.count,
        bytes_in=row.bytes_in,
        bytes_out=row.bytes_out,
    )


def calls_by_day(rows: list[LedgerRow]) -> list[DayCalls]:
    """The rows with all buckets in one."""
    figures: dict[tuple[str, str, str], list[int]] = {}
    for row in rows:
        added = figures.setdefault((row.day, row.operation, row.transaction_class), [0, 0, 0])
        for index, more in enumerate((row.count, row.bytes_in, row.bytes_out)):
            added[index] += more
    return [
        DayCalls(
            day=day,
            operation=operation,
            transaction_class=transaction_class,
            count=count,
            bytes_in=bytes_in,
            bytes_out=bytes_out,
        )
        for (day, operation, transaction_class), (count, bytes_in, bytes_out) in sorted(figures.items())
    ]
