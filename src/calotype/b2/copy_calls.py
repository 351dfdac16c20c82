"""b2_copy_file and b2_copy_part: files and parts made of what is here already (b2.md §1.7)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from calotype.auth.authorize import Resource
from calotype.b2 import names
from calotype.b2.call import Call
from calotype.b2.encryption_key import customer_key, encryption_key
from calotype.b2.errors import BadRequest, NotFound, RangeNotSatisfiable, SourceTooLarge
from calotype.b2.file_calls import own_version, well_formed
from calotype.b2.file_operations import CopyFile, CopyPart
from calotype.b2.json import FileObject, PartObject
from calotype.b2.large_file_calls import in_progress, no_active_upload
from calotype.b2.new_file import allow_new_file, draft_of, stated_content_type
from calotype.b2.objects import file_info, file_object, part_object
from calotype.b2.transfers import LONGEST_UPLOAD_BYTES
from calotype.store.errors import NoSuchUpload, NoSuchVersion
from calotype.store.ids import bucket_of_version
from calotype.store.model import Action, FileVersion

COPY, REPLACE = "COPY", "REPLACE"
COPIED = "copy"
"""The action in the answer; listings show the copy as an upload."""

_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})")


async def copy_file(call: Call, asked: CopyFile) -> FileObject:
    """A new file of the source, or of a range of it, in any bucket of the account."""
    name = names.file_name(asked.file_name)
    key = name.encode()
    bucket_id = asked.destination_bucket_id or bucket_of_version(well_formed(asked.source_file_id)) or ""
    allow_new_file(call, bucket_id, key, asked.file_retention, asked.legal_hold)
    source = await source_of(call, asked.source_file_id)
    bucket = await call.bucket(bucket_id)
    span = span_of(asked.range, source.length)
    encryption = encryption_key(asked.destination_server_side_encryption)
    content_type, info = description_of(asked, source, name)
    draft = draft_of(
        call,
        bucket,
        name,
        content_type=content_type,
        info=info,
        file_retention=asked.file_retention,
        legal_hold=asked.legal_hold,
        encryption=encryption,
        sha1_unverified=source.sha1_unverified,
    )
    try:
        copied = await call.store.copy(
            source,
            bucket,
            key,
            draft,
            start=span[0],
            stop=span[1],
            source_key=customer_key(asked.source_server_side_encryption),
            key_of_copy=encryption,
        )
    except NoSuchVersion as exc:
        raise source_not_found() from exc
    return file_object(copied, bucket, call.capabilities, call.version, action=COPIED)


async def copy_part(call: Call, asked: CopyPart) -> PartObject:
    """A part of a started large file. Its size counts when the file is finished."""
    number = names.part_number(asked.part_number)
    file, bucket = await in_progress(call, asked.large_file_id)
    source = await source_of(call, asked.source_file_id)
    start, stop = span_of(asked.range, source.length)
    try:
        part = await call.store.large_files.copy_part(
            file,
            number,
            source,
            start,
            stop,
            source_key=customer_key(asked.source_server_side_encryption),
            key=customer_key(asked.destination_server_side_encryption),
        )
    except NoSuchVersion as exc:
        raise source_not_found() from exc
    except NoSuchUpload as exc:
        raise no_active_upload(asked.large_file_id) from exc
    call.bucket_name = bucket.name
    return part_object(part, file)


async def source_of(call: Call, file_id: str) -> FileVersion:
    """The file to copy from; raises NotFound. A public bucket's files may be read without `readFiles`."""
    source = await own_version(call, well_formed(file_id))
    if source is None:
        call.allow("readFiles", bucket_of_version(file_id))
        raise source_not_found()
    bucket = await call.bucket(source.bucket_id)
    call.check("readFiles", Resource(bucket.account_id, bucket.bucket_id, source.key, bucket.is_public))
    if source.action is not Action.UPLOAD:
        raise source_not_found()
    return source


def source_not_found() -> NotFound:
    return NotFound("File is not in B2 Cloud Storage.")


def span_of(asked: str | None, length: int) -> tuple[int, int]:
    """The bytes to copy, as (start, stop), stop exclusive; raises BadRequest, RangeNotSatisfiable, SourceTooLarge.

    A copy gets exactly what it asks for: a range that reaches beyond the source is refused, not cut.
    """
    start, stop = 0, length
    if asked is not None:
        match = _RANGE.fullmatch(asked)
        if match is None or int(match[2]) < int(match[1]):
            raise BadRequest(f"Invalid range: {asked!r} is not of the form bytes=0-99")
        start, stop = int(match[1]), int(match[2]) + 1
    if stop > length:
        raise RangeNotSatisfiable("The range is outside the size of the source file.")
    if stop - start > LONGEST_UPLOAD_BYTES:
        raise SourceTooLarge(stop - start)
    return start, stop


def description_of(asked: CopyFile, source: FileVersion, name: str) -> tuple[str, Mapping[str, str]]:
    """Content type and infos: the source's with COPY, those of the request with REPLACE; raises BadRequest."""
    directive = asked.metadata_directive or COPY
    if directive not in (COPY, REPLACE):
        raise BadRequest(f"Invalid metadataDirective: {directive!r} is not {COPY} or {REPLACE}")
    if directive == COPY:
        if asked.content_type is not None or asked.file_info is not None:
            raise BadRequest(f"contentType and fileInfo cannot be given with the metadataDirective {COPY}")
        return source.content_type, file_info(source)
    if asked.content_type is None:
        raise BadRequest(f"contentType is required with the metadataDirective {REPLACE}")
    return stated_content_type(asked.content_type), names.file_info(asked.file_info or {}, name=name)
