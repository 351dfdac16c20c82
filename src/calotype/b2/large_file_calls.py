"""Large files: started, sent in parts, listed, and finished or cancelled (b2.md §1.7)."""

from __future__ import annotations

from collections.abc import Sequence

from calotype.b2 import names
from calotype.b2.call import Call
from calotype.b2.encryption_key import encryption_key
from calotype.b2.errors import BadRequest, InvalidFileId, MissingPart, OutOfRange, PartSha1Mismatch
from calotype.b2.file_calls import own_version, well_formed
from calotype.b2.file_operations import (
    CancelLargeFile,
    FinishLargeFile,
    GetUploadPartUrl,
    ListParts,
    ListUnfinishedLargeFiles,
    StartLargeFile,
)
from calotype.b2.json import CancelledFile, FileObject, PartList, UnfinishedFileList, UploadPartUrl
from calotype.b2.new_file import allow_new_file, draft_of, stated_content_type
from calotype.b2.objects import file_object, part_object
from calotype.b2.transfers import UploadPart
from calotype.store.errors import NoSuchUpload
from calotype.store.etags import etag_of_parts
from calotype.store.ids import bucket_of_version
from calotype.store.large_files import Finished
from calotype.store.model import Action, Bucket, FileVersion, Part

LEAST_PARTS = 2
LONGEST_LARGE_FILE_BYTES = 10_000_000_000_000
DEFAULT_PART_COUNT = 100
MOST_UNFINISHED = 100


async def start_large_file(call: Call, asked: StartLargeFile) -> FileObject:
    name = names.file_name(asked.file_name)
    key = name.encode()
    allow_new_file(call, asked.bucket_id, key, asked.file_retention, asked.legal_hold)
    bucket = await call.bucket(asked.bucket_id)
    encryption = encryption_key(asked.server_side_encryption)
    draft = draft_of(
        call,
        bucket,
        name,
        content_type=stated_content_type(asked.content_type),
        info=names.file_info(asked.file_info or {}, name=name),
        file_retention=asked.file_retention,
        legal_hold=asked.legal_hold,
        encryption=encryption,
        custom_upload_timestamp=names.timestamp(asked.custom_upload_timestamp),
    )
    file = await call.store.large_files.start(bucket, key, draft, encryption=encryption)
    return file_object(file, bucket, call.capabilities, call.version)


async def get_upload_part_url(call: Call, asked: GetUploadPartUrl) -> UploadPartUrl:
    """Where to POST the parts of one file, and the token for them."""
    file, bucket = await in_progress(call, asked.file_id)
    await call.store.accounting.check_storage(bucket.account_id)
    token = await call.credentials.part_token(
        call.grant.principal, bucket, file.version_id, call.now_ms, call.settings.upload_token_lifetime_s
    )
    url = f"{call.api_url}/b2api/v{call.version}/{UploadPart.call}/{file.version_id}"
    return UploadPartUrl(file.version_id, url, token)


async def in_progress(call: Call, file_id: str) -> tuple[FileVersion, Bucket]:
    """The started large file, which the caller may write, and its bucket; raises BadRequest when it is none."""
    call.allow("writeFiles", bucket_of_version(well_formed(file_id)))
    file = await own_version(call, file_id)
    if file is None or file.action is not Action.START:
        raise no_active_upload(file_id)
    call.allow("writeFiles", file.bucket_id, file.key)
    return file, await call.bucket(file.bucket_id)


def no_active_upload(file_id: str) -> BadRequest:
    return BadRequest(f"No active upload for: {file_id}")


async def list_parts(call: Call, asked: ListParts) -> PartList:
    """The parts that are here, by number."""
    if bucket_of_version(asked.file_id) is None:
        raise InvalidFileId(f"Invalid fileId: {asked.file_id!r}")
    first, limit = first_part(asked.start_part_number), part_count(asked.max_part_count)
    file, _ = await in_progress(call, asked.file_id)
    call.charge_listing(limit)
    parts = await call.store.large_files.parts(file, first, limit + 1)
    following = parts[limit].part_number if len(parts) > limit else None
    return PartList([part_object(part, file) for part in parts[:limit]], following)


def first_part(asked: int | None) -> int:
    if asked is not None and not 1 <= asked <= names.MOST_PARTS:
        raise OutOfRange(f"startPartNumber must be 1 to {names.MOST_PARTS}, not {asked}")
    return asked or 1


def part_count(asked: int | None) -> int:
    """How many parts to give; 0 is the default."""
    if asked is not None and not 0 <= asked <= names.MOST_PARTS:
        raise OutOfRange(f"maxPartCount must be 0 to {names.MOST_PARTS}, not {asked}")
    return asked or DEFAULT_PART_COUNT


async def list_unfinished_large_files(call: Call, asked: ListUnfinishedLargeFiles) -> UnfinishedFileList:
    """Files that are started and not finished, those begun first at the front."""
    prefix = names.name_prefix(asked.name_prefix or "").encode()
    call.allow("listFiles", asked.bucket_id, prefix)
    if asked.max_file_count is not None and not 0 <= asked.max_file_count <= MOST_UNFINISHED:
        raise OutOfRange(f"maxFileCount must be 0 to {MOST_UNFINISHED}, not {asked.max_file_count}")
    bucket = await call.bucket(asked.bucket_id)
    files, following = await call.store.large_files.unfinished(
        bucket.bucket_id,
        prefix=prefix,
        start_version_id=well_formed(asked.start_file_id) if asked.start_file_id else None,
        limit=asked.max_file_count or MOST_UNFINISHED,
    )
    return UnfinishedFileList([file_object(file, bucket, call.capabilities, call.version) for file in files], following)


async def finish_large_file(call: Call, asked: FinishLargeFile) -> FileObject:
    """The file as one upload of its parts, in the place in time that it was started at."""
    file, bucket = await in_progress(call, asked.file_id)
    sha1s = [sha1.lower() for sha1 in asked.part_sha1_array]
    least_bytes = call.settings.absolute_minimum_part_size_bytes
    try:
        finished = await call.store.large_files.finish(file, lambda _, parts: finished_of(parts, sha1s, least_bytes))
    except NoSuchUpload as exc:  # finished or cancelled by somebody else in this moment
        raise no_active_upload(asked.file_id) from exc
    return file_object(finished, bucket, call.capabilities, call.version)


def finished_of(parts: Sequence[Part], sha1s: Sequence[str], least_bytes: int) -> Finished:
    """The parts that make the file: all of them, as the client lists them. Their sizes count now, and not before.

    Raises BadRequest, MissingPart, PartSha1Mismatch.
    """
    if len(sha1s) < LEAST_PARTS:
        raise BadRequest(f"large files must have at least {LEAST_PARTS} parts")
    by_number = {part.part_number: part for part in parts}
    for number, sha1 in enumerate(sha1s, start=1):
        if number not in by_number:
            raise MissingPart(f"Part number {number} has not been uploaded")
        if by_number[number].digests.sha1 != sha1:
            raise PartSha1Mismatch(f"The SHA-1 of part {number} is {by_number[number].digests.sha1}, not {sha1}")
    if len(by_number) > len(sha1s):
        raise PartSha1Mismatch(f"{len(by_number)} parts are uploaded, partSha1Array has {len(sha1s)}")
    check_sizes(parts, least_bytes)
    return Finished(tuple(range(1, len(sha1s) + 1)), etag=etag_of_parts([part.digests.md5 for part in parts]))


def check_sizes(parts: Sequence[Part], least_bytes: int) -> None:
    """`parts` by number; the last one may be small, but not empty."""
    for part in parts[:-1]:
        if part.length < least_bytes:
            raise BadRequest(
                f"Part number {part.part_number} has {part.length} bytes; all but the last need {least_bytes}"
            )
    if not parts[-1].length:
        raise BadRequest(f"Part number {parts[-1].part_number} is empty")
    length = sum(part.length for part in parts)
    if length > LONGEST_LARGE_FILE_BYTES:
        raise BadRequest(f"The parts have {length} bytes together; {LONGEST_LARGE_FILE_BYTES} are allowed")


async def cancel_large_file(call: Call, asked: CancelLargeFile) -> CancelledFile:
    """Drop the file and its parts."""
    file, _ = await in_progress(call, asked.file_id)
    try:
        await call.store.large_files.cancel(file.version_id)
    except NoSuchUpload as exc:
        raise no_active_upload(asked.file_id) from exc
    return CancelledFile(file.version_id, file.account_id, file.bucket_id, file.name)
