"""How objects are encrypted whose upload says nothing of it (s3.md §8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from calotype.s3 import xml
from calotype.s3.configuration.on_configuration import DeletesConfiguration, GetsConfiguration, PutsConfiguration
from calotype.s3.documents import malformed, one_of, parsed_body
from calotype.s3.errors import InvalidArgument
from calotype.s3.objects.encryption import ALGORITHM, KEY_SERVICE
from calotype.s3.operation import bucket_of
from calotype.s3.request import S3Request

KEPT_AS = "encryption"
_ROOT = "ServerSideEncryptionConfiguration"
_DEFAULT = "ApplyServerSideEncryptionByDefault"
_ALGORITHMS = (ALGORITHM, KEY_SERVICE, "aws:kms:dsse")


@dataclass(frozen=True, slots=True)
class DefaultEncryption:
    """`key_id` is that of a key service's key, None for its default key. `uses_bucket_key` None: not stated."""

    algorithm: str = ALGORITHM
    key_id: str | None = None
    uses_bucket_key: bool | None = None

    def kept(self) -> dict[str, Any]:
        """The JSON value from which `of_kept` makes it again."""
        return {"algorithm": self.algorithm, "key_id": self.key_id, "uses_bucket_key": self.uses_bucket_key}

    @classmethod
    def of_kept(cls, kept: dict[str, Any]) -> Self:
        return cls(kept["algorithm"], kept["key_id"], kept["uses_bucket_key"])


@dataclass(frozen=True, slots=True)
class GetBucketEncryption(GetsConfiguration):
    name = "GetBucketEncryption"
    sub_resource = "encryption"
    action = "s3:GetEncryptionConfiguration"


@dataclass(frozen=True, slots=True)
class PutBucketEncryption(PutsConfiguration):
    name = "PutBucketEncryption"
    sub_resource = "encryption"
    action = "s3:PutEncryptionConfiguration"

    encryption: DefaultEncryption

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(bucket_of(request), encryption_of_document(request.body))

    def to_request(self) -> S3Request:
        return self.request_with(encryption_document(self.encryption))


@dataclass(frozen=True, slots=True)
class DeleteBucketEncryption(DeletesConfiguration):
    name = "DeleteBucketEncryption"
    sub_resource = "encryption"
    action = "s3:PutEncryptionConfiguration"


def encryption_of_document(body: bytes) -> DefaultEncryption:
    """The one rule of the document; raises MalformedXML, InvalidArgument."""
    rules = list(parsed_body(body, _ROOT).all("Rule"))
    default = rules[0].child(_DEFAULT) if len(rules) == 1 else None
    if default is None:
        raise malformed(f"one Rule with {_DEFAULT} is expected")
    algorithm = one_of(default, "SSEAlgorithm", _ALGORITHMS)
    key_id = default.text_of("KMSMasterKeyID") or None
    if key_id is not None and algorithm == ALGORITHM:
        raise InvalidArgument.of(
            _DEFAULT, algorithm, "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms"
        )
    uses_bucket_key = None
    if rules[0].child("BucketKeyEnabled") is not None:
        uses_bucket_key = one_of(rules[0], "BucketKeyEnabled", ("true", "false")) == "true"
    return DefaultEncryption(algorithm, key_id, uses_bucket_key)


def encryption_document(encryption: DefaultEncryption) -> bytes:
    default: list[xml.Node] = [("SSEAlgorithm", encryption.algorithm)]
    if encryption.key_id is not None:
        default.append(("KMSMasterKeyID", encryption.key_id))
    rule: list[xml.Node] = [(_DEFAULT, default)]
    if encryption.uses_bucket_key is not None:
        rule.append(("BucketKeyEnabled", "true" if encryption.uses_bucket_key else "false"))
    return xml.document(_ROOT, ("Rule", rule))
