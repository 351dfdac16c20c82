"""The object lock of buckets: B2's file lock and default retention."""

from __future__ import annotations

from dataclasses import replace

from calotype.http.message import Response
from calotype.s3.call import Call
from calotype.s3.configuration.errors import InvalidBucketState, ObjectLockConfigurationNotFound
from calotype.s3.configuration.object_lock import (
    GetObjectLockConfiguration,
    PutObjectLockConfiguration,
    object_lock_document,
)
from calotype.s3.configuration.settings import allowed_bucket
from calotype.s3.responses import done, xml_response
from calotype.store.model import Bucket, Versioning


async def get_object_lock_configuration(call: Call, asked: GetObjectLockConfiguration) -> Response:
    bucket = await allowed_bucket(call, asked)
    if not bucket.settings.file_lock_enabled:
        raise ObjectLockConfigurationNotFound(BucketName=bucket.name)
    return xml_response(object_lock_document(bucket.settings.default_retention))


async def put_object_lock_configuration(call: Call, asked: PutObjectLockConfiguration) -> Response:
    """Switches the lock on where versions are kept already; it never goes off again."""
    bucket = await allowed_bucket(call, asked)

    def change(current: Bucket) -> Bucket:
        if current.versioning is not Versioning.ENABLED:
            raise InvalidBucketState("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration")
        settings = replace(current.settings, file_lock_enabled=True, default_retention=asked.default_retention)
        return replace(current, settings=settings)

    await call.store.change_bucket(bucket.bucket_id, change)
    return done()
