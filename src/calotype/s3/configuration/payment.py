"""Who pays for requests, and transfer acceleration (s3.md §8): both as they are when nobody ever sets them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from calotype.s3 import xml
from calotype.s3.configuration.on_configuration import GetsConfiguration, PutsConfiguration
from calotype.s3.documents import one_of, parsed_body
from calotype.s3.errors import OperationNotImplemented
from calotype.s3.operation import bucket_of
from calotype.s3.request import S3Request

ACCELERATION_KEPT_AS = "accelerate"
_OWNER, _REQUESTER = "BucketOwner", "Requester"
_SUSPENDED, _ENABLED = "Suspended", "Enabled"


@dataclass(frozen=True, slots=True)
class GetBucketRequestPayment(GetsConfiguration):
    name = "GetBucketRequestPayment"
    sub_resource = "requestPayment"
    action = "s3:GetBucketRequestPayment"


@dataclass(frozen=True, slots=True)
class PutBucketRequestPayment(PutsConfiguration):
    """The owner pays."""

    name = "PutBucketRequestPayment"
    sub_resource = "requestPayment"
    action = "s3:PutBucketRequestPayment"

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        root = parsed_body(request.body, "RequestPaymentConfiguration")
        if one_of(root, "Payer", (_OWNER, _REQUESTER)) == _REQUESTER:
            raise OperationNotImplemented("Requester Pays is not implemented.", Element="Payer")
        return cls(bucket_of(request))

    def to_request(self) -> S3Request:
        return self.request_with(payment_document())


def payment_document() -> bytes:
    return xml.document("RequestPaymentConfiguration", ("Payer", _OWNER))


@dataclass(frozen=True, slots=True)
class GetBucketAccelerateConfiguration(GetsConfiguration):
    name = "GetBucketAccelerateConfiguration"
    sub_resource = "accelerate"
    action = "s3:GetAccelerateConfiguration"


@dataclass(frozen=True, slots=True)
class PutBucketAccelerateConfiguration(PutsConfiguration):
    """Suspends what never went on."""

    name = "PutBucketAccelerateConfiguration"
    sub_resource = "accelerate"
    action = "s3:PutAccelerateConfiguration"

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        root = parsed_body(request.body, "AccelerateConfiguration")
        if one_of(root, "Status", (_SUSPENDED, _ENABLED)) == _ENABLED:
            raise OperationNotImplemented("Transfer acceleration is not implemented.", Element="Status")
        return cls(bucket_of(request))

    def to_request(self) -> S3Request:
        return self.request_with(acceleration_document(is_stated=True))


def acceleration_document(*, is_stated: bool) -> bytes:
    """Without a status when nobody ever set one."""
    return xml.document("AccelerateConfiguration", *([("Status", _SUSPENDED)] if is_stated else []))
