"""Multipart uploads, done on the store, where they are large files: the upload id is the file's id (b2.md §8.6).

So the B2 API sees the same uploads, may send parts of them, finish and cancel them, and the other way round.
"""

from __future__ import annotations

from calotype.http.message import Headers, Response
from calotype.s3.access.initiators import initiator_attributes, initiator_of
from calotype.s3.access.kept_acls import owner_of_object
from calotype.s3.access.named_grantees import owner_named
from calotype.s3.call import Call
from calotype.s3.configuration.expiration import abort_headers
from calotype.s3.errors import EntityTooLarge, InvalidRange, InvalidRequest, NoSuchUpload
from calotype.s3.listing.listing_places import place_after
from calotype.s3.listing.version_calls import rows_of
from calotype.s3.multipart.completion import finished_of, is_repeated, plan_attributes, plan_of, type_mismatch
from calotype.s3.multipart.multipart_operations import (
    MOST_LISTED,
    AbortMultipartUpload,
    CompleteMultipartUpload,
    CreateMultipartUpload,
    ListMultipartUploads,
    ListParts,
    UploadPart,
    UploadPartCopy,
)
from calotype.s3.multipart.multipart_results import (
    PartPage,
    People,
    UploadPage,
    completed_document,
    copied_part_document,
    initiated_document,
    parts_document,
    uploads_document,
)
from calotype.s3.objects.checksum_plan import ChecksumPlan
from calotype.s3.objects.encryption import CustomerKeyFields
from calotype.s3.objects.encryption_key import customer_key, encryption_key, told_encryption
from calotype.s3.objects.object_calls import allowed_new_object, draft_of
from calotype.s3.objects.object_versions import source_version, source_version_headers
from calotype.s3.objects.payload import MAX_OBJECT_BYTES, hashers_of, payload_of
from calotype.s3.objects.preconditions import check_source_conditions, write_precondition
from calotype.s3.objects.reads import told_checksum, version_headers
from calotype.s3.operation import MOST_PARTS
from calotype.s3.responses import gone, xml_response
from calotype.store import errors as store_errors
from calotype.store.encryption import CustomerKey
from calotype.store.model import Action, Bucket, FileVersion

OnUpload = UploadPart | UploadPartCopy | CompleteMultipartUpload | AbortMultipartUpload | ListParts


async def create_multipart_upload(call: Call, asked: CreateMultipartUpload) -> Response:
    bucket = await call.bucket(asked.bucket)
    access = allowed_new_object(call, bucket, asked)
    began = initiator_attributes(call.principal.account_id, bucket)
    draft = draft_of(asked.description, None, {**access, **began, **plan_attributes(asked.checksum)})
    encryption = encryption_key(call, asked.encryption)
    file = await call.store.large_files.start(bucket, asked.key, draft, encryption=encryption)
    fields = [*told_encryption(file), *told_plan(asked.checksum), *abort_headers(bucket, file)]
    return xml_response(initiated_document(bucket.name, file.key, file.version_id), fields)


def told_plan(plan: ChecksumPlan | None) -> list[tuple[str, str]]:
    if plan is None:
        return []
    return [("x-amz-checksum-algorithm", plan.algorithm), ("x-amz-checksum-type", plan.type)]


async def upload_part(call: Call, asked: UploadPart) -> Response:
    bucket = await allowed_bucket(call, asked)
    payload = payload_of(call, asked.checksum)
    file = await upload_in_progress(call, bucket, asked)
    plan = plan_of(file)
    if plan is not None and payload.algorithm not in (None, plan.algorithm):
        raise type_mismatch(plan.algorithm, payload.algorithm or "null")
    key = key_of_part(call, file, asked.customer_key)
    algorithm = plan.algorithm if plan is not None else payload.algorithm
    async with call.store.large_files.upload_part(
        file,
        asked.part_number,
        expected_length=payload.length,
        checksums=payload.hashers(algorithm),
        key=key,
    ) as body:
        await payload.received_by(body)
        part = await body.commit()
    call.bytes_in = part.length
    fields = [("etag", f'"{part.digests.md5}"'), *told_encryption(file), *told_checksum(part.digests, algorithm)]
    return Response(200, Headers(fields))


async def allowed_bucket(call: Call, asked: OnUpload) -> Bucket:
    """The bucket of a call on an upload, whose key the caller may work on."""
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket, asked.key)
    return bucket


async def allowed_upload(call: Call, asked: AbortMultipartUpload | ListParts) -> tuple[Bucket, FileVersion]:
    """The bucket and the upload in progress; who began it, may. Raises AccessDenied, NoSuchUpload."""
    bucket = await call.bucket(asked.bucket)
    try:
        file = await upload_in_progress(call, bucket, asked)
    except NoSuchUpload:
        call.allow(asked.action, bucket, asked.key)
        raise
    call.allow(asked.action, bucket, asked.key, version=file)
    return bucket, file


async def upload_in_progress(call: Call, bucket: Bucket, asked: OnUpload) -> FileVersion:
    """Raises NoSuchUpload, also when the upload is of another key, or over."""
    file = await begun_upload(call, bucket, asked)
    if file.action is not Action.START:
        raise no_such_upload(asked)
    return file


async def begun_upload(call: Call, bucket: Bucket, asked: OnUpload) -> FileVersion:
    """The upload in progress, or what it became; raises NoSuchUpload."""
    try:
        file = await call.store.version(asked.upload_id)
    except store_errors.NoSuchVersion as exc:
        raise no_such_upload(asked) from exc
    if (file.bucket_id, file.key) != (bucket.bucket_id, asked.key):
        raise no_such_upload(asked)
    return file


def no_such_upload(asked: OnUpload) -> NoSuchUpload:
    return NoSuchUpload(UploadId=asked.upload_id)


def key_of_part(call: Call, file: FileVersion, asked: CustomerKeyFields | None) -> CustomerKey | None:
    """The customer's key, which must be that of the upload; raises InvalidRequest."""
    key = customer_key(call, asked)
    try:
        call.store.check_customer_key(file, key)
    except store_errors.CustomerKeyNeeded as exc:
        raise InvalidRequest(
            "The multipart upload initiate requested encryption. "
            "Subsequent part requests must include the appropriate encryption parameters."
        ) from exc
    except store_errors.CustomerKeyProblem as exc:
        raise InvalidRequest("The provided encryption parameters did not match the ones used originally.") from exc
    return key


async def upload_part_copy(call: Call, asked: UploadPartCopy) -> Response:
    """A part out of another object, whose bytes it shares where it may; see `LargeFiles.copy_part`."""
    bucket = await allowed_bucket(call, asked)
    file = await upload_in_progress(call, bucket, asked)
    source_key = customer_key(call, asked.source_customer_key)
    source_bucket = await call.source_bucket(asked.source_bucket)
    source = await source_version(call, source_bucket, asked.source_key, asked.source_version_id, source_key)
    check_source_conditions(asked.source_conditions, source)
    start, stop = copied_span(asked, source)
    plan = plan_of(file)
    part = await call.store.large_files.copy_part(
        file,
        asked.part_number,
        source,
        start,
        stop,
        checksums=hashers_of(plan.algorithm if plan is not None else None),
        source_key=source_key,
        key=key_of_part(call, file, asked.customer_key),
    )
    fields = [*told_encryption(file), *source_version_headers(source_bucket, source)]
    return xml_response(copied_part_document(part, plan), fields)


def copied_span(asked: UploadPartCopy, source: FileVersion) -> tuple[int, int]:
    """(start, stop) of the source's bytes, stop exclusive; raises InvalidRange for any that it does not have."""
    if asked.source_range is None:
        span = (0, source.length)
    else:
        first, last = asked.source_range
        if last >= source.length:
            raise InvalidRange(
                f"Range specified is not valid for source object of size: {source.length}",
                RangeRequested=f"bytes={first}-{last}",
                ActualObjectSize=str(source.length),
            )
        span = (first, last + 1)
    if span[1] - span[0] > MAX_OBJECT_BYTES:
        raise EntityTooLarge(ProposedSize=str(span[1] - span[0]), MaxSizeAllowed=str(MAX_OBJECT_BYTES))
    return span


async def complete_multipart_upload(call: Call, asked: CompleteMultipartUpload) -> Response:
    """The object. A completion that comes again, since its answer was lost, is answered again."""
    bucket = await allowed_bucket(call, asked)
    precondition = write_precondition(asked.conditions, asked.key)
    least_bytes = call.settings.minimum_part_size_bytes
    file = await begun_upload(call, bucket, asked)
    try:
        version = await call.store.large_files.finish(
            file, lambda file, parts: finished_of(asked, file, parts, least_bytes), precondition=precondition
        )
    except store_errors.NoSuchUpload as exc:
        version = await begun_upload(call, bucket, asked)
        if not await was_completed_so(call, asked, version):
            raise no_such_upload(asked) from exc
    return xml_response(completed_document(location_of(call), bucket.name, version), version_headers(bucket, version))


async def was_completed_so(call: Call, asked: CompleteMultipartUpload, version: FileVersion) -> bool:
    if version.finished_at_ms is None:
        return False
    return is_repeated(asked, await call.store.large_files.parts(version, limit=MOST_PARTS))


def location_of(call: Call) -> str:
    """The object's address, in the style in which it was asked for."""
    return f"{call.request.scheme}://{call.request.host or ''}{call.request.path}"


async def abort_multipart_upload(call: Call, asked: AbortMultipartUpload) -> Response:
    _, file = await allowed_upload(call, asked)
    try:
        await call.store.large_files.cancel(file.version_id)
    except store_errors.NoSuchUpload as exc:  # completed or aborted by somebody else in this moment
        raise no_such_upload(asked) from exc
    return gone()


async def list_parts(call: Call, asked: ListParts) -> Response:
    """The parts that are here, by number, behind the marker."""
    bucket, file = await allowed_upload(call, asked)
    max_parts = min(asked.max_parts, MOST_LISTED)
    found = await call.store.large_files.parts(file, asked.part_number_marker + 1, max_parts + 1) if max_parts else []
    page = PartPage(found[:max_parts], len(found) > max_parts)
    document = parts_document(asked, file, page, max_parts, people_of(call, bucket, file))
    return xml_response(document, abort_headers(bucket, file))


def people_of(call: Call, bucket: Bucket, file: FileVersion) -> People:
    accounts = call.store.accounts_directory
    initiator = owner_named(initiator_of(file), accounts)
    return People(initiator, owner_named(owner_of_object(bucket, file), accounts))


async def list_multipart_uploads(call: Call, asked: ListMultipartUploads) -> Response:
    bucket = await call.bucket(asked.bucket)
    call.allow(asked.action, bucket, asked.prefix)
    max_uploads = min(asked.max_uploads, MOST_LISTED)
    page = await page_of(call, bucket, asked, max_uploads) if max_uploads else UploadPage()
    return xml_response(uploads_document(asked, page, max_uploads, lambda file: people_of(call, bucket, file)))


async def page_of(call: Call, bucket: Bucket, asked: ListMultipartUploads, max_uploads: int) -> UploadPage:
    """The page behind the markers: behind the whole key, or common prefix, when the upload's is not given."""
    if asked.upload_id_marker is not None:
        start: bytes | None = asked.key_marker
    else:
        start = place_after(asked.key_marker, asked.prefix, asked.delimiter)
    if start is None:
        return UploadPage()
    listing = await call.store.large_files.unfinished_by_key(
        bucket.bucket_id,
        prefix=asked.prefix,
        delimiter=asked.delimiter,
        start_key=start,
        after_version_id=asked.upload_id_marker or "",
        limit=max_uploads,
    )
    return UploadPage(tuple(rows_of(listing)), listing.next_key is not None)
