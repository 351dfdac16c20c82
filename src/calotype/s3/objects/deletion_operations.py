"""DeleteObject and DeleteObjects: one object or version of it, and up to a thousand in one call (s3.md §3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from calotype.http.http_date import format_http_date, parse_http_date
from calotype.http.message import Headers
from calotype.s3 import xml
from calotype.s3.documents import malformed, parsed_body
from calotype.s3.errors import InvalidArgument
from calotype.s3.objects.object_lock import bypass_headers, bypass_of, date_ms
from calotype.s3.objects.object_operations import version_id_of
from calotype.s3.objects.on_version import sub_resource_query
from calotype.s3.operation import Operation, Scope, TransactionClass, bucket_of, key_of, size_of, yes_or_no
from calotype.s3.request import S3Request

MAX_KEYS_TO_DELETE = 1000
MODIFIED_HEADER = "x-amz-if-match-last-modified-time"
SIZE_HEADER = "x-amz-if-match-size"


@dataclass(frozen=True, slots=True)
class DeletionConditions:
    """What an object must be like to be deleted: `if_match` as in the header, the time in Unix seconds, the size."""

    if_match: str | None = None
    last_modified_s: int | None = None
    size: int | None = None

    @classmethod
    def of(cls, if_match: str | None, last_modified: str | None, size: str | None) -> Self:
        """Out of the texts of a request; raises InvalidArgument."""
        return cls(
            if_match,
            None if last_modified is None else _seconds(last_modified),
            None if size is None else size_of(SIZE_HEADER, size),
        )

    @property
    def last_modified(self) -> str | None:
        return None if self.last_modified_s is None else format_http_date(self.last_modified_s)


NO_CONDITIONS = DeletionConditions()


def _seconds(text: str) -> int:
    """SDKs send a time either as HTTP does or in ISO 8601."""
    seconds = parse_http_date(text)
    if seconds is not None:
        return seconds
    milliseconds = date_ms(text)
    if milliseconds is None:
        raise InvalidArgument.of(MODIFIED_HEADER, text, "The time must be an HTTP date or in ISO 8601 format.")
    return milliseconds // 1000


@dataclass(frozen=True, slots=True)
class DeleteObject(Operation):
    """With `version_id` that version goes for good; without, what happens depends on the bucket's versioning."""

    name = "DeleteObject"
    method = "DELETE"
    scope = Scope.OBJECT
    transaction_class = TransactionClass.A
    action = "s3:DeleteObject"

    bucket: str
    key: bytes
    version_id: str | None = None
    conditions: DeletionConditions = field(default=NO_CONDITIONS)
    bypasses_governance: bool = False

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        headers = request.headers
        return cls(
            bucket_of(request),
            key_of(request),
            version_id_of(request),
            DeletionConditions.of(headers.combined("if-match"), headers.get(MODIFIED_HEADER), headers.get(SIZE_HEADER)),
            bypass_of(headers),
        )

    def to_request(self) -> S3Request:
        conditions = self.conditions
        fields = bypass_headers(self.bypasses_governance)
        if conditions.if_match is not None:
            fields.append(("if-match", conditions.if_match))
        if conditions.last_modified is not None:
            fields.append((MODIFIED_HEADER, conditions.last_modified))
        if conditions.size is not None:
            fields.append((SIZE_HEADER, str(conditions.size)))
        query = sub_resource_query(None, self.version_id)
        return S3Request(self.method, self.bucket, self.key, query, Headers(fields))


@dataclass(frozen=True, slots=True)
class ObjectToDelete:
    key: bytes
    version_id: str | None = None
    conditions: DeletionConditions = field(default=NO_CONDITIONS)


@dataclass(frozen=True, slots=True)
class DeleteObjects(Operation):
    name = "DeleteObjects"
    method = "POST"
    scope = Scope.BUCKET
    sub_resource = "delete"
    transaction_class = TransactionClass.A
    action = "s3:DeleteObject"
    has_document = True

    bucket: str
    objects: tuple[ObjectToDelete, ...]
    quiet: bool = False
    bypasses_governance: bool = False

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        root = parsed_body(request.body, "Delete")
        objects = tuple(_object_to_delete(element) for element in root.all("Object"))
        if not 1 <= len(objects) <= MAX_KEYS_TO_DELETE:
            raise malformed(f"1 to {MAX_KEYS_TO_DELETE} objects are expected")
        quiet = yes_or_no("Quiet", root.text_of("Quiet"))
        return cls(bucket_of(request), objects, quiet, bypass_of(request.headers))

    def to_request(self) -> S3Request:
        objects: list[xml.Node] = [("Object", _element_of(item)) for item in self.objects]
        quiet: list[xml.Node] = [("Quiet", "true")] if self.quiet else []
        body = xml.document("Delete", *objects, *quiet)
        headers = Headers(bypass_headers(self.bypasses_governance))
        return S3Request(self.method, self.bucket, query=(("delete", ""),), headers=headers, body=body)


def _object_to_delete(element: xml.Element) -> ObjectToDelete:
    key = element.text_of("Key")
    if not key:
        raise malformed("an object has no key")
    texts = (element.text_of(name) or None for name in ("ETag", "LastModifiedTime", "Size"))
    return ObjectToDelete(key.encode(), element.text_of("VersionId") or None, DeletionConditions.of(*texts))


def _element_of(item: ObjectToDelete) -> list[xml.Node]:
    texts = {
        "VersionId": item.version_id,
        "ETag": item.conditions.if_match,
        "LastModifiedTime": item.conditions.last_modified,
        "Size": None if item.conditions.size is None else str(item.conditions.size),
    }
    return [("Key", item.key.decode()), *((name, text) for name, text in texts.items() if text is not None)]
