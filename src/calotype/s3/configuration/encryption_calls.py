"""The default encryption of buckets: the same setting as B2's; what else the document says is kept beside it."""

from __future__ import annotations

from dataclasses import replace

from calotype.http.message import Response
from calotype.s3.call import Call
from calotype.s3.configuration.encryption import (
    KEPT_AS,
    DefaultEncryption,
    DeleteBucketEncryption,
    GetBucketEncryption,
    PutBucketEncryption,
    encryption_document,
)
from calotype.s3.configuration.errors import ServerSideEncryptionConfigurationNotFound
from calotype.s3.configuration.settings import allowed_bucket, change_settings, keeping
from calotype.s3.errors import OperationNotImplemented
from calotype.s3.objects.encryption import ALGORITHM, KEY_SERVICE
from calotype.s3.objects.encryption_key import key_name
from calotype.s3.responses import done, gone, xml_response
from calotype.store.model import BucketSettings, EncryptionScheme


async def get_bucket_encryption(call: Call, asked: GetBucketEncryption) -> Response:
    bucket = await allowed_bucket(call, asked)
    encryption = default_encryption(bucket.settings)
    if encryption is None:
        raise ServerSideEncryptionConfigurationNotFound(BucketName=bucket.name)
    return xml_response(encryption_document(encryption))


def default_encryption(settings: BucketSettings) -> DefaultEncryption | None:
    """As it was put, while it holds; what B2 set has nothing kept beside it."""
    if settings.default_encryption is None:
        return None
    kept = settings.more.get(KEPT_AS)
    told = DefaultEncryption() if kept is None else DefaultEncryption.of_kept(kept)
    return told if (told.algorithm == ALGORITHM) == (not settings.default_key_name) else DefaultEncryption()


async def put_bucket_encryption(call: Call, asked: PutBucketEncryption) -> Response:
    bucket = await allowed_bucket(call, asked)
    name = key_name_of(call, asked.encryption)
    await change_settings(call, bucket, lambda settings: with_encryption(settings, asked.encryption, name))
    return done()


def key_name_of(call: Call, encryption: DefaultEncryption) -> str:
    """The name of the origin's key, empty for its own; raises OperationNotImplemented, KeyNotFound."""
    if encryption.algorithm == ALGORITHM:
        return ""
    if encryption.algorithm != KEY_SERVICE:
        raise OperationNotImplemented(f"Encryption by {encryption.algorithm} is not here.", Element="SSEAlgorithm")
    return key_name(call.settings.kms_keys, encryption.key_id)


async def delete_bucket_encryption(call: Call, asked: DeleteBucketEncryption) -> Response:
    bucket = await allowed_bucket(call, asked)
    await change_settings(call, bucket, lambda settings: with_encryption(settings, None))
    return gone()


def with_encryption(settings: BucketSettings, told: DefaultEncryption | None, key_name: str = "") -> BucketSettings:
    kept = None if told is None else told.kept()
    scheme = None if told is None else EncryptionScheme.SERVER_KEY
    return replace(keeping(settings, KEPT_AS, kept), default_encryption=scheme, default_key_name=key_name)
