"""ListObjectVersions: every version and delete marker, newest first within a key (s3.md §2)."""

from __future__ import annotations

from calotype.http.message import Response
from calotype.s3.call import Call
from calotype.s3.errors import InvalidArgument
from calotype.s3.listing.listing_calls import owners
from calotype.s3.listing.listing_documents import VersionPage, versions_document
from calotype.s3.listing.listing_operations import MAX_KEYS, ListObjectVersions
from calotype.s3.listing.listing_places import place_after
from calotype.s3.responses import xml_response
from calotype.store.errors import NoSuchVersion
from calotype.store.ids import bucket_of_version
from calotype.store.model import Bucket, FileVersion, ListingPage
from calotype.store.versions import NULL_VERSION_ID


async def list_object_versions(call: Call, asked: ListObjectVersions) -> Response:
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket, asked.prefix)
    max_keys = min(asked.max_keys, MAX_KEYS)
    page = await page_of(call, bucket, asked, max_keys) if max_keys else VersionPage()
    return xml_response(versions_document(asked, page, max_keys, owners(call, bucket)))


async def page_of(call: Call, bucket: Bucket, asked: ListObjectVersions, max_keys: int) -> VersionPage:
    """The page behind the markers. One row more is read: the marker's own, or one that says that more follow."""
    marker_id = await stored_marker(call, bucket, asked)
    if asked.version_id_marker is not None:
        start: bytes | None = asked.key_marker
    else:
        start = place_after(asked.key_marker, asked.prefix, asked.delimiter)
    if start is None:
        return VersionPage()
    listing = await call.store.list_versions(
        bucket.bucket_id,
        prefix=asked.prefix,
        delimiter=asked.delimiter,
        start_key=start,
        start_version_id=marker_id,
        limit=max_keys + 1,
        unfinished=False,
    )
    rows = rows_of(listing)
    if rows and isinstance(rows[0], FileVersion) and rows[0].version_id == marker_id:
        rows = rows[1:]
    return VersionPage(tuple(rows[:max_keys]), len(rows) > max_keys or listing.next_key is not None)


async def stored_marker(call: Call, bucket: Bucket, asked: ListObjectVersions) -> str | None:
    """The store's own id of the marker, which `null` is not; None when it is gone.

    Who empties a bucket deletes each page before asking for the next: then the page begins with what the key has left.
    """
    if asked.version_id_marker is None:
        return None
    if asked.version_id_marker != NULL_VERSION_ID and bucket_of_version(asked.version_id_marker) is None:
        raise InvalidArgument.of("version-id-marker", asked.version_id_marker, "Invalid version id specified")
    try:
        version = await call.store.version_of_key(bucket.bucket_id, asked.key_marker, asked.version_id_marker)
    except NoSuchVersion:
        return None
    return version.version_id


def rows_of(listing: ListingPage) -> list[FileVersion | bytes]:
    """Versions and common prefixes in one sequence by key."""
    rows: list[tuple[bytes, FileVersion | bytes]] = [(version.key, version) for version in listing.versions]
    rows += [(prefix, prefix) for prefix in listing.common_prefixes]
    return [row for _, row in sorted(rows, key=lambda named: named[0])]
