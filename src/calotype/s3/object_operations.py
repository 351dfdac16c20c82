"""The operations on objects: put, get, head, delete, copy, and the deletion of many."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from calotype.auth.checksums import HEADERS, as_base64, is_well_formed
from calotype.http.message import Headers
from calotype.s3 import xml
from calotype.s3.bucket_operations import parsed_body
from calotype.s3.encryption import (
    CustomerKeyFields,
    RequestedEncryption,
    customer_key_headers,
    customer_key_of,
    encryption_headers,
    encryption_of,
    refuse_encryption_of_a_read,
)
from calotype.s3.errors import InvalidArgument, InvalidRequest, InvalidStorageClass, MalformedXML, MetadataTooLarge
from calotype.s3.operation import (
    STORAGE_CLASSES,
    CannedAcl,
    Operation,
    Scope,
    TransactionClass,
    acl_of,
    bucket_of,
    header_fields,
    key_of,
    part_number_of,
    refuse_unsupported_headers,
    yes_or_no,
)
from calotype.s3.request import S3Request

DEFAULT_CONTENT_TYPE = "binary/octet-stream"
MAX_METADATA_BYTES = 2048
MAX_KEYS_TO_DELETE = 1000
_METADATA_PREFIX = "x-amz-meta-"
_COMPOSITE_END = re.compile(r"-[0-9]{1,5}\Z")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")

STORED_HEADERS = ("cache-control", "content-disposition", "content-encoding", "content-language", "expires")
"""Header fields of an upload that are kept and given back with the object, beside its Content-Type."""


@dataclass(frozen=True, slots=True)
class ContentChecksum:
    """One of the five checksums, by S3's name of the algorithm and as base64."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Description:
    """What an upload says about its object, the key apart. `headers` holds `STORED_HEADERS` as given."""

    content_type: str = DEFAULT_CONTENT_TYPE
    metadata: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    acl: CannedAcl | None = None
    storage_class: str = "STANDARD"

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        refuse_unsupported_headers(request.headers)
        return cls(
            request.header("content-type") or DEFAULT_CONTENT_TYPE,
            metadata_from_headers(request.headers),
            _stored_headers(request.headers),
            acl_of(request),
            _storage_class(request),
        )

    def to_headers(self) -> list[tuple[str, str]]:
        fields = [("content-type", self.content_type), *self.headers.items(), *metadata_to_headers(self.metadata)]
        if self.acl is not None:
            fields.append(("x-amz-acl", self.acl))
        if self.storage_class != "STANDARD":
            fields.append(("x-amz-storage-class", self.storage_class))
        return fields


def metadata_from_headers(headers: Headers) -> dict[str, str]:
    """The user metadata of `x-amz-meta-*`: names lower-case, values as UTF-8; repeated fields are joined by commas."""
    metadata: dict[str, str] = {}
    for name, value in headers:
        if name.startswith(_METADATA_PREFIX):
            key = name.removeprefix(_METADATA_PREFIX)
            text = _metadata_text(name, value)
            metadata[key] = f"{metadata[key]},{text}" if key in metadata else text
    size = sum(len(key) + len(value.encode()) for key, value in metadata.items())
    if size > MAX_METADATA_BYTES:
        raise MetadataTooLarge(Size=str(size), MaxSizeAllowed=str(MAX_METADATA_BYTES))
    return metadata


def _metadata_text(name: str, value: str) -> str:
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError as exc:
        raise InvalidArgument.of(name, value, "Metadata values must be ASCII or UTF-8.") from exc


def metadata_to_headers(metadata: Mapping[str, str]) -> list[tuple[str, str]]:
    """`x-amz-meta-*` fields whose values go out as raw UTF-8, the way they may come in.

    The B2 API takes line breaks in a file info; what no header field can hold goes out as an RFC 2047 word.
    """
    return [(f"{_METADATA_PREFIX}{key}", _header_value(value)) for key, value in metadata.items()]


def _header_value(text: str) -> str:
    raw = text.encode()
    if _CONTROL_CHARACTER.search(text) or text != text.strip():
        return f"=?UTF-8?B?{as_base64(raw)}?="
    return raw.decode("latin-1")


def _stored_headers(headers: Headers) -> dict[str, str]:
    stored = {name: value for name in STORED_HEADERS if (value := headers.combined(name))}
    encoding = without_aws_chunked(stored.pop("content-encoding", ""))
    return {**stored, "content-encoding": encoding} if encoding else stored


def without_aws_chunked(content_encoding: str) -> str:
    """The codings of the object itself: `aws-chunked` is one of the transfer."""
    codings = [coding.strip() for coding in content_encoding.split(",")]
    return ", ".join(coding for coding in codings if coding and coding.lower() != "aws-chunked")


def _storage_class(request: S3Request) -> str:
    storage_class = request.header("x-amz-storage-class") or "STANDARD"
    if storage_class not in STORAGE_CLASSES:
        raise InvalidStorageClass(StorageClassRequested=storage_class)
    return storage_class


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditional fields of a request, each as sent."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_unmodified_since: str | None = None

    @classmethod
    def from_headers(cls, headers: Headers, prefix: str = "") -> Self:
        return cls(
            headers.combined(f"{prefix}if-match"),
            headers.combined(f"{prefix}if-none-match"),
            headers.get(f"{prefix}if-modified-since"),
            headers.get(f"{prefix}if-unmodified-since"),
        )

    def to_headers(self, prefix: str = "") -> list[tuple[str, str]]:
        fields = header_fields(
            if_match=self.if_match,
            if_none_match=self.if_none_match,
            if_modified_since=self.if_modified_since,
            if_unmodified_since=self.if_unmodified_since,
        )
        return [(f"{prefix}{name}", value) for name, value in fields]


@dataclass(frozen=True, slots=True)
class PutObject(Operation):
    """The content follows as the request's body; `checksum` is the one declared in a header, not in a trailer."""

    name = "PutObject"
    method = "PUT"
    scope = Scope.OBJECT
    transaction_class = TransactionClass.A
    action = "s3:PutObject"

    bucket: str
    key: bytes
    description: Description = field(default_factory=Description)
    conditions: Conditions = field(default_factory=Conditions)
    content_md5: str | None = None
    checksum: ContentChecksum | None = None
    encryption: RequestedEncryption | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(
            bucket_of(request),
            key_of(request),
            Description.from_request(request),
            Conditions.from_headers(request.headers),
            request.headers.get("content-md5"),
            checksum_of(request.headers),
            encryption_of(request.headers),
        )

    def to_request(self) -> S3Request:
        fields = [
            *self.description.to_headers(),
            *self.conditions.to_headers(),
            *encryption_headers(self.encryption),
        ]
        if self.content_md5 is not None:
            fields.append(("content-md5", self.content_md5))
        if self.checksum is not None:
            fields.append((HEADERS[self.checksum.algorithm], self.checksum.value))
        return S3Request(self.method, self.bucket, self.key, headers=Headers(fields))


def checksum_of(headers: Headers, *, may_be_composite: bool = False) -> ContentChecksum | None:
    """The checksum that a request declares in a header, at most one (S3 "Checking object integrity").

    A composite one ends in a hyphen and the number of parts.
    """
    found = [(algorithm, value) for algorithm, name in HEADERS.items() if (value := headers.get(name)) is not None]
    if len(found) > 1:
        raise InvalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
    if not found:
        return None
    algorithm, value = found[0]
    digest = _COMPOSITE_END.sub("", value) if may_be_composite else value
    if not is_well_formed(algorithm, digest):
        raise InvalidRequest(f"Value for {HEADERS[algorithm]} header is invalid.")
    return ContentChecksum(algorithm, value)


OVERRIDES = (
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
)
"""Query parameters of a signed read that replace header fields of its answer."""


@dataclass(frozen=True, slots=True)
class GetObject(Operation):
    """`overrides` maps header fields of the answer to the values that `response-*` parameters ask for."""

    name = "GetObject"
    method = "GET"
    scope = Scope.OBJECT
    transaction_class = TransactionClass.B
    action = "s3:GetObject"

    bucket: str
    key: bytes
    version_id: str | None = None
    range: str | None = None
    if_range: str | None = None
    conditions: Conditions = field(default_factory=Conditions)
    overrides: Mapping[str, str] = field(default_factory=dict)
    wants_checksum: bool = False
    customer_key: CustomerKeyFields | None = None
    part_number: int | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        refuse_encryption_of_a_read(request.headers)
        part_number, byte_range = part_number_of(request), request.headers.get("range")
        if part_number is not None and byte_range is not None:
            raise InvalidRequest("Cannot specify both Range header and partNumber query parameter")
        return cls(
            bucket_of(request),
            key_of(request),
            version_id_of(request),
            byte_range,
            request.headers.get("if-range"),
            Conditions.from_headers(request.headers),
            _overrides(request),
            (request.header("x-amz-checksum-mode") or "").upper() == "ENABLED",
            customer_key_of(request.headers),
            part_number,
        )

    def to_request(self) -> S3Request:
        headers = header_fields(
            range=self.range,
            if_range=self.if_range,
            x_amz_checksum_mode="ENABLED" if self.wants_checksum else None,
        ).merge([*self.conditions.to_headers(), *customer_key_headers(self.customer_key)])
        query = [(f"response-{name}", value) for name, value in self.overrides.items()]
        if self.version_id is not None:
            query.append(("versionId", self.version_id))
        if self.part_number is not None:
            query.append(("partNumber", str(self.part_number)))
        return S3Request(self.method, self.bucket, self.key, tuple(query), headers)


def _overrides(request: S3Request) -> dict[str, str]:
    overrides: dict[str, str] = {}
    for name in OVERRIDES:
        value = request.parameter(name)
        if value is None:
            continue
        if _CONTROL_CHARACTER.search(value):
            raise InvalidArgument.of(name, value, "Header fields cannot hold control characters.")
        overrides[name.removeprefix("response-")] = value
    return overrides


def version_id_of(request: S3Request) -> str | None:
    version_id = request.parameter("versionId")
    if version_id == "":
        raise InvalidArgument.of("versionId", "", "Version id cannot be the empty string")
    return version_id


@dataclass(frozen=True, slots=True)
class HeadObject(GetObject):
    name = "HeadObject"
    method = "HEAD"


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
