"""The operations on buckets, done on the store; those that list are in `listing_calls`."""

from __future__ import annotations

from contextlib import suppress

from calotype.http.message import Headers, Response
from calotype.s3 import names, xml
from calotype.s3.access.asked_acls import settings_of_new_bucket
from calotype.s3.bucket_operations import CreateBucket, DeleteBucket, GetBucketLocation, GetBucketVersioning, HeadBucket
from calotype.s3.call import Call
from calotype.s3.configuration.versioning import versioning_document
from calotype.s3.errors import BucketAlreadyExists, BucketAlreadyOwnedByYou, IllegalLocationConstraint
from calotype.s3.responses import gone, xml_response
from calotype.store import errors as store_errors
from calotype.store.model import Bucket, BucketSettings, Versioning
from calotype.store.store import Store

# In this region S3 answers 200 to the creation of a bucket that one has already, everywhere else 409.
FIRST_REGION = "us-east-1"
OTHER_NAMES = {"eu-west-1": "EU"}


async def create_bucket(call: Call, asked: CreateBucket) -> Response:
    call.allow_on_account(asked.action)
    names.check_new_bucket_name(asked.bucket)
    if asked.has_object_lock:
        call.allow_on_account("s3:PutBucketObjectLockConfiguration")
    if asked.location not in (None, call.settings.region, OTHER_NAMES.get(call.settings.region)):
        raise IllegalLocationConstraint(
            f"The {asked.location} location constraint is not this server's region, {call.settings.region}."
        )
    owner = call.principal.account_id
    more = settings_of_new_bucket(asked.acl, asked.ownership, owner, call.store.accounts_directory)
    settings = BucketSettings(file_lock_enabled=asked.has_object_lock, more=more)
    try:
        bucket = await call.store.create_bucket(
            owner, asked.bucket, versioning=Versioning.UNVERSIONED, settings=settings
        )
        call.bucket_owner, call.bucket_name = bucket.account_id, bucket.name
    except store_errors.BucketExists as exc:
        refuse_taken_name(call, exc)
    return Response(200, Headers((("location", f"/{asked.bucket}"),)))


def refuse_taken_name(call: Call, error: store_errors.BucketExists) -> None:
    """Returns where a bucket of one's own may be created again."""
    if error.owner_account_id != call.principal.account_id:
        raise BucketAlreadyExists(BucketName=error.name) from error
    if call.settings.region != FIRST_REGION:
        raise BucketAlreadyOwnedByYou(BucketName=error.name) from error


async def head_bucket(call: Call, asked: HeadBucket) -> Response:
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket)
    return Response(200, Headers((("x-amz-bucket-region", call.settings.region),)))


async def delete_bucket(call: Call, asked: DeleteBucket) -> Response:
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket)
    if not (await call.store.list_versions(bucket.bucket_id, limit=1, unfinished=False)).versions:
        await cancel_uploads(call.store, bucket)
    await call.store.delete_bucket(bucket.bucket_id)
    return gone()


async def cancel_uploads(store: Store, bucket: Bucket) -> None:
    """What is not finished goes with its bucket, as on S3; to the B2 API it still keeps the bucket from going."""
    following: str | None = ""
    while following is not None:
        uploads, following = await store.large_files.unfinished(bucket.bucket_id, start_version_id=following)
        for upload in uploads:
            with suppress(store_errors.NoSuchUpload):  # ended meanwhile
                await store.large_files.cancel(upload.version_id)


async def get_bucket_location(call: Call, asked: GetBucketLocation) -> Response:
    """The element is empty for us-east-1, as clients know it from S3."""
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket)
    region = call.settings.region
    inner = "" if region == FIRST_REGION else xml.escape(region)
    return xml_response(
        f'{xml.DECLARATION}<LocationConstraint xmlns="{xml.NAMESPACE}">{inner}</LocationConstraint>'.encode()
    )


async def get_bucket_versioning(call: Call, asked: GetBucketVersioning) -> Response:
    """The state; a bucket that never kept versions has none."""
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket)
    return xml_response(versioning_document(bucket.versioning))
