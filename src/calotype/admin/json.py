"""The answers' JSON shapes: written by the servers, read by the client."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from calotype.admin.errors import JSON_HEADERS
from calotype.http.message import Headers, Response

OK, READ_ONLY, DRAINING = "ok", "read-only", "draining"


class Shape(Struct, frozen=True, kw_only=True, rename="camel"):
    """An object of an answer."""


class Health(Shape, frozen=True, kw_only=True):
    """`status` is `ok`, `read-only` (reads go on) or `draining` (with status 503: send nobody here any more)."""

    status: str
    program: str
    version: str
    reason: str | None = None


class LedgerEntry(Shape, frozen=True, kw_only=True):
    """`bucket_name` is empty for calls on no bucket."""

    day: str
    bucket_name: str
    operation: str
    transaction_class: str
    count: int
    bytes_in: int
    bytes_out: int


class Ledger(Shape, frozen=True, kw_only=True):
    rows: list[LedgerEntry]


class CapUse(Shape, frozen=True, kw_only=True):
    """Bytes or calls, of today but for `storage`. Without a `limit` there is no cap."""

    cap: str
    limit: int | None
    used: int


class AlertEntry(Shape, frozen=True, kw_only=True):
    """A cap was used up to 75 or 100 percent."""

    day: str
    cap: str
    percent: int
    at_ms: int


class BucketUse(Shape, frozen=True, kw_only=True):
    bucket_name: str
    stored_bytes: int
    versions: int


class DayCalls(Shape, frozen=True, kw_only=True):
    """A day's calls of one operation, in all buckets."""

    day: str
    operation: str
    transaction_class: str
    count: int
    bytes_in: int
    bytes_out: int


class Usage(Shape, frozen=True, kw_only=True):
    """`now_ms` and `day` are the origin's time, in UTC; `days` are the last 31, today among them."""

    now_ms: int
    day: str
    caps: list[CapUse]
    alerts: list[AlertEntry]
    buckets: list[BucketUse]
    today: list[LedgerEntry]
    days: list[DayCalls]


class OutboxEntry(Shape, frozen=True, kw_only=True):
    sequence: int
    bucket_name: str
    key: str


class Outbox(Shape, frozen=True, kw_only=True):
    rows: list[OutboxEntry]


class BanEntry(Shape, frozen=True, kw_only=True):
    """One purge. `files` are pairs of address (authority and path) and query, null for any."""

    sequence: int
    zone_id: str
    everything: bool = False
    files: list[tuple[str, str | None]] = []
    prefixes: list[str] = []
    hosts: list[str] = []
    tags: list[str] = []


class BanList(Shape, frozen=True, kw_only=True):
    rows: list[BanEntry]


class EdgeDay(Shape, frozen=True, kw_only=True):
    """A UTC day's answers to viewers and their bytes, requests to origins and the bytes of their answers."""

    day: str
    requests: int
    bytes_out: int
    origin_requests: int
    origin_bytes: int


class EdgeStats(Shape, frozen=True, kw_only=True):
    """`requests` counts answers by CF-Cache-Status; `origin_requests` what was asked of the origin.

    All since the workers' start but `days`, which are kept: this month and the one before.
    """

    workers: int
    configuration_generation: int
    ban_position: int
    entries: int
    stored_bytes: int
    memory_bytes: int
    requests: dict[str, int]
    bytes_out: int
    origin_requests: int
    origin_bytes: int = 0
    days: list[EdgeDay] = []


class NoticeEntry(Shape, frozen=True, kw_only=True):
    """`message` says what to do; `subject` is what it is about, such as a key's id. It was seen `count` times."""

    kind: str
    subject: str
    message: str
    at_ms: int
    count: int


class NoticeList(Shape, frozen=True, kw_only=True):
    """The latest first."""

    notices: list[NoticeEntry]


class BackupReport(Shape, frozen=True, kw_only=True):
    target: str
    blobs: int
    content_bytes: int


class FsckProblem(Shape, frozen=True, kw_only=True):
    """`bucket_name` and `key` tell the version, when the fault was found there."""

    fault: str
    blob_id: str
    bucket_name: str | None = None
    key: str | None = None


class FsckReport(Shape, frozen=True, kw_only=True):
    versions: int
    blobs: int
    content_bytes: int
    orphans: int
    problems: list[FsckProblem]


class LifecycleReport(Shape, frozen=True, kw_only=True):
    """How many versions lifecycle rules changed, or would have changed in a rehearsal."""

    hidden: int
    deleted: int
    markers_removed: int
    canceled: int


class EventQueued(Shape, frozen=True, kw_only=True):
    bucket_name: str
    rule_name: str


class AccountEntry(Shape, frozen=True, kw_only=True):
    """`canonical_user_id` is what S3 calls the owner by."""

    account_id: str
    canonical_user_id: str
    display_name: str
    email: str
    created_at_ms: int


class AccountList(Shape, frozen=True, kw_only=True):
    """The oldest first, which is the one made with the store."""

    accounts: list[AccountEntry]


class AccountKey(Shape, frozen=True, kw_only=True):
    """An account's first key; no other answer has its secret."""

    key_id: str
    application_key: str


class NewAccount(Shape, frozen=True, kw_only=True):
    account: AccountEntry
    key: AccountKey


def json_response(content: Any, status: int = 200) -> Response:
    return Response(status, Headers(JSON_HEADERS), msgspec.json.encode(content))


def health_response(health: Health) -> Response:
    """200, or 503 once the program lets nobody new in."""
    return json_response(health, 503 if health.status == DRAINING else 200)
