"""The lifecycle rules of buckets, in one list with B2's; the store follows them."""

from __future__ import annotations

from dataclasses import replace

from calotype.http.message import Headers, Response
from calotype.s3.call import Call
from calotype.s3.configuration.errors import NoSuchLifecycleConfiguration
from calotype.s3.configuration.lifecycle import (
    DEFAULT_LEAST_SIZE,
    LEAST_SIZE_HEADER,
    LEAST_SIZE_KEPT_AS,
    DeleteBucketLifecycle,
    GetBucketLifecycleConfiguration,
    PutBucketLifecycleConfiguration,
    shown,
    with_ids,
)
from calotype.s3.configuration.lifecycle_document import lifecycle_document
from calotype.s3.configuration.settings import allowed_bucket, change_settings, keeping
from calotype.s3.responses import gone, xml_response


async def get_bucket_lifecycle(call: Call, asked: GetBucketLifecycleConfiguration) -> Response:
    bucket = await allowed_bucket(call, asked)
    rules = shown(bucket.settings.lifecycle_rules)
    if not rules:
        raise NoSuchLifecycleConfiguration(BucketName=bucket.name)
    least_size = bucket.settings.more.get(LEAST_SIZE_KEPT_AS, DEFAULT_LEAST_SIZE)
    return xml_response(lifecycle_document(rules), [(LEAST_SIZE_HEADER, least_size)])


async def put_bucket_lifecycle(call: Call, asked: PutBucketLifecycleConfiguration) -> Response:
    """These rules in place of all that were there, B2's as well: S3 shows them all."""
    bucket = await allowed_bucket(call, asked)
    rules = with_ids(asked.rules)
    kept = None if asked.least_size == DEFAULT_LEAST_SIZE else asked.least_size
    await change_settings(
        call,
        bucket,
        lambda settings: replace(keeping(settings, LEAST_SIZE_KEPT_AS, kept), lifecycle_rules=rules),
    )
    return Response(200, Headers(((LEAST_SIZE_HEADER, asked.least_size),)))


async def delete_bucket_lifecycle(call: Call, asked: DeleteBucketLifecycle) -> Response:
    bucket = await allowed_bucket(call, asked)
    await change_settings(
        call,
        bucket,
        lambda settings: replace(keeping(settings, LEAST_SIZE_KEPT_AS, None), lifecycle_rules=()),
    )
    return gone()
