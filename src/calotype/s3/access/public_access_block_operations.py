"""The operations on a bucket's public access block, and its XML."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Self

from calotype.s3 import xml
from calotype.s3.access.public_access_block import PublicAccessBlock
from calotype.s3.configuration.on_configuration import DeletesConfiguration, GetsConfiguration, PutsConfiguration
from calotype.s3.documents import malformed, parsed_body
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
    """Whether the switch is on, in whatever letter case."""
    text = root.text_of(element)
    word = _NO if text is None else text.strip().lower()
    if word not in (_YES, _NO):
        raise malformed(f"{element} is {_YES} or {_NO}, not {text!r}")
    return word == _YES


def public_access_block_document(block: PublicAccessBlock) -> bytes:
    switches = asdict(block)
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
