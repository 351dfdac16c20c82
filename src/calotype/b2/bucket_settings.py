"""How a bucket behaves: the JSON of b2_create_bucket and b2_update_bucket as `BucketSettings`, and back (b2.md §1.3).

Each setting is replaced whole when it is given and left alone when it is not. Some need a capability of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from msgspec import Struct

from calotype.b2.cors_rules import cors_rules_of
from calotype.b2.errors import BadRequest, FileLockConflict, MissingFileLock, SourceReplicationConflict
from calotype.b2.lifecycle_rules import lifecycle_rules, with_told
from calotype.b2.nested import converted
from calotype.b2.operations import CreateBucket, UpdateBucket
from calotype.b2.replication import is_source, replication_of
from calotype.store.model import BucketSettings, DefaultRetention, EncryptionScheme, LockMode

ALGORITHM = "AES256"
NO_MODES = (None, "none")

LONGEST_PERIOD = {"days": 36_500, "years": 100}
"""As S3 bounds the same setting of the same bucket (PutObjectLockConfiguration)."""

Json = dict[str, Any]


class EncryptionShape(Struct, frozen=True, kw_only=True, rename="camel"):
    mode: str | None = None
    algorithm: str | None = None


class PeriodShape(Struct, frozen=True, kw_only=True, rename="camel"):
    duration: int
    unit: str


class RetentionShape(Struct, frozen=True, kw_only=True, rename="camel"):
    mode: str | None = None
    period: PeriodShape | None = None


def capabilities_to_create(asked: CreateBucket) -> Iterator[str]:
    """What a key must hold beside writeBuckets: something for each setting that is more than off."""
    if asked.file_lock_enabled:
        yield "writeBucketRetentions"
    if not is_off(asked.default_server_side_encryption):
        yield "writeBucketEncryption"
    if asked.replication_configuration and any(asked.replication_configuration.values()):
        yield "writeBucketReplications"


def capabilities_to_update(asked: UpdateBucket) -> Iterator[str]:
    """What a key must hold beside writeBuckets: something for each setting that is named, were it to switch it off."""
    if asked.file_lock_enabled is not None or asked.default_retention is not None:
        yield "writeBucketRetentions"
    if asked.default_server_side_encryption is not None:
        yield "writeBucketEncryption"
    if asked.replication_configuration is not None:
        yield "writeBucketReplications"


def settings_of(asked: CreateBucket, now_ms: int) -> BucketSettings:
    """The settings of a new bucket; raises BadRequest."""
    return BucketSettings(
        cors_rules=cors_rules_of(asked.cors_rules or ()),
        lifecycle_rules=lifecycle_rules(asked.lifecycle_rules or ()),
        file_lock_enabled=bool(asked.file_lock_enabled),
        default_encryption=default_encryption_of(asked.default_server_side_encryption or {}),
        replication=replication_of(asked.replication_configuration or {}, None, now_ms),
    )


def updated_settings(settings: BucketSettings, asked: UpdateBucket, now_ms: int) -> BucketSettings:
    """The settings after the update; raises BadRequest, and what stands in the way of file lock."""
    changes: dict[str, Any] = {}
    if asked.cors_rules is not None:
        changes["cors_rules"] = cors_rules_of(asked.cors_rules)
    if asked.lifecycle_rules is not None:
        changes["lifecycle_rules"] = with_told(settings.lifecycle_rules, lifecycle_rules(asked.lifecycle_rules))
    if asked.file_lock_enabled is not None:
        changes["file_lock_enabled"] = file_lock_after(settings, asked.file_lock_enabled)
    if asked.default_retention is not None:
        changes["default_retention"] = default_retention_of(asked.default_retention)
    if asked.default_server_side_encryption is not None:
        changes["default_encryption"] = default_encryption_of(asked.default_server_side_encryption)
        if changes["default_encryption"] is None:
            changes["default_key_name"] = ""  # S3's; to B2 it is SSE-B2 as well
    if asked.replication_configuration is not None:
        changes["replication"] = replication_of(asked.replication_configuration, settings.replication, now_ms)
    updated = replace(settings, **changes)
    if updated.default_retention is not None and not updated.file_lock_enabled:
        raise MissingFileLock
    return updated


def file_lock_after(settings: BucketSettings, enabled: bool) -> bool:
    """Whether file lock is on afterwards: it never goes off, and comes on only where nothing is replicated from."""
    if settings.file_lock_enabled and not enabled:
        raise FileLockConflict
    if enabled and not settings.file_lock_enabled and is_source(settings.replication):
        raise SourceReplicationConflict
    return enabled


def default_encryption_of(asked: Mapping[str, Any]) -> EncryptionScheme | None:
    """The scheme for uploads that state none, or None for in clear."""
    shape = converted(asked, EncryptionShape, "defaultServerSideEncryption")
    if shape.mode in NO_MODES:
        return None
    if (shape.mode, shape.algorithm) != (EncryptionScheme.SERVER_KEY, ALGORITHM):
        raise BadRequest(
            f"Invalid defaultServerSideEncryption: the mode is none or {EncryptionScheme.SERVER_KEY} "
            f"with the algorithm {ALGORITHM}, not {shape.mode!r} with {shape.algorithm!r}"
        )
    return EncryptionScheme.SERVER_KEY


def default_retention_of(asked: Mapping[str, Any]) -> DefaultRetention | None:
    """The retention for uploads that state none, or None for none."""
    shape = converted(asked, RetentionShape, "defaultRetention")
    if shape.mode in NO_MODES:
        return None
    if shape.mode not in list(LockMode):
        raise BadRequest(f"Invalid defaultRetention: the mode is governance, compliance or none, not {shape.mode!r}")
    if shape.period is None:
        raise BadRequest(f"Invalid defaultRetention: {shape.mode} needs a period")
    longest = LONGEST_PERIOD.get(shape.period.unit)
    if longest is None:
        raise BadRequest(f"Invalid defaultRetention: the unit is days or years, not {shape.period.unit!r}")
    if not 0 < shape.period.duration <= longest:
        raise BadRequest(
            f"Invalid defaultRetention: the duration is 1 to {longest} {shape.period.unit}, not {shape.period.duration}"
        )
    return DefaultRetention(LockMode(shape.mode), shape.period.duration, shape.period.unit)


def default_encryption_json(settings: BucketSettings) -> Json:
    if settings.default_encryption is None:
        return {"mode": None, "algorithm": None}
    return {"mode": settings.default_encryption.value, "algorithm": ALGORITHM}


def file_lock_json(settings: BucketSettings) -> Json:
    """The lock and the default retention, nulls where there is none."""
    retention = settings.default_retention
    period = None if retention is None else {"duration": retention.duration, "unit": retention.unit}
    return {
        "isFileLockEnabled": settings.file_lock_enabled,
        "defaultRetention": {"mode": None if retention is None else retention.mode.value, "period": period},
    }


def is_off(setting: Mapping[str, Any] | None) -> bool:
    """Whether a setting with a mode says none: left out, null, or `none`."""
    return not setting or setting.get("mode") in NO_MODES
