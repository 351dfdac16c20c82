"""The operations that list: buckets, objects in the two versions of the call, and versions (s3.md §2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from calotype.s3.errors import InvalidArgument
from calotype.s3.operation import Operation, Scope, TransactionClass, bucket_of
from calotype.s3.request import S3Request, text_of_bytes

MAX_KEYS = 1000
MAX_BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class ListBuckets(Operation):
    name = "ListBuckets"
    method = "GET"
    scope = Scope.SERVICE
    transaction_class = TransactionClass.C
    action = "s3:ListAllMyBuckets"

    prefix: str = ""
    max_buckets: int | None = None
    continuation_token: str | None = None
    bucket_region: str | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(
            request.parameter("prefix") or "",
            _max_buckets(request),
            request.parameter("continuation-token") or None,
            request.parameter("bucket-region") or None,
        )

    def to_request(self) -> S3Request:
        query = {
            "prefix": self.prefix,
            "max-buckets": str(self.max_buckets or ""),
            "continuation-token": self.continuation_token,
            "bucket-region": self.bucket_region,
        }
        return S3Request(self.method, query=tuple((name, value) for name, value in query.items() if value))

    @property
    def is_narrowed(self) -> bool:
        """Whether any parameter was given, upon which each bucket is told with its region."""
        return self != ListBuckets()


def _max_buckets(request: S3Request) -> int | None:
    text = request.parameter("max-buckets") or ""
    if not text:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0
    if not 1 <= number <= MAX_BUCKETS:
        raise InvalidArgument.of("max-buckets", text, f"max-buckets must be an integer between 1 and {MAX_BUCKETS}")
    return number


@dataclass(frozen=True, slots=True)
class ListObjects(Operation):
    """The first version of the listing, which rclone and s3cmd still use."""

    name = "ListObjects"
    method = "GET"
    scope = Scope.BUCKET
    transaction_class = TransactionClass.C
    action = "s3:ListBucket"

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
    """`start_after` counts on the first page only: a continuation token wins over it, an empty one is none."""

    name = "ListObjectsV2"
    method = "GET"
    scope = Scope.BUCKET
    sub_resource = "list-type"
    transaction_class = TransactionClass.C
    action = "s3:ListBucket"

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
            request.parameter("continuation-token"),
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
    action = "s3:ListBucketVersions"

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
