"""Which notification rules an event matches, and the rows that wait for its delivery (b2.md §1.10).

Announced in the transaction that makes the change: what is committed is told at least once, and nothing else is.
"""

from __future__ import annotations

from calotype.store.ids import made_at_ms
from calotype.store.metadata import Transaction
from calotype.store.model import Bucket, Event, EventType, FileVersion, NotificationRule

_WITH_LENGTH = frozenset((EventType.UPLOADED, EventType.MULTIPART_UPLOADED, EventType.COPIED))


def announce(
    transaction: Transaction, bucket: Bucket, type: EventType, version: FileVersion, now_ms: int | None = None
) -> None:
    """Add a row for each of the bucket's rules that asks to be told of this; most buckets have none.

    Without a time it is when the version got its id: now, for one that is just being made.
    """
    for rule in bucket.settings.notification_rules:
        if asks_for(rule, type, version.key):
            at_ms = made_at_ms(version.version_id) if now_ms is None else now_ms
            transaction.append_event(event_of(bucket, rule, type, version, at_ms or version.uploaded_at_ms))


def asks_for(rule: NotificationRule, type: EventType, key: bytes) -> bool:
    """Whether the rule is in force and names the type, itself or by its category, and the beginning of the key."""
    if not rule.is_enabled or rule.suspension_reason or not key.startswith(rule.prefix.encode()):
        return False
    category = type.value.rpartition(":")[0]
    return type.value in rule.event_types or f"{category}:*" in rule.event_types


def event_of(bucket: Bucket, rule: NotificationRule, type: EventType, version: FileVersion, now_ms: int) -> Event:
    """The row, due at once; its sequence is given when it is appended."""
    return Event(
        sequence=0,
        account_id=bucket.account_id,
        bucket_id=bucket.bucket_id,
        rule_name=rule.name,
        type=type,
        key=version.key,
        version_id=version.version_id,
        length=version.length if type in _WITH_LENGTH else None,
        at_ms=now_ms,
        next_attempt_ms=now_ms,
    )
