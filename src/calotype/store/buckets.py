"""What happens to buckets, as functions of a transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from calotype.store.accounts import existing_account
from calotype.store.errors import (
    BucketExists,
    BucketNotEmpty,
    FileLockConflict,
    MissingFileLock,
    RevisionConflict,
    TooManyBuckets,
)
from calotype.store.metadata import Transaction
from calotype.store.model import Bucket, Versioning
from calotype.store.versions import existing_bucket


def create_bucket(transaction: Transaction, bucket: Bucket, most: int | None) -> Bucket:
    """Add the bucket; its name must be free over the whole store, compared without case. An account may have `most`."""
    existing_account(transaction, bucket.account_id)
    other = transaction.bucket_by_name(bucket.name)
    if other is not None:
        raise BucketExists(bucket.name, other.account_id)
    if most is not None and len(transaction.buckets(bucket.account_id)) >= most:
        raise TooManyBuckets(most)
    made = with_versions_for_lock(bucket)
    transaction.insert_bucket(made)
    return made


def update_bucket(
    transaction: Transaction, bucket_id: str, if_revision_is: int | None, change: Callable[[Bucket], Bucket]
) -> Bucket:
    """Put in its place what `change` makes of the bucket, and count the revision up.

    Raises RevisionConflict, FileLockConflict, MissingFileLock.
    """
    bucket = existing_bucket(transaction, bucket_id)
    if if_revision_is is not None and if_revision_is != bucket.revision:
        raise RevisionConflict(if_revision_is, bucket.revision)
    updated = replace(change(bucket), revision=bucket.revision + 1)
    if bucket.settings.file_lock_enabled:
        _refuse_without_lock(updated)
    updated = with_versions_for_lock(updated)
    transaction.replace_bucket(updated)
    return updated


def delete_bucket(transaction: Transaction, bucket_id: str) -> Bucket:
    bucket = existing_bucket(transaction, bucket_id)
    if transaction.holds_versions(bucket):
        raise BucketNotEmpty(bucket.name)
    transaction.remove_bucket(bucket)
    return bucket


def with_versions_for_lock(bucket: Bucket) -> Bucket:
    """The bucket, keeping its versions when it has file lock: what is locked must not go by being replaced."""
    if not bucket.settings.file_lock_enabled:
        if bucket.settings.default_retention is not None:
            raise MissingFileLock(bucket.name)
        return bucket
    return replace(bucket, versioning=Versioning.ENABLED)


def _refuse_without_lock(updated: Bucket) -> None:
    if not updated.settings.file_lock_enabled:
        raise FileLockConflict(f"the file lock of the bucket {updated.name!r} cannot be switched off")
    if updated.versioning is not Versioning.ENABLED:
        raise FileLockConflict(f"the bucket {updated.name!r} has file lock, so its versions are kept")
