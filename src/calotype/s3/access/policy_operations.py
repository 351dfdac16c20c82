"""The operations on a bucket's policy (s3.md §7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from calotype.http.message import Headers
from calotype.s3 import xml
from calotype.s3.access.errors import MalformedPolicy
from calotype.s3.configuration.on_configuration import DeletesConfiguration, GetsConfiguration, PutsConfiguration
from calotype.s3.operation import bucket_of, yes_or_no
from calotype.s3.request import S3Request

CONFIRMS = "x-amz-confirm-remove-self-bucket-access"


@dataclass(frozen=True, slots=True)
class GetBucketPolicy(GetsConfiguration):
    name = "GetBucketPolicy"
    sub_resource = "policy"
    action = "s3:GetBucketPolicy"


@dataclass(frozen=True, slots=True)
class PutBucketPolicy(PutsConfiguration):
    """`text` is the policy, not yet believed; `confirms` that it may keep the caller from changing it again."""

    name = "PutBucketPolicy"
    sub_resource = "policy"
    action = "s3:PutBucketPolicy"

    text: str = ""
    confirms: bool = False

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        try:
            text = request.body.decode()
        except UnicodeDecodeError as exc:
            raise MalformedPolicy("This policy contains invalid Json") from exc
        return cls(bucket_of(request), text, yes_or_no(CONFIRMS, request.header(CONFIRMS)))

    def to_request(self) -> S3Request:
        headers = Headers(((CONFIRMS, "true"),) if self.confirms else ())
        return S3Request(self.method, self.bucket, None, (("policy", ""),), headers, self.text.encode())


@dataclass(frozen=True, slots=True)
class DeleteBucketPolicy(DeletesConfiguration):
    name = "DeleteBucketPolicy"
    sub_resource = "policy"
    action = "s3:DeleteBucketPolicy"


@dataclass(frozen=True, slots=True)
class GetBucketPolicyStatus(GetsConfiguration):
    name = "GetBucketPolicyStatus"
    sub_resource = "policyStatus"
    action = "s3:GetBucketPolicyStatus"


def policy_status_document(*, is_public: bool) -> bytes:
    return xml.document("PolicyStatus", ("IsPublic", "true" if is_public else "false"))
