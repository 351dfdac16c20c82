"""The logging configuration of buckets, kept for S3 alone to read back."""

from __future__ import annotations

from calotype.http.message import Response
from calotype.s3.call import Call
from calotype.s3.configuration.errors import InvalidTargetBucketForLogging
from calotype.s3.configuration.settings import allowed_bucket, keep
from calotype.s3.responses import done, xml_response
from calotype.store.errors import NoSuchBucket
from calotype.store.model import Bucket

from calotype.s3.configuration.logging import (
    KEPT_AS,
    GetBucketLogging,
    LoggingTarget,
    PutBucketLogging,
    logging_document,
)


async def get_bucket_logging(call: Call, asked: GetBucketLogging) -> Response:
    bucket = await allowed_bucket(call, asked)
    kept = bucket.settings.more.get(KEPT_AS)
    return xml_response(logging_document(None if kept is None else LoggingTarget.of_kept(kept)))


async def put_bucket_logging(call: Call, asked: PutBucketLogging) -> Response:
    bucket = await allowed_bucket(call, asked)
    if asked.target is not None:
        await check_target(call, bucket, asked.target.bucket)
    await keep(call, bucket, KEPT_AS, None if asked.target is None else asked.target.kept())
    return done()


async def check_target(call: Call, bucket: Bucket, name: str) -> None:
    """Returns for a bucket of the same owner; raises InvalidTargetBucketForLogging."""
    try:
        target = await call.store.bucket(name)
    except NoSuchBucket as exc:
        raise InvalidTargetBucketForLogging("The target bucket for logging does not exist", TargetBucket=name) from exc
    if target.account_id != bucket.account_id:
        raise InvalidTargetBucketForLogging(
            "The owner for the bucket to be logged and the target bucket must be the same.", TargetBucket=name
        )
