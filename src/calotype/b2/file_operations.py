"""The calls on files with a JSON body, as values: listings, info, hiding, deleting, large files, copies and locks.

Uploads and downloads, whose parameters are headers and paths, stand in `transfers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calotype.b2.encryption import RequestedEncryption
from calotype.b2.file_lock import FileRetention
from calotype.b2.operation import Operation, TransactionClass


class GetUploadUrl(Operation, frozen=True, kw_only=True):
    """`bucket_id` may be missing: ShareX sends null and means the bucket it listed before (uploaders.md §1.8)."""

    call = "b2_get_upload_url"
    transaction_class = TransactionClass.A

    bucket_id: str | None = None


class ListFileNames(Operation, frozen=True, kw_only=True):
    call = "b2_list_file_names"
    transaction_class = TransactionClass.C

    bucket_id: str
    start_file_name: str | None = None
    max_file_count: int | None = None
    prefix: str | None = None
    delimiter: str | None = None


class ListFileVersions(Operation, frozen=True, kw_only=True):
    call = "b2_list_file_versions"
    transaction_class = TransactionClass.C

    bucket_id: str
    start_file_name: str | None = None
    start_file_id: str | None = None
    max_file_count: int | None = None
    prefix: str | None = None
    delimiter: str | None = None


class GetFileInfo(Operation, frozen=True, kw_only=True):
    call = "b2_get_file_info"
    transaction_class = TransactionClass.B

    file_id: str


class HideFile(Operation, frozen=True, kw_only=True):
    call = "b2_hide_file"
    transaction_class = TransactionClass.A

    bucket_id: str
    file_name: str


class DeleteFileVersion(Operation, frozen=True, kw_only=True):
    call = "b2_delete_file_version"
    transaction_class = TransactionClass.A

    file_name: str
    file_id: str
    bypass_governance: bool | None = None


class GetDownloadAuthorization(Operation, frozen=True, kw_only=True):
    """The `b2…` fields are header overrides that a download with the token must then carry itself."""

    call = "b2_get_download_authorization"
    transaction_class = TransactionClass.C

    bucket_id: str
    file_name_prefix: str
    valid_duration_in_seconds: int
    b2_content_disposition: str | None = None
    b2_content_language: str | None = None
    b2_expires: str | None = None
    b2_cache_control: str | None = None
    b2_content_encoding: str | None = None
    b2_content_type: str | None = None


class StartLargeFile(Operation, frozen=True, kw_only=True):
    """b2sdk spells `customUploadTimestamp` in its own way, and others send it as text (b2.md §1.7)."""

    call = "b2_start_large_file"
    transaction_class = TransactionClass.A

    bucket_id: str
    file_name: str
    content_type: str
    file_info: dict[str, str] | None = None
    file_retention: FileRetention | None = None
    legal_hold: str | None = None
    server_side_encryption: RequestedEncryption | None = None
    custom_upload_timestamp: int | None = None

    @classmethod
    def normalised(cls, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        given = parameters.get("customUploadTimestamp", parameters.get("custom_upload_timestamp"))
        if given is None:
            return parameters
        is_number_text = isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 16
        return {**parameters, "customUploadTimestamp": int(given) if is_number_text else given}


class GetUploadPartUrl(Operation, frozen=True, kw_only=True):
    call = "b2_get_upload_part_url"
    transaction_class = TransactionClass.A

    file_id: str


class ListParts(Operation, frozen=True, kw_only=True):
    call = "b2_list_parts"
    transaction_class = TransactionClass.C

    file_id: str
    start_part_number: int | None = None
    max_part_count: int | None = None


class ListUnfinishedLargeFiles(Operation, frozen=True, kw_only=True):
    call = "b2_list_unfinished_large_files"
    transaction_class = TransactionClass.C

    bucket_id: str
    name_prefix: str | None = None
    start_file_id: str | None = None
    max_file_count: int | None = None


class FinishLargeFile(Operation, frozen=True, kw_only=True):
    """`part_sha1_array` has the SHA-1 of part 1 first, in hex."""

    call = "b2_finish_large_file"
    transaction_class = TransactionClass.A

    file_id: str
    part_sha1_array: list[str]


class CancelLargeFile(Operation, frozen=True, kw_only=True):
    call = "b2_cancel_large_file"
    transaction_class = TransactionClass.A

    file_id: str


class CopyFile(Operation, frozen=True, kw_only=True):
    """`range` is `bytes=a-b`; `content_type` and `file_info` go with the metadata directive REPLACE only."""

    call = "b2_copy_file"
    transaction_class = TransactionClass.C

    source_file_id: str
    file_name: str
    destination_bucket_id: str | None = None
    range: str | None = None
    metadata_directive: str | None = None
    content_type: str | None = None
    file_info: dict[str, str] | None = None
    file_retention: FileRetention | None = None
    legal_hold: str | None = None
    source_server_side_encryption: RequestedEncryption | None = None
    destination_server_side_encryption: RequestedEncryption | None = None


class CopyPart(Operation, frozen=True, kw_only=True):
    call = "b2_copy_part"
    transaction_class = TransactionClass.C

    source_file_id: str
    large_file_id: str
    part_number: int
    range: str | None = None
    source_server_side_encryption: RequestedEncryption | None = None
    destination_server_side_encryption: RequestedEncryption | None = None


class UpdateFileRetention(Operation, frozen=True, kw_only=True):
    call = "b2_update_file_retention"
    transaction_class = TransactionClass.A

    file_name: str
    file_id: str
    file_retention: FileRetention
    bypass_governance: bool | None = None


class UpdateFileLegalHold(Operation, frozen=True, kw_only=True):
    call = "b2_update_file_legal_hold"
    transaction_class = TransactionClass.A

    file_name: str
    file_id: str
    legal_hold: str
