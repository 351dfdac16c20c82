"""What the operations on one version of an object have in common: which one, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from calotype.s3.objects.object_operations import version_id_of
from calotype.s3.operation import Operation, bucket_of, key_of
from calotype.s3.request import S3Request


@dataclass(frozen=True, slots=True)
class OnVersion(Operation):
    """An operation that says nothing but which version; None is the latest."""

    bucket: str
    key: bytes
    version_id: str | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(bucket_of(request), key_of(request), version_id_of(request))

    def to_request(self) -> S3Request:
        query = sub_resource_query(self.sub_resource, self.version_id)
        return S3Request(self.method, self.bucket, self.key, query)


def sub_resource_query(sub_resource: str | None, version_id: str | None) -> tuple[tuple[str, str], ...]:
    """The query that asks for a sub-resource of the version."""
    query = [] if sub_resource is None else [(sub_resource, "")]
    return (*query, *([] if version_id is None else [("versionId", version_id)]))
