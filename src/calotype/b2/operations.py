"""The calls of the B2 native API as values: what was asked, after parsing and before anybody decides.

A call with a JSON body is a struct whose fields are the call's parameters; None, and null on the wire, is "not
given". Uploads and downloads, whose parameters are headers and paths, stand in `transfers`. `wire` reads all of
them from requests and writes them into requests. Class and capability of each call are those of b2.md §1.1.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from msgspec import Struct


class TransactionClass(StrEnum):
    A = "A"
    B = "B"
    C = "C"


class Operation(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A call whose parameters travel as JSON, or in the query of a GET."""

    call: ClassVar[str]
    transaction_class: ClassVar[TransactionClass]


class AuthorizeAccount(Operation, frozen=True, kw_only=True):
    """The only call with Basic credentials; it has no parameters."""

    call = "b2_authorize_account"
    transaction_class = TransactionClass.C


class ListBuckets(Operation, frozen=True, kw_only=True):
    call = "b2_list_buckets"
    transaction_class = TransactionClass.C

    account_id: str
    bucket_id: str | None = None
    bucket_name: str | None = None
    bucket_types: list[str] | None = None


class CreateBucket(Operation, frozen=True, kw_only=True):
    call = "b2_create_bucket"
    transaction_class = TransactionClass.C

    account_id: str
    bucket_name: str
    bucket_type: str
    bucket_info: dict[str, str] | None = None
    cors_rules: list[dict[str, Any]] | None = None
    lifecycle_rules: list[dict[str, Any]] | None = None
    file_lock_enabled: bool | None = None
    default_server_side_encryption: dict[str, Any] | None = None
    replication_configuration: dict[str, Any] | None = None


class UpdateBucket(Operation, frozen=True, kw_only=True):
    call = "b2_update_bucket"
    transaction_class = TransactionClass.C

    account_id: str
    bucket_id: str
    bucket_type: str | None = None
    bucket_info: dict[str, str] | None = None
    cors_rules: list[dict[str, Any]] | None = None
    lifecycle_rules: list[dict[str, Any]] | None = None
    default_retention: dict[str, Any] | None = None
    file_lock_enabled: bool | None = None
    default_server_side_encryption: dict[str, Any] | None = None
    replication_configuration: dict[str, Any] | None = None
    if_revision_is: int | None = None


class DeleteBucket(Operation, frozen=True, kw_only=True):
    call = "b2_delete_bucket"
    transaction_class = TransactionClass.A

    account_id: str
    bucket_id: str


class CreateKey(Operation, frozen=True, kw_only=True):
    """`bucket_ids` on the wire from version 4 on, `bucket_id` before (b2.md §0.2)."""

    call = "b2_create_key"
    transaction_class = TransactionClass.C

    account_id: str
    capabilities: list[str]
    key_name: str
    valid_duration_in_seconds: int | None = None
    bucket_ids: list[str] | None = None
    bucket_id: str | None = None
    name_prefix: str | None = None


class ListKeys(Operation, frozen=True, kw_only=True):
    call = "b2_list_keys"
    transaction_class = TransactionClass.C

    account_id: str
    max_key_count: int | None = None
    start_application_key_id: str | None = None


class DeleteKey(Operation, frozen=True, kw_only=True):
    call = "b2_delete_key"
    transaction_class = TransactionClass.A

    application_key_id: str


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


OPERATIONS: dict[str, type[Operation]] = {
    operation.call: operation
    for operation in (
        AuthorizeAccount,
        ListBuckets,
        CreateBucket,
        UpdateBucket,
        DeleteBucket,
        CreateKey,
        ListKeys,
        DeleteKey,
        GetUploadUrl,
        ListFileNames,
        ListFileVersions,
        GetFileInfo,
        HideFile,
        DeleteFileVersion,
        GetDownloadAuthorization,
    )
}

NOT_IMPLEMENTED = frozenset(
    {
        "b2_start_large_file",
        "b2_get_upload_part_url",
        "b2_upload_part",
        "b2_finish_large_file",
        "b2_cancel_large_file",
        "b2_copy_file",
        "b2_copy_part",
        "b2_list_parts",
        "b2_list_unfinished_large_files",
        "b2_update_file_retention",
        "b2_update_file_legal_hold",
        "b2_get_bucket_notification_rules",
        "b2_set_bucket_notification_rules",
        "b2_create_group_member",
        "b2_list_groups",
        "b2_list_group_members",
        "b2_eject_group_member",
        "b2_reserve_trial_create_account",
    }
)
"""Calls that B2 has and we do not: answered 501 with their name, listed in docs/compatibility-b2.md."""
