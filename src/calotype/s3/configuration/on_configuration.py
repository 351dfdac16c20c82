"""What the operations on one configuration have in common: they read it, put it with a document, or delete it."""

from __future__ import annotations

from dataclasses import dataclass

from calotype.s3.bucket_operations import OnBucket
from calotype.s3.operation import Operation, Scope, TransactionClass
from calotype.s3.request import S3Request


@dataclass(frozen=True, slots=True)
class GetsConfiguration(OnBucket):
    method = "GET"
    scope = Scope.BUCKET
    transaction_class = TransactionClass.C


@dataclass(frozen=True, slots=True)
class DeletesConfiguration(OnBucket):
    method = "DELETE"
    scope = Scope.BUCKET
    transaction_class = TransactionClass.C


@dataclass(frozen=True, slots=True)
class PutsConfiguration(Operation):
    """What is put is the rest of its fields."""

    method = "PUT"
    scope = Scope.BUCKET
    transaction_class = TransactionClass.C
    has_document = True

    bucket: str

    def request_with(self, body: bytes) -> S3Request:
        return S3Request(self.method, self.bucket, query=((self.sub_resource or "", ""),), body=body)
