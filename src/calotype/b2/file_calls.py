"""The calls on files that carry no file: upload URLs, listings, info, hide, delete, download authorization."""

from __future__ import annotations

import logging

from calotype.b2 import names
from calotype.b2.call import Call
from calotype.b2.errors import AlreadyHidden, BadRequest, FileNotPresent, NoSuchFile, NotFound, OutOfRange
from calotype.b2.file_operations import (
    DeleteFileVersion,
    GetDownloadAuthorization,
    GetFileInfo,
    GetUploadUrl,
    HideFile,
    ListFileNames,
    ListFileVersions,
)
from calotype.b2.json import (
    DeletedVersion,
    DownloadAuthorization,
    FileNameList,
    FileObject,
    FileVersionList,
    UploadUrl,
)
from calotype.b2.listed_buckets import BUCKET_ID_NEEDED, NO_BUCKET, advice
from calotype.b2.objects import file_object, listing_rows
from calotype.b2.transfers import OVERRIDE_HEADERS, UploadFile
from calotype.store.errors import NoSuchKey, NoSuchVersion
from calotype.store.ids import bucket_of_version
from calotype.store.model import FileVersion

log = logging.getLogger(__name__)

DEFAULT_FILE_COUNT = 100
MOST_FILES = 10_000
LONGEST_DOWNLOAD_AUTHORIZATION_S = 604_800


async def get_upload_url(call: Call, asked: GetUploadUrl) -> UploadUrl:
    """Where to POST a file, and the token for it. The shape of the upload's answer is that of this call's version."""
    bucket_id = await meant_bucket(call) if asked.bucket_id is None else asked.bucket_id
    call.allow("writeFiles", bucket_id)
    bucket = await call.bucket(bucket_id)
    await call.store.accounting.check_storage(bucket.account_id)
    token = await call.credentials.upload_token(
        call.grant.principal, bucket, call.now_ms, call.settings.upload_token_lifetime_s
    )
    url = f"{call.api_url}/b2api/v{call.version}/{UploadFile.call}/{bucket.bucket_id}"
    return UploadUrl(bucket.bucket_id, url, token)


async def meant_bucket(call: Call) -> str:
    """The bucket that the token listed last, for a client that names none; raises BadRequest (uploaders.md §1.8)."""
    bucket_id = None if call.settings.strict else call.listed_buckets.bucket_id(call.token)
    if bucket_id is not None:
        return bucket_id
    key = await call.store.key(call.grant.principal.key_id)
    message = advice(key.name, key.key_id)
    notice = call.store.notices.add(key.account_id, NO_BUCKET, key.key_id, message, call.now_ms)
    log.warning("%s", notice.message)
    raise BadRequest(BUCKET_ID_NEEDED)


async def list_file_names(call: Call, asked: ListFileNames) -> FileNameList:
    """The newest version of each name that is not hidden, by name in byte order."""
    prefix = names.name_prefix(asked.prefix or "").encode()
    call.allow("listFiles", asked.bucket_id, prefix)
    limit = file_count(call, asked.max_file_count)
    bucket = await call.bucket(asked.bucket_id)
    page = await call.store.list_names(
        bucket.bucket_id,
        prefix=prefix,
        delimiter=delimiter(asked.delimiter),
        start=names.encoded(asked.start_file_name or "", "startFileName"),
        limit=limit,
    )
    return FileNameList(
        listing_rows(page, bucket, call.capabilities, call.version),
        page.next_key.decode() if page.next_key is not None else None,
    )


async def list_file_versions(call: Call, asked: ListFileVersions) -> FileVersionList:
    """Every version, hide markers among them, by name in byte order and newest first."""
    if asked.start_file_id and not asked.start_file_name:
        raise BadRequest("startFileId needs startFileName")
    prefix = names.name_prefix(asked.prefix or "").encode()
    call.allow("listFiles", asked.bucket_id, prefix)
    limit = file_count(call, asked.max_file_count)
    bucket = await call.bucket(asked.bucket_id)
    page = await call.store.list_versions(
        bucket.bucket_id,
        prefix=prefix,
        delimiter=delimiter(asked.delimiter),
        start_key=names.encoded(asked.start_file_name or "", "startFileName"),
        start_version_id=well_formed(asked.start_file_id) if asked.start_file_id else None,
        limit=limit,
    )
    return FileVersionList(
        listing_rows(page, bucket, call.capabilities, call.version),
        page.next_key.decode() if page.next_key is not None else None,
        page.next_version_id,
    )


def file_count(call: Call, asked: int | None) -> int:
    """How many rows to give; 0 is the default. A listing is charged once per thousand asked for."""
    if asked is not None and not 0 <= asked <= MOST_FILES:
        raise OutOfRange(f"maxFileCount must be 0 to {MOST_FILES}, not {asked}")
    count = asked or DEFAULT_FILE_COUNT
    call.charge_listing(count)
    return count


def delimiter(text: str | None) -> bytes:
    return names.encoded(text or "", "delimiter")


async def get_file_info(call: Call, asked: GetFileInfo) -> FileObject:
    call.allow("readFiles", bucket_of_version(well_formed(asked.file_id)))
    file = await own_version(call, asked.file_id)
    if file is None:
        raise NotFound("File is not in B2 Cloud Storage.")
    call.allow("readFiles", file.bucket_id, file.key)
    bucket = await call.bucket(file.bucket_id)
    return file_object(file, bucket, call.capabilities, call.version)


async def own_version(call: Call, file_id: str) -> FileVersion | None:
    """The version of that id in the caller's account, or None."""
    try:
        file = await call.store.version(file_id)
    except NoSuchVersion:
        return None
    return file if file.account_id == call.account_id else None


def well_formed(file_id: str) -> str:
    if bucket_of_version(file_id) is None:
        raise BadRequest(f"Invalid fileId: {file_id!r}")
    return file_id


async def hide_file(call: Call, asked: HideFile) -> FileObject:
    """The marker that now stands on top of the name."""
    key = names.file_name(asked.file_name).encode()
    call.allow("writeFiles", asked.bucket_id, key)
    bucket = await call.bucket(asked.bucket_id)
    try:
        await call.store.latest(bucket.bucket_id, key)
    except NoSuchKey as exc:
        if exc.marker is not None:
            raise AlreadyHidden(f"File already hidden: {asked.file_name}") from exc
        raise NoSuchFile(f"File not present: {asked.file_name}") from exc
    marker = await call.store.hide(bucket.bucket_id, key)
    return file_object(marker, bucket, call.capabilities, call.version)


async def delete_file_version(call: Call, asked: DeleteFileVersion) -> DeletedVersion:
    bucket_id = bucket_of_version(well_formed(asked.file_id))
    key = names.encoded(asked.file_name, "fileName")
    call.allow("deleteFiles", bucket_id, key)
    if asked.bypass_governance:
        call.allow("bypassGovernance", bucket_id, key)
    file = await own_version(call, asked.file_id)
    if file is None or file.key != key:
        raise FileNotPresent(f"File not present: {asked.file_name} {asked.file_id}")
    await call.bucket(file.bucket_id)
    try:
        await call.store.delete_version(
            file.bucket_id, key, asked.file_id, bypass_governance=bool(asked.bypass_governance)
        )
    except NoSuchVersion as exc:
        raise FileNotPresent(f"File not present: {asked.file_name} {asked.file_id}") from exc
    return DeletedVersion(asked.file_id, asked.file_name)


async def get_download_authorization(call: Call, asked: GetDownloadAuthorization) -> DownloadAuthorization:
    """A token that reads the names with a prefix, until its time or its key's is over."""
    prefix = names.name_prefix(asked.file_name_prefix)
    call.allow("shareFiles", asked.bucket_id, prefix.encode())
    lifetime_s = asked.valid_duration_in_seconds
    if not 0 < lifetime_s <= LONGEST_DOWNLOAD_AUTHORIZATION_S:
        raise BadRequest(f"validDurationInSeconds must be 1 to {LONGEST_DOWNLOAD_AUTHORIZATION_S}, not {lifetime_s}")
    token = await call.credentials.download_token(
        call.grant.principal,
        await call.bucket(asked.bucket_id),
        prefix=prefix,
        overrides=overrides_of(asked),
        now_ms=call.now_ms,
        lifetime_s=lifetime_s,
    )
    return DownloadAuthorization(asked.bucket_id, prefix, token)


def overrides_of(asked: GetDownloadAuthorization) -> dict[str, str]:
    given = {
        "b2ContentDisposition": asked.b2_content_disposition,
        "b2ContentLanguage": asked.b2_content_language,
        "b2Expires": asked.b2_expires,
        "b2CacheControl": asked.b2_cache_control,
        "b2ContentEncoding": asked.b2_content_encoding,
        "b2ContentType": asked.b2_content_type,
    }
    assert given.keys() == OVERRIDE_HEADERS.keys()
    return {name: names.without_control_characters(value, name) for name, value in given.items() if value is not None}
