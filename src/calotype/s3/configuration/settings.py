"""What the calls on configurations share: the bucket that the caller may ask about, and a change to its settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from calotype.s3.bucket_operations import OnBucket
from calotype.s3.call import Call
from calotype.s3.configuration.on_configuration import PutsConfiguration
from calotype.store.model import Bucket, BucketSettings


async def allowed_bucket(call: Call, asked: OnBucket | PutsConfiguration) -> Bucket:
    """The bucket of an operation that the caller may do; raises NoSuchBucket, AccessDenied."""
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket)
    return bucket


async def change_settings(call: Call, bucket: Bucket, change: Callable[[BucketSettings], BucketSettings]) -> Bucket:
    """The bucket with what `change` makes of its settings; it runs in the transaction, maybe twice."""
    return await call.store.change_bucket(
        bucket.bucket_id, lambda current: replace(current, settings=change(current.settings))
    )


async def keep(call: Call, bucket: Bucket, name: str, value: Any) -> None:
    """Keep a JSON value for S3 alone to read back, in place of what was there; None keeps nothing."""
    await change_settings(call, bucket, lambda settings: keeping(settings, name, value))


def keeping(settings: BucketSettings, name: str, value: Any) -> BucketSettings:
    """The settings with that kept for S3 alone; None keeps nothing."""
    return replace(settings, more=with_kept(settings.more, name, value))


def with_kept(more: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    others = {other: kept for other, kept in more.items() if other != name}
    return others if value is None else {**others, name: value}
