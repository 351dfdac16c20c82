"""The operations on objects: put, get and head; copies and deletions have modules of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from calotype.auth.checksums import HEADERS, is_well_formed
from calotype.http.message import Headers
from calotype.s3.errors import InvalidArgument, InvalidRequest
from calotype.s3.objects.description import Description
from calotype.s3.objects.encryption import (
    CustomerKeyFields,
    RequestedEncryption,
    customer_key_headers,
    customer_key_of,
    encryption_headers,
    encryption_of,
    refuse_encryption_of_a_read,
)
from calotype.s3.operation import (
    Operation,
    Scope,
    TransactionClass,
    bucket_of,
    header_fields,
    key_of,
    part_number_of,
)
from calotype.s3.request import S3Request

_COMPOSITE_END = re.compile(r"-[0-9]{1,5}\Z")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class ContentChecksum:
    """One of the five checksums, by S3's name of the algorithm and as base64."""

    algorithm: str
    value: str


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
        fields = (
            ("if-match", self.if_match),
            ("if-none-match", self.if_none_match),
            ("if-modified-since", self.if_modified_since),
            ("if-unmodified-since", self.if_unmodified_since),
        )
        return [(f"{prefix}{name}", value) for name, value in fields if value is not None]


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
        _refuse_unknown_checksums(headers)
        return None
    algorithm, value = found[0]
    digest = _COMPOSITE_END.sub("", value) if may_be_composite else value
    if not is_well_formed(algorithm, digest):
        raise InvalidRequest(f"Value for {HEADERS[algorithm]} header is invalid.")
    return ContentChecksum(algorithm, value)


_ABOUT_CHECKSUMS = frozenset({"x-amz-checksum-algorithm", "x-amz-checksum-mode", "x-amz-checksum-type"})


def _refuse_unknown_checksums(headers: Headers) -> None:
    """Returns when no other algorithm's checksum is declared: passed over, it would be believed to hold."""
    for name, _ in headers:
        if name.startswith("x-amz-checksum-") and name not in _ABOUT_CHECKSUMS:
            raise InvalidRequest("The algorithm type you specified in x-amz-checksum- header is invalid.")


OVERRIDES = frozenset(
    {
        "response-cache-control",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-content-type",
        "response-expires",
    }
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
    """The first value of each that is asked for."""
    overrides: dict[str, str] = {}
    for name, value in request.query:
        if name in OVERRIDES:
            overrides.setdefault(name.removeprefix("response-"), _one_line(name, value))
    return overrides


def _one_line(name: str, value: str) -> str:
    if _CONTROL_CHARACTER.search(value):
        raise InvalidArgument.of(name, value, "Header fields cannot hold control characters.")
    return value


def version_id_of(request: S3Request) -> str | None:
    version_id = request.parameter("versionId")
    if version_id == "":
        raise InvalidArgument.of("versionId", "", "Version id cannot be the empty string")
    return version_id


@dataclass(frozen=True, slots=True)
class HeadObject(GetObject):
    name = "HeadObject"
    method = "HEAD"
