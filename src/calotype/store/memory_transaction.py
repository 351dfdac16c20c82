"""`Transaction` over tables in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from calotype.store.ledger import Alert, BucketUsage, LedgerRow
from calotype.store.listed_object import ListedObject
from calotype.store.memory_tables import LAST, Table
from calotype.store.metadata import SealedKey
from calotype.store.model import Account, Action, Blob, Bucket, Event, FileVersion, OutboxRow, Part

_Place = tuple[str, str, bytes, int]  # account, bucket, key, negated time: newest first


class MemoryTransaction:
    """Implements `Transaction` over tables in memory."""

    def __init__(self) -> None:
        self.undo: list[Callable[[], None]] = []
        self._accounts = Table(self.undo)
        self._key_indexes = Table(self.undo)
        self._secrets = Table(self.undo)
        self._buckets = Table(self.undo)
        self._bucket_names = Table(self.undo)
        self._versions = Table(self.undo)
        self._version_ids = Table(self.undo)
        self._latest = Table(self.undo)
        self._visible = Table(self.undo)
        self._blobs = Table(self.undo)
        self._keys = Table(self.undo)
        self._outbox = Table(self.undo)
        self._ledger = Table(self.undo)
        self._parts = Table(self.undo)
        self._usage = Table(self.undo)
        self._events = Table(self.undo)
        self._alerts = Table(self.undo)
        self._sequence = 0

    def accounts(self) -> list[Account]:
        return self._accounts.between("", LAST)

    def insert_account(self, account: Account) -> None:
        self._accounts.insert(account.account_id, account)
        self._key_indexes.insert(account.account_id, 0)

    def replace_account(self, account: Account) -> None:
        before: Account = self._accounts.get(account.account_id)
        self._accounts.replace(account.account_id, replace(before, name=account.name, email=account.email))

    def remove_account(self, account: Account) -> None:
        self._accounts.remove(account.account_id)
        self._key_indexes.remove(account.account_id)
        for place in [place for place in self._secrets.rows if place[0] == account.account_id]:
            self._secrets.remove(place)

    def next_key_index(self, account_id: str) -> int:
        index: int = self._key_indexes.get(account_id) + 1
        self._key_indexes.replace(account_id, index)
        return index

    def secret(self, account_id: str, name: str) -> bytes | None:
        sealed: bytes | None = self._secrets.get((account_id, name))
        return sealed

    def insert_secret(self, account_id: str, name: str, sealed: bytes) -> None:
        self._secrets.insert((account_id, name), sealed)

    def bucket_by_name(self, name: str) -> Bucket | None:
        bucket_id = self._bucket_names.get(name.lower())
        return self.bucket_by_id(bucket_id) if bucket_id else None

    def bucket_by_id(self, bucket_id: str) -> Bucket | None:
        bucket: Bucket | None = self._buckets.get(bucket_id)
        return bucket

    def buckets(self, account_id: str) -> list[Bucket]:
        owned = [bucket for bucket in self._buckets.rows.values() if bucket.account_id == account_id]
        return sorted(owned, key=lambda bucket: bucket.name)

    def insert_bucket(self, bucket: Bucket) -> None:
        self._bucket_names.insert(bucket.name.lower(), bucket.bucket_id)
        self._buckets.insert(bucket.bucket_id, bucket)

    def replace_bucket(self, bucket: Bucket) -> None:
        self._buckets.replace(bucket.bucket_id, bucket)

    def remove_bucket(self, bucket: Bucket) -> None:
        self._bucket_names.remove(bucket.name.lower())
        self._buckets.remove(bucket.bucket_id)
        if self._usage.get((bucket.account_id, bucket.bucket_id)) is not None:
            self._usage.remove((bucket.account_id, bucket.bucket_id))

    def holds_versions(self, bucket: Bucket) -> bool:
        return bool(self.scan_versions(bucket, b"", None, None, 1))

    def insert_version(self, version: FileVersion) -> None:
        place = _place(version)
        self._versions.insert(place, version)
        self._version_ids.insert((version.account_id, version.version_id), place)
        if version.is_latest:
            self._flag(version)
        self._use(version.account_id, version.bucket_id, version.own_bytes, 1)

    def remove_version(self, version: FileVersion) -> None:
        stored = self._versions.get(_place(version))
        self._versions.remove(_place(version))
        self._version_ids.remove((version.account_id, version.version_id))
        if stored.is_latest:
            self._unflag(stored)
        self._use(version.account_id, version.bucket_id, -version.own_bytes, -1)

    def replace_version(self, version: FileVersion) -> None:
        stored = self._versions.get(_place(version))
        if stored.is_latest:
            self._unflag(stored)
        self._versions.replace(_place(version), version)
        if version.is_latest:
            self._flag(version)

    def mark_latest(self, version: FileVersion, is_latest: bool) -> None:
        stored = self._versions.get(_place(version))
        if stored.is_latest == is_latest:
            return
        marked = replace(stored, is_latest=is_latest)
        self._versions.replace(_place(version), marked)
        if is_latest:
            self._flag(marked)
        else:
            self._unflag(marked)

    def version(self, bucket: Bucket, version_id: str) -> FileVersion | None:
        place = self._version_ids.get((bucket.account_id, version_id))
        version: FileVersion | None = self._versions.get(place) if place else None
        return version if version and version.bucket_id == bucket.bucket_id else None

    def versions_of(self, bucket: Bucket, key: bytes, limit: int | None = None) -> list[FileVersion]:
        scope = (bucket.account_id, bucket.bucket_id, key)
        return self._versions.between(scope, (*scope, LAST), limit)

    def latest(self, bucket: Bucket, key: bytes) -> FileVersion | None:
        place = self._latest.get((bucket.account_id, bucket.bucket_id, key))
        version: FileVersion | None = self._versions.get(place) if place else None
        return version

    def scan_visible(self, bucket: Bucket, start: bytes, stop: bytes | None, limit: int) -> list[FileVersion]:
        scope = (bucket.account_id, bucket.bucket_id)
        end = (*scope, LAST if stop is None else stop)
        return [self._versions.get(place) for place in self._visible.between((*scope, start), end, limit)]

    def scan_listed(self, bucket: Bucket, start: bytes, stop: bytes | None, limit: int) -> list[ListedObject]:
        return [ListedObject.of(version) for version in self.scan_visible(bucket, start, stop, limit)]

    def scan_versions(
        self, bucket: Bucket, start: bytes, not_newer_than_ms: int | None, stop: bytes | None, limit: int
    ) -> list[FileVersion]:
        scope = (bucket.account_id, bucket.bucket_id)
        first = (*scope, start) if not_newer_than_ms is None else (*scope, start, -not_newer_than_ms)
        return self._versions.between(first, (*scope, LAST if stop is None else stop), limit)

    def scan_unfinished(
        self, bucket: Bucket, start: str, prefix: bytes, stop: bytes | None, limit: int
    ) -> list[FileVersion]:
        found = [
            version
            for version in self._unfinished(bucket, prefix, stop)
            if version.key.startswith(prefix) and version.version_id >= start
        ]
        return sorted(found, key=lambda version: version.version_id)[:limit]

    def scan_unfinished_keys(
        self, bucket: Bucket, key: bytes, after: str, stop: bytes | None, limit: int
    ) -> list[FileVersion]:
        found = [
            version
            for version in self._unfinished(bucket, key, stop)
            if (version.key, version.version_id) > (key, after)
        ]
        return sorted(found, key=lambda version: (version.key, version.version_id))[:limit]

    def usage(self, account_id: str) -> list[BucketUsage]:
        return self._usage.between((account_id, ""), (account_id, LAST))

    def insert_part(self, bucket_id: str, part: Part) -> None:
        self._parts.insert(_part_place(part), part)
        self._use(part.account_id, bucket_id, part.length, 0)

    def remove_part(self, bucket_id: str, part: Part) -> None:
        self._parts.remove(_part_place(part))
        self._use(part.account_id, bucket_id, -part.length, 0)

    def place_part(self, part: Part, start: int) -> None:
        self._parts.replace(_part_place(part), replace(self._parts.get(_part_place(part)), start=start))

    def part(self, account_id: str, version_id: str, part_number: int) -> Part | None:
        part: Part | None = self._parts.get((account_id, version_id, part_number))
        return part

    def parts(self, account_id: str, version_id: str, first_number: int, limit: int | None = None) -> list[Part]:
        scope = (account_id, version_id)
        return self._parts.between((*scope, first_number), (*scope, LAST), limit)

    def parts_within(self, account_id: str, version_id: str, start: int, stop: int) -> list[Part]:
        return [
            part
            for part in self.parts(account_id, version_id, 0)
            if part.start is not None and part.start < stop and part.start + part.length > start
        ]

    def insert_blob(self, blob: Blob) -> None:
        self._blobs.insert((blob.blob_id, blob.account_id), blob)

    def blob(self, account_id: str, blob_id: str) -> Blob | None:
        blob: Blob | None = self._blobs.get((blob_id, account_id))
        return blob

    def refer(self, account_id: str, blob_id: str, change: int) -> int:
        place = (blob_id, account_id)
        blob: Blob = self._blobs.get(place)
        references = blob.references + change
        if references <= 0:
            self._blobs.remove(place)
        else:
            self._blobs.replace(place, replace(blob, references=references))
        return max(references, 0)

    def unnamed_blobs(self, blob_ids: Sequence[str]) -> list[str]:
        return [blob_id for blob_id in blob_ids if not self._blobs.between((blob_id, ""), (blob_id, LAST), 1)]

    def scan_blobs(self, after: str, limit: int) -> list[Blob]:
        return self._blobs.between((after, LAST), (LAST,), limit)

    def insert_key(self, key: SealedKey) -> None:
        self._keys.insert((key.account_id, key.key_id), key)

    def key(self, account_id: str, key_id: str) -> SealedKey | None:
        key: SealedKey | None = self._keys.get((account_id, key_id))
        return key

    def keys(self, account_id: str, start: str, limit: int) -> list[SealedKey]:
        return self._keys.between((account_id, start), (account_id, LAST), limit)

    def remove_key(self, key: SealedKey) -> None:
        self._keys.remove((key.account_id, key.key_id))

    def append_outbox(self, account_id: str, bucket_name: str, key: bytes) -> int:
        self._sequence += 1
        self._outbox.insert(self._sequence, OutboxRow(self._sequence, account_id, bucket_name, key))
        return self._sequence

    def outbox(self, after: int, limit: int) -> list[OutboxRow]:
        return self._outbox.between(after + 1, LAST, limit)

    def forget_outbox(self, up_to: int) -> None:
        for row in self._outbox.between(0, up_to + 1):
            self._outbox.remove(row.sequence)

    def append_event(self, event: Event) -> int:
        self._sequence += 1
        self._events.insert(self._sequence, replace(event, sequence=self._sequence))
        return self._sequence

    def rules_with_events(self) -> list[tuple[str, str]]:
        return sorted({(event.bucket_id, event.rule_name) for event in self._events.between(0, LAST)})

    def events(self, bucket_id: str, rule_name: str, due_ms: int, limit: int) -> list[Event]:
        of_rule = [
            event
            for event in self._events.between(0, LAST)
            if (event.bucket_id, event.rule_name) == (bucket_id, rule_name) and event.next_attempt_ms <= due_ms
        ]
        return sorted(of_rule, key=lambda event: event.next_attempt_ms)[:limit]

    def replace_event(self, event: Event) -> None:
        stored = self._events.get(event.sequence)
        if stored is not None:
            tried = replace(stored, attempts=event.attempts, next_attempt_ms=event.next_attempt_ms)
            self._events.replace(event.sequence, tried)

    def remove_events(self, sequences: Sequence[int]) -> None:
        for sequence in sequences:
            if self._events.get(sequence) is not None:
                self._events.remove(sequence)

    def insert_alert(self, alert: Alert) -> bool:
        place = (alert.account_id, alert.day, alert.cap, alert.percent)
        if self._alerts.get(place) is not None:
            return False
        self._alerts.insert(place, alert)
        return True

    def alerts(self, account_id: str, since_day: str) -> list[Alert]:
        found = self._alerts.between((account_id, since_day), (account_id, LAST))
        return sorted(found, key=lambda alert: (alert.at_ms, alert.cap, alert.percent))

    def add_to_ledger(self, rows: Sequence[LedgerRow]) -> None:
        for row in rows:
            place = (row.day, row.account_id, row.bucket_name, row.operation, row.transaction_class)
            before = self._ledger.get(place)
            if before is None:
                self._ledger.insert(place, row)
            else:
                self._ledger.replace(place, _sum(before, row))

    def ledger(self, day: str | None) -> list[LedgerRow]:
        return self._ledger.between((day or "",), (LAST,) if day is None else (day, LAST))

    def _unfinished(self, bucket: Bucket, start: bytes, stop: bytes | None) -> list[FileVersion]:
        scope = (bucket.account_id, bucket.bucket_id)
        versions = self._versions.between((*scope, start), (*scope, LAST if stop is None else stop))
        return [version for version in versions if version.action is Action.START]

    def _use(self, account_id: str, bucket_id: str, stored_bytes: int, versions: int) -> None:
        place = (account_id, bucket_id)
        before: BucketUsage | None = self._usage.get(place)
        if before is None:
            self._usage.insert(place, BucketUsage(*place, stored_bytes, versions))
            return
        after = BucketUsage(*place, before.stored_bytes + stored_bytes, before.versions + versions)
        self._usage.replace(place, after)

    def _flag(self, version: FileVersion) -> None:
        place = _place(version)
        self._latest.insert(place[:3], place)
        if version.action is Action.UPLOAD:
            self._visible.insert(place[:3], place)

    def _unflag(self, version: FileVersion) -> None:
        self._latest.remove(_place(version)[:3])
        if version.action is Action.UPLOAD:
            self._visible.remove(_place(version)[:3])


def _place(version: FileVersion) -> _Place:
    return (version.account_id, version.bucket_id, version.key, -version.uploaded_at_ms)


def _part_place(part: Part) -> tuple[str, str, int]:
    return part.account_id, part.version_id, part.part_number


def _sum(before: LedgerRow, row: LedgerRow) -> LedgerRow:
    return replace(
        before,
        count=before.count + row.count,
        bytes_in=before.bytes_in + row.bytes_in,
        bytes_out=before.bytes_out + row.bytes_out,
    )
