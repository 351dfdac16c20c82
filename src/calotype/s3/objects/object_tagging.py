"""GetObjectTagging, PutObjectTagging and DeleteObjectTagging: the tags of one version of an object (s3.md §8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from calotype.s3.objects.object_operations import version_id_of
from calotype.s3.objects.on_version import OnVersion, sub_resource_query
from calotype.s3.operation import Operation, Scope, TransactionClass, bucket_of, key_of
from calotype.s3.request import S3Request
from calotype.s3.tags import MOST_TAGS_OF_OBJECT, tags_document, tags_of_document


@dataclass(frozen=True, slots=True)
class GetObjectTagging(OnVersion):
    name = "GetObjectTagging"
    method = "GET"
    scope = Scope.OBJECT
    sub_resource = "tagging"
    transaction_class = TransactionClass.C
    action = "s3:GetObjectTagging"


@dataclass(frozen=True, slots=True)
class DeleteObjectTagging(OnVersion):
    name = "DeleteObjectTagging"
    method = "DELETE"
    scope = Scope.OBJECT
    sub_resource = "tagging"
    transaction_class = TransactionClass.C
    action = "s3:DeleteObjectTagging"


@dataclass(frozen=True, slots=True)
class PutObjectTagging(Operation):
    """`tags` take the place of all that were there."""

    name = "PutObjectTagging"
    method = "PUT"
    scope = Scope.OBJECT
    sub_resource = "tagging"
    transaction_class = TransactionClass.C
    action = "s3:PutObjectTagging"
    has_document = True

    bucket: str
    key: bytes
    tags: Mapping[str, str]
    version_id: str | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        tags = tags_of_document(request.body, MOST_TAGS_OF_OBJECT)
        return cls(bucket_of(request), key_of(request), tags, version_id_of(request))

    def to_request(self) -> S3Request:
        query = sub_resource_query(self.sub_resource, self.version_id)
        return S3Request(self.method, self.bucket, self.key, query, body=tags_document(self.tags))
