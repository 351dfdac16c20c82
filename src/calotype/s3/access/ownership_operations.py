"""The operations on a bucket's ownership controls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from calotype.s3 import xml
from calotype.s3.access.ownership import Ownership
from calotype.s3.configuration.on_configuration import DeletesConfiguration, GetsConfiguration, PutsConfiguration
from calotype.s3.documents import malformed, parsed_body
from calotype.s3.operation import bucket_of
from calotype.s3.request import S3Request


def ownership_document(ownership: Ownership) -> bytes:
    return xml.document("OwnershipControls", ("Rule", [("ObjectOwnership", ownership.value)]))


def ownership_in_document(content: bytes) -> Ownership:
    """What the one rule says; raises MalformedXML."""
    rules = parsed_body(content, "OwnershipControls").children
    text = rules[0].text_of("ObjectOwnership") if len(rules) == 1 and rules[0].name == "Rule" else None
    if text not in set(Ownership):
        raise malformed(f"one Rule has an ObjectOwnership, which is {' or '.join(Ownership)}")
    return Ownership(text)


@dataclass(frozen=True, slots=True)
class GetBucketOwnershipControls(GetsConfiguration):
    name = "GetBucketOwnershipControls"
    sub_resource = "ownershipControls"
    action = "s3:GetBucketOwnershipControls"


@dataclass(frozen=True, slots=True)
class PutBucketOwnershipControls(PutsConfiguration):
    name = "PutBucketOwnershipControls"
    sub_resource = "ownershipControls"
    action = "s3:PutBucketOwnershipControls"

    ownership: Ownership

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(bucket_of(request), ownership_in_document(request.body))

    def to_request(self) -> S3Request:
        return self.request_with(ownership_document(self.ownership))


@dataclass(frozen=True, slots=True)
class DeleteBucketOwnershipControls(DeletesConfiguration):
    name = "DeleteBucketOwnershipControls"
    sub_resource = "ownershipControls"
    action = "s3:PutBucketOwnershipControls"
