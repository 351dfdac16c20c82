"""The operations on the service and on buckets, listings among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from calotype.s3 import xml
from calotype.s3.errors import InvalidArgument, MalformedXML
from calotype.s3.operation import (
    CannedAcl,
    Operation,
    Scope,
    TransactionClass,
    acl_of,
    bucket_of,
    header_fields,
    refuse_unsupported_headers,
)
from calotype.s3.request import S3Request, text_of_bytes

MAX_KEYS = 1000


@dataclass(frozen=True, slots=True)
class ListBuckets(Operation):
    name = "ListBuckets"
    method = "GET"
    scope = Scope.SERVICE
    transaction_class = TransactionClass.C
    capability = "listAllBucketNames"

    prefix: str = ""

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(request.parameter("prefix") or "")

    def to_request(self) -> S3Request:
        return S3Request(self.method, query=(("prefix", self.prefix),) if self.prefix else ())


@dataclass(frozen=True, slots=True)
class CreateBucket(Operation):
    """`location` is the region that the body constrains the bucket to."""

    name = "CreateBucket"
    method = "PUT"
    scope = Scope.BUCKET
    transaction_class = TransactionClass.C
    capability = "writeBuckets"
    has_document = True

    bucket: str
    acl: CannedAcl | None = None
    location: str | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        refuse_unsupported_headers(request.headers)
        return cls(bucket_of(request), acl_of(request), _location_constraint(request.body))

    def to_request(self) -> S3Request:
        body = b""
        if self.location is not None:
            body = xml.document("CreateBucketConfiguration", ("LocationConstraint", self.location))
        return S3Request(self.method, self.bucket, headers=header_fields(x_amz_acl=self.acl), body=body)


def _location_constraint(body: bytes) -> str | None:
    if not body.strip():
        return None
    root = parsed_body(body, "CreateBucketConfiguration")
    return root.text_of("LocationConstraint") or None


def parsed_body(body: bytes, root_name: str) -> xml.Element:
    """The root of a request's document; raises MalformedXML."""
    try:
        root = xml.parse(body)
    except xml.XMLError as exc:
        raise MalformedXML(f"{MalformedXML.default_message}: {exc}") from exc
    if root.name != root_name:
        raise MalformedXML(f"{MalformedXML.default_message}: the root is {root.name!r}, not {root_name!r}")
    return root


@dataclass(frozen=True, slots=True)
class _OnBucket(Operation):
    """An operation that says nothing but which bucket."""

    bucket: str

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(bucket_of(request))

    def to_request(self) -> S3Request:
        return S3Request(self.method, self.bucket, query=((self.sub_resource, ""),) if self.sub_resource else ())


@dataclass(frozen=True, slots=True)
class HeadBucket(_OnBucket):
    name = "HeadBucket"
    method = "HEAD"
    scope = Scope.BUCKET
    transaction_class = TransactionClass.C
    capability = "listBuckets"


@dataclass(frozen=True, slots=True)
class DeleteBucket(_OnBucket):
    name = "DeleteBucket"
    method = "DELETE"
    scope = Scope.BUCKET
    transaction_class = TransactionClass.A
    capability = "deleteBuckets"


@dataclass(frozen=True, slots=True)
class GetBucketLocation(_OnBucket):
    name = "GetBucketLocation"
    method = "GET"
    scope = Scope.BUCKET
    sub_resource = "location"
    transaction_class = TransactionClass.C
    capability = "listBuckets"


@dataclass(frozen=True, slots=True)
class GetBucketVersioning(_OnBucket):
    name = "GetBucketVersioning"
    method = "GET"
    scope = Scope.BUCKET
    sub_resource = "versioning"
    transaction_class = TransactionClass.C
    capability = "listBuckets"


@dataclass(frozen=True, slots=True)
class ListObjects(Operation):
    """The first version of the listing, which rclone and s3cmd still use."""

    name = "ListObjects"
    method = "GET"
    scope = Scope.BUCKET
    transaction_class = TransactionClass.C
    capability = "listFiles"

    bucket: str
    prefix: bytes = b""
    delimiter: bytes = b""
    marker: bytes = b""
    max_keys: int = MAX_KEYS
    encode_url: bool = False

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(
            bucket_of(request),
            request.parameter_bytes("prefix"),
            request.parameter_bytes("delimiter"),
            request.parameter_bytes("marker"),
            request.number("max-keys", default=MAX_KEYS),
            wants_url_encoding(request),
        )

    def to_request(self) -> S3Request:
        query = _listing_query(self.prefix, self.delimiter, self.max_keys, self.encode_url)
        if self.marker:
            query.append(("marker", text_of_bytes(self.marker)))
        return S3Request(self.method, self.bucket, query=tuple(query))


@dataclass(frozen=True, slots=True)
class ListObjectsV2(Operation):
    """`start_after` counts on the first page only: a continuation token wins over it."""

    name = "ListObjectsV2"
    method = "GET"
    scope = Scope.BUCKET
    sub_resource = "list-type"
    transaction_class = TransactionClass.C
    capability = "listFiles"

    bucket: str
    prefix: bytes = b""
    delimiter: bytes = b""
    start_after: bytes = b""
    continuation_token: str | None = None
    max_keys: int = MAX_KEYS
    encode_url: bool = False
    fetch_owner: bool = False

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        list_type = request.parameter("list-type")
        if list_type != "2":
            raise InvalidArgument.of("list-type", list_type or "", "Invalid List Type specified in Request")
        return cls(
            bucket_of(request),
            request.parameter_bytes("prefix"),
            request.parameter_bytes("delimiter"),
            request.parameter_bytes("start-after"),
            _continuation_token(request),
            request.number("max-keys", default=MAX_KEYS),
            wants_url_encoding(request),
            request.parameter("fetch-owner") == "true",
        )

    def to_request(self) -> S3Request:
        query = [("list-type", "2"), *_listing_query(self.prefix, self.delimiter, self.max_keys, self.encode_url)]
        if self.start_after:
            query.append(("start-after", text_of_bytes(self.start_after)))
        if self.continuation_token is not None:
            query.append(("continuation-token", self.continuation_token))
        if self.fetch_owner:
            query.append(("fetch-owner", "true"))
        return S3Request(self.method, self.bucket, query=tuple(query))


@dataclass(frozen=True, slots=True)
class ListObjectVersions(Operation):
    """The page begins behind the version that the two markers name, or behind the key when it is alone."""

    name = "ListObjectVersions"
    method = "GET"
    scope = Scope.BUCKET
    sub_resource = "versions"
    transaction_class = TransactionClass.C
    capability = "listFiles"

    bucket: str
    prefix: bytes = b""
    delimiter: bytes = b""
    key_marker: bytes = b""
    version_id_marker: str | None = None
    max_keys: int = MAX_KEYS
    encode_url: bool = False

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        key_marker = request.parameter_bytes("key-marker")
        version_id_marker = request.parameter("version-id-marker")
        if version_id_marker is not None and not key_marker:
            raise InvalidArgument.of(
                "version-id-marker", version_id_marker, "A version-id marker cannot be specified without a key marker."
            )
        return cls(
            bucket_of(request),
            request.parameter_bytes("prefix"),
            request.parameter_bytes("delimiter"),
            key_marker,
            version_id_marker or None,
            request.number("max-keys", default=MAX_KEYS),
            wants_url_encoding(request),
        )

    def to_request(self) -> S3Request:
        query = [("versions", ""), *_listing_query(self.prefix, self.delimiter, self.max_keys, self.encode_url)]
        if self.key_marker:
            query.append(("key-marker", text_of_bytes(self.key_marker)))
        if self.version_id_marker is not None:
            query.append(("version-id-marker", self.version_id_marker))
        return S3Request(self.method, self.bucket, query=tuple(query))


def _continuation_token(request: S3Request) -> str | None:
    token = request.parameter("continuation-token")
    if token == "":
        raise InvalidArgument.of("continuation-token", "", "The continuation token provided is incorrect")
    return token


def _listing_query(prefix: bytes, delimiter: bytes, max_keys: int, encode_url: bool) -> list[tuple[str, str]]:
    query: list[tuple[str, str]] = []
    if prefix:
        query.append(("prefix", text_of_bytes(prefix)))
    if delimiter:
        query.append(("delimiter", text_of_bytes(delimiter)))
    if max_keys != MAX_KEYS:
        query.append(("max-keys", str(max_keys)))
    if encode_url:
        query.append(("encoding-type", "url"))
    return query


def wants_url_encoding(request: S3Request) -> bool:
    encoding = request.parameter("encoding-type")
    if encoding in (None, ""):
        return False
    if encoding != "url":
        raise InvalidArgument.of("encoding-type", encoding or "", "Invalid Encoding Method specified in Request")
    return True
