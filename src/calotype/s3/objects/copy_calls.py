"""CopyObject, done on the store: the copy shares the bytes of its source where it may (see `Store.copy`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from calotype.auth.checksums import CHECKSUMS, as_base64
from calotype.http.message import Response
from calotype.s3 import names
from calotype.s3.access.acl_calls import access_of_new_object
from calotype.s3.access.permissions import action_on_version
from calotype.s3.call import Call
from calotype.s3.errors import InvalidRequest
from calotype.s3.multipart.multipart_results import checksum_nodes
from calotype.s3.objects.checksum_plan import ChecksumType, type_of
from calotype.s3.objects.copy_operation import CopyObject
from calotype.s3.objects.description import storage_class_in
from calotype.s3.objects.encryption_key import customer_key, encryption_key, etag_of_new
from calotype.s3.objects.object_calls import draft_of
from calotype.s3.objects.object_lock_calls import allow_lock
from calotype.s3.objects.object_tagging_calls import allow_tags, tags_of
from calotype.s3.objects.object_versions import source_version, source_version_headers
from calotype.s3.objects.payload import MAX_OBJECT_BYTES, checksum_in
from calotype.s3.objects.preconditions import check_source_conditions, write_precondition
from calotype.s3.objects.reads import version_headers
from calotype.s3.responses import xml_response
from calotype.s3.results import copy_result_document
from calotype.store.copying import Span
from calotype.store.encryption import CustomerKey, key_for
from calotype.store.model import Bucket, FileVersion, VersionDraft


async def copy_object(call: Call, asked: CopyObject) -> Response:
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket, asked.key)
    allow_lock(call, bucket, asked.key, asked.description.lock)
    names.check_key(asked.key)
    access = access_of_new_object(call, bucket, asked.key, asked.description.acl)
    source_bucket = await call.source_bucket(asked.source_bucket)
    source_key = customer_key(call, asked.source_customer_key)
    source = await source_version(call, source_bucket, asked.source_key, asked.source_version_id, source_key)
    allow_source_tags(call, asked, source_bucket, source)
    allow_tags(call, bucket, asked.key, asked.description.tags if asked.replaces_tags else tags_of(source))
    check_source_conditions(asked.source_conditions, source)
    check_size(source)
    check_change(asked, bucket, source)
    version = await copied(call, asked, bucket, source, source_key, access)
    document = copy_result_document(version.etag, version.uploaded_at_ms, *checksum_nodes(version))
    return xml_response(document, [*version_headers(bucket, version), *source_version_headers(source_bucket, source)])


async def copied(
    call: Call,
    asked: CopyObject,
    bucket: Bucket,
    source: FileVersion,
    source_key: CustomerKey | None,
    access: Mapping[str, Any],
) -> FileVersion:
    """The copy. What stays in parts keeps the ETag of its source, and its composite checksum."""
    key = encryption_key(call, asked.encryption)
    may_share = Span.of(source, 0, None, source_key).may_share(bucket.account_id, key_for(bucket.settings, key))
    stays_in_parts = may_share and source.part_count > 0
    checksum = await checksum_of_copy(call, asked, source, source_key, stays_in_parts=stays_in_parts)
    draft = copied_draft(asked, source, {**checksum, **access})
    return await call.store.copy(
        source,
        bucket,
        asked.key,
        replace(draft, etag=None if stays_in_parts else etag_of_new(bucket, key)),
        source_key=source_key,
        key_of_copy=key,
        precondition=write_precondition(asked.conditions, asked.key),
    )


def allow_source_tags(call: Call, asked: CopyObject, source_bucket: Bucket, source: FileVersion) -> None:
    """Returns when the source's tags may go along, if they are to."""
    if tags_of(source) and not asked.replaces_tags:
        action = action_on_version("s3:GetObjectTagging", asked.source_version_id)
        call.allow(action, source_bucket, source.key, version=source, version_id=asked.source_version_id)


def check_size(source: FileVersion) -> None:
    """Returns for what may be copied in one request; what is larger is copied part by part."""
    if source.length > MAX_OBJECT_BYTES:
        raise InvalidRequest(
            f"The specified copy source is larger than the maximum allowable size for a copy source: {MAX_OBJECT_BYTES}"
        )


def check_change(asked: CopyObject, bucket: Bucket, source: FileVersion) -> None:
    """Returns unless the latest version of an object is copied to itself, and nothing is changed."""
    is_same = source.is_latest and (source.bucket_id, source.key) == (bucket.bucket_id, asked.key)
    if is_same and not changes_something(asked, source):
        raise InvalidRequest(
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes."
        )


def changes_something(asked: CopyObject, source: FileVersion) -> bool:
    """Whether the copy of an object to itself is of any use."""
    description = asked.description
    return (
        asked.replaces_metadata
        or asked.replaces_tags
        or asked.encryption is not None
        or asked.checksum_algorithm is not None
        or description.website_redirect is not None
        or description.storage_class != storage_class_in(source.attributes)
    )


def copied_draft(asked: CopyObject, source: FileVersion, more: Mapping[str, Any]) -> VersionDraft:
    """The source's own metadata and tags, or those of the request. ACL, lock and storage class are never copied.

    `more` are attributes beside.
    """
    description = asked.description
    if not asked.replaces_tags:
        description = replace(description, tags=tags_of(source))
    draft = draft_of(description, None, more)
    if asked.replaces_metadata:
        return draft
    return replace(draft, content_type=source.content_type, info=source.info, headers=source.headers)


async def checksum_of_copy(
    call: Call, asked: CopyObject, source: FileVersion, source_key: CustomerKey | None, *, stays_in_parts: bool
) -> dict[str, Any]:
    """The attribute that keeps the checksum of the copy: of the algorithm asked for, else the source's.

    A composite checksum holds only as long as the parts do.
    """
    kept = source.attributes.get("checksum")
    algorithm = asked.checksum_algorithm
    is_composite = kept is not None and type_of(kept) is ChecksumType.COMPOSITE
    if algorithm is None or (kept is not None and kept["algorithm"] == algorithm and not is_composite):
        return {} if kept is None or (is_composite and not stays_in_parts) else {"checksum": kept}
    value = checksum_in(source.digests, algorithm) if source.digests is not None else None
    if value is None:
        value = await computed_checksum(call, source, algorithm, source_key)
    return {"checksum": {"algorithm": algorithm, "value": value}}


async def computed_checksum(call: Call, source: FileVersion, algorithm: str, source_key: CustomerKey | None) -> str:
    """The checksum of the source's bytes, in base64; it reads them all."""
    checksum = CHECKSUMS[algorithm]()
    async for chunk in call.store.read(source, customer_key=source_key):
        checksum.update(chunk)
    return as_base64(checksum.digest())
