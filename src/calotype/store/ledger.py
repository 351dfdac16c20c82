"""What is counted of an account, as values: calls and bytes, what its buckets hold, caps that were nearly reached."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LedgerRow:
    account_id: str
    bucket_name: str  # "" for calls on no bucket
    day: str  # UTC, YYYY-MM-DD
    operation: str  # the API's name of the call
    transaction_class: str  # A, B or C
    count: int
    bytes_in: int
    bytes_out: int


@dataclass(frozen=True, slots=True)
class BucketUsage:
    """What a bucket holds: every version, hidden ones and the parts of unfinished files included."""

    account_id: str
    bucket_id: str
    stored_bytes: int
    versions: int


@dataclass(frozen=True, slots=True)
class Alert:
    """A cap was nearly reached (75) or reached (100), on a UTC day."""

    account_id: str
    day: str  # YYYY-MM-DD
    cap: str
    percent: int
    at_ms: int
