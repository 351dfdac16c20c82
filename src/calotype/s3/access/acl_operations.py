"""The operations on the ACLs of buckets and objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from calotype.http.message import Headers
from calotype.s3.access.acl_documents import AccessControlPolicy
from calotype.s3.access.grants import ACL_HEADER, AskedAcl, acl_headers, acl_of
from calotype.s3.configuration.on_configuration import GetsConfiguration
from calotype.s3.errors import MissingSecurityHeader, UnexpectedContent
from calotype.s3.objects.object_operations import version_id_of
from calotype.s3.objects.on_version import OnVersion, sub_resource_query
from calotype.s3.operation import Operation, Scope, TransactionClass, bucket_of, key_of
from calotype.s3.request import S3Request

AclToPut = AskedAcl | AccessControlPolicy


@dataclass(frozen=True, slots=True)
class GetBucketAcl(GetsConfiguration):
    name = "GetBucketAcl"
    sub_resource = "acl"
    action = "s3:GetBucketAcl"


@dataclass(frozen=True, slots=True)
class PutBucketAcl(Operation):
    name = "PutBucketAcl"
    method = "PUT"
    scope = Scope.BUCKET
    sub_resource = "acl"
    transaction_class = TransactionClass.C
    action = "s3:PutBucketAcl"
    has_document = True

    bucket: str
    acl: AclToPut

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(bucket_of(request), acl_to_put(request))

    def to_request(self) -> S3Request:
        headers, body = acl_parts(self.acl)
        return S3Request(self.method, self.bucket, query=(("acl", ""),), headers=headers, body=body)


def acl_to_put(request: S3Request) -> AclToPut:
    """Raises MissingSecurityHeader where neither header fields nor body hold one, UnexpectedContent where both do."""
    in_headers = acl_of(request)
    if not request.body:
        if in_headers is None:
            raise MissingSecurityHeader(MissingHeaderName=ACL_HEADER)
        return in_headers
    if in_headers is not None:
        raise UnexpectedContent
    return AccessControlPolicy.from_xml(request.body)


def acl_parts(acl: AclToPut) -> tuple[Headers, bytes]:
    """(header fields, body) that say it."""
    if isinstance(acl, AccessControlPolicy):
        return Headers(), acl.to_xml()
    return Headers(acl_headers(acl)), b""


@dataclass(frozen=True, slots=True)
class GetObjectAcl(OnVersion):
    name = "GetObjectAcl"
    method = "GET"
    scope = Scope.OBJECT
    sub_resource = "acl"
    transaction_class = TransactionClass.C
    action = "s3:GetObjectAcl"


@dataclass(frozen=True, slots=True)
class PutObjectAcl(Operation):
    name = "PutObjectAcl"
    method = "PUT"
    scope = Scope.OBJECT
    sub_resource = "acl"
    transaction_class = TransactionClass.C
    action = "s3:PutObjectAcl"
    has_document = True

    bucket: str
    key: bytes
    acl: AclToPut
    version_id: str | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(bucket_of(request), key_of(request), acl_to_put(request), version_id_of(request))

    def to_request(self) -> S3Request:
        headers, body = acl_parts(self.acl)
        query = sub_resource_query(self.sub_resource, self.version_id)
        return S3Request(self.method, self.bucket, self.key, query, headers, body)
