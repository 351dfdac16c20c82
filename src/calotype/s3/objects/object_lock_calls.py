"""Legal hold and retention of objects, done on the store, which the B2 API sees and changes as well."""

from __future__ import annotations

from calotype.http.message import Headers, Response
from calotype.s3.call import Call
from calotype.s3.errors import NoSuchObjectLockConfiguration
from calotype.s3.objects.object_lock import StatedLock, legal_hold_document, retention_document
from calotype.s3.objects.object_lock_operations import (
    GetObjectLegalHold,
    GetObjectRetention,
    PutObjectLegalHold,
    PutObjectRetention,
)
from calotype.s3.objects.object_versions import taggable_version, version_id_headers
from calotype.s3.responses import xml_response
from calotype.store.errors import RetentionRefused
from calotype.store.model import Bucket, FileVersion, LockMode, Retention
from calotype.store.object_lock import active_retention, require_file_lock

OnLock = GetObjectLegalHold | PutObjectLegalHold | GetObjectRetention | PutObjectRetention


def allow_lock(call: Call, bucket: Bucket, key: bytes, lock: StatedLock) -> None:
    """Returns when a new object may have this lock; asked before its body comes.

    Raises AccessDenied, and the store's MissingFileLock and RetainUntilInPast.
    """
    if lock.retention is not None:
        call.allow("s3:PutObjectRetention", bucket, key)
    if lock.legal_hold is not None:
        call.allow("s3:PutObjectLegalHold", bucket, key)
    call.store.check_lock(bucket, lock.retention, lock.legal_hold)


def tell_policy(call: Call, lock: StatedLock) -> None:
    """Let conditions ask for what a document says as they do for header fields."""
    call.condition_values.update({f"s3:{name.removeprefix('x-amz-')}": (value,) for name, value in lock.to_headers()})


def may_bypass_governance(call: Call, bucket: Bucket, key: bytes, *, asked: bool) -> bool:
    """Whether a governance retention gives way: the request says so, and its caller may."""
    return asked and call.denial("s3:BypassGovernanceRetention", bucket, key) is None


async def lockable_version(call: Call, asked: OnLock) -> tuple[Bucket, FileVersion]:
    bucket = await call.bucket(asked.bucket)
    version = await taggable_version(call, asked.action, bucket, asked.key, asked.version_id)
    require_file_lock(bucket)
    return bucket, version


async def get_object_legal_hold(call: Call, asked: GetObjectLegalHold) -> Response:
    _, version = await lockable_version(call, asked)
    if version.legal_hold is None:
        raise NoSuchObjectLockConfiguration
    return xml_response(legal_hold_document(version.legal_hold))


async def put_object_legal_hold(call: Call, asked: PutObjectLegalHold) -> Response:
    tell_policy(call, StatedLock(legal_hold=asked.is_on))
    bucket, version = await lockable_version(call, asked)
    changed = await call.store.update_legal_hold(bucket.bucket_id, asked.key, version.version_id, asked.is_on)
    return Response(200, Headers(version_id_headers(bucket, changed)))


async def get_object_retention(call: Call, asked: GetObjectRetention) -> Response:
    """The retention, also one that is over."""
    _, version = await lockable_version(call, asked)
    if version.retention is None:
        raise NoSuchObjectLockConfiguration
    return xml_response(retention_document(version.retention))


async def put_object_retention(call: Call, asked: PutObjectRetention) -> Response:
    tell_policy(call, StatedLock(asked.retention))
    bucket, version = await lockable_version(call, asked)
    bypasses = may_bypass_governance(call, bucket, asked.key, asked=asked.bypasses_governance)
    check_mode(active_retention(version, call.now_ms), asked.retention, bypasses=bypasses)
    changed = await call.store.update_retention(
        bucket.bucket_id, asked.key, version.version_id, asked.retention, bypass_governance=bypasses
    )
    return Response(200, Headers(version_id_headers(bucket, changed)))


def check_mode(active: Retention | None, wanted: Retention | None, *, bypasses: bool) -> None:
    """Returns when the mode may change: in S3 also governance becomes compliance only by who may bypass it."""
    if active is None or wanted is None or bypasses:
        return
    if active.mode is LockMode.GOVERNANCE and wanted.mode is not LockMode.GOVERNANCE:
        raise RetentionRefused("another mode than governance needs its bypass")
