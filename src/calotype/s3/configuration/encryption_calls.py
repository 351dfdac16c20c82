"""The default encryption of buckets: the same setting as B2's; what else the document says is kept beside it."""

from __future__ import annotations

from dataclasses import replace

from calotype.http.message import Response
from calotype.s3.bucket_calls import xml_response
from calotype.s3.call import Call
from calotype.s3.configuration.encryption import (
    KEPT_AS,
    DefaultEncryption,
    DeleteBucketEncryption,
    GetBucketEncryption,
    PutBucketEncryption,
    encryption_document,
)
from calotype.s3.configuration.settings import allowed_bucket, change_settings, done, gone, with_kept
from calotype.s3.encryption import ALGORITHM
from calotype.s3.errors import OperationNotImplemented, ServerSideEncryptionConfigurationNotFound
from calotype.store.model import BucketSettings, EncryptionScheme


async def get_bucket_encryption(call: Call, asked: GetBucketEncryption) -> Response:
    bucket = await allowed_bucket(call, asked)
    encryption = default_encryption(bucket.settings)
    if encryption is None:
        raise ServerSideEncryptionConfigurationNotFound(BucketName=bucket.name)
    return xml_response(encryption_document(encryption))


def default_encryption(settings: BucketSettings) -> DefaultEncryption | None:
    """As it was put; what B2 set has nothing kept beside it."""
    if settings.default_encryption is None:
        return None
    kept = settings.more.get(KEPT_AS)
    return DefaultEncryption() if kept is None else DefaultEncryption.of_kept(kept)


async def put_bucket_encryption(call: Call, asked: PutBucketEncryption) -> Response:
    bucket = await allowed_bucket(call, asked)
    if asked.encryption.algorithm != ALGORITHM:
        raise OperationNotImplemented(
            f"Encryption with keys of a key service ({asked.encryption.algorithm}) is not here.", Element="SSEAlgorithm"
        )
    await change_settings(
        call, bucket, lambda settings: with_encryption(settings, EncryptionScheme.SERVER_KEY, asked.encryption)
    )
    return done()


async def delete_bucket_encryption(call: Call, asked: DeleteBucketEncryption) -> Response:
    bucket = await allowed_bucket(call, asked)
    await change_settings(call, bucket, lambda settings: with_encryption(settings, None, None))
    return gone()


def with_encryption(
    settings: BucketSettings, scheme: EncryptionScheme | None, told: DefaultEncryption | None
) -> BucketSettings:
    kept = None if told is None else told.kept()
    return replace(settings, default_encryption=scheme, more=with_kept(settings.more, KEPT_AS, kept))
