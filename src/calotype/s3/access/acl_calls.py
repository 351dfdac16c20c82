"""The ACLs of buckets and objects, read and put; and what a new object keeps of who wrote it and who gets at it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from calotype.http.message import Headers, Response
from calotype.s3.access.acl import KEPT_AS
from calotype.s3.access.acl_operations import GetBucketAcl, GetObjectAcl, PutBucketAcl, PutObjectAcl
from calotype.s3.access.asked_acls import new_acl_of_object, new_bucket_acl, new_object_attributes
from calotype.s3.access.grants import AskedAcl
from calotype.s3.access.kept_acls import object_acl, shown_acl, shown_bucket_acl, type_and_rest
from calotype.s3.access.named_grantees import document_of
from calotype.s3.access.permissions import action_on_version
from calotype.s3.call import Call
from calotype.s3.configuration.settings import keeping, with_kept
from calotype.s3.objects.object_versions import taggable_version, version_id_headers
from calotype.s3.responses import done, xml_response
from calotype.store.model import Bucket, FileVersion


async def get_bucket_acl(call: Call, asked: GetBucketAcl) -> Response:
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket)
    return xml_response(document_of(shown_bucket_acl(bucket), call.store.accounts_directory))


async def put_bucket_acl(call: Call, asked: PutBucketAcl) -> Response:
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket)

    def change(bucket: Bucket) -> Bucket:
        new = new_bucket_acl(asked.acl, bucket, call.store.accounts_directory)
        type, rest = type_and_rest(bucket, new.acl)
        kept = replace(new, acl=rest, canned=new.canned if rest == new.acl else None).kept_form
        return replace(bucket, type=type, settings=keeping(bucket.settings, KEPT_AS, kept))

    await call.store.change_bucket(bucket.bucket_id, change)
    return done()


async def get_object_acl(call: Call, asked: GetObjectAcl) -> Response:
    bucket, version = await version_of(call, asked)
    acl = shown_acl(bucket, object_acl(bucket, version))
    return xml_response(document_of(acl, call.store.accounts_directory), version_id_headers(bucket, version))


async def put_object_acl(call: Call, asked: PutObjectAcl) -> Response:
    bucket, version = await version_of(call, asked)

    def change(version: FileVersion) -> dict[str, Any]:
        new = new_acl_of_object(asked.acl, bucket, version, call.store.accounts_directory)
        return with_kept(dict(version.attributes), KEPT_AS, new.kept_form)

    await call.store.change_attributes(bucket.bucket_id, asked.key, version.version_id, change)
    return Response(200, Headers(version_id_headers(bucket, version)))


async def version_of(call: Call, asked: GetObjectAcl | PutObjectAcl) -> tuple[Bucket, FileVersion]:
    """The bucket and the version whose ACL the caller may read or put; a delete marker has none."""
    bucket = await call.bucket(asked.bucket)
    action = action_on_version(asked.action, asked.version_id)
    return bucket, await taggable_version(call, action, bucket, asked.key, asked.version_id)


def access_of_new_object(call: Call, bucket: Bucket, key: bytes, asked: AskedAcl | None) -> dict[str, Any]:
    """Whose the object is that the caller writes and who gets at it, as attributes; for most of them there are none.

    Raises AccessDenied, AccessControlListNotSupported and what a bad ACL raises; to be asked before the content comes.
    """
    if asked is not None:
        call.allow("s3:PutObjectAcl", bucket, key)
    return new_object_attributes(asked, bucket, call.principal.account_id, call.store.accounts_directory)
