"""The operations that list, done on the store: buckets, and objects in the two versions of the call."""

from __future__ import annotations

from calotype.http.message import Response
from calotype.s3.access.named_grantees import owner_named
from calotype.s3.access.ownership import ownership_in
from calotype.s3.call import Call
from calotype.s3.listing.listing_documents import OwnerOf, listing_v1_document, listing_v2_document
from calotype.s3.listing.listing_operations import MAX_KEYS, ListBuckets, ListObjects, ListObjectsV2
from calotype.s3.listing.listing_places import place_after, place_of_token, token_of_place
from calotype.s3.responses import xml_response
from calotype.s3.results import BucketList, BucketSummary, Owner
from calotype.store.listed_object import ListedObject
from calotype.store.model import Bucket, PageOf


async def list_buckets(call: Call, asked: ListBuckets) -> Response:
    call.allow_on_account(asked.action, "listBuckets" if may_see_all_names(call) else None)
    account_id = call.principal.account_id
    start = place_of_token(asked.continuation_token) if asked.continuation_token else b""
    found = [
        bucket
        for bucket in await call.store.list_buckets(account_id)
        if bucket.name.startswith(asked.prefix) and bucket.name.encode() >= start
    ]
    if asked.bucket_region not in (None, call.settings.region):
        found = []  # every bucket is in this server's region
    page = found[: asked.max_buckets]
    following = found[len(page) :]
    result = BucketList(
        owner_named(account_id, call.store.accounts_directory),
        tuple(BucketSummary(bucket.name, bucket.created_at_ms) for bucket in page),
        next_place=token_of_place(following[0].name.encode()) if following else None,
        prefix=asked.prefix,
        region=call.settings.region if asked.is_narrowed else None,
    )
    return xml_response(result.to_xml())


def may_see_all_names(call: Call) -> bool:
    """A key for any bucket sees them with listBuckets; one for some buckets needs listAllBucketNames (b2.md §8.8)."""
    return call.principal.bucket_ids is None and "listBuckets" in call.principal.capabilities


async def list_objects(call: Call, asked: ListObjects) -> Response:
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket, asked.prefix)
    max_keys = min(asked.max_keys, MAX_KEYS)
    start = place_after(asked.marker, asked.prefix, asked.delimiter)
    page = await page_of(call, bucket, asked.prefix, asked.delimiter, start, max_keys)
    return xml_response(listing_v1_document(asked, page, max_keys, owners(call, bucket)))


async def list_objects_v2(call: Call, asked: ListObjectsV2) -> Response:
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket, asked.prefix)
    max_keys = min(asked.max_keys, MAX_KEYS)
    if asked.continuation_token:
        start: bytes | None = place_of_token(asked.continuation_token)
    else:
        start = place_after(asked.start_after, asked.prefix, asked.delimiter)
    page = await page_of(call, bucket, asked.prefix, asked.delimiter, start, max_keys)
    return xml_response(listing_v2_document(asked, page, max_keys, owners(call, bucket) if asked.fetch_owner else None))


async def page_of(
    call: Call, bucket: Bucket, prefix: bytes, delimiter: bytes, start: bytes | None, max_keys: int
) -> PageOf[ListedObject]:
    """A page from `start` on, which None puts behind every key."""
    if start is None:
        return PageOf((), (), None)
    return await call.store.list_objects(
        bucket.bucket_id, prefix=prefix, delimiter=delimiter, start=start, limit=max_keys
    )


def owners(call: Call, bucket: Bucket) -> OwnerOf:
    """Who owns an object, by the account among its attributes: the bucket's owner where none is there, or counts."""
    accounts = call.store.accounts_directory
    is_enforced = ownership_in(bucket.settings.more).ignores_acls

    def owner_of(account_id: str | None) -> Owner:
        return owner_named(bucket.account_id if account_id is None or is_enforced else account_id, accounts)

    return owner_of
