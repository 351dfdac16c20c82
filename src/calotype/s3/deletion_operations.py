"""DeleteObject and DeleteObjects: one object or version of it, and up to a thousand in one call (s3.md §3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from calotype.s3 import xml
from calotype.s3.bucket_operations import parsed_body
from calotype.s3.errors import MalformedXML
from calotype.s3.object_operations import version_id_of
from calotype.s3.operation import Operation, Scope, TransactionClass, bucket_of, header_fields, key_of, yes_or_no
from calotype.s3.request import S3Request

MAX_KEYS_TO_DELETE = 1000


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
    if_match: str | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(bucket_of(request), key_of(request), version_id_of(request), request.headers.combined("if-match"))

    def to_request(self) -> S3Request:
        query = (("versionId", self.version_id),) if self.version_id is not None else ()
        return S3Request(self.method, self.bucket, self.key, query, header_fields(if_match=self.if_match))


@dataclass(frozen=True, slots=True)
class ObjectToDelete:
    key: bytes
    version_id: str | None = None


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

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        root = parsed_body(request.body, "Delete")
        objects = tuple(_object_to_delete(element) for element in root.all("Object"))
        if not 1 <= len(objects) <= MAX_KEYS_TO_DELETE:
            raise MalformedXML(f"{MalformedXML.default_message}: 1 to {MAX_KEYS_TO_DELETE} objects are expected")
        return cls(bucket_of(request), objects, yes_or_no("Quiet", root.text_of("Quiet")))

    def to_request(self) -> S3Request:
        objects: list[xml.Node] = [("Object", _element_of(item)) for item in self.objects]
        quiet: list[xml.Node] = [("Quiet", "true")] if self.quiet else []
        body = xml.document("Delete", *objects, *quiet)
        return S3Request(self.method, self.bucket, query=(("delete", ""),), body=body)


def _object_to_delete(element: xml.Element) -> ObjectToDelete:
    key = element.text_of("Key")
    if not key:
        raise MalformedXML(f"{MalformedXML.default_message}: an object has no key")
    return ObjectToDelete(key.encode(), element.text_of("VersionId") or None)


def _element_of(item: ObjectToDelete) -> list[xml.Node]:
    element: list[xml.Node] = [("Key", item.key.decode())]
    if item.version_id is not None:
        element.append(("VersionId", item.version_id))
    return element
