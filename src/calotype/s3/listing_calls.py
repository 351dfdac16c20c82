"""The operations that list, done on the store: buckets, and objects in the two versions of the call."""

from __future__ import annotations

import base64
import binascii

from calotype.http.message import Response
from calotype.s3.bucket_calls import owner_of, xml_response
from calotype.s3.call import Call
from calotype.s3.errors import InvalidArgument
from calotype.s3.listing_operations import MAX_KEYS, ListBuckets, ListObjects, ListObjectsV2
from calotype.s3.results import (
    BucketList,
    BucketSummary,
    ObjectList,
    ObjectSummary,
    listing_v1_document,
    listing_v2_document,
)
from calotype.store.model import Bucket, FileVersion, ListingPage


async def list_buckets(call: Call, asked: ListBuckets) -> Response:
    call.allow_on_account(asked.action, "listBuckets" if may_see_all_names(call) else None)
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


async def list_objects(call: Call, asked: ListObjects) -> Response:
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket, asked.prefix)
    max_keys = min(asked.max_keys, MAX_KEYS)
    start = place_after(asked.marker, asked.prefix, asked.delimiter)
    page = await page_of(call, bucket, asked.prefix, asked.delimiter, start, max_keys)
    return xml_response(listing_v1_document(asked, page, max_keys, await owner_of(call, bucket.account_id)))


async def list_objects_v2(call: Call, asked: ListObjectsV2) -> Response:
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket, asked.prefix)
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
