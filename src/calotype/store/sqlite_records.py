"""What `Transaction` writes down beside accounts, buckets and their content: outbox, events, alerts, ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from calotype.store.ledger import Alert, LedgerRow
from calotype.store.model import Event, EventType, OutboxRow

_EVENT_COLUMNS = "account_id, bucket_id, rule_name, type, key, version_id, length, at_ms, attempts, next_attempt_ms"


class SqliteRecords:
    """That part of a transaction over SQLite, with the two ways to read one row."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self._execute_many = connection.executemany

    def append_outbox(self, account_id: str, bucket_name: str, key: bytes) -> int:
        statement = "INSERT INTO outbox (account_id, bucket_name, key) VALUES (?, ?, ?)"
        sequence = self._execute(statement, (account_id, bucket_name, key)).lastrowid
        return int(sequence or 0)

    def outbox(self, after: int, limit: int) -> list[OutboxRow]:
        statement = "SELECT sequence, account_id, bucket_name, key FROM outbox WHERE sequence > ? ORDER BY 1 LIMIT ?"
        return [OutboxRow(*row) for row in self._execute(statement, (after, limit))]

    def forget_outbox(self, up_to: int) -> None:
        self._execute("DELETE FROM outbox WHERE sequence <= ?", (up_to,))

    def append_event(self, event: Event) -> int:
        statement = f"INSERT INTO events ({_EVENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        return int(self._execute(statement, _event_values(event)).lastrowid or 0)

    def rules_with_events(self) -> list[tuple[str, str]]:
        statement = (
            "SELECT bucket_id, rule_name FROM events WHERE (bucket_id, rule_name) > (?, ?)"
            " ORDER BY bucket_id, rule_name LIMIT 1"
        )
        rules: list[tuple[str, str]] = []
        while row := self._first(statement, *(rules[-1] if rules else ("", ""))):
            rules.append((row[0], row[1]))
        return rules

    def events(self, bucket_id: str, rule_name: str, due_ms: int, limit: int) -> list[Event]:
        of_rule = "bucket_id = ? AND rule_name = ? AND next_attempt_ms <= ?"
        order = "ORDER BY next_attempt_ms, sequence LIMIT ?"
        statement = f"SELECT sequence, {_EVENT_COLUMNS} FROM events WHERE {of_rule} {order}"
        return [_event_of(row) for row in self._execute(statement, (bucket_id, rule_name, due_ms, limit))]

    def replace_event(self, event: Event) -> None:
        statement = "UPDATE events SET attempts = ?, next_attempt_ms = ? WHERE sequence = ?"
        self._execute(statement, (event.attempts, event.next_attempt_ms, event.sequence))

    def remove_events(self, sequences: Sequence[int]) -> None:
        self._execute_many("DELETE FROM events WHERE sequence = ?", [(sequence,) for sequence in sequences])

    def insert_alert(self, alert: Alert) -> bool:
        values = (alert.account_id, alert.day, alert.cap, alert.percent, alert.at_ms)
        return bool(self._execute("INSERT OR IGNORE INTO alerts VALUES (?, ?, ?, ?, ?)", values).rowcount)

    def alerts(self, account_id: str, since_day: str) -> list[Alert]:
        statement = "SELECT * FROM alerts WHERE account_id = ? AND day >= ? ORDER BY at_ms, cap, percent"
        return [Alert(*row) for row in self._execute(statement, (account_id, since_day))]

    def add_to_ledger(self, rows: Sequence[LedgerRow]) -> None:
        self._execute_many(
            "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " count = count + excluded.count,"
            " bytes_in = bytes_in + excluded.bytes_in,"
            " bytes_out = bytes_out + excluded.bytes_out",
            [_ledger_values(row) for row in rows],
        )

    def ledger(self, day: str | None) -> list[LedgerRow]:
        columns = "account_id, bucket_name, day, operation, transaction_class, count, bytes_in, bytes_out"
        order = "ORDER BY day, account_id, bucket_name, operation, transaction_class"
        if day is None:
            return [LedgerRow(*row) for row in self._execute(f"SELECT {columns} FROM ledger {order}")]
        return [LedgerRow(*row) for row in self._execute(f"SELECT {columns} FROM ledger WHERE day = ? {order}", (day,))]

    def _first(self, statement: str, *values: Any) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._execute(statement, values).fetchone()
        return row

    def _one(self, statement: str, *values: Any) -> tuple[Any, ...]:
        row = self._first(statement, *values)
        if row is None:
            raise LookupError(statement)
        return row


def _event_values(event: Event) -> tuple[Any, ...]:
    """The values of _EVENT_COLUMNS."""
    place = (event.account_id, event.bucket_id, event.rule_name, event.type.value)
    about = (event.key, event.version_id, event.length, event.at_ms)
    return (*place, *about, event.attempts, event.next_attempt_ms)


def _event_of(row: tuple[Any, ...]) -> Event:
    sequence, account_id, bucket_id, rule_name, type_name, *rest = row
    return Event(sequence, account_id, bucket_id, rule_name, EventType(type_name), *rest)


def _ledger_values(row: LedgerRow) -> tuple[str, str, str, str, str, int, int, int]:
    place = (row.day, row.account_id, row.bucket_name, row.operation, row.transaction_class)
    return (*place, row.count, row.bytes_in, row.bytes_out)
