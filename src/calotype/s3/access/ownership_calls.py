"""A bucket's ownership controls, done on the store."""

from __future__ import annotations

from dataclasses import replace

from calotype.http.message import Response
from calotype.s3.access.errors import InvalidBucketAclWithObjectOwnership, OwnershipControlsNotFound
from calotype.s3.access.kept_acls import shown_bucket_acl
from calotype.s3.access.ownership import KEPT_AS, configured_ownership
from calotype.s3.access.ownership_operations import (
    DeleteBucketOwnershipControls,
    GetBucketOwnershipControls,
    PutBucketOwnershipControls,
    ownership_document,
)
from calotype.s3.call import Call
from calotype.s3.configuration.settings import allowed_bucket, keep, keeping
from calotype.s3.responses import done, gone, xml_response
from calotype.store.model import Bucket


async def get_bucket_ownership_controls(call: Call, asked: GetBucketOwnershipControls) -> Response:
    bucket = await allowed_bucket(call, asked)
    ownership = configured_ownership(bucket.settings.more)
    if ownership is None:
        raise OwnershipControlsNotFound(BucketName=bucket.name)
    return xml_response(ownership_document(ownership))


async def put_bucket_ownership_controls(call: Call, asked: PutBucketOwnershipControls) -> Response:
    bucket = await allowed_bucket(call, asked)

    def change(bucket: Bucket) -> Bucket:
        if asked.ownership.ignores_acls and not shown_bucket_acl(bucket).is_private:
            raise InvalidBucketAclWithObjectOwnership
        return replace(bucket, settings=keeping(bucket.settings, KEPT_AS, asked.ownership.value))

    await call.store.change_bucket(bucket.bucket_id, change)
    return done()


async def delete_bucket_ownership_controls(call: Call, asked: DeleteBucketOwnershipControls) -> Response:
    """Then ACLs count again, those included that were there before."""
    bucket = await allowed_bucket(call, asked)
    await keep(call, bucket, KEPT_AS, None)
    return gone()
