"""The tags of a bucket (s3.md §8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from calotype.s3.configuration.on_configuration import DeletesConfiguration, GetsConfiguration, PutsConfiguration
from calotype.s3.operation import bucket_of
from calotype.s3.request import S3Request
from calotype.s3.tags import MOST_TAGS_OF_BUCKET, tags_document, tags_of_document

KEPT_AS = "tags"


@dataclass(frozen=True, slots=True)
class GetBucketTagging(GetsConfiguration):
    name = "GetBucketTagging"
    sub_resource = "tagging"
    action = "s3:GetBucketTagging"


@dataclass(frozen=True, slots=True)
class PutBucketTagging(PutsConfiguration):
    name = "PutBucketTagging"
    sub_resource = "tagging"
    action = "s3:PutBucketTagging"

    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(bucket_of(request), tags_of_document(request.body, MOST_TAGS_OF_BUCKET))

    def to_request(self) -> S3Request:
        return self.request_with(tags_document(self.tags))


@dataclass(frozen=True, slots=True)
class DeleteBucketTagging(DeletesConfiguration):
    name = "DeleteBucketTagging"
    sub_resource = "tagging"
    action = "s3:PutBucketTagging"
