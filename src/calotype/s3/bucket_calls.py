"""The operations on the service and on buckets, done on the store."""

from __future__ import annotations

import base64
import binascii

from calotype.http.message import Headers, Response
from calotype.s3 import names, xml
from calotype.s3.bucket_operations import (
    MAX_KEYS,
    CreateBucket,
    DeleteBucket,
    GetBucketLocation,
    GetBucketVersioning,
    HeadBucket,
    ListBuckets,
    ListObjects,
    ListObjectsV2,
)
from calotype.s3.call import Call
from calotype.s3.errors import (
    BucketAlreadyExists,
    BucketAlreadyOwnedByYou,
    IllegalLocationConstraint,
    InvalidArgument,
)
from calotype.s3.operation import CannedAcl
from calotype.s3.results import (
    XML_TYPE,
    BucketList,
    BucketSummary,
    ObjectList,
    ObjectSummary,
    Owner,
    listing_v1_document,
    listing_v2_document,
)
from calotype.store import errors as store_errors
from calotype.store.model import Bucket, BucketType, FileVersion, ListingPage, Versioning

# In this region S3 answers 200 to the creation of a bucket that one has already, everywhere else 409.
FIRST_REGION = "us-east-1"


def xml_response(content: bytes) -> Response:
    return Response(200, Headers((("content-type", XML_TYPE),)), content)


async def owner_of(call: Call, account_id: str) -> Owner:
    accounts = {account.account_id: account for account in await call.store.accounts()}
    account = accounts[account_id]
    return Owner(account.canonical_user_id, account.name)


async def list_buckets(call: Call, asked: ListBuckets) -> Response:
    call.allow_on_account("listBuckets" if may_see_all_names(call) else "listAllBucketNames")
    account_id = call.principal.account_id
    buckets = tuple(
        BucketSummary(bucket.name, bucket.created_at_ms)
        for bucket in await call.store.list_buckets(account_id)
        if bucket.name.startswith(asked.prefix)
    )
    return xml_response(BucketList(await owner_of(call, account_id), buckets).to_xml())


def may_see_all_names(call: Call) -> bool:
    """A key for any bucket sees them with listBuckets; one for some buckets needs listAllBucketNames (b2.md §8.8)."""
    return call.principal.bucket_ids is None and "listBuckets" in call.principal.capabilities


async def create_bucket(call: Call, asked: CreateBucket) -> Response:
    call.allow_on_account("writeBuckets")
    names.check_new_bucket_name(asked.bucket)
    if asked.location not in (None, call.settings.region):
        raise IllegalLocationConstraint(
            f"The {asked.location} location constraint is not this server's region, {call.settings.region}."
        )
    try:
        bucket = await call.store.create_bucket(
            call.principal.account_id,
            asked.bucket,
            type=BucketType.PUBLIC if asked.acl is CannedAcl.PUBLIC_READ else BucketType.PRIVATE,
            versioning=Versioning.UNVERSIONED,
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
    call.allow(asked.capability, bucket)
    return Response(200, Headers((("x-amz-bucket-region", call.settings.region),)))


async def delete_bucket(call: Call, asked: DeleteBucket) -> Response:
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.capability, bucket)
    await call.store.delete_bucket(bucket.bucket_id)
    return Response(204)


async def get_bucket_location(call: Call, asked: GetBucketLocation) -> Response:
    """The element is empty for us-east-1, as clients know it from S3."""
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.capability, bucket)
    region = call.settings.region
    inner = "" if region == FIRST_REGION else xml.escape(region)
    return xml_response(
        f'{xml.DECLARATION}<LocationConstraint xmlns="{xml.NAMESPACE}">{inner}</LocationConstraint>'.encode()
    )


async def get_bucket_versioning(call: Call, asked: GetBucketVersioning) -> Response:
    """The state; a bucket that never kept versions has none."""
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.capability, bucket)
    state: list[xml.Node] = []
    if bucket.versioning is not Versioning.UNVERSIONED:
        state.append(("Status", bucket.versioning.value))
    return xml_response(xml.document("VersioningConfiguration", *state))


async def list_objects(call: Call, asked: ListObjects) -> Response:
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.capability, bucket, asked.prefix)
    max_keys = min(asked.max_keys, MAX_KEYS)
    start = place_after(asked.marker, asked.prefix, asked.delimiter)
    page = await page_of(call, bucket, asked.prefix, asked.delimiter, start, max_keys)
    return xml_response(listing_v1_document(asked, page, max_keys, await owner_of(call, bucket.account_id)))


async def list_objects_v2(call: Call, asked: ListObjectsV2) -> Response:
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.capability, bucket, asked.prefix)
    max_keys = min(asked.max_keys, MAX_KEYS)
    if asked.continuation_token is not None:
        start: bytes | None = place_of_token(asked.continuation_token)
    else:
        start = place_after(asked.start_after, asked.prefix, asked.delimiter)
    page = await page_of(call, bucket, asked.prefix, asked.delimiter, start, max_keys)
    owner = await owner_of(call, bucket.account_id) if asked.fetch_owner else None
    return xml_response(listing_v2_document(asked, page, max_keys, owner))


async def page_of(
    call: Call, bucket: Bucket, prefix: bytes, delimiter: bytes, start: bytes | None, max_keys: int
) -> ObjectList:
    """A page from `start` on, which None puts behind every key."""
    if start is None:
        return ObjectList()
    page = await call.store.list_names(
        bucket.bucket_id, prefix=prefix, delimiter=delimiter, start=start, limit=max_keys
    )
    return object_list(page)


def object_list(page: ListingPage) -> ObjectList:
    return ObjectList(
        tuple(summary_of(version) for version in page.versions),
        page.common_prefixes,
        token_of_place(page.next_key) if page.next_key is not None else None,
    )


def summary_of(version: FileVersion) -> ObjectSummary:
    return ObjectSummary(
        version.key,
        version.length,
        version.etag,
        version.uploaded_at_ms,
        version.attributes.get("storage_class", "STANDARD"),
    )


def place_after(marker: bytes, prefix: bytes, delimiter: bytes) -> bytes | None:
    """Where a listing goes on after `marker`: past the whole common prefix that it lies in (s3.md §2)."""
    if not marker:
        return b""
    if delimiter and marker.startswith(prefix):
        before, found, _ = marker[len(prefix) :].partition(delimiter)
        if found:
            return successor(prefix + before + delimiter)
    return marker + b"\0"


def successor(prefix: bytes) -> bytes | None:
    """The least key greater than all that begin with `prefix`; None when there is none."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes((trimmed[-1] + 1,)) if trimmed else None


def token_of_place(key: bytes) -> str:
    """A continuation token: opaque to clients, the key of the next page's start to us."""
    return base64.urlsafe_b64encode(b"1" + key).decode()


def place_of_token(token: str) -> bytes:
    try:
        raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as exc:
        raise invalid_token(token) from exc
    if not raw.startswith(b"1"):
        raise invalid_token(token)
    return raw[1:]


def invalid_token(token: str) -> InvalidArgument:
    return InvalidArgument.of("continuation-token", token, "The continuation token provided is incorrect")
