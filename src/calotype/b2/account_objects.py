"""Buckets and application keys in the shapes of the B2 API, as one caller may see them (b2.md §1.3, §1.5)."""

from __future__ import annotations

from collections.abc import Set

from msgspec import UNSET

from calotype.b2.bucket_settings import default_encryption_json, file_lock_json
from calotype.b2.cors_rules import cors_rules_json
from calotype.b2.json import BucketObject, KeyObject
from calotype.b2.lifecycle_rules import b2_can_tell, lifecycle_rule_json
from calotype.b2.objects import guarded
from calotype.b2.replication import replication_json
from calotype.store.model import ApplicationKey, Bucket

MULTI_BUCKET_VERSION = 4
"""The first version of the API with words for a key that is limited to several buckets."""


def bucket_object(bucket: Bucket, capabilities: Set[str]) -> BucketObject:
    settings = bucket.settings
    return BucketObject(
        account_id=bucket.account_id,
        bucket_id=bucket.bucket_id,
        bucket_name=bucket.name,
        bucket_type=bucket.type.value,
        bucket_info=dict(bucket.info),
        cors_rules=cors_rules_json(settings.cors_rules),
        lifecycle_rules=[lifecycle_rule_json(rule) for rule in settings.lifecycle_rules if b2_can_tell(rule)],
        options=["s3"],
        revision=bucket.revision,
        default_server_side_encryption=guarded("readBucketEncryption", capabilities, default_encryption_json(settings)),
        file_lock_configuration=guarded("readBucketRetentions", capabilities, file_lock_json(settings)),
        replication_configuration=guarded(
            "readBucketReplications", capabilities, replication_json(settings.replication)
        ),
    )


def key_object(key: ApplicationKey, version: int, *, with_secret: bool = False) -> KeyObject:
    """The key in the shape of the version: `bucketIds` from 4 on, `bucketId` before."""
    bucket_ids = sorted(key.bucket_ids) if key.bucket_ids is not None else None
    has_bucket_ids = version >= MULTI_BUCKET_VERSION
    return KeyObject(
        key_name=key.name,
        application_key_id=key.key_id,
        application_key=key.secret if with_secret else UNSET,
        capabilities=sorted(key.capabilities),
        account_id=key.account_id,
        expiration_timestamp=key.expires_at_ms,
        bucket_ids=bucket_ids if has_bucket_ids else UNSET,
        bucket_id=UNSET if has_bucket_ids else bucket_ids[0] if bucket_ids else None,
        name_prefix=key.name_prefix,
        options=["s3"],
    )


def can_be_told(key: ApplicationKey, version: int) -> bool:
    """Whether the version has words for the key: one for several buckets has none before 4."""
    return version >= MULTI_BUCKET_VERSION or key.bucket_ids is None or len(key.bucket_ids) == 1
