"""The whole report on use and costs, from what the origin and the edge tell, for a table, a page or JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from calotype.admin.json import DayCalls, EdgeDay, LedgerEntry, Usage
from calotype.costs.bill import Bill, Cdn, bill
from calotype.costs.prices import PriceList
from calotype.costs.usage import Calls, Day, EdgeTraffic, Month, forecast, forecast_of_stored, whole_month

CLASSES = ("A", "B", "C")
LABELS = {"storage": "stored", "download": "downloaded"}
CAPS_IN_WORDS = {
    "storage": "the cap on storage",
    "download": "today's cap on downloads",
    "class_b": "today's cap on calls of class B",
    "class_c": "today's cap on calls of class C",
}


class Part(Struct, frozen=True, kw_only=True, rename="camel"):
    """An object of the report, also as JSON."""


class Use(Part, frozen=True, kw_only=True):
    """Bytes or calls. `forecast` is for midnight UTC; without a `limit` there is no cap."""

    name: str
    label: str
    is_bytes: bool
    used: int
    limit: int | None
    forecast: int

    @property
    def percent(self) -> int | None:
        """How much of the cap is used up, rounded down; None where there is none, or it allows nothing."""
        return self.used * 100 // self.limit if self.limit else None

    @property
    def will_exceed(self) -> bool:
        return self.limit is not None and self.forecast > self.limit


class BucketLine(Part, frozen=True, kw_only=True):
    """A bucket's day; the name is empty for calls on no bucket."""

    bucket: str
    stored_bytes: int
    class_a: int
    class_b: int
    class_c: int
    bytes_in: int
    bytes_out: int


class OperationLine(Part, frozen=True, kw_only=True):
    operation: str
    transaction_class: str
    calls: int


class AlertLine(Part, frozen=True, kw_only=True):
    """`text` is a sentence for the owner."""

    cap: str
    percent: int
    text: str


class EdgeLine(Part, frozen=True, kw_only=True):
    """What viewers got from the edge, what it fetched for that, and what it so kept from the origin."""

    requests: int
    bytes_out: int
    origin_requests: int
    origin_bytes: int
    saved_requests: int
    saved_bytes: int


class CostLine(Part, frozen=True, kw_only=True):
    """Dollars for the month. `saved` is what the cache saves against having no CDN; None without one."""

    provider: str
    cdn: str
    storage: float
    calls: float
    first_mile: float
    to_viewers: float
    total: float
    saved: float | None


class PriceLine(Part, frozen=True, kw_only=True):
    provider: str
    what: str
    source: str
    checked: date


class CostReport(Part, frozen=True, kw_only=True):
    """`edge_unknown` says why there are no figures of the edge; `days_counted` of the month's `days` are known."""

    day: str
    now_ms: int
    use: list[Use]
    buckets: list[BucketLine]
    operations: list[OperationLine]
    alerts: list[AlertLine]
    edge_today: EdgeLine | None
    edge_month: EdgeLine | None
    edge_unknown: str | None
    month: str
    days: int
    days_counted: int
    costs: list[CostLine]
    prices_checked: date
    prices: list[PriceLine]
    notes: list[str]


def report(usage: Usage, edge_days: Sequence[EdgeDay] | None, prices: PriceList, edge_unknown: str = "") -> CostReport:
    """Everything. `edge_days` is None where nobody can tell what the edge did; `edge_unknown` then says why."""
    stored_bytes = sum(bucket.stored_bytes for bucket in usage.buckets)
    month = whole_month(days_of(usage.days, edge_days), usage.now_ms, stored_bytes)
    today = next((each for each in edge_days or () if each.day == usage.day), None)
    return CostReport(
        day=usage.day,
        now_ms=usage.now_ms,
        use=uses_of(usage, stored_bytes),
        buckets=bucket_lines(usage),
        operations=operation_lines(usage.today),
        alerts=alert_lines(usage),
        edge_today=None if today is None else edge_line(traffic_of(today)),
        edge_month=None if month.edge is None else edge_line(month.edge),
        edge_unknown=None if edge_days is not None else edge_unknown,
        month=usage.day[:7],
        days=len(month.days),
        days_counted=month.counted,
        costs=cost_lines(prices, month),
        prices_checked=prices.checked,
        prices=[
            PriceLine(provider=provider.name, what=what, source=rate.source, checked=rate.checked)
            for provider in prices.providers
            for what, rate in provider.rates
        ],
        notes=[f"{provider.name}: {provider.note}" for provider in prices.providers],
    )


def days_of(calls: Iterable[DayCalls], edge_days: Iterable[EdgeDay] | None) -> list[Day]:
    """The days that anything was counted on; all know the edge's traffic, or none does."""
    by_day: dict[str, list[Calls]] = {}
    for each in calls:
        counted = Calls(each.operation, each.transaction_class, each.count, each.bytes_in, each.bytes_out)
        by_day.setdefault(each.day, []).append(counted)
    edge = None if edge_days is None else {each.day: traffic_of(each) for each in edge_days}
    return [
        Day(
            date.fromisoformat(name),
            tuple(by_day.get(name, ())),
            None if edge is None else edge.get(name, EdgeTraffic()),
        )
        for name in sorted(by_day.keys() | (edge or {}).keys())
    ]


def traffic_of(day: EdgeDay) -> EdgeTraffic:
    return EdgeTraffic(day.requests, day.bytes_out, day.origin_requests, day.origin_bytes)


def uses_of(usage: Usage, stored_bytes: int) -> list[Use]:
    """What is stored and downloaded, and the calls of each class, against the caps."""
    limits = {each.cap: each.limit for each in usage.caps}
    stored_today = sum(row.bytes_in for row in usage.today)
    downloaded = sum(row.bytes_out for row in usage.today)
    counts = {name: sum(row.count for row in usage.today if row.transaction_class == name) for name in CLASSES}
    stored_at_midnight = forecast_of_stored(stored_bytes, stored_today, usage.now_ms)
    return [
        _use("storage", stored_bytes, limits.get("storage"), stored_at_midnight, is_bytes=True),
        _use("download", downloaded, limits.get("download"), forecast(downloaded, usage.now_ms), is_bytes=True),
        *(
            _use(f"class_{name.lower()}", count, limits.get(f"class_{name.lower()}"), forecast(count, usage.now_ms))
            for name, count in counts.items()
        ),
    ]


def _use(name: str, used: int, limit: int | None, at_midnight: float, *, is_bytes: bool = False) -> Use:
    label = LABELS.get(name, f"calls of class {name[-1].upper()}")
    return Use(name=name, label=label, is_bytes=is_bytes, used=used, limit=limit, forecast=round(at_midnight))


def bucket_lines(usage: Usage) -> list[BucketLine]:
    """Each bucket that holds something or was asked for something today, by name; calls on none come last."""
    stored = {bucket.bucket_name: bucket.stored_bytes for bucket in usage.buckets}
    names = stored.keys() | {row.bucket_name for row in usage.today}
    return [
        _bucket_line(name, stored.get(name, 0), [row for row in usage.today if row.bucket_name == name])
        for name in sorted(names, key=lambda name: (not name, name))
    ]


def _bucket_line(name: str, stored_bytes: int, rows: Sequence[LedgerEntry]) -> BucketLine:
    def calls(transaction_class: str) -> int:
        return sum(row.count for row in rows if row.transaction_class == transaction_class)

    return BucketLine(
        bucket=name,
        stored_bytes=stored_bytes,
        class_a=calls("A"),
        class_b=calls("B"),
        class_c=calls("C"),
        bytes_in=sum(row.bytes_in for row in rows),
        bytes_out=sum(row.bytes_out for row in rows),
    )


def operation_lines(rows: Iterable[LedgerEntry]) -> list[OperationLine]:
    """Today's calls by operation, the most frequent first."""
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        key = row.operation, row.transaction_class
        counts[key] = counts.get(key, 0) + row.count
    return [
        OperationLine(operation=operation, transaction_class=transaction_class, calls=calls)
        for (operation, transaction_class), calls in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def alert_lines(usage: Usage) -> list[AlertLine]:
    """Of each cap the highest that was reached."""
    room = {each.cap: each.limit is None or each.used < each.limit for each in usage.caps}
    highest: dict[str, int] = {}
    for alert in usage.alerts:
        highest[alert.cap] = max(alert.percent, highest.get(alert.cap, 0))
    return [
        AlertLine(cap=cap, percent=percent, text=alert_text(cap, percent, has_room=room.get(cap, False)))
        for cap, percent in sorted(highest.items())
    ]


def alert_text(cap: str, percent: int, *, has_room: bool) -> str:
    """`has_room` at 100 %: what was refused was more than what is left."""
    if percent < 100:
        return f"{percent} % of {CAPS_IN_WORDS[cap]} is used up."
    what = {"storage": "Uploads", "download": "Downloads"}.get(cap, "Such calls")
    if has_room:
        return f"{what} were refused that are more than what is left of {CAPS_IN_WORDS[cap]}."
    remedy = "until something is deleted" if cap == "storage" else "until 00:00 UTC"
    return f"All of {CAPS_IN_WORDS[cap]} is used up. {what} beyond it are refused {remedy}."


def edge_line(traffic: EdgeTraffic) -> EdgeLine:
    return EdgeLine(
        requests=round(traffic.requests),
        bytes_out=round(traffic.bytes_out),
        origin_requests=round(traffic.origin_requests),
        origin_bytes=round(traffic.origin_bytes),
        saved_requests=round(traffic.requests - traffic.origin_requests),
        saved_bytes=round(traffic.bytes_out - traffic.origin_bytes),
    )


def cost_lines(prices: PriceList, month: Month) -> list[CostLine]:
    """Each provider with each CDN."""
    lines = []
    for provider in prices.providers:
        bills = {cdn: bill(provider, month, cdn) for cdn in Cdn}
        lines += [_cost_line(each, bills[Cdn.NONE], knows_edge=month.edge is not None) for each in bills.values()]
    return lines


def _cost_line(each: Bill, without: Bill, *, knows_edge: bool) -> CostLine:
    is_cached = each.cdn is not Cdn.NONE and knows_edge
    return CostLine(
        provider=each.provider.name,
        cdn=each.cdn.value,
        storage=round(each.storage, 4),
        calls=round(each.calls, 4),
        first_mile=round(each.first_mile, 4),
        to_viewers=round(each.to_viewers, 4),
        total=round(each.total, 4),
        saved=round(without.total - each.total, 4) if is_cached else None,
    )
