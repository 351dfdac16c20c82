"""The operations on buckets; those that list are in `listing_operations`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from calotype.http.message import Headers
from calotype.s3 import xml
from calotype.s3.access.grants import AskedAcl, acl_headers, acl_of
from calotype.s3.access.ownership import Ownership, ownership_headers, ownership_of
from calotype.s3.documents import parsed_body
from calotype.s3.operation import Operation, Scope, TransactionClass, bucket_of, refuse_unsupported_headers, yes_or_no
from calotype.s3.request import S3Request

_OBJECT_LOCK = "x-amz-bucket-object-lock-enabled"


@dataclass(frozen=True, slots=True)
class CreateBucket(Operation):
    """`location` is the region that the body constrains the bucket to, `ownership` whose its objects shall be.

    With object lock the bucket keeps versions from the start.
    """

    name = "CreateBucket"
    method = "PUT"
    scope = Scope.BUCKET
    transaction_class = TransactionClass.C
    action = "s3:CreateBucket"
    has_document = True

    bucket: str
    acl: AskedAcl | None = None
    location: str | None = None
    ownership: Ownership | None = None
    has_object_lock: bool = False

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        refuse_unsupported_headers(request.headers)
        return cls(
            bucket_of(request),
            acl_of(request),
            _location_constraint(request.body),
            ownership_of(request.headers),
            yes_or_no(_OBJECT_LOCK, request.header(_OBJECT_LOCK)),
        )

    def to_request(self) -> S3Request:
        body = b""
        if self.location is not None:
            body = xml.document("CreateBucketConfiguration", ("LocationConstraint", self.location))
        lock = [(_OBJECT_LOCK, "true")] if self.has_object_lock else []
        headers = Headers([*acl_headers(self.acl), *ownership_headers(self.ownership), *lock])
        return S3Request(self.method, self.bucket, headers=headers, body=body)


def _location_constraint(body: bytes) -> str | None:
    if not body.strip():
        return None
    root = parsed_body(body, "CreateBucketConfiguration")
    return root.text_of("LocationConstraint") or None


@dataclass(frozen=True, slots=True)
class OnBucket(Operation):
    """An operation that says nothing but which bucket."""

    bucket: str

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(bucket_of(request))

    def to_request(self) -> S3Request:
        return S3Request(self.method, self.bucket, query=((self.sub_resource, ""),) if self.sub_resource else ())


@dataclass(frozen=True, slots=True)
class HeadBucket(OnBucket):
    name = "HeadBucket"
    method = "HEAD"
    scope = Scope.BUCKET
    transaction_class = TransactionClass.C
    action = "s3:HeadBucket"


@dataclass(frozen=True, slots=True)
class DeleteBucket(OnBucket):
    name = "DeleteBucket"
    method = "DELETE"
    scope = Scope.BUCKET
    transaction_class = TransactionClass.A
    action = "s3:DeleteBucket"


@dataclass(frozen=True, slots=True)
class GetBucketLocation(OnBucket):
    name = "GetBucketLocation"
    method = "GET"
    scope = Scope.BUCKET
    sub_resource = "location"
    transaction_class = TransactionClass.C
    action = "s3:GetBucketLocation"


@dataclass(frozen=True, slots=True)
class GetBucketVersioning(OnBucket):
    name = "GetBucketVersioning"
    method = "GET"
    scope = Scope.BUCKET
    sub_resource = "versioning"
    transaction_class = TransactionClass.C
    action = "s3:GetBucketVersioning"
