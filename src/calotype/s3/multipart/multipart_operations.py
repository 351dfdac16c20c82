"""The operations of a multipart upload: create, upload and copy parts, complete, abort, list (s3.md §4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from calotype.auth.checksums import CHECKSUMS, HEADERS
from calotype.http.message import Headers
from calotype.s3 import xml
from calotype.s3.documents import malformed, parsed_body
from calotype.s3.errors import InvalidArgument
from calotype.s3.listing.listing_operations import wants_url_encoding
from calotype.s3.objects.checksum_plan import ChecksumPlan, ChecksumType, checksum_plan_of, checksum_type_of
from calotype.s3.objects.copy_operation import copy_source_header, copy_source_of
from calotype.s3.objects.description import Description
from calotype.s3.objects.encryption import (
    COPY_SOURCE_HEADER,
    CustomerKeyFields,
    RequestedEncryption,
    customer_key_headers,
    customer_key_of,
    encryption_headers,
    encryption_of,
)
from calotype.s3.objects.object_operations import Conditions, ContentChecksum, checksum_of
from calotype.s3.operation import (
    MOST_PARTS,
    Operation,
    Scope,
    TransactionClass,
    bucket_of,
    header_fields,
    key_of,
    part_number_of,
    size_of,
)
from calotype.s3.request import S3Request, text_of_bytes

MOST_LISTED = 1000
COPIES_PART = "uploadId with x-amz-copy-source"
"""What dispatch takes for the sub-resource of UploadPartCopy, whose query is that of UploadPart."""


@dataclass(frozen=True, slots=True)
class CreateMultipartUpload(Operation):
    name = "CreateMultipartUpload"
    method = "POST"
    scope = Scope.OBJECT
    sub_resource = "uploads"
    transaction_class = TransactionClass.A
    action = "s3:PutObject"

    bucket: str
    key: bytes
    description: Description = field(default_factory=Description)
    encryption: RequestedEncryption | None = None
    checksum: ChecksumPlan | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(
            bucket_of(request),
            key_of(request),
            Description.from_request(request),
            encryption_of(request.headers),
            checksum_plan_of(request),
        )

    def to_request(self) -> S3Request:
        fields = [*self.description.to_headers(), *encryption_headers(self.encryption)]
        if self.checksum is not None:
            fields += [
                ("x-amz-checksum-algorithm", self.checksum.algorithm),
                ("x-amz-checksum-type", self.checksum.type),
            ]
        return S3Request(self.method, self.bucket, self.key, (("uploads", ""),), Headers(fields))


@dataclass(frozen=True, slots=True)
class UploadPart(Operation):
    """The content follows as the request's body; `checksum` is the one declared in a header, not in a trailer."""

    name = "UploadPart"
    method = "PUT"
    scope = Scope.OBJECT
    sub_resource = "uploadId"
    transaction_class = TransactionClass.A
    action = "s3:PutObject"

    bucket: str
    key: bytes
    upload_id: str
    part_number: int
    content_md5: str | None = None
    checksum: ContentChecksum | None = None
    customer_key: CustomerKeyFields | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(
            bucket_of(request),
            key_of(request),
            upload_id_of(request),
            _part_number(request),
            request.headers.get("content-md5"),
            checksum_of(request.headers),
            customer_key_of(request.headers),
        )

    def to_request(self) -> S3Request:
        fields = [*header_fields(content_md5=self.content_md5), *customer_key_headers(self.customer_key)]
        if self.checksum is not None:
            fields.append((HEADERS[self.checksum.algorithm], self.checksum.value))
        query = _part_query(self.upload_id, self.part_number)
        return S3Request(self.method, self.bucket, self.key, query, Headers(fields))


def upload_id_of(request: S3Request) -> str:
    return request.parameter("uploadId") or ""


def _part_query(upload_id: str, part_number: int) -> tuple[tuple[str, str], ...]:
    return (("partNumber", str(part_number)), ("uploadId", upload_id))


def _part_number(request: S3Request) -> int:
    number = part_number_of(request)
    if number is None:
        raise InvalidArgument.of("partNumber", "", "A part needs a part number.")
    return number


@dataclass(frozen=True, slots=True)
class UploadPartCopy(Operation):
    """`source_range` is (first, last), both inclusive, None for all of the source."""

    name = "UploadPartCopy"
    method = "PUT"
    scope = Scope.OBJECT
    sub_resource = COPIES_PART
    transaction_class = TransactionClass.C
    action = "s3:PutObject"

    bucket: str
    key: bytes
    upload_id: str
    part_number: int
    source_bucket: str
    source_key: bytes
    source_version_id: str | None = None
    source_range: tuple[int, int] | None = None
    source_conditions: Conditions = field(default_factory=Conditions)
    customer_key: CustomerKeyFields | None = None
    source_customer_key: CustomerKeyFields | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        source, version_id = copy_source_of(request)
        return cls(
            bucket_of(request),
            key_of(request),
            upload_id_of(request),
            _part_number(request),
            *source,
            version_id,
            _source_range(request),
            Conditions.from_headers(request.headers, "x-amz-copy-source-"),
            customer_key_of(request.headers),
            customer_key_of(request.headers, COPY_SOURCE_HEADER),
        )

    def to_request(self) -> S3Request:
        fields = [copy_source_header(self.source_bucket, self.source_key, self.source_version_id)]
        if self.source_range is not None:
            fields.append(("x-amz-copy-source-range", "bytes={}-{}".format(*self.source_range)))
        fields += self.source_conditions.to_headers("x-amz-copy-source-")
        fields += customer_key_headers(self.customer_key)
        fields += customer_key_headers(self.source_customer_key, COPY_SOURCE_HEADER)
        query = _part_query(self.upload_id, self.part_number)
        return S3Request(self.method, self.bucket, self.key, query, Headers(fields))


def _source_range(request: S3Request) -> tuple[int, int] | None:
    """One range with both ends, as S3 wants it here: no suffix, no open end, no list."""
    text = request.header("x-amz-copy-source-range")
    if text is None:
        return None
    unit, _, ends = text.partition("=")
    first, _, last = ends.partition("-")
    if unit != "bytes" or not all(end.isascii() and end.isdigit() and len(end) < 20 for end in (first, last)):
        raise _bad_source_range(text)
    if int(first) > int(last):
        raise _bad_source_range(text)
    return int(first), int(last)


def _bad_source_range(text: str) -> InvalidArgument:
    return InvalidArgument.of(
        "x-amz-copy-source-range",
        text,
        "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
        "zero-based offsets of the first and last bytes to copy",
    )


@dataclass(frozen=True, slots=True)
class CompletedPart:
    """`etag` without quotes; `checksums` by algorithm, in base64."""

    part_number: int
    etag: str
    checksums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CompleteMultipartUpload(Operation):
    """`checksum` is the object's; of the type COMPOSITE it ends in a hyphen and the number of parts."""

    name = "CompleteMultipartUpload"
    method = "POST"
    scope = Scope.OBJECT
    sub_resource = "uploadId"
    transaction_class = TransactionClass.A
    action = "s3:PutObject"
    has_document = True
    tells_checksum_of_object = True

    bucket: str
    key: bytes
    upload_id: str
    parts: tuple[CompletedPart, ...]
    conditions: Conditions = field(default_factory=Conditions)
    checksum: ContentChecksum | None = None
    checksum_type: ChecksumType | None = None
    object_size: int | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        root = parsed_body(request.body, "CompleteMultipartUpload")
        parts = tuple(_completed_part(element) for element in root.all("Part"))
        if not 1 <= len(parts) <= MOST_PARTS:
            raise malformed(f"1 to {MOST_PARTS} parts are expected")
        type_name = request.header("x-amz-checksum-type")
        return cls(
            bucket_of(request),
            key_of(request),
            upload_id_of(request),
            parts,
            Conditions.from_headers(request.headers),
            checksum_of(request.headers, may_be_composite=True),
            None if type_name is None else checksum_type_of(type_name),
            _object_size(request),
        )

    def to_request(self) -> S3Request:
        parts: list[xml.Node] = [("Part", _element_of(part)) for part in self.parts]
        fields = self.conditions.to_headers()
        if self.checksum is not None:
            fields.append((HEADERS[self.checksum.algorithm], self.checksum.value))
        if self.checksum_type is not None:
            fields.append(("x-amz-checksum-type", self.checksum_type))
        if self.object_size is not None:
            fields.append(("x-amz-mp-object-size", str(self.object_size)))
        body = xml.document("CompleteMultipartUpload", *parts)
        query = (("uploadId", self.upload_id),)
        return S3Request(self.method, self.bucket, self.key, query, Headers(fields), body)


def _completed_part(element: xml.Element) -> CompletedPart:
    texts = {child.name: child.text.strip() for child in element.children}
    number, etag = texts.get("PartNumber", ""), texts.get("ETag", "").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) <= 10) or not etag:
        raise malformed("a part has no PartNumber or no ETag")
    checksums = {name: text for name in CHECKSUMS if (text := texts.get(f"Checksum{name}"))}
    return CompletedPart(int(number), etag, checksums)


def _element_of(part: CompletedPart) -> list[xml.Node]:
    checksums: list[xml.Node] = [(f"Checksum{name}", value) for name, value in part.checksums.items()]
    return [("PartNumber", str(part.part_number)), ("ETag", f'"{part.etag}"'), *checksums]


def _object_size(request: S3Request) -> int | None:
    text = request.header("x-amz-mp-object-size")
    return None if text is None else size_of("x-amz-mp-object-size", text)


@dataclass(frozen=True, slots=True)
class AbortMultipartUpload(Operation):
    name = "AbortMultipartUpload"
    method = "DELETE"
    scope = Scope.OBJECT
    sub_resource = "uploadId"
    transaction_class = TransactionClass.A
    action = "s3:AbortMultipartUpload"

    bucket: str
    key: bytes
    upload_id: str

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(bucket_of(request), key_of(request), upload_id_of(request))

    def to_request(self) -> S3Request:
        return S3Request(self.method, self.bucket, self.key, (("uploadId", self.upload_id),))


@dataclass(frozen=True, slots=True)
class ListParts(Operation):
    name = "ListParts"
    method = "GET"
    scope = Scope.OBJECT
    sub_resource = "uploadId"
    transaction_class = TransactionClass.C
    action = "s3:ListMultipartUploadParts"

    bucket: str
    key: bytes
    upload_id: str
    part_number_marker: int = 0
    max_parts: int = MOST_LISTED

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(
            bucket_of(request),
            key_of(request),
            upload_id_of(request),
            request.number("part-number-marker", default=0),
            request.number("max-parts", default=MOST_LISTED),
        )

    def to_request(self) -> S3Request:
        query = [("uploadId", self.upload_id)]
        if self.part_number_marker:
            query.append(("part-number-marker", str(self.part_number_marker)))
        if self.max_parts != MOST_LISTED:
            query.append(("max-parts", str(self.max_parts)))
        return S3Request(self.method, self.bucket, self.key, tuple(query))


@dataclass(frozen=True, slots=True)
class ListMultipartUploads(Operation):
    """The page begins behind the upload that the two markers name, or behind the key when it is alone."""

    name = "ListMultipartUploads"
    method = "GET"
    scope = Scope.BUCKET
    sub_resource = "uploads"
    transaction_class = TransactionClass.C
    action = "s3:ListBucketMultipartUploads"

    bucket: str
    prefix: bytes = b""
    delimiter: bytes = b""
    key_marker: bytes = b""
    upload_id_marker: str | None = None
    max_uploads: int = MOST_LISTED
    encode_url: bool = False

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        key_marker = request.parameter_bytes("key-marker")
        return cls(
            bucket_of(request),
            request.parameter_bytes("prefix"),
            request.parameter_bytes("delimiter"),
            key_marker,
            (request.parameter("upload-id-marker") or None) if key_marker else None,
            request.number("max-uploads", default=MOST_LISTED),
            wants_url_encoding(request),
        )

    def to_request(self) -> S3Request:
        query = [("uploads", "")]
        keys = (("prefix", self.prefix), ("delimiter", self.delimiter), ("key-marker", self.key_marker))
        query += [(name, text_of_bytes(value)) for name, value in keys if value]
        if self.upload_id_marker is not None:
            query.append(("upload-id-marker", self.upload_id_marker))
        if self.max_uploads != MOST_LISTED:
            query.append(("max-uploads", str(self.max_uploads)))
        if self.encode_url:
            query.append(("encoding-type", "url"))
        return S3Request(self.method, self.bucket, query=tuple(query))
