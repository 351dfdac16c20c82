"""The public access block of a bucket, read and set."""

from __future__ import annotations

from dataclasses import asdict

from calotype.http.message import Response
from calotype.s3.access.errors import NoSuchPublicAccessBlockConfiguration
from calotype.s3.access.public_access_block import KEPT_AS, configured_block
from calotype.s3.access.public_access_block_operations import (
    DeletePublicAccessBlock,
    GetPublicAccessBlock,
    PutPublicAccessBlock,
    public_access_block_document,
)
from calotype.s3.call import Call
from calotype.s3.configuration.settings import allowed_bucket, keep
from calotype.s3.responses import done, gone, xml_response


async def get_public_access_block(call: Call, asked: GetPublicAccessBlock) -> Response:
    bucket = await allowed_bucket(call, asked)
    block = configured_block(bucket.settings.more)
    if block is None:
        raise NoSuchPublicAccessBlockConfiguration(BucketName=bucket.name)
    return xml_response(public_access_block_document(block))


async def put_public_access_block(call: Call, asked: PutPublicAccessBlock) -> Response:
    bucket = await allowed_bucket(call, asked)
    await keep(call, bucket, KEPT_AS, asdict(asked.block))
    return done()


async def delete_public_access_block(call: Call, asked: DeletePublicAccessBlock) -> Response:
    bucket = await allowed_bucket(call, asked)
    await keep(call, bucket, KEPT_AS, None)
    return gone()
