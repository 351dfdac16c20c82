"""PutObject, done on the store, and what every new object gets of what its upload says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from calotype.auth.checksums import Checksum
from calotype.http.message import Headers, Response
from calotype.s3 import names
from calotype.s3.access.acl_calls import access_of_new_object
from calotype.s3.call import Call
from calotype.s3.multipart.multipart_operations import CreateMultipartUpload
from calotype.s3.objects.description import USUAL_CLASS, Description
from calotype.s3.objects.encryption_key import encryption_key, etag_of_new
from calotype.s3.objects.object_lock_calls import allow_lock
from calotype.s3.objects.object_operations import ContentChecksum, PutObject
from calotype.s3.objects.object_tagging_calls import allow_tags, tags_attribute
from calotype.s3.objects.payload import payload_of
from calotype.s3.objects.preconditions import write_precondition
from calotype.s3.objects.reads import checksum_headers, version_headers
from calotype.store.incoming import IncomingBody
from calotype.store.model import Bucket, FileVersion, VersionDraft


async def put_object(call: Call, asked: PutObject) -> Response:
    bucket = await call.bucket(asked.bucket)
    version = await put_content(call, bucket, asked, payload_of(call, asked.checksum))
    return Response(200, Headers([("etag", f'"{version.etag}"'), *written_headers(bucket, version)]))


class Content(Protocol):
    """What is to be an object's content, on its way in; `length` is None where it shows only at the end."""

    @property
    def length(self) -> int | None: ...
    def hashers(self) -> dict[str, Checksum]: ...
    async def received_by(self, body: IncomingBody) -> ContentChecksum | None: ...


async def put_content(call: Call, bucket: Bucket, asked: PutObject, content: Content) -> FileVersion:
    """The new version; a form's upload ends here as a PutObject does."""
    access = allowed_new_object(call, bucket, asked)
    precondition = write_precondition(asked.conditions, asked.key)
    key = encryption_key(call, asked.encryption)
    async with call.store.upload(
        bucket,
        asked.key,
        expected_length=content.length,
        checksums=content.hashers(),
        encryption=key,
    ) as upload:
        checksum = await content.received_by(upload)
        draft = draft_of(asked.description, checksum, access, etag_of_new(bucket, key))
        version = await upload.commit(draft, precondition)
    call.bytes_in = version.length
    return version


def allowed_new_object(call: Call, bucket: Bucket, asked: PutObject | CreateMultipartUpload) -> Mapping[str, Any]:
    """The attributes that say who may get at the new object, once its caller may make it so as it is described.

    Raises AccessDenied, what is wrong with key, lock or ACL.
    """
    description = asked.description
    call.allow(asked.action, bucket, asked.key)
    allow_tags(call, bucket, asked.key, description.tags)
    allow_lock(call, bucket, asked.key, description.lock)
    names.check_key(asked.key)
    return access_of_new_object(call, bucket, asked.key, description.acl)


def draft_of(
    description: Description, checksum: ContentChecksum | None, access: Mapping[str, Any], etag: str | None = None
) -> VersionDraft:
    """The version to be; `access` is what `access_of_new_object` says, and `etag` None for the usual one."""
    return VersionDraft(
        content_type=description.content_type,
        info=dict(description.metadata),
        headers=dict(description.headers),
        etag=etag,
        attributes={**attributes_of(description, checksum), **access},
        retention=description.lock.retention,
        legal_hold=description.lock.legal_hold,
    )


def attributes_of(description: Description, checksum: ContentChecksum | None) -> dict[str, Any]:
    """What S3 alone knows of an object; absent means STANDARD, without tags, redirect and checksum."""
    attributes = tags_attribute(description.tags)
    if description.storage_class != USUAL_CLASS:
        attributes["storage_class"] = description.storage_class
    if description.website_redirect is not None:
        attributes["website_redirect"] = description.website_redirect
    if checksum is not None:
        attributes["checksum"] = {"algorithm": checksum.algorithm, "value": checksum.value}
    return attributes


def written_headers(bucket: Bucket, version: FileVersion) -> list[tuple[str, str]]:
    return [*version_headers(bucket, version), *checksum_headers(version)]
