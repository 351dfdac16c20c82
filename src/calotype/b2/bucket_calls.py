"""b2_list_buckets, b2_create_bucket, b2_update_bucket, b2_delete_bucket (b2.md §1.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from calotype.b2 import names
from calotype.b2.account_objects import bucket_object
from calotype.b2.bucket_settings import (
    capabilities_to_create,
    capabilities_to_update,
    settings_of,
    updated_settings,
)
from calotype.b2.call import Call
from calotype.b2.errors import BadRequest, BucketNotEmpty, Conflict, DuplicateBucketName, TooManyBuckets
from calotype.b2.json import BucketList, BucketObject
from calotype.b2.operations import CreateBucket, DeleteBucket, ListBuckets, UpdateBucket
from calotype.store import errors as store_errors
from calotype.store.model import Bucket, BucketType, Versioning

ALL_TYPES = "all"
DEFAULT_TYPES = ("allPublic", "allPrivate", "snapshot")
TYPES = (*DEFAULT_TYPES, "restricted", "shared", ALL_TYPES)


async def list_buckets(call: Call, asked: ListBuckets) -> BucketList:
    """The buckets that match, by name; none is no error. A key limited to buckets must name one that it may see."""
    call.own_account(asked.account_id)
    call.allow("listBuckets", asked.bucket_id if asked.bucket_id else await id_of_name(call, asked.bucket_name))
    types = wanted_types(asked.bucket_types)
    found = [
        bucket
        for bucket in await call.store.list_buckets(call.account_id)
        if asked.bucket_id in (None, bucket.bucket_id)
        and (asked.bucket_name is None or asked.bucket_name.lower() == bucket.name.lower())
        and (ALL_TYPES in types or bucket.type.value in types)
    ]
    answer = BucketList([bucket_object(bucket, call.capabilities) for bucket in found])
    call.listed_buckets.remember(call.token, asked, answer)
    return answer


def wanted_types(asked: Sequence[str] | None) -> Sequence[str]:
    if asked is None:
        return DEFAULT_TYPES
    if not asked or (ALL_TYPES in asked and len(asked) > 1):
        raise BadRequest(f"Invalid bucketTypes: name one at least, and {ALL_TYPES!r} alone")
    if unknown := [each for each in asked if each not in TYPES]:
        raise BadRequest(f"Invalid bucketTypes: {unknown[0]!r} is none of {', '.join(TYPES)}")
    return asked


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
    for capability in ("writeBuckets", *capabilities_to_create(asked)):
        call.allow(capability)
    name = names.bucket_name(asked.bucket_name)
    try:
        bucket = await call.store.create_bucket(
            call.account_id,
            name,
            type=bucket_type(asked.bucket_type),
            versioning=Versioning.ENABLED,
            info=names.bucket_info(asked.bucket_info or {}),
            settings=settings_of(asked, call.now_ms),
            most=call.settings.most_buckets,
        )
    except store_errors.BucketExists as exc:
        raise DuplicateBucketName from exc
    except store_errors.TooManyBuckets as exc:
        raise TooManyBuckets(f"The account has {exc.most} buckets, as many as it may have") from exc
    call.bucket_name = bucket.name
    return bucket_object(bucket, call.capabilities)


async def update_bucket(call: Call, asked: UpdateBucket) -> BucketObject:
    """The bucket with what was given replaced whole, and what was not given left alone."""
    call.own_account(asked.account_id)
    for capability in ("writeBuckets", *capabilities_to_update(asked)):
        call.allow(capability, asked.bucket_id)
    bucket = await call.bucket(asked.bucket_id)
    try:
        updated = await call.store.change_bucket(
            bucket.bucket_id,
            lambda now: updated_bucket(now, asked, call.now_ms),
            if_revision_is=asked.if_revision_is,
        )
    except store_errors.RevisionConflict as exc:
        raise Conflict(f"ifRevisionIs is {exc.expected}, the bucket's revision is {exc.actual}") from exc
    return bucket_object(updated, call.capabilities)


def updated_bucket(bucket: Bucket, asked: UpdateBucket, now_ms: int) -> Bucket:
    """The bucket as the update leaves it; raises BadRequest, and what stands in the way of file lock."""
    return replace(
        bucket,
        type=bucket.type if asked.bucket_type is None else bucket_type(asked.bucket_type),
        info=bucket.info if asked.bucket_info is None else names.bucket_info(asked.bucket_info),
        settings=updated_settings(bucket.settings, asked, now_ms),
    )


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
