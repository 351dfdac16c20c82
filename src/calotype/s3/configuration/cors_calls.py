"""The CORS rules of buckets, in one list with B2's; what they allow is decided in `http.cors`."""

from __future__ import annotations

from dataclasses import replace

from calotype.http.message import Response
from calotype.s3.call import Call
from calotype.s3.configuration.cors import (
    DeleteBucketCors,
    GetBucketCors,
    PutBucketCors,
    cors_document,
    shown,
    with_shown,
)
from calotype.s3.configuration.errors import NoSuchCORSConfiguration
from calotype.s3.configuration.settings import allowed_bucket, change_settings
from calotype.s3.responses import done, gone, xml_response
from calotype.store.model import Bucket, CorsRule


async def get_bucket_cors(call: Call, asked: GetBucketCors) -> Response:
    bucket = await allowed_bucket(call, asked)
    rules = shown(bucket.settings.cors_rules)
    if not rules:
        raise NoSuchCORSConfiguration(BucketName=bucket.name)
    return xml_response(cors_document(rules))


async def put_bucket_cors(call: Call, asked: PutBucketCors) -> Response:
    bucket = await allowed_bucket(call, asked)
    await show(call, bucket, asked.rules)
    return done()


async def delete_bucket_cors(call: Call, asked: DeleteBucketCors) -> Response:
    bucket = await allowed_bucket(call, asked)
    await show(call, bucket, ())
    return gone()


async def show(call: Call, bucket: Bucket, rules: tuple[CorsRule, ...]) -> None:
    """Put the rules in place of those that S3 shows; what allows operations of B2 stays."""
    await change_settings(
        call, bucket, lambda settings: replace(settings, cors_rules=with_shown(settings.cors_rules, rules))
    )
