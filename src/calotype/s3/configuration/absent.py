"""Configurations that no bucket has here: reading one says so as S3 does where none was put, and so does deleting it.

Putting one is not implemented (`operations.NOT_IMPLEMENTED`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from calotype.s3.configuration.errors import (
    MetadataConfigurationNotFound,
    NoSuchConfiguration,
    NoSuchWebsiteConfiguration,
    ReplicationConfigurationNotFound,
)
from calotype.s3.configuration.on_configuration import DeletesConfiguration, GetsConfiguration
from calotype.s3.errors import S3Error
from calotype.s3.operation import bucket_of
from calotype.s3.request import S3Request


@dataclass(frozen=True, slots=True)
class GetsAbsent(GetsConfiguration):
    """`error` is what stands for the configuration."""

    error: ClassVar[type[S3Error]]


@dataclass(frozen=True, slots=True)
class GetBucketWebsite(GetsAbsent):
    name = "GetBucketWebsite"
    sub_resource = "website"
    action = "s3:GetBucketWebsite"
    error = NoSuchWebsiteConfiguration


@dataclass(frozen=True, slots=True)
class DeleteBucketWebsite(DeletesConfiguration):
    name = "DeleteBucketWebsite"
    sub_resource = "website"
    action = "s3:DeleteBucketWebsite"


@dataclass(frozen=True, slots=True)
class GetBucketReplication(GetsAbsent):
    name = "GetBucketReplication"
    sub_resource = "replication"
    action = "s3:GetReplicationConfiguration"
    error = ReplicationConfigurationNotFound


@dataclass(frozen=True, slots=True)
class DeleteBucketReplication(DeletesConfiguration):
    name = "DeleteBucketReplication"
    sub_resource = "replication"
    action = "s3:PutReplicationConfiguration"


@dataclass(frozen=True, slots=True)
class GetBucketMetadataTableConfiguration(GetsAbsent):
    name = "GetBucketMetadataTableConfiguration"
    sub_resource = "metadataTable"
    action = "s3:GetBucketMetadataTableConfiguration"
    error = MetadataConfigurationNotFound


@dataclass(frozen=True, slots=True)
class DeleteBucketMetadataTableConfiguration(DeletesConfiguration):
    name = "DeleteBucketMetadataTableConfiguration"
    sub_resource = "metadataTable"
    action = "s3:DeleteBucketMetadataTableConfiguration"


@dataclass(frozen=True, slots=True)
class GetBucketMetadataConfiguration(GetsAbsent):
    name = "GetBucketMetadataConfiguration"
    sub_resource = "metadataConfiguration"
    action = "s3:GetBucketMetadataTableConfiguration"
    error = MetadataConfigurationNotFound


@dataclass(frozen=True, slots=True)
class DeleteBucketMetadataConfiguration(DeletesConfiguration):
    name = "DeleteBucketMetadataConfiguration"
    sub_resource = "metadataConfiguration"
    action = "s3:DeleteBucketMetadataTableConfiguration"


@dataclass(frozen=True, slots=True)
class ReadsNamed(GetsConfiguration):
    """One configuration by its `id`, or the list of all; `list_root` is the name of the list's document."""

    list_root: ClassVar[str]
    error: ClassVar[type[S3Error]] = NoSuchConfiguration

    id: str | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(bucket_of(request), request.parameter("id"))

    def to_request(self) -> S3Request:
        return S3Request(self.method, self.bucket, query=_query(self.sub_resource, self.id))


@dataclass(frozen=True, slots=True)
class DeletesNamed(DeletesConfiguration):
    """One configuration by its `id`."""

    error: ClassVar[type[S3Error]] = NoSuchConfiguration

    id: str | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(bucket_of(request), request.parameter("id"))

    def to_request(self) -> S3Request:
        return S3Request(self.method, self.bucket, query=_query(self.sub_resource, self.id))


def _query(sub_resource: str | None, name: str | None) -> tuple[tuple[str, str], ...]:
    return ((sub_resource or "", ""), *(() if name is None else (("id", name),)))


@dataclass(frozen=True, slots=True)
class GetBucketAnalyticsConfiguration(ReadsNamed):
    name = "GetBucketAnalyticsConfiguration"
    sub_resource = "analytics"
    action = "s3:GetAnalyticsConfiguration"
    list_root = "ListBucketAnalyticsConfigurationResult"


@dataclass(frozen=True, slots=True)
class DeleteBucketAnalyticsConfiguration(DeletesNamed):
    name = "DeleteBucketAnalyticsConfiguration"
    sub_resource = "analytics"
    action = "s3:PutAnalyticsConfiguration"


@dataclass(frozen=True, slots=True)
class GetBucketIntelligentTieringConfiguration(ReadsNamed):
    name = "GetBucketIntelligentTieringConfiguration"
    sub_resource = "intelligent-tiering"
    action = "s3:GetIntelligentTieringConfiguration"
    list_root = "ListBucketIntelligentTieringConfigurationsOutput"


@dataclass(frozen=True, slots=True)
class DeleteBucketIntelligentTieringConfiguration(DeletesNamed):
    name = "DeleteBucketIntelligentTieringConfiguration"
    sub_resource = "intelligent-tiering"
    action = "s3:PutIntelligentTieringConfiguration"


@dataclass(frozen=True, slots=True)
class GetBucketInventoryConfiguration(ReadsNamed):
    name = "GetBucketInventoryConfiguration"
    sub_resource = "inventory"
    action = "s3:GetInventoryConfiguration"
    list_root = "ListInventoryConfigurationsResult"


@dataclass(frozen=True, slots=True)
class DeleteBucketInventoryConfiguration(DeletesNamed):
    name = "DeleteBucketInventoryConfiguration"
    sub_resource = "inventory"
    action = "s3:PutInventoryConfiguration"


@dataclass(frozen=True, slots=True)
class GetBucketMetricsConfiguration(ReadsNamed):
    name = "GetBucketMetricsConfiguration"
    sub_resource = "metrics"
    action = "s3:GetMetricsConfiguration"
    list_root = "ListMetricsConfigurationsResult"


@dataclass(frozen=True, slots=True)
class DeleteBucketMetricsConfiguration(DeletesNamed):
    name = "DeleteBucketMetricsConfiguration"
    sub_resource = "metrics"
    action = "s3:PutMetricsConfiguration"


ABSENT = (
    GetBucketWebsite,
    GetBucketReplication,
    GetBucketMetadataConfiguration,
    GetBucketMetadataTableConfiguration,
)
REMOVABLE = (
    DeleteBucketWebsite,
    DeleteBucketReplication,
    DeleteBucketMetadataConfiguration,
    DeleteBucketMetadataTableConfiguration,
)
NAMED = (
    GetBucketAnalyticsConfiguration,
    GetBucketIntelligentTieringConfiguration,
    GetBucketInventoryConfiguration,
    GetBucketMetricsConfiguration,
)
NAMED_REMOVALS = (
    DeleteBucketAnalyticsConfiguration,
    DeleteBucketIntelligentTieringConfiguration,
    DeleteBucketInventoryConfiguration,
    DeleteBucketMetricsConfiguration,
)
