"""CopyObject: an upload whose content and, unless replaced, whose description come from another object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from calotype.http.message import Headers
from calotype.s3.addressing import Address, decoded, path_of
from calotype.s3.errors import InvalidArgument
from calotype.s3.objects.checksum_plan import checksum_algorithm_of
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
from calotype.s3.objects.object_operations import Conditions
from calotype.s3.operation import Operation, Scope, TransactionClass, bucket_of, key_of
from calotype.s3.request import S3Request, text_of_bytes

METADATA_DIRECTIVE = "x-amz-metadata-directive"
TAGGING_DIRECTIVE = "x-amz-tagging-directive"


@dataclass(frozen=True, slots=True)
class CopyObject(Operation):
    """What `description` says of metadata and tags counts where it `replaces` them, else the source's go along."""

    name = "CopyObject"
    method = "PUT"
    scope = Scope.OBJECT
    sub_resource = "x-amz-copy-source"
    transaction_class = TransactionClass.C
    action = "s3:PutObject"

    bucket: str
    key: bytes
    source_bucket: str
    source_key: bytes
    source_version_id: str | None = None
    description: Description = field(default_factory=Description)
    replaces_metadata: bool = False
    replaces_tags: bool = False
    source_conditions: Conditions = field(default_factory=Conditions)
    conditions: Conditions = field(default_factory=Conditions)
    encryption: RequestedEncryption | None = None
    source_customer_key: CustomerKeyFields | None = None
    checksum_algorithm: str | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        source, version_id = copy_source_of(request)
        replaces_metadata = _replaces(request, METADATA_DIRECTIVE)
        replaces_tags = _replaces(request, TAGGING_DIRECTIVE)
        return cls(
            bucket_of(request),
            key_of(request),
            *source,
            version_id,
            Description.from_request(request, with_metadata=replaces_metadata, with_tags=replaces_tags),
            replaces_metadata,
            replaces_tags,
            Conditions.from_headers(request.headers, "x-amz-copy-source-"),
            Conditions.from_headers(request.headers),
            encryption_of(request.headers),
            customer_key_of(request.headers, COPY_SOURCE_HEADER),
            checksum_algorithm_of(request),
        )

    def to_request(self) -> S3Request:
        fields = [copy_source_header(self.source_bucket, self.source_key, self.source_version_id)]
        fields += self.description.to_headers()
        if self.replaces_metadata:
            fields.append((METADATA_DIRECTIVE, "REPLACE"))
        if self.replaces_tags:
            fields.append((TAGGING_DIRECTIVE, "REPLACE"))
        if self.checksum_algorithm is not None:
            fields.append(("x-amz-checksum-algorithm", self.checksum_algorithm))
        fields += self.source_conditions.to_headers("x-amz-copy-source-") + self.conditions.to_headers()
        fields += encryption_headers(self.encryption)
        fields += customer_key_headers(self.source_customer_key, COPY_SOURCE_HEADER)
        return S3Request(self.method, self.bucket, self.key, headers=Headers(fields))


def copy_source_header(bucket: str, key: bytes, version_id: str | None) -> tuple[str, str]:
    """The header field that `copy_source_of` reads back."""
    source = path_of(Address(bucket, key))
    return ("x-amz-copy-source", source if version_id is None else f"{source}?versionId={version_id}")


def copy_source_of(request: S3Request) -> tuple[tuple[str, bytes], str | None]:
    """((bucket, key), version id) of `x-amz-copy-source`, which is percent-encoded and may begin with a slash."""
    text = request.headers.get("x-amz-copy-source") or ""
    path, version_id = text, None
    if "?versionId=" in text:
        path, _, version_id = text.rpartition("?versionId=")
    bucket, _, key = decoded(path).removeprefix(b"/").partition(b"/")
    if not bucket or not key:
        raise InvalidArgument.of(
            "x-amz-copy-source", text, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        )
    if version_id == "":
        raise InvalidArgument.of("versionId", "", "Version id cannot be the empty string")
    return (text_of_bytes(bucket), key), version_id


def _replaces(request: S3Request, name: str) -> bool:
    directive = request.header(name) or "COPY"
    if directive not in ("COPY", "REPLACE"):
        raise InvalidArgument.of(name, directive, "Unknown directive; it is COPY or REPLACE.")
    return directive == "REPLACE"
