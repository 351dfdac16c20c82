"""What changes the lock of a version, as functions of a transaction; what is allowed is decided in `object_lock`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from calotype.store import object_lock
from calotype.store.errors import NoSuchVersion
from calotype.store.metadata import Transaction
from calotype.store.model import Action, Bucket, FileVersion, Retention
from calotype.store.versions import Change, existing_bucket, find_version


@dataclass(frozen=True, slots=True)
class RetentionChange:
    """What is asked for, None being no retention, and when."""

    retention: Retention | None
    bypass_governance: bool
    now_ms: int


def change_retention(
    transaction: Transaction, bucket_id: str, key: bytes, version_id: str, asked: RetentionChange
) -> Change:
    """Give the version another retention.

    Raises NoSuchVersion, MissingFileLock, RetainUntilInPast, RetentionRefused.
    """
    bucket = existing_bucket(transaction, bucket_id)
    object_lock.check_retention(bucket, asked.retention, asked.now_ms)
    version = _lockable_version(transaction, bucket, key, version_id)
    active = object_lock.active_retention(version, asked.now_ms)
    refusal = object_lock.retention_change_refusal(active, asked.retention, bypass_governance=asked.bypass_governance)
    if refusal is not None:
        raise refusal
    return _replaced(transaction, replace(version, retention=asked.retention))


def change_legal_hold(transaction: Transaction, bucket_id: str, key: bytes, version_id: str, is_on: bool) -> Change:
    """Put the version under legal hold, or take it off; raises NoSuchVersion, MissingFileLock."""
    bucket = existing_bucket(transaction, bucket_id)
    object_lock.require_file_lock(bucket)
    version = _lockable_version(transaction, bucket, key, version_id)
    return _replaced(transaction, replace(version, legal_hold=is_on))


def _lockable_version(transaction: Transaction, bucket: Bucket, key: bytes, version_id: str) -> FileVersion:
    """An upload, finished or not: a hide marker takes no lock, so it is not found."""
    version = find_version(transaction, bucket, key, version_id)
    if version.action is Action.HIDE:
        raise NoSuchVersion(version_id)
    return version


def _replaced(transaction: Transaction, version: FileVersion) -> Change:
    transaction.replace_version(version)
    return Change(version)
