"""The operations on the legal hold and the retention of one version of an object (s3.md §8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from calotype.http.message import Headers
from calotype.s3.objects.object_lock import (
    bypass_headers,
    bypass_of,
    legal_hold_document,
    legal_hold_of_document,
    retention_document,
    retention_of_document,
)
from calotype.s3.objects.object_operations import version_id_of
from calotype.s3.objects.on_version import OnVersion, sub_resource_query
from calotype.s3.operation import Operation, Scope, TransactionClass, bucket_of, key_of
from calotype.s3.request import S3Request
from calotype.store.model import Retention


@dataclass(frozen=True, slots=True)
class GetObjectLegalHold(OnVersion):
    name = "GetObjectLegalHold"
    method = "GET"
    scope = Scope.OBJECT
    sub_resource = "legal-hold"
    transaction_class = TransactionClass.B
    action = "s3:GetObjectLegalHold"


@dataclass(frozen=True, slots=True)
class PutObjectLegalHold(Operation):
    name = "PutObjectLegalHold"
    method = "PUT"
    scope = Scope.OBJECT
    sub_resource = "legal-hold"
    transaction_class = TransactionClass.A
    action = "s3:PutObjectLegalHold"
    has_document = True

    bucket: str
    key: bytes
    is_on: bool
    version_id: str | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        is_on = legal_hold_of_document(request.body)
        return cls(bucket_of(request), key_of(request), is_on, version_id_of(request))

    def to_request(self) -> S3Request:
        query = sub_resource_query(self.sub_resource, self.version_id)
        return S3Request(self.method, self.bucket, self.key, query, body=legal_hold_document(self.is_on))


@dataclass(frozen=True, slots=True)
class GetObjectRetention(OnVersion):
    name = "GetObjectRetention"
    method = "GET"
    scope = Scope.OBJECT
    sub_resource = "retention"
    transaction_class = TransactionClass.B
    action = "s3:GetObjectRetention"


@dataclass(frozen=True, slots=True)
class PutObjectRetention(Operation):
    """`retention` None takes it away; `bypasses_governance` says that a governance retention may be made weaker."""

    name = "PutObjectRetention"
    method = "PUT"
    scope = Scope.OBJECT
    sub_resource = "retention"
    transaction_class = TransactionClass.A
    action = "s3:PutObjectRetention"
    has_document = True

    bucket: str
    key: bytes
    retention: Retention | None
    version_id: str | None = None
    bypasses_governance: bool = False

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(
            bucket_of(request),
            key_of(request),
            retention_of_document(request.body),
            version_id_of(request),
            bypass_of(request.headers),
        )

    def to_request(self) -> S3Request:
        query = sub_resource_query(self.sub_resource, self.version_id)
        headers = Headers(bypass_headers(self.bypasses_governance))
        return S3Request(self.method, self.bucket, self.key, query, headers, retention_document(self.retention))
