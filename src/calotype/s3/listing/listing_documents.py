"""The pages of ListObjects, ListObjectsV2 and ListObjectVersions as XML.

A page has up to a thousand rows, and whoever reads a bucket through waits while they are written. So each row is one
template filled in, and what many rows have in common (storage class, kind of checksum, owner) is made once a page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from calotype.s3 import xml
from calotype.s3.listing.listing_operations import ListObjects, ListObjectsV2, ListObjectVersions
from calotype.s3.listing.listing_places import token_of_place
from calotype.s3.objects.checksum_plan import type_of
from calotype.s3.objects.description import storage_class_in
from calotype.s3.objects.object_versions import shown_id
from calotype.s3.results import KeyForm, Owner, boolean, iso_time
from calotype.store.listed_object import ListedObject, attributes_of_json, listed_attributes_json
from calotype.store.model import FileVersion, PageOf

OwnerOf = Callable[[str | None], Owner]
"""The owner of an object by the account id among its attributes; None is the bucket's."""


@dataclass(frozen=True, slots=True)
class VersionPage:
    """`rows` in order; a common prefix stands among them as bytes. `is_truncated` when more follow the last."""

    rows: tuple[FileVersion | bytes, ...] = ()
    is_truncated: bool = False


def listing_v1_document(asked: ListObjects, page: PageOf[ListedObject], max_keys: int, owner_of: OwnerOf) -> bytes:
    """The answer to ListObjects; NextMarker stands in it only with a delimiter (s3.md §2)."""
    form = KeyForm(asked.encode_url)
    nodes: list[xml.Node] = [
        ("Name", asked.bucket),
        ("Prefix", form.text(asked.prefix)),
        ("Marker", form.text(asked.marker)),
        *form.optional("Delimiter", asked.delimiter),
        ("MaxKeys", str(max_keys)),
        *form.encoding_type(),
        ("IsTruncated", boolean(page.next_key is not None)),
    ]
    if page.next_key is not None and asked.delimiter:
        nodes.append(("NextMarker", form.text(last_place(page))))
    return listing_document(page, form, nodes, owner_of)


def last_place(page: PageOf[ListedObject]) -> bytes:
    """The greatest key or common prefix of the page, from which version 1 of the listing goes on."""
    return max([item.key for item in page.versions[-1:]] + list(page.common_prefixes[-1:]), default=b"")


def listing_v2_document(
    asked: ListObjectsV2, page: PageOf[ListedObject], max_keys: int, owner_of: OwnerOf | None
) -> bytes:
    """The answer to ListObjectsV2; `owner_of` None where owners were not asked for."""
    form = KeyForm(asked.encode_url)
    nodes: list[xml.Node] = [
        ("Name", asked.bucket),
        ("Prefix", form.text(asked.prefix)),
        *form.optional("Delimiter", asked.delimiter),
        *form.optional("StartAfter", asked.start_after),
        ("KeyCount", str(len(page.versions) + len(page.common_prefixes))),
        ("MaxKeys", str(max_keys)),
        *form.encoding_type(),
        ("IsTruncated", boolean(page.next_key is not None)),
    ]
    if asked.continuation_token is not None:
        nodes.append(("ContinuationToken", asked.continuation_token))
    if page.next_key is not None:
        nodes.append(("NextContinuationToken", token_of_place(page.next_key)))
    return listing_document(page, form, nodes, owner_of)


def listing_document(
    page: PageOf[ListedObject], form: KeyForm, nodes: Iterable[xml.Node], owner_of: OwnerOf | None
) -> bytes:
    entries = [*contents(page.versions, form, owner_of), *common_prefixes(page.common_prefixes, form)]
    return xml.document("ListBucketResult", *nodes, followed_by=entries)


def contents(objects: Sequence[ListedObject], form: KeyForm, owner_of: OwnerOf | None) -> list[str]:
    """One `Contents` for each. An ETag is of letters, digits and hyphens, so it is not escaped."""
    described = Described(owner_of)
    return [
        f"<Contents><Key>{key}</Key><LastModified>{iso_time(item.uploaded_at_ms)}</LastModified>"
        f"<ETag>&quot;{item.etag}&quot;</ETag><Size>{item.length}</Size>{described[item.attributes_json]}</Contents>"
        for item, key in zip(objects, form.element_texts([item.key for item in objects]), strict=True)
    ]


def common_prefixes(prefixes: Sequence[bytes], form: KeyForm) -> list[str]:
    return [f"<CommonPrefixes><Prefix>{prefix}</Prefix></CommonPrefixes>" for prefix in form.element_texts(prefixes)]


class Described(dict[str | None, str]):
    """The elements that stand for the attributes of a row, by those attributes as JSON: few differ on a page."""

    def __init__(self, owner_of: OwnerOf | None) -> None:
        super().__init__()
        self._owner_of = owner_of

    def __missing__(self, attributes_json: str | None) -> str:
        attributes = attributes_of_json(attributes_json)
        nodes: list[xml.Node] = []
        if checksum := attributes.get("checksum"):
            nodes.append(("ChecksumAlgorithm", checksum["algorithm"]))
            nodes.append(("ChecksumType", type_of(checksum)))
        nodes.append(("StorageClass", storage_class_in(attributes)))
        if self._owner_of is not None:
            nodes.append(self._owner_of(attributes.get("owner")).to_node())
        self[attributes_json] = described = "".join([xml.rendered(node) for node in nodes])
        return described


def versions_document(asked: ListObjectVersions, page: VersionPage, max_keys: int, owner_of: OwnerOf) -> bytes:
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
    files = [row for row in page.rows if isinstance(row, FileVersion)]
    folders = [row for row in page.rows if isinstance(row, bytes)]
    entries = [*versions(files, form, owner_of), *common_prefixes(folders, form)]
    return xml.document("ListVersionsResult", *nodes, followed_by=entries)


def next_markers(last: FileVersion | bytes, form: KeyForm) -> list[xml.Node]:
    if isinstance(last, bytes):
        return [("NextKeyMarker", form.text(last))]
    return [("NextKeyMarker", form.text(last.key)), ("NextVersionIdMarker", shown_id(last))]


def versions(rows: Sequence[FileVersion], form: KeyForm, owner_of: OwnerOf) -> list[str]:
    """One `Version` for each upload, one `DeleteMarker` for each hide marker, which has no content to tell of."""
    described = Described(owner_of)
    return [
        f"<Version>{head_of_version(row, key)}<ETag>&quot;{row.etag}&quot;</ETag><Size>{row.length}</Size>"
        f"{described[listed_attributes_json(row.attributes)]}</Version>"
        if row.is_visible
        else f"<DeleteMarker>{head_of_version(row, key)}{owner_of_marker(row, owner_of)}</DeleteMarker>"
        for row, key in zip(rows, form.element_texts([row.key for row in rows]), strict=True)
    ]


def head_of_version(version: FileVersion, key_text: str) -> str:
    return (
        f"<Key>{key_text}</Key><VersionId>{shown_id(version)}</VersionId>"
        f"<IsLatest>{boolean(version.is_latest)}</IsLatest>"
        f"<LastModified>{iso_time(version.uploaded_at_ms)}</LastModified>"
    )


def owner_of_marker(marker: FileVersion, owner_of: OwnerOf) -> str:
    return xml.rendered(owner_of(marker.attributes.get("owner")).to_node())
