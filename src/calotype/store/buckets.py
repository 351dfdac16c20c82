"""What happens to buckets, as functions of a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from calotype.store.errors import BucketExists, BucketNotEmpty, RevisionConflict
from calotype.store.metadata import Transaction
from calotype.store.model import Bucket
from calotype.store.versions import existing_bucket


def create_bucket(transaction: Transaction, bucket: Bucket) -> Bucket:
    """Add the bucket; its name must be free over the whole store, compared without case."""
    other = transaction.bucket_by_name(bucket.name)
    if other is not None:
        raise BucketExists(bucket.name, other.account_id)
    transaction.insert_bucket(bucket)
    return bucket


def update_bucket(
    transaction: Transaction, bucket_id: str, if_revision_is: int | None, changes: Mapping[str, Any]
) -> Bucket:
    """Replace the named fields, and count the revision up."""
    bucket = existing_bucket(transaction, bucket_id)
    if if_revision_is is not None and if_revision_is != bucket.revision:
        raise RevisionConflict(if_revision_is, bucket.revision)
    updated = replace(bucket, **changes, revision=bucket.revision + 1)
    transaction.replace_bucket(updated)
    return updated


def delete_bucket(transaction: Transaction, bucket_id: str) -> Bucket:
    bucket = existing_bucket(transaction, bucket_id)
    if transaction.holds_versions(bucket):
        raise BucketNotEmpty(bucket.name)
    transaction.remove_bucket(bucket)
    return bucket
