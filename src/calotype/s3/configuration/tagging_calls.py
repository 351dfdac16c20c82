"""The tags of buckets, kept for S3 alone to read back."""

from __future__ import annotations

from calotype.http.message import Response
from calotype.s3.call import Call
from calotype.s3.configuration.errors import NoSuchTagSet
from calotype.s3.configuration.settings import allowed_bucket, keep
from calotype.s3.configuration.tagging import KEPT_AS, DeleteBucketTagging, GetBucketTagging, PutBucketTagging
from calotype.s3.responses import gone, xml_response
from calotype.s3.tags import tags_document


async def get_bucket_tagging(call: Call, asked: GetBucketTagging) -> Response:
    bucket = await allowed_bucket(call, asked)
    tags = bucket.settings.more.get(KEPT_AS)
    if not tags:
        raise NoSuchTagSet(BucketName=bucket.name)
    return xml_response(tags_document(tags))


async def put_bucket_tagging(call: Call, asked: PutBucketTagging) -> Response:
    """The tags in place of all that were there; S3 answers 204 to it, as to a deletion."""
    bucket = await allowed_bucket(call, asked)
    await keep(call, bucket, KEPT_AS, dict(asked.tags) or None)
    return gone()


async def delete_bucket_tagging(call: Call, asked: DeleteBucketTagging) -> Response:
    bucket = await allowed_bucket(call, asked)
    await keep(call, bucket, KEPT_AS, None)
    return gone()
