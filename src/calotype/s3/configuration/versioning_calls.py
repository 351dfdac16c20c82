"""PutBucketVersioning on the store."""

from __future__ import annotations

from dataclasses import replace

from calotype.http.message import Response
from calotype.s3.call import Call
from calotype.s3.configuration.errors import InvalidBucketState
from calotype.s3.configuration.settings import allowed_bucket
from calotype.s3.configuration.versioning import PutBucketVersioning
from calotype.s3.responses import done
from calotype.store.model import Bucket, Versioning


async def put_bucket_versioning(call: Call, asked: PutBucketVersioning) -> Response:
    """What was there before versions were kept is from now on the version `null` of its key."""
    bucket = await allowed_bucket(call, asked)

    def change(current: Bucket) -> Bucket:
        if current.settings.file_lock_enabled and asked.status is not Versioning.ENABLED:
            raise InvalidBucketState(
                "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
            )
        return replace(current, versioning=asked.status)

    await call.store.change_bucket(bucket.bucket_id, change)
    return done()
