"""Files and parts in the shapes of the B2 API: the server's half of `json`. Buckets and keys are in `account_objects`.

What a key may read of a file's settings depends on its capabilities, so each shape is made for one caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from msgspec import UNSET

from calotype.b2.encryption import ALGORITHM
from calotype.b2.file_lock import OFF, ON
from calotype.b2.json import FileObject, Guarded, PartObject
from calotype.b2.names import INFO_HEADERS
from calotype.b2.replication import replication_status
from calotype.store.model import (
    Action,
    Bucket,
    EncryptionScheme,
    FileVersion,
    ListingPage,
    Part,
    Retention,
    ServerSideEncryption,
)

HIDE_MARKER_TYPE = "application/x-bz-hide-marker"
NO_ENCRYPTION: dict[str, str | None] = {"mode": None, "algorithm": None}
NO_RETENTION: dict[str, Any] = {"mode": None, "retainUntilTimestamp": None}


def guarded(capability: str, capabilities: Set[str], value: object) -> Guarded:
    may_read = capability in capabilities
    return Guarded(is_client_authorized_to_read=may_read, value=value if may_read else None)


def file_object(
    file: FileVersion, bucket: Bucket, capabilities: Set[str], version: int, *, action: str | None = None
) -> FileObject:
    """The version as the caller may see it. `action` is `copy` in the answer of the call that made a copy."""
    if file.action is Action.HIDE:
        return plain_object(file, version)
    return FileObject(
        action=action or file.action.value,
        account_id=file.account_id,
        bucket_id=file.bucket_id,
        file_id=file.version_id,
        file_name=file.name,
        content_length=file.length,
        size=file.length if version == 1 else UNSET,
        content_sha1=content_sha1(file),
        content_md5=content_md5(file),
        content_type=file.content_type,
        file_info=file_info(file),
        file_retention=guarded("readFileRetentions", capabilities, retention_object(file.retention)),
        legal_hold=guarded("readFileLegalHolds", capabilities, legal_hold_text(file.legal_hold)),
        server_side_encryption=encryption_object(file.encryption),
        replication_status=replication_status(bucket.settings, file) or UNSET,
        upload_timestamp=file.uploaded_at_ms,
    )


def retention_object(retention: Retention | None) -> dict[str, Any]:
    if retention is None:
        return NO_RETENTION
    return {"mode": retention.mode.value, "retainUntilTimestamp": retention.until_ms}


def legal_hold_text(legal_hold: bool | None) -> str | None:
    return None if legal_hold is None else ON if legal_hold else OFF


def encryption_object(encryption: ServerSideEncryption | None) -> dict[str, str | None]:
    """The encryption in words; of a customer's key only its MD5 is told."""
    if encryption is None:
        return NO_ENCRYPTION
    told: dict[str, str | None] = {"mode": encryption.scheme.value, "algorithm": ALGORITHM}
    if encryption.scheme is EncryptionScheme.CUSTOMER_KEY:
        told["customerKeyMd5"] = encryption.customer_key_md5
    return told


def part_object(part: Part, file: FileVersion) -> PartObject:
    return PartObject(
        file_id=part.version_id,
        part_number=part.part_number,
        content_length=part.length,
        content_sha1=part.digests.sha1,
        content_md5=None if has_customer_key(file) else part.digests.md5,
        server_side_encryption=encryption_object(file.encryption),
        upload_timestamp=part.uploaded_at_ms,
    )


def plain_object(marker: FileVersion, version: int) -> FileObject:
    """A hide marker: a version without content."""
    return FileObject(
        action=marker.action.value,
        account_id=marker.account_id,
        bucket_id=marker.bucket_id,
        file_id=marker.version_id,
        file_name=marker.name,
        content_length=0,
        size=0 if version == 1 else UNSET,
        content_sha1=None,
        content_md5=None,
        content_type=HIDE_MARKER_TYPE,
        file_info={},
        upload_timestamp=marker.uploaded_at_ms,
    )


def folder_object(bucket: Bucket, prefix: bytes, version: int) -> FileObject:
    """All names that begin with `prefix`, as one row of a listing with a delimiter."""
    return FileObject(
        action="folder",
        account_id=bucket.account_id,
        bucket_id=bucket.bucket_id,
        file_id=None,
        file_name=prefix.decode(),
        content_length=0,
        size=0 if version == 1 else UNSET,
        content_sha1=None,
        content_md5=None,
        content_type=None,
        file_info={},
        upload_timestamp=0,
    )


def listing_rows(page: ListingPage, bucket: Bucket, capabilities: Set[str], version: int) -> list[FileObject]:
    """Files and folders of a page in one sequence, by name in byte order."""
    rows = [(file.key, file_object(file, bucket, capabilities, version)) for file in page.versions]
    folders = [(prefix, folder_object(bucket, prefix, version)) for prefix in page.common_prefixes]
    return [row for _, row in sorted(rows + folders, key=lambda named: named[0])]


def content_sha1(file: FileVersion) -> str:
    """The digest as B2 states it: `none` when no digest of the whole is known, marked when the client gave none."""
    if file.digests is None or not file.digests.sha1:
        return "none"
    return f"unverified:{file.digests.sha1}" if file.sha1_unverified else file.digests.sha1


def content_md5(file: FileVersion) -> str | None:
    """Not told of a file made of parts, which has none, and of one that only a customer's key opens (b2.md §1.6)."""
    if file.digests is None or has_customer_key(file):
        return None
    return file.digests.md5 or None


def has_customer_key(file: FileVersion) -> bool:
    return file.encryption is not None and file.encryption.scheme is EncryptionScheme.CUSTOMER_KEY


def file_info(file: FileVersion) -> dict[str, str]:
    """The file infos, with those kept as header fields under their B2 names."""
    return {**file.info, **dict(header_infos(file))} if file.headers else dict(file.info)


def header_infos(file: FileVersion) -> Iterator[tuple[str, str]]:
    for key, name in INFO_HEADERS.items():
        if name in file.headers:
            yield key, text_of_header(file.headers[name])


def split_info(info: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """(infos, header fields): the five `b2-…` infos are kept as the header fields they stand for, as S3 has them."""
    plain = {key: value for key, value in info.items() if key not in INFO_HEADERS}
    headers = {INFO_HEADERS[key]: header_value(value) for key, value in info.items() if key in INFO_HEADERS}
    return plain, headers


def header_value(text: str) -> str:
    """Text as it goes into a header field: its UTF-8 bytes, one character each."""
    return text.encode().decode("latin-1")


def text_of_header(value: str) -> str:
    """The text whose UTF-8 bytes a header field holds; one that is not UTF-8 stays as it is."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value
