"""The tags of objects, done on the store, where they are an attribute of the version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calotype.http.message import Headers, Response
from calotype.s3.access.permissions import action_on_version
from calotype.s3.call import Call
from calotype.s3.objects.object_tagging import DeleteObjectTagging, GetObjectTagging, PutObjectTagging
from calotype.s3.objects.object_versions import taggable_version, version_id_headers
from calotype.s3.responses import xml_response
from calotype.s3.tags import tags_document
from calotype.store.model import Bucket, FileVersion

TAGS = "tags"
"""Among the attributes of a version: its tags, absent when there are none."""


def tags_of(version: FileVersion) -> Mapping[str, str]:
    tags: Mapping[str, str] = version.attributes.get(TAGS, {})
    return tags


def tags_attribute(tags: Mapping[str, str]) -> dict[str, Any]:
    return {TAGS: dict(tags)} if tags else {}


def allow_tags(call: Call, bucket: Bucket, key: bytes, tags: Mapping[str, str]) -> None:
    """Returns when a new object may have these tags; raises AccessDenied."""
    if tags:
        call.allow("s3:PutObjectTagging", bucket, key)


async def get_object_tagging(call: Call, asked: GetObjectTagging) -> Response:
    """The tags; an object without any has an empty set of them."""
    bucket = await call.bucket(asked.bucket)
    action = action_on_version(asked.action, asked.version_id)
    version = await taggable_version(call, action, bucket, asked.key, asked.version_id)
    return xml_response(tags_document(tags_of(version)), version_id_headers(bucket, version))


async def put_object_tagging(call: Call, asked: PutObjectTagging) -> Response:
    return Response(200, await with_other_tags(call, asked, asked.tags))


async def delete_object_tagging(call: Call, asked: DeleteObjectTagging) -> Response:
    return Response(204, await with_other_tags(call, asked, {}))


async def with_other_tags(
    call: Call, asked: PutObjectTagging | DeleteObjectTagging, tags: Mapping[str, str]
) -> Headers:
    """Give the version these tags; the header fields of the answer."""
    bucket = await call.bucket(asked.bucket)
    call.tags = tags
    action = action_on_version(asked.action, asked.version_id)
    await taggable_version(call, action, bucket, asked.key, asked.version_id)

    def change(version: FileVersion) -> dict[str, Any]:
        kept = {name: value for name, value in version.attributes.items() if name != TAGS}
        return {**kept, **tags_attribute(tags)}

    changed = await call.store.change_attributes(bucket.bucket_id, asked.key, asked.version_id, change)
    return Headers(version_id_headers(bucket, changed))
