"""GetObjectAttributes: what is known of an object, chosen by name, without its bytes (s3.md §3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from calotype.http.message import Headers
from calotype.s3.errors import InvalidArgument
from calotype.s3.objects.encryption import (
    CustomerKeyFields,
    customer_key_headers,
    customer_key_of,
    refuse_encryption_of_a_read,
)
from calotype.s3.objects.object_operations import version_id_of
from calotype.s3.operation import Operation, Scope, TransactionClass, bucket_of, key_of
from calotype.s3.request import S3Request

MOST_PARTS_LISTED = 1000


class ObjectAttribute(StrEnum):
    """In the order in which the answer has them."""

    ETAG = "ETag"
    CHECKSUM = "Checksum"
    OBJECT_PARTS = "ObjectParts"
    STORAGE_CLASS = "StorageClass"
    OBJECT_SIZE = "ObjectSize"


@dataclass(frozen=True, slots=True)
class GetObjectAttributes(Operation):
    name = "GetObjectAttributes"
    method = "GET"
    scope = Scope.OBJECT
    sub_resource = "attributes"
    transaction_class = TransactionClass.B
    action = "s3:GetObjectAttributes"

    bucket: str
    key: bytes
    attributes: frozenset[ObjectAttribute]
    version_id: str | None = None
    part_number_marker: int = 0
    max_parts: int = MOST_PARTS_LISTED
    customer_key: CustomerKeyFields | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        refuse_encryption_of_a_read(request.headers)
        return cls(
            bucket_of(request),
            key_of(request),
            _attributes(request),
            version_id_of(request),
            _number(request, "x-amz-part-number-marker", default=0),
            _number(request, "x-amz-max-parts", default=MOST_PARTS_LISTED),
            customer_key_of(request.headers),
        )

    def to_request(self) -> S3Request:
        query = [("attributes", "")]
        if self.version_id is not None:
            query.append(("versionId", self.version_id))
        fields = [("x-amz-object-attributes", ",".join(sorted(self.attributes)))]
        if self.part_number_marker:
            fields.append(("x-amz-part-number-marker", str(self.part_number_marker)))
        if self.max_parts != MOST_PARTS_LISTED:
            fields.append(("x-amz-max-parts", str(self.max_parts)))
        fields += customer_key_headers(self.customer_key)
        return S3Request(self.method, self.bucket, self.key, tuple(query), Headers(fields))


def _attributes(request: S3Request) -> frozenset[ObjectAttribute]:
    text = request.headers.combined("x-amz-object-attributes") or ""
    names = {name.strip() for name in text.split(",")} - {""}
    try:
        attributes = frozenset(ObjectAttribute(name) for name in names)
    except ValueError as exc:
        raise _invalid(text) from exc
    if not attributes:
        raise _invalid(text)
    return attributes


def _invalid(text: str) -> InvalidArgument:
    return InvalidArgument.of("x-amz-object-attributes", text, "Invalid attribute name specified.")


def _number(request: S3Request, name: str, *, default: int) -> int:
    text = request.header(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise InvalidArgument.of(name, text, f"Provided {name} not an integer or within integer range")
    return int(text)
