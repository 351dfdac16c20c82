"""ListObjectVersions: every version and delete marker, newest first within a key (s3.md §2)."""

from __future__ import annotations

from dataclasses import dataclass

from calotype.http.message import Response
from calotype.s3 import xml
from calotype.s3.bucket_calls import owner_of, xml_response
from calotype.s3.call import Call
from calotype.s3.listing_calls import place_after
from calotype.s3.listing_operations import MAX_KEYS, ListObjectVersions
from calotype.s3.results import KeyForm, Owner, boolean, iso_milliseconds
from calotype.store.errors import NoSuchVersion
from calotype.store.model import Bucket, FileVersion, ListingPage


@dataclass(frozen=True, slots=True)
class VersionPage:
    """`rows` in order; a common prefix stands among them as bytes. `is_truncated` when more follow the last.

    `begins_inside` is the key whose newer versions the page leaves out.
    """

    rows: tuple[FileVersion | bytes, ...] = ()
    is_truncated: bool = False
    begins_inside: bytes | None = None


async def list_object_versions(call: Call, asked: ListObjectVersions) -> Response:
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket, asked.prefix)
    max_keys = min(asked.max_keys, MAX_KEYS)
    page = await page_of(call, bucket, asked, max_keys) if max_keys else VersionPage()
    return xml_response(versions_document(asked, page, max_keys, await owner_of(call, bucket.account_id)))


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
    begins_inside = None
    if rows and isinstance(rows[0], FileVersion) and rows[0].version_id == marker_id:
        begins_inside = rows[0].key
        rows = rows[1:]
    return VersionPage(tuple(rows[:max_keys]), len(rows) > max_keys or listing.next_key is not None, begins_inside)


async def stored_marker(call: Call, bucket: Bucket, asked: ListObjectVersions) -> str | None:
    """The store's own id of the marker, which `null` is not; None when it is gone.

    Who empties a bucket deletes each page before asking for the next: then the page begins with what the key has left.
    """
    if asked.version_id_marker is None:
        return None
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


def versions_document(asked: ListObjectVersions, page: VersionPage, max_keys: int, owner: Owner) -> bytes:
    form = KeyForm(asked.encode_url)
    nodes: list[xml.Node] = [
        ("Name", asked.bucket),
        ("Prefix", form.text(asked.prefix)),
        ("KeyMarker", form.text(asked.key_marker)),
        ("VersionIdMarker", asked.version_id_marker or ""),
        *form.optional("Delimiter", asked.delimiter),
        ("MaxKeys", str(max_keys)),
        *form.encoding_type(),
        ("IsTruncated", boolean(page.is_truncated)),
    ]
    if page.is_truncated and page.rows:
        nodes += next_markers(page.rows[-1], form)
    return xml.document("ListVersionsResult", *nodes, *entries(page, form, owner))


def next_markers(last: FileVersion | bytes, form: KeyForm) -> list[xml.Node]:
    if isinstance(last, bytes):
        return [("NextKeyMarker", form.text(last))]
    return [("NextKeyMarker", form.text(last.key)), ("NextVersionIdMarker", shown_id(last))]


def shown_id(version: FileVersion) -> str:
    return "null" if version.is_null else version.version_id


def entries(page: VersionPage, form: KeyForm, owner: Owner) -> list[xml.Node]:
    """The first row of each key is its latest version, unless the page begins in the middle of that key."""
    nodes: list[xml.Node] = []
    previous = page.begins_inside
    for row in page.rows:
        if isinstance(row, bytes):
            nodes.append(("CommonPrefixes", [("Prefix", form.text(row))]))
        else:
            nodes.append(entry(row, row.key != previous, form, owner))
            previous = row.key
    return nodes


def entry(version: FileVersion, is_latest: bool, form: KeyForm, owner: Owner) -> xml.Node:
    nodes: list[xml.Node] = [
        ("Key", form.text(version.key)),
        ("VersionId", shown_id(version)),
        ("IsLatest", boolean(is_latest)),
        ("LastModified", iso_milliseconds(version.uploaded_at_ms)),
    ]
    if not version.is_visible:
        return ("DeleteMarker", [*nodes, owner.to_node()])
    content: list[xml.Node] = [
        ("ETag", f'"{version.etag}"'),
        ("Size", str(version.length)),
        ("StorageClass", version.attributes.get("storage_class", "STANDARD")),
    ]
    return ("Version", [*nodes, *content, owner.to_node()])
