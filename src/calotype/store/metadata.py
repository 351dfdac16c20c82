"""The metadata interface: what a database must do for the store.

A transaction is a plain function of a `Transaction` that may run again, so it must change nothing but through its
argument, and bring its times, ids and random bytes from outside. It runs in a thread of the implementation's choice.
`apply` is the group commit's half of the promise: many functions, one durable commit, each failing alone.

Keys are bytes and sort as bytes. Every table and every unique index carries the account's id, with one exception:
the directory of bucket names, which are unique over the whole store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from calotype.store.ledger import Alert, BucketUsage, LedgerRow
from calotype.store.listed_object import ListedObject
from calotype.store.model import Account, Blob, Bucket, Event, FileVersion, OutboxRow, Part

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SealedKey:
    """An application key as it is kept: `sealed_secret` is encrypted by the master key."""

    account_id: str
    key_id: str
    name: str
    sealed_secret: bytes
    capabilities: tuple[str, ...]
    created_at_ms: int
    bucket_ids: tuple[str, ...] | None
    name_prefix: str | None
    expires_at_ms: int | None


class Transaction(Protocol):
    """Reads see the transaction's own writes. Inside a read transaction the writing methods must not be called."""

    # accounts and small secrets
    def accounts(self) -> list[Account]: ...
    def insert_account(self, account: Account) -> None: ...
    def replace_account(self, account: Account) -> None:
        """Overwrite name and e-mail of the account of that id."""

    def remove_account(self, account: Account) -> None:
        """Remove the account with its secrets. Its buckets and keys are to be gone before."""

    def next_key_index(self, account_id: str) -> int:
        """A number for an application key, 1 and up, never given twice."""

    def secret(self, account_id: str, name: str) -> bytes | None: ...
    def insert_secret(self, account_id: str, name: str, sealed: bytes) -> None: ...

    # buckets
    def bucket_by_name(self, name: str) -> Bucket | None:
        """The bucket of that name in any account; names compare without case."""

    def bucket_by_id(self, bucket_id: str) -> Bucket | None: ...
    def buckets(self, account_id: str) -> list[Bucket]:
        """The account's buckets by name."""

    def insert_bucket(self, bucket: Bucket) -> None: ...
    def replace_bucket(self, bucket: Bucket) -> None:
        """Overwrite the bucket of the same account and id, whose name stays."""

    def remove_bucket(self, bucket: Bucket) -> None: ...
    def holds_versions(self, bucket: Bucket) -> bool: ...

    # versions
    def insert_version(self, version: FileVersion) -> None: ...
    def remove_version(self, version: FileVersion) -> None: ...
    def replace_version(self, version: FileVersion) -> None:
        """Overwrite the version of the same account, id, key and time. Its bytes stay where they are."""

    def mark_latest(self, version: FileVersion, is_latest: bool) -> None: ...
    def version(self, bucket: Bucket, version_id: str) -> FileVersion | None: ...
    def versions_of(self, bucket: Bucket, key: bytes, limit: int | None = None) -> list[FileVersion]:
        """Versions of one key, newest first, large files in progress among them."""

    def latest(self, bucket: Bucket, key: bytes) -> FileVersion | None:
        """The version of the key marked latest, also when it is a hide marker."""

    def scan_visible(self, bucket: Bucket, start: bytes, stop: bytes | None, limit: int) -> list[FileVersion]:
        """Latest versions that are uploads, by key, `start <= key < stop`. Costs what it returns."""

    def scan_listed(self, bucket: Bucket, start: bytes, stop: bytes | None, limit: int) -> list[ListedObject]:
        """As `scan_visible`, but only what listings tell of each, which costs a tenth."""

    def scan_versions(
        self, bucket: Bucket, start: bytes, not_newer_than_ms: int | None, stop: bytes | None, limit: int
    ) -> list[FileVersion]:
        """All versions by key, newest first. With `not_newer_than_ms` the key `start` begins at that time."""

    def scan_unfinished(
        self, bucket: Bucket, start: str, prefix: bytes, stop: bytes | None, limit: int
    ) -> list[FileVersion]:
        """Large files in progress with `prefix <= key < stop`, by version id from `start` on: those begun first."""

    def scan_unfinished_keys(
        self, bucket: Bucket, key: bytes, after: str, stop: bytes | None, limit: int
    ) -> list[FileVersion]:
        """Large files in progress by key and version id, beyond `after` of `key` and before the key `stop`."""

    def usage(self, account_id: str) -> list[BucketUsage]:
        """What each bucket of the account holds, by bucket id; kept up by the methods that insert and remove."""

    # parts of large files
    def insert_part(self, bucket_id: str, part: Part) -> None: ...
    def remove_part(self, bucket_id: str, part: Part) -> None: ...
    def place_part(self, part: Part, start: int) -> None:
        """Say where in the finished file the part begins."""

    def part(self, account_id: str, version_id: str, part_number: int) -> Part | None: ...
    def parts(self, account_id: str, version_id: str, first_number: int, limit: int | None = None) -> list[Part]:
        """Parts by number, `first_number` included."""

    def parts_within(self, account_id: str, version_id: str, start: int, stop: int) -> list[Part]:
        """Those of a finished file that hold any of its bytes from `start` to `stop` (exclusive), in order."""

    # blobs
    def insert_blob(self, blob: Blob) -> None: ...
    def blob(self, account_id: str, blob_id: str) -> Blob | None: ...
    def refer(self, account_id: str, blob_id: str, change: int) -> int:
        """The number of references after the change; a blob left with none is forgotten."""

    def unnamed_blobs(self, blob_ids: Sequence[str]) -> list[str]:
        """Those of the ids that no account has a row of."""

    def scan_blobs(self, after: str, limit: int) -> list[Blob]:
        """Every account's blobs by blob id, those greater than `after`."""

    # application keys
    def insert_key(self, key: SealedKey) -> None: ...
    def key(self, account_id: str, key_id: str) -> SealedKey | None: ...
    def keys(self, account_id: str, start: str, limit: int) -> list[SealedKey]:
        """The account's keys by id, `start` included."""

    def remove_key(self, key: SealedKey) -> None: ...

    # outbox, events, ledger and alerts
    def append_outbox(self, account_id: str, bucket_name: str, key: bytes) -> int:
        """The new row's sequence, greater than any ever given."""

    def outbox(self, after: int, limit: int) -> list[OutboxRow]: ...
    def forget_outbox(self, up_to: int) -> None: ...
    def append_event(self, event: Event) -> int:
        """The new row's sequence, greater than any ever given, whatever `event` says."""

    def rules_with_events(self) -> list[tuple[str, str]]:
        """(bucket id, rule name) of each rule that events are waiting for, in that order. Costs what it returns."""

    def events(self, bucket_id: str, rule_name: str, due_ms: int, limit: int) -> list[Event]:
        """The rule's events whose next attempt is due at that time, the longest due first. Costs what it returns."""

    def replace_event(self, event: Event) -> None:
        """Overwrite the attempts and the next attempt's time of the event of that sequence, if it is still there."""

    def remove_events(self, sequences: Sequence[int]) -> None: ...

    def add_to_ledger(self, rows: Sequence[LedgerRow]) -> None:
        """Add the rows' figures to those of the same account, bucket, day, operation and class."""

    def ledger(self, day: str | None) -> list[LedgerRow]: ...
    def insert_alert(self, alert: Alert) -> bool:
        """False when that cap's alert of that percentage was there already on that day."""

    def alerts(self, account_id: str, since_day: str) -> list[Alert]:
        """By time."""


class Metadata(Protocol):
    async def read(self, function: Callable[[Transaction], T]) -> T:
        """The function's result over one consistent state."""

    async def latest(self, bucket: Bucket, key: bytes) -> FileVersion | None:
        """As the transaction's, of this moment; from memory where possible."""

    async def apply(self, functions: Sequence[Callable[[Transaction], T]]) -> list[T | Exception]:
        """Run all in one transaction, each failing alone, and come back when the commit is durable.

        A function that raises an Exception has no effect and its place holds the exception. When the commit
        itself fails this raises and nothing is promised: OSError when the disk is to blame.
        """

    async def copy_to(self, path: Path) -> None:
        """A consistent copy of everything as a database file, durable when this comes back."""

    async def close(self) -> None: ...
