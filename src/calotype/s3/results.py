"""What operations answer with, as values: written as XML by the server, read from it by the client."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from calotype.http.percent import decode, encode_s3
from calotype.s3 import xml


class _Dates(dict[int, str]):
    """`2026-11-21`, by the number of days since 1970."""

    def __missing__(self, day: int) -> str:
        if len(self) == MOST_DATES_KEPT:
            self.clear()
        self[day] = text = (date(1970, 1, 1) + timedelta(day)).isoformat()
        return text


MOST_DATES_KEPT = 4096
_DATES = _Dates()
_MINUTES = [f"T{minute // 60:02}:{minute % 60:02}:" for minute in range(24 * 60)]
_SECONDS = [f"{second:02}.000Z" for second in range(60)]


def iso_time(moment_ms: int) -> str:
    """`2026-11-21T21:30:00.000Z`: the second that HEAD tells as Last-Modified, in the form that S3 gives it in XML.

    Put together from what few days and minutes there are: a listing has a thousand of them.
    """
    second = moment_ms // 1000
    return f"{_DATES[second // 86_400]}{_MINUTES[second // 60 % 1440]}{_SECONDS[second % 60]}"


def milliseconds_of(text: str) -> int:
    """Unix milliseconds of a time in a listing."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Owner:
    canonical_user_id: str
    display_name: str = ""

    def to_node(self) -> xml.Node:
        return ("Owner", [("ID", self.canonical_user_id), ("DisplayName", self.display_name)])

    @classmethod
    def from_element(cls, element: xml.Element | None) -> Self | None:
        if element is None:
            return None
        return cls(element.text_of("ID") or "", element.text_of("DisplayName") or "")


@dataclass(frozen=True, slots=True)
class BucketSummary:
    name: str
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class BucketList:
    """`next_place` is a continuation token, None at the end; `region` is told where a parameter narrowed the list."""

    owner: Owner
    buckets: tuple[BucketSummary, ...]
    next_place: str | None = None
    prefix: str = ""
    region: str | None = None

    def to_xml(self) -> bytes:
        region: list[xml.Node] = [] if self.region is None else [("BucketRegion", self.region)]
        nodes: list[xml.Node] = [
            self.owner.to_node(),
            (
                "Buckets",
                [
                    ("Bucket", [("Name", each.name), ("CreationDate", iso_time(each.created_at_ms)), *region])
                    for each in self.buckets
                ],
            ),
        ]
        if self.next_place is not None:
            nodes.append(("ContinuationToken", self.next_place))
        if self.prefix:
            nodes.append(("Prefix", self.prefix))
        return xml.document("ListAllMyBucketsResult", *nodes)

    @classmethod
    def from_xml(cls, content: bytes) -> Self:
        root = xml.parse(content)
        buckets = root.child("Buckets") or xml.Element("Buckets")
        return cls(
            Owner.from_element(root.child("Owner")) or Owner(""),
            tuple(
                BucketSummary(bucket.text_of("Name") or "", milliseconds_of(bucket.text_of("CreationDate") or ""))
                for bucket in buckets.all("Bucket")
            ),
            root.text_of("ContinuationToken"),
            root.text_of("Prefix") or "",
        )


@dataclass(frozen=True, slots=True)
class ObjectSummary:
    """`etag` without quotes."""

    key: bytes
    size: int
    etag: str
    last_modified_ms: int
    storage_class: str = "STANDARD"


@dataclass(frozen=True, slots=True)
class ObjectList:
    """A page of a listing. `next_place` is where the next one goes on, as a continuation token; None at the end."""

    objects: tuple[ObjectSummary, ...] = ()
    common_prefixes: tuple[bytes, ...] = ()
    next_place: str | None = None

    @classmethod
    def from_xml(cls, content: bytes) -> Self:
        root = xml.parse(content)
        is_encoded = root.text_of("EncodingType") == "url"

        def key_in(element: xml.Element, name: str) -> bytes:
            text = element.text_of(name) or ""
            return decode(text, plus_is_space=True) if is_encoded else text.encode()

        return cls(
            tuple(_summary(element, key_in(element, "Key")) for element in root.all("Contents")),
            tuple(key_in(element, "Prefix") for element in root.all("CommonPrefixes")),
            root.text_of("NextContinuationToken") if root.text_of("IsTruncated") == "true" else None,
        )


def _summary(element: xml.Element, key: bytes) -> ObjectSummary:
    return ObjectSummary(
        key,
        int(element.text_of("Size") or 0),
        (element.text_of("ETag") or "").strip('"'),
        milliseconds_of(element.text_of("LastModified") or ""),
        element.text_of("StorageClass") or "STANDARD",
    )


_BARE_ENCODED = b"/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BARE = _BARE_ENCODED + b" !#$%'()*+,:;=?@[\\]^`{|}"


@dataclass(frozen=True, slots=True)
class KeyForm:
    """How keys stand in a listing: as they are, or percent-encoded."""

    is_encoded: bool

    def text(self, key: bytes) -> str:
        return encode_s3(key) if self.is_encoded else key.decode("utf-8", "replace")

    def element_texts(self, keys: Sequence[bytes]) -> list[str]:
        """The same as they stand in elements; on most pages no byte of any key needs another form."""
        bare = _BARE_ENCODED if self.is_encoded else _BARE
        if not b"".join(keys).translate(None, bare):
            return [key.decode() for key in keys]
        return [xml.escape(self.text(key)) for key in keys]

    def optional(self, name: str, key: bytes) -> Iterator[xml.Node]:
        if key:
            yield (name, self.text(key))

    def encoding_type(self) -> Iterator[xml.Node]:
        if self.is_encoded:
            yield ("EncodingType", "url")


def boolean(value: bool) -> str:
    return "true" if value else "false"


@dataclass(frozen=True, slots=True)
class DeletedObject:
    key: bytes
    version_id: str | None = None
    marker_version_id: str | None = None  # of the delete marker that was made, or removed

    def to_node(self) -> xml.Node:
        nodes: list[xml.Node] = [("Key", self.key.decode())]
        if self.version_id is not None:
            nodes.append(("VersionId", self.version_id))
        if self.marker_version_id is not None:
            nodes += [("DeleteMarker", "true"), ("DeleteMarkerVersionId", self.marker_version_id)]
        return ("Deleted", nodes)


@dataclass(frozen=True, slots=True)
class FailedDeletion:
    key: bytes
    code: str
    message: str
    version_id: str | None = None

    def to_node(self) -> xml.Node:
        nodes: list[xml.Node] = [("Key", self.key.decode())]
        if self.version_id is not None:
            nodes.append(("VersionId", self.version_id))
        return ("Error", [*nodes, ("Code", self.code), ("Message", self.message)])


@dataclass(frozen=True, slots=True)
class DeleteResult:
    deleted: tuple[DeletedObject, ...] = ()
    failed: tuple[FailedDeletion, ...] = ()

    def to_xml(self) -> bytes:
        deleted, failed = (item.to_node() for item in self.deleted), (item.to_node() for item in self.failed)
        return xml.document("DeleteResult", *deleted, *failed)

    @classmethod
    def from_xml(cls, content: bytes) -> Self:
        root = xml.parse(content)
        return cls(
            tuple(
                DeletedObject(
                    (item.text_of("Key") or "").encode(),
                    item.text_of("VersionId"),
                    item.text_of("DeleteMarkerVersionId"),
                )
                for item in root.all("Deleted")
            ),
            tuple(
                FailedDeletion(
                    (item.text_of("Key") or "").encode(),
                    item.text_of("Code") or "",
                    item.text_of("Message") or "",
                    item.text_of("VersionId"),
                )
                for item in root.all("Error")
            ),
        )


def copy_result_document(etag: str, last_modified_ms: int, *checksum: xml.Node) -> bytes:
    modified: xml.Node = ("LastModified", iso_time(last_modified_ms))
    return xml.document("CopyObjectResult", modified, ("ETag", f'"{etag}"'), *checksum)
