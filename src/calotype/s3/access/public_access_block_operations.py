"""The operations on a bucket's public access block, and its XML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from calotype.s3 import xml
from calotype.s3.access.public_access_block import PublicAccessBlock
from calotype.s3.configuration.on_configuration import DeletesConfiguration, GetsConfiguration, PutsConfiguration
from calotype.s3.documents import one_of, parsed_body
from calotype.s3.operation import bucket_of
from calotype.s3.request import S3Request

ROOT = "PublicAccessBlockConfiguration"
_YES, _NO = "true", "false"

FIELDS = {
    "BlockPublicAcls": "block_public_acls",
    "IgnorePublicAcls": "ignore_public_acls",
    "BlockPublicPolicy": "block_public_policy",
    "RestrictPublicBuckets": "restrict_public_buckets",
}
"""The switches: S3's element, our field."""


def public_access_block_of(body: bytes) -> PublicAccessBlock:
    """What is not said is off; raises MalformedXML."""
    root = parsed_body(body, ROOT)
    return PublicAccessBlock(**{name: _is_on(root, element) for element, name in FIELDS.items()})


def _is_on(root: xml.Element, element: str) -> bool:
    child = root.child(element)
    if child is None:
        return False
    child.text = child.text.strip().lower()
    return one_of(root, element, (_YES, _NO)) == _YES


def public_access_block_document(block: PublicAccessBlock) -> bytes:
    switches = block.to_json()
    return xml.document(ROOT, *((element, _YES if switches[name] else _NO) for element, name in FIELDS.items()))


@dataclass(frozen=True, slots=True)
class GetPublicAccessBlock(GetsConfiguration):
    name = "GetPublicAccessBlock"
    sub_resource = "publicAccessBlock"
    action = "s3:GetBucketPublicAccessBlock"


@dataclass(frozen=True, slots=True)
class PutPublicAccessBlock(PutsConfiguration):
    name = "PutPublicAccessBlock"
    sub_resource = "publicAccessBlock"
    action = "s3:PutBucketPublicAccessBlock"

    block: PublicAccessBlock = field(default_factory=PublicAccessBlock)

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(bucket_of(request), public_access_block_of(request.body))

    def to_request(self) -> S3Request:
        return self.request_with(public_access_block_document(self.block))


@dataclass(frozen=True, slots=True)
class DeletePublicAccessBlock(DeletesConfiguration):
    name = "DeletePublicAccessBlock"
    sub_resource = "publicAccessBlock"
    action = "s3:PutBucketPublicAccessBlock"
