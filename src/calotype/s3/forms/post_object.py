"""PostObject as an operation: all that a form says stands in its body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from calotype.s3.operation import Operation, Scope, TransactionClass, bucket_of
from calotype.s3.request import S3Request


@dataclass(frozen=True, slots=True)
class PostObject(Operation):
    name = "PostObject"
    method = "POST"
    scope = Scope.BUCKET
    transaction_class = TransactionClass.A
    action = "s3:PutObject"

    bucket: str

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(bucket_of(request))

    def to_request(self) -> S3Request:
        return S3Request(self.method, self.bucket)
