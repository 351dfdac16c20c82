"""The operations that write objects, done on the store: put and copy; deletions are in `deletion_calls`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from calotype.auth.checksums import Checksum
from calotype.http.conditional import Outcome, Validators, evaluate
from calotype.http.message import Headers, Response
from calotype.s3 import names
from calotype.s3.bucket_calls import xml_response
from calotype.s3.call import Call
from calotype.s3.copy_operation import CopyObject
from calotype.s3.description import Description
from calotype.s3.encryption_key import customer_key, encryption_key
from calotype.s3.errors import (
    InvalidRequest,
    NoSuchKey,
    OperationNotImplemented,
    PreconditionFailed,
)
from calotype.s3.object_operations import Conditions, ContentChecksum, PutObject
from calotype.s3.object_versions import readable_version, shown_id
from calotype.s3.operation import CannedAcl
from calotype.s3.payload import payload_of
from calotype.s3.reads import checksum_headers, version_headers
from calotype.s3.results import copy_result_document
from calotype.store.copying import Span
from calotype.store.encryption import key_for
from calotype.store.incoming import IncomingBody
from calotype.store.model import Bucket, FileVersion, VersionDraft, Versioning
from calotype.store.versions import Precondition


async def put_object(call: Call, asked: PutObject) -> Response:
    bucket = await call.bucket(asked.bucket)
    version = await put_content(call, bucket, asked, payload_of(call))
    return Response(200, Headers([("etag", f'"{version.etag}"'), *written_headers(bucket, version)]))


class Content(Protocol):
    """What is to be an object's content, on its way in; `length` is None where it shows only at the end."""

    @property
    def length(self) -> int | None: ...
    def hashers(self) -> dict[str, Checksum]: ...
    async def received_by(self, body: IncomingBody) -> ContentChecksum | None: ...


async def put_content(call: Call, bucket: Bucket, asked: PutObject, content: Content) -> FileVersion:
    """The new version; a form's upload ends here as a PutObject does."""
    call.allow(asked.action, bucket, asked.key)
    names.check_key(asked.key)
    precondition = write_precondition(asked.conditions, asked.key)
    async with call.store.upload(
        bucket,
        asked.key,
        expected_length=content.length,
        checksums=content.hashers(),
        encryption=encryption_key(call, asked.encryption),
    ) as upload:
        checksum = await content.received_by(upload)
        version = await upload.commit(draft_of(asked.description, checksum), precondition)
    call.bytes_in = version.length
    return version


def draft_of(description: Description, checksum: ContentChecksum | None) -> VersionDraft:
    return VersionDraft(
        content_type=description.content_type,
        info=dict(description.metadata),
        headers=dict(description.headers),
        attributes=attributes_of(description, checksum),
    )


def attributes_of(description: Description, checksum: ContentChecksum | None) -> dict[str, Any]:
    """What S3 alone knows of an object; absent means private, STANDARD, without a checksum."""
    attributes: dict[str, Any] = {}
    if description.acl is CannedAcl.PUBLIC_READ:
        attributes["acl"] = description.acl.value
    if description.storage_class != "STANDARD":
        attributes["storage_class"] = description.storage_class
    if checksum is not None:
        attributes["checksum"] = {"algorithm": checksum.algorithm, "value": checksum.value}
    return attributes


def written_headers(bucket: Bucket, version: FileVersion) -> list[tuple[str, str]]:
    return [*version_headers(bucket, version), *checksum_headers(version)]


def write_precondition(conditions: Conditions, key: bytes) -> Precondition | None:
    """What must hold of the visible version for a write to go on: `If-None-Match: *` or `If-Match` (s3.md §3)."""
    if conditions.if_none_match is not None and conditions.if_none_match.strip() != "*":
        raise OperationNotImplemented(
            "A header you provided implies functionality that is not implemented: If-None-Match other than *",
            Header="If-None-Match",
        )
    if conditions.if_none_match is None and conditions.if_match is None:
        return None
    headers = Headers(replace(conditions, if_modified_since=None, if_unmodified_since=None).to_headers())

    def check(current: FileVersion | None) -> None:
        if current is None and conditions.if_match is not None:
            raise NoSuchKey(Key=key.decode())
        validators = Validators(f'"{current.etag}"') if current is not None else None
        if evaluate("PUT", headers, validators) is not Outcome.PROCEED:
            raise PreconditionFailed(Condition="If-Match" if conditions.if_match is not None else "If-None-Match")

    return check


async def copy_object(call: Call, asked: CopyObject) -> Response:
    """The copy shares the bytes of its source where it may; see `Store.copy`."""
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket, asked.key)
    names.check_key(asked.key)
    precondition = write_precondition(asked.conditions, asked.key)
    source_bucket = await call.bucket(asked.source_bucket)
    source_key = customer_key(call, asked.source_customer_key)
    source = await readable_version(call, source_bucket, asked.source_key, asked.source_version_id, source_key)
    call.bucket_owner, call.bucket_name = bucket.account_id, bucket.name
    check_source_conditions(asked.source_conditions, source)
    changes_nothing = asked.description is None and asked.encryption is None
    if changes_nothing and (source.bucket_id, source.key) == (bucket.bucket_id, asked.key):
        raise InvalidRequest(
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes."
        )
    key = encryption_key(call, asked.encryption)
    stays_in_parts = Span.of(source, 0, None, source_key).may_share(bucket.account_id, key_for(bucket.settings, key))
    draft = copied_draft(asked, source, stays_in_parts=stays_in_parts)
    version = await call.store.copy(
        source, bucket, asked.key, draft, source_key=source_key, key_of_copy=key, precondition=precondition
    )
    response = xml_response(copy_result_document(version.etag, version.uploaded_at_ms))
    fields = [*version_headers(bucket, version)]
    if source_bucket.versioning is not Versioning.UNVERSIONED:
        fields.append(("x-amz-copy-source-version-id", shown_id(source)))
    response.headers = response.headers.merge(fields)
    return response


def copied_draft(asked: CopyObject, source: FileVersion, *, stays_in_parts: bool) -> VersionDraft:
    """The source's own metadata, or those of the request; a checksum goes along, an ACL does not (s3.md §3).

    A composite checksum holds only as long as the parts do.
    """
    kept_checksum = source.attributes.get("checksum")
    if kept_checksum and kept_checksum.get("type") == "COMPOSITE" and not stays_in_parts:
        kept_checksum = None
    checksum = {"checksum": kept_checksum} if kept_checksum else {}
    if asked.description is not None:
        draft = draft_of(asked.description, None)
        return replace(draft, attributes={**draft.attributes, **checksum})
    kept = {name: value for name, value in source.attributes.items() if name == "storage_class"}
    acl = {"acl": asked.acl.value} if asked.acl is CannedAcl.PUBLIC_READ else {}
    return VersionDraft(source.content_type, source.info, source.headers, attributes={**kept, **checksum, **acl})


def check_source_conditions(conditions: Conditions, source: FileVersion) -> None:
    """A copy takes `not modified` for a failure as well."""
    validators = Validators(f'"{source.etag}"', source.uploaded_at_ms // 1000)
    if evaluate("GET", Headers(conditions.to_headers()), validators) is not Outcome.PROCEED:
        raise PreconditionFailed(Condition="x-amz-copy-source-if-*")
