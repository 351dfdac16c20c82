"""b2_list_buckets, b2_create_bucket, b2_update_bucket, b2_delete_bucket (b2.md §1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calotype.b2 import names
from calotype.b2.call import Call
from calotype.b2.errors import (
    BadRequest,
    BucketNotEmpty,
    Conflict,
    DuplicateBucketName,
    MissingFileLock,
    NotImplementedCall,
)
from calotype.b2.json import BucketList, BucketObject
from calotype.b2.objects import bucket_object
from calotype.b2.operations import CreateBucket, DeleteBucket, ListBuckets, UpdateBucket
from calotype.store import errors as store_errors
from calotype.store.model import Bucket, BucketType, Versioning

ALL_TYPES = "all"
DEFAULT_TYPES = ("allPublic", "allPrivate", "snapshot")


async def list_buckets(call: Call, asked: ListBuckets) -> BucketList:
    """The buckets that match, by name; none is no error. A key limited to buckets must name one that it may see."""
    call.own_account(asked.account_id)
    call.allow("listBuckets", asked.bucket_id if asked.bucket_id else await id_of_name(call, asked.bucket_name))
    types = asked.bucket_types or DEFAULT_TYPES
    found = [
        bucket
        for bucket in await call.store.list_buckets(call.account_id)
        if asked.bucket_id in (None, bucket.bucket_id)
        and (asked.bucket_name is None or asked.bucket_name.lower() == bucket.name.lower())
        and (ALL_TYPES in types or bucket.type.value in types)
    ]
    return BucketList([bucket_object(bucket, call.capabilities) for bucket in found])


async def id_of_name(call: Call, name: str | None) -> str | None:
    """The id of the own bucket of that name, or None."""
    if name is None:
        return None
    try:
        bucket = await call.store.bucket(name)
    except store_errors.NoSuchBucket:
        return None
    return bucket.bucket_id if bucket.account_id == call.account_id else None


async def create_bucket(call: Call, asked: CreateBucket) -> BucketObject:
    call.own_account(asked.account_id)
    call.allow("writeBuckets")
    refuse_unimplemented(asked)
    name = names.bucket_name(asked.bucket_name)
    info = names.bucket_info(asked.bucket_info or {})
    try:
        bucket = await call.store.create_bucket(
            call.account_id, name, type=bucket_type(asked.bucket_type), versioning=Versioning.ENABLED, info=info
        )
    except store_errors.BucketExists as exc:
        raise DuplicateBucketName from exc
    call.bucket_name = bucket.name
    return bucket_object(bucket, call.capabilities)


async def update_bucket(call: Call, asked: UpdateBucket) -> BucketObject:
    """The bucket with what was given replaced whole, and what was not given left alone."""
    call.own_account(asked.account_id)
    call.allow("writeBuckets", asked.bucket_id)
    refuse_unimplemented(asked)
    if not is_off(asked.default_retention):
        raise MissingFileLock
    changes: dict[str, Any] = {}
    if asked.bucket_type is not None:
        changes["type"] = bucket_type(asked.bucket_type)
    if asked.bucket_info is not None:
        changes["info"] = names.bucket_info(asked.bucket_info)
    bucket = await call.bucket(asked.bucket_id)
    return bucket_object(await changed(call, bucket, asked.if_revision_is, changes), call.capabilities)


async def changed(call: Call, bucket: Bucket, if_revision_is: int | None, changes: Mapping[str, Any]) -> Bucket:
    try:
        return await call.store.update_bucket(bucket.bucket_id, if_revision_is=if_revision_is, **changes)
    except store_errors.RevisionConflict as exc:
        raise Conflict(f"ifRevisionIs is {exc.expected}, the bucket's revision is {exc.actual}") from exc


async def delete_bucket(call: Call, asked: DeleteBucket) -> BucketObject:
    call.own_account(asked.account_id)
    call.allow("deleteBuckets", asked.bucket_id)
    bucket = await call.bucket(asked.bucket_id)
    try:
        return bucket_object(await call.store.delete_bucket(bucket.bucket_id), call.capabilities)
    except store_errors.BucketNotEmpty as exc:
        raise BucketNotEmpty from exc


def bucket_type(text: str) -> BucketType:
    try:
        return BucketType(text)
    except ValueError as exc:
        raise BadRequest(f"Invalid bucketType: {text!r} is neither allPublic nor allPrivate") from exc


def refuse_unimplemented(asked: CreateBucket | UpdateBucket) -> None:
    """Raises NotImplementedCall for a setting that we would keep but not follow; one that is empty or off is fine."""
    if asked.cors_rules:
        raise NotImplementedCall("corsRules")
    if asked.lifecycle_rules:
        raise NotImplementedCall("lifecycleRules")
    if asked.file_lock_enabled:
        raise NotImplementedCall("fileLockEnabled")
    if not is_off(asked.default_server_side_encryption):
        raise NotImplementedCall("defaultServerSideEncryption")
    if asked.replication_configuration and any(asked.replication_configuration.values()):
        raise NotImplementedCall("replicationConfiguration")


def is_off(setting: Mapping[str, Any] | None) -> bool:
    """Whether a setting with a mode says none: left out, null, or `none`."""
    return not setting or setting.get("mode") in (None, "none")
