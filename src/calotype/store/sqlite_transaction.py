"""`Transaction` over one SQLite connection: each method one statement or two, and nothing decided."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import starmap
from typing import Any

from calotype.store.ledger import BucketUsage
from calotype.store.listed_object import ListedObject
from calotype.store.metadata import SealedKey
from calotype.store.model import Account, Blob, Bucket, FileVersion, Part
from calotype.store.sqlite_records import SqliteRecords
from calotype.store.sqlite_rows import (
    BUCKET_COLUMNS,
    LISTED_COLUMNS,
    PART_COLUMNS,
    VERSION_COLUMNS,
    bucket_of,
    bucket_row,
    key_of,
    key_row,
    part_of,
    part_row,
    version_of,
    version_row,
)

_ACCOUNT_COLUMNS = "account_id, name, email, canonical_user_id, created_at_ms"
_VERSIONS = f"SELECT {VERSION_COLUMNS} FROM versions WHERE account_id = ? AND bucket_id = ?"
_PARTS = f"SELECT {PART_COLUMNS} FROM parts WHERE account_id = ? AND version_id = ?"
_UNFINISHED = "action = 'start'"
_VISIBLE = "is_latest = 1 AND action = 'upload'"
LISTED = (
    f"SELECT {LISTED_COLUMNS} FROM versions WHERE account_id = ? AND bucket_id = ? AND {_VISIBLE}"
    " AND key >= ? AND key < ? ORDER BY key LIMIT ?"
)
# Told which index to take, since by the one of all versions it would walk over what a key was before.
_VISIBLE_VERSION = (
    f"SELECT {VERSION_COLUMNS} FROM versions INDEXED BY visible"
    f" WHERE account_id = ? AND bucket_id = ? AND key = ? AND {_VISIBLE}"
)
_NO_LIMIT = -1
# Keys are at most 1,024 bytes of UTF-8, in which 0xFF never occurs.
_AFTER_ALL_KEYS = b"\xff"


class SqliteTransaction(SqliteRecords):
    """Buckets are read once and remembered until `forget`: every put of a group asks for the same few.

    What changes in the buckets' usage is added up and written by `settle`, once for all puts of a group.
    `changed_places` are bucket id and key of each version that was changed since `begin`, taken back or not.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._buckets_by_id: dict[str, Bucket | None] = {}
        self._unsettled: dict[tuple[str, str], tuple[int, int]] = {}  # account and bucket: stored bytes, versions
        self.changed_places: set[tuple[str, bytes]] = set()

    def accounts(self) -> list[Account]:
        return [Account(*row) for row in self._execute(f"SELECT {_ACCOUNT_COLUMNS} FROM accounts ORDER BY account_id")]

    def insert_account(self, account: Account) -> None:
        row = (account.account_id, account.name, account.email, account.canonical_user_id, account.created_at_ms)
        self._execute(f"INSERT INTO accounts ({_ACCOUNT_COLUMNS}) VALUES (?, ?, ?, ?, ?)", row)

    def replace_account(self, account: Account) -> None:
        statement = "UPDATE accounts SET name = ?, email = ? WHERE account_id = ?"
        self._execute(statement, (account.name, account.email, account.account_id))

    def remove_account(self, account: Account) -> None:
        for table in ("accounts", "secrets"):
            self._execute(f"DELETE FROM {table} WHERE account_id = ?", (account.account_id,))

    def next_key_index(self, account_id: str) -> int:
        self._execute("UPDATE accounts SET key_index = key_index + 1 WHERE account_id = ?", (account_id,))
        (index,) = self._one("SELECT key_index FROM accounts WHERE account_id = ?", account_id)
        return int(index)

    def secret(self, account_id: str, name: str) -> bytes | None:
        row = self._first("SELECT sealed FROM secrets WHERE account_id = ? AND name = ?", account_id, name)
        return row[0] if row else None

    def insert_secret(self, account_id: str, name: str, sealed: bytes) -> None:
        self._execute("INSERT INTO secrets VALUES (?, ?, ?)", (account_id, name, sealed))

    def bucket_by_name(self, name: str) -> Bucket | None:
        return self._bucket("folded_name = ?", name.lower())

    def bucket_by_id(self, bucket_id: str) -> Bucket | None:
        if bucket_id not in self._buckets_by_id:
            self._buckets_by_id[bucket_id] = self._bucket("bucket_id = ?", bucket_id)
        return self._buckets_by_id[bucket_id]

    def begin(self) -> None:
        """To be called where a transaction begins."""
        self.changed_places.clear()
        self.forget()

    def forget(self) -> None:
        """To be called where changes are taken back to the last `settle`."""
        self._buckets_by_id.clear()
        self._unsettled.clear()

    def settle(self) -> None:
        """To be called where changes begin to count: before a commit, and around each savepoint."""
        if self._unsettled:
            rows = [(*place, *change) for place, change in self._unsettled.items()]
            self._unsettled.clear()
            self._execute_many(
                "INSERT INTO usage VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " stored_bytes = stored_bytes + excluded.stored_bytes, versions = versions + excluded.versions",
                rows,
            )

    def buckets(self, account_id: str) -> list[Bucket]:
        rows = self._execute(f"SELECT {BUCKET_COLUMNS} FROM buckets WHERE account_id = ? ORDER BY name", (account_id,))
        return [bucket_of(row) for row in rows]

    def insert_bucket(self, bucket: Bucket) -> None:
        self._buckets_by_id.clear()
        directory = (bucket.name.lower(), bucket.account_id, bucket.bucket_id)
        self._execute("INSERT INTO bucket_names VALUES (?, ?, ?)", directory)
        self._execute("INSERT INTO buckets VALUES (?, ?, ?, ?)", bucket_row(bucket))

    def replace_bucket(self, bucket: Bucket) -> None:
        self._buckets_by_id.clear()
        *_, details = bucket_row(bucket)
        place = (bucket.account_id, bucket.bucket_id)
        self._execute("UPDATE buckets SET details = ? WHERE account_id = ? AND bucket_id = ?", (details, *place))

    def remove_bucket(self, bucket: Bucket) -> None:
        self._buckets_by_id.clear()
        self.settle()
        self._execute("DELETE FROM bucket_names WHERE folded_name = ?", (bucket.name.lower(),))
        place = (bucket.account_id, bucket.bucket_id)
        self._execute("DELETE FROM buckets WHERE account_id = ? AND bucket_id = ?", place)
        self._execute("DELETE FROM usage WHERE account_id = ? AND bucket_id = ?", place)

    def holds_versions(self, bucket: Bucket) -> bool:
        place = (bucket.account_id, bucket.bucket_id)
        return self._first("SELECT 1 FROM versions WHERE account_id = ? AND bucket_id = ? LIMIT 1", *place) is not None

    def insert_version(self, version: FileVersion) -> None:
        statement = (
            f"INSERT INTO versions ({VERSION_COLUMNS}, listed_attributes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        self._changes(version)
        self._execute(statement, version_row(version))
        self._use(version.account_id, version.bucket_id, version.own_bytes, 1)

    def remove_version(self, version: FileVersion) -> None:
        self._changes(version)
        self._execute("DELETE FROM versions WHERE account_id = ? AND version_id = ?", _identity(version))
        self._use(version.account_id, version.bucket_id, -version.own_bytes, -1)

    def replace_version(self, version: FileVersion) -> None:
        self._changes(version)
        *_, action, is_latest, length, etag, details, listed_attributes = version_row(version)
        columns = "action = ?, is_latest = ?, length = ?, etag = ?, details = ?, listed_attributes = ?"
        values = (action, is_latest, length, etag, details, listed_attributes)
        statement = f"UPDATE versions SET {columns} WHERE account_id = ? AND version_id = ?"
        self._execute(statement, (*values, *_identity(version)))

    def mark_latest(self, version: FileVersion, is_latest: bool) -> None:
        self._changes(version)
        statement = "UPDATE versions SET is_latest = ? WHERE account_id = ? AND version_id = ?"
        self._execute(statement, (int(is_latest), *_identity(version)))

    def version(self, bucket: Bucket, version_id: str) -> FileVersion | None:
        row = self._first(f"{_VERSIONS} AND version_id = ?", *_place(bucket), version_id)
        return version_of(row) if row else None

    def versions_of(self, bucket: Bucket, key: bytes, limit: int | None = None) -> list[FileVersion]:
        count = _NO_LIMIT if limit is None else limit
        statement = f"{_VERSIONS} AND key = ? ORDER BY uploaded_at_ms DESC LIMIT ?"
        return self._versions(statement, *_place(bucket), key, count)

    def latest(self, bucket: Bucket, key: bytes) -> FileVersion | None:
        row = self._first(_VISIBLE_VERSION, *_place(bucket), key)
        if row is None:  # hidden, or nothing there: rarer, and a walk over the key's own versions
            statement = f"{_VERSIONS} AND key = ? AND is_latest = 1 ORDER BY uploaded_at_ms DESC LIMIT 1"
            row = self._first(statement, *_place(bucket), key)
        return version_of(row) if row else None

    def scan_visible(self, bucket: Bucket, start: bytes, stop: bytes | None, limit: int) -> list[FileVersion]:
        end = _AFTER_ALL_KEYS if stop is None else stop
        statement = f"{_VERSIONS} AND {_VISIBLE} AND key >= ? AND key < ? ORDER BY key LIMIT ?"
        return self._versions(statement, *_place(bucket), start, end, limit)

    def scan_listed(self, bucket: Bucket, start: bytes, stop: bytes | None, limit: int) -> list[ListedObject]:
        end = _AFTER_ALL_KEYS if stop is None else stop
        return list(starmap(ListedObject, self._execute(LISTED, (*_place(bucket), start, end, limit))))

    def scan_versions(
        self, bucket: Bucket, start: bytes, not_newer_than_ms: int | None, stop: bytes | None, limit: int
    ) -> list[FileVersion]:
        end = _AFTER_ALL_KEYS if stop is None else stop
        if not_newer_than_ms is None:
            statement = f"{_VERSIONS} AND key >= ? AND key < ? ORDER BY key, uploaded_at_ms DESC LIMIT ?"
            return self._versions(statement, *_place(bucket), start, end, limit)
        statement = f"{_VERSIONS} AND key = ? AND uploaded_at_ms <= ? ORDER BY uploaded_at_ms DESC LIMIT ?"
        found = self._versions(statement, *_place(bucket), start, not_newer_than_ms, limit)
        if len(found) < limit:
            found += self.scan_versions(bucket, start + b"\0", None, stop, limit - len(found))
        return found

    def scan_unfinished(
        self, bucket: Bucket, start: str, prefix: bytes, stop: bytes | None, limit: int
    ) -> list[FileVersion]:
        end = _AFTER_ALL_KEYS if stop is None else stop
        statement = f"{_VERSIONS} AND {_UNFINISHED} AND version_id >= ? AND key >= ? AND key < ? ORDER BY version_id"
        return self._versions(f"{statement} LIMIT ?", *_place(bucket), start, prefix, end, limit)

    def scan_unfinished_keys(
        self, bucket: Bucket, key: bytes, after: str, stop: bytes | None, limit: int
    ) -> list[FileVersion]:
        end = _AFTER_ALL_KEYS if stop is None else stop
        statement = f"{_VERSIONS} AND {_UNFINISHED} AND (key, version_id) > (?, ?) AND key < ? ORDER BY key, version_id"
        return self._versions(f"{statement} LIMIT ?", *_place(bucket), key, after, end, limit)

    def usage(self, account_id: str) -> list[BucketUsage]:
        self.settle()
        statement = "SELECT * FROM usage WHERE account_id = ? ORDER BY bucket_id"
        return [BucketUsage(*row) for row in self._execute(statement, (account_id,))]

    def insert_part(self, bucket_id: str, part: Part) -> None:
        self._execute(f"INSERT INTO parts ({PART_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", part_row(part))
        self._use(part.account_id, bucket_id, part.length, 0)

    def remove_part(self, bucket_id: str, part: Part) -> None:
        statement = "DELETE FROM parts WHERE account_id = ? AND version_id = ? AND part_number = ?"
        self._execute(statement, _part_identity(part))
        self._use(part.account_id, bucket_id, -part.length, 0)

    def place_part(self, part: Part, start: int) -> None:
        statement = "UPDATE parts SET start = ? WHERE account_id = ? AND version_id = ? AND part_number = ?"
        self._execute(statement, (start, *_part_identity(part)))

    def part(self, account_id: str, version_id: str, part_number: int) -> Part | None:
        row = self._first(f"{_PARTS} AND part_number = ?", account_id, version_id, part_number)
        return part_of(row) if row else None

    def parts(self, account_id: str, version_id: str, first_number: int, limit: int | None = None) -> list[Part]:
        count = _NO_LIMIT if limit is None else limit
        statement = f"{_PARTS} AND part_number >= ? ORDER BY part_number LIMIT ?"
        return [part_of(row) for row in self._execute(statement, (account_id, version_id, first_number, count))]

    def parts_within(self, account_id: str, version_id: str, start: int, stop: int) -> list[Part]:
        before = "SELECT MAX(start) FROM parts WHERE account_id = ? AND version_id = ? AND start <= ?"
        place = (account_id, version_id)
        statement = f"{_PARTS} AND start >= IFNULL(({before}), 0) AND start < ? AND start + length > ? ORDER BY start"
        return [part_of(row) for row in self._execute(statement, (*place, *place, start, stop, start))]

    def insert_blob(self, blob: Blob) -> None:
        row = (blob.account_id, blob.blob_id, blob.length, blob.sha256, blob.references)
        self._execute("INSERT INTO blobs VALUES (?, ?, ?, ?, ?)", row)

    def blob(self, account_id: str, blob_id: str) -> Blob | None:
        row = self._first("SELECT * FROM blobs WHERE blob_id = ? AND account_id = ?", blob_id, account_id)
        return Blob(*row) if row else None

    def refer(self, account_id: str, blob_id: str, change: int) -> int:
        statement = "DELETE FROM blobs WHERE blob_id = ? AND account_id = ? AND reference_count + ? <= 0"
        if self._execute(statement, (blob_id, account_id, change)).rowcount:
            return 0
        statement = "UPDATE blobs SET reference_count = reference_count + ? WHERE blob_id = ? AND account_id = ?"
        self._execute(statement, (change, blob_id, account_id))
        statement = "SELECT reference_count FROM blobs WHERE blob_id = ? AND account_id = ?"
        (references,) = self._one(statement, blob_id, account_id)
        return int(references)

    def unnamed_blobs(self, blob_ids: Sequence[str]) -> list[str]:
        statement = "SELECT 1 FROM blobs WHERE blob_id = ?"
        return [blob_id for blob_id in blob_ids if self._first(statement, blob_id) is None]

    def scan_blobs(self, after: str, limit: int) -> list[Blob]:
        rows = self._execute("SELECT * FROM blobs WHERE blob_id > ? ORDER BY blob_id LIMIT ?", (after, limit))
        return [Blob(*row) for row in rows]

    def insert_key(self, key: SealedKey) -> None:
        self._execute("INSERT INTO application_keys VALUES (?, ?, ?)", key_row(key))

    def key(self, account_id: str, key_id: str) -> SealedKey | None:
        row = self._first("SELECT * FROM application_keys WHERE account_id = ? AND key_id = ?", account_id, key_id)
        return key_of(row) if row else None

    def keys(self, account_id: str, start: str, limit: int) -> list[SealedKey]:
        statement = "SELECT * FROM application_keys WHERE account_id = ? AND key_id >= ? ORDER BY key_id LIMIT ?"
        return [key_of(row) for row in self._execute(statement, (account_id, start, limit))]

    def remove_key(self, key: SealedKey) -> None:
        place = (key.account_id, key.key_id)
        self._execute("DELETE FROM application_keys WHERE account_id = ? AND key_id = ?", place)

    def _changes(self, version: FileVersion) -> None:
        self.changed_places.add((version.bucket_id, version.key))

    def _use(self, account_id: str, bucket_id: str, stored_bytes: int, versions: int) -> None:
        place = (account_id, bucket_id)
        bytes_before, versions_before = self._unsettled.get(place, (0, 0))
        self._unsettled[place] = (bytes_before + stored_bytes, versions_before + versions)

    def _bucket(self, condition: str, value: str) -> Bucket | None:
        columns = "account_id, bucket_id, buckets.name, details"
        join = "bucket_names JOIN buckets USING (account_id, bucket_id)"
        row = self._first(f"SELECT {columns} FROM {join} WHERE bucket_names.{condition}", value)
        return bucket_of(row) if row else None

    def _versions(self, statement: str, *values: Any) -> list[FileVersion]:
        return [version_of(row) for row in self._execute(statement, values)]


def _place(bucket: Bucket) -> tuple[str, str]:
    return bucket.account_id, bucket.bucket_id


def _identity(version: FileVersion) -> tuple[str, str]:
    return version.account_id, version.version_id


def _part_identity(part: Part) -> tuple[str, str, int]:
    return part.account_id, part.version_id, part.part_number
