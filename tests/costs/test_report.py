"""The report out of what the origin and the edge tell."""

from __future__ import annotations

import msgspec
import pytest

from calotype.admin.json import AlertEntry, BucketUse, CapUse, DayCalls, EdgeDay, LedgerEntry, Usage
from calotype.costs.bill import Cdn
from calotype.costs.prices import price_list
from calotype.costs.report import CostReport, Use, alert_lines, report

NOON_MS = 1_795_348_800_000  # 2026-11-22, 12:00 UTC
TODAY = "2026-11-22"


def entry(
    bucket: str, operation: str, transaction_class: str, count: int, bytes_in: int, bytes_out: int
) -> LedgerEntry:
    return LedgerEntry(
        day=TODAY,
        bucket_name=bucket,
        operation=operation,
        transaction_class=transaction_class,
        count=count,
        bytes_in=bytes_in,
        bytes_out=bytes_out,
    )


ROWS = [
    entry("", "b2_authorize_account", "C", 4, 0, 0),
    entry("photos", "GetObject", "B", 100, 0, 5_000),
    entry("photos", "PutObject", "A", 10, 3_000, 0),
    entry("drawings", "GetObject", "B", 20, 0, 1_000),
]

USAGE = Usage(
    now_ms=NOON_MS,
    day=TODAY,
    caps=[
        CapUse(cap="storage", limit=10_000, used=9_000),
        CapUse(cap="download", limit=None, used=6_000),
        CapUse(cap="class_b", limit=200, used=120),
        CapUse(cap="class_c", limit=4, used=4),
    ],
    alerts=[
        AlertEntry(day=TODAY, cap="class_c", percent=75, at_ms=1),
        AlertEntry(day=TODAY, cap="class_c", percent=100, at_ms=2),
        AlertEntry(day=TODAY, cap="storage", percent=75, at_ms=3),
    ],
    buckets=[
        BucketUse(bucket_name="photos", stored_bytes=8_000, versions=2),
        BucketUse(bucket_name="archive", stored_bytes=1_000, versions=1),
    ],
    today=ROWS,
    days=[
        DayCalls(
            day=TODAY,
            operation=row.operation,
            transaction_class=row.transaction_class,
            count=row.count,
            bytes_in=row.bytes_in,
            bytes_out=row.bytes_out,
        )
        for row in ROWS
    ],
)
EDGE = [EdgeDay(day=TODAY, requests=1_000, bytes_out=50_000, origin_requests=120, origin_bytes=6_000)]


def told(edge: list[EdgeDay] | None = EDGE) -> CostReport:
    return report(USAGE, edge, price_list(), "the edge is Cloudflare's")


def test_the_days_use_stands_against_its_caps_with_a_forecast() -> None:
    assert [(use.name, use.used, use.limit, use.percent, use.forecast, use.will_exceed) for use in told().use] == [
        ("storage", 9_000, 10_000, 90, 12_000, True),  # 3,000 came this morning
        ("download", 6_000, None, None, 12_000, False),
        ("class_a", 10, None, None, 20, False),
        ("class_b", 120, 200, 60, 240, True),
        ("class_c", 4, 4, 100, 8, True),
    ]


def test_a_cap_of_nothing_has_no_percentage() -> None:
    nothing = Use(name="class_b", label="", is_bytes=False, used=0, limit=0, forecast=0)
    assert (nothing.percent, nothing.will_exceed) == (None, False)


def test_buckets_stand_by_name_and_calls_on_none_last() -> None:
    lines = told().buckets
    assert [(line.bucket, line.stored_bytes, line.class_a, line.class_b, line.class_c) for line in lines] == [
        ("archive", 1_000, 0, 0, 0),
        ("drawings", 0, 0, 20, 0),
        ("photos", 8_000, 10, 100, 0),
        ("", 0, 0, 0, 4),
    ]
    assert [(line.operation, line.calls) for line in told().operations] == [
        ("GetObject", 120),
        ("PutObject", 10),
        ("b2_authorize_account", 4),
    ]


def test_of_each_caps_alerts_the_highest_is_told() -> None:
    assert [(alert.cap, alert.percent, alert.text) for alert in told().alerts] == [
        (
            "class_c",
            100,
            "All of today's cap on calls of class C is used up. Such calls beyond it are refused until 00:00 UTC.",
        ),
        ("storage", 75, "75 % of the cap on storage is used up."),
    ]


def test_an_upload_that_was_too_large_for_what_is_left_does_not_mean_that_all_is_used_up() -> None:
    full = AlertEntry(day=TODAY, cap="storage", percent=100, at_ms=3)
    [alert] = alert_lines(msgspec.structs.replace(USAGE, alerts=[full]))
    assert alert.text == "Uploads were refused that are more than what is left of the cap on storage."


def test_what_the_cache_kept_from_the_origin() -> None:
    edge = told().edge_today
    assert edge is not None
    assert (edge.saved_requests, edge.saved_bytes) == (880, 44_000)
    month = told().edge_month
    assert month is not None
    assert month.saved_bytes == 44_000 * 2 * 30  # noon, and thirty days like this one


def test_each_provider_stands_with_each_cdn() -> None:
    lines = told().costs
    assert [(line.provider, line.cdn) for line in lines] == [
        (provider.name, cdn.value) for provider in price_list().providers for cdn in Cdn
    ]
    for line in lines:
        assert line.total == pytest.approx(line.storage + line.calls + line.first_mile + line.to_viewers, abs=1e-3)
        assert (line.saved is None) == (line.cdn == "none")


def test_what_nobody_knows_of_the_edge_is_said() -> None:
    unknown = told(None)
    assert (unknown.edge_today, unknown.edge_month) == (None, None)
    assert unknown.edge_unknown == "the edge is Cloudflare's"
    assert all(line.saved is None for line in unknown.costs)
    assert told().edge_unknown is None
