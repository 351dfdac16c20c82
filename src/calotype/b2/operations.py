"""The calls of the B2 native API as values: what was asked, after parsing and before anybody decides.

A call with a JSON body is a struct whose fields are the call's parameters; None, and null on the wire, is "not
given". Here are those on the account, its buckets and its keys; those on files stand in `file_operations`, and uploads
and downloads, whose parameters are headers and paths, in `transfers`. `wire` reads all of them from requests and
writes them into requests. Class and capability of each call are those of b2.md §1.1.
"""

from __future__ import annotations

from typing import Any

from calotype.b2.file_operations import (
    CancelLargeFile,
    CopyFile,
    CopyPart,
    DeleteFileVersion,
    FinishLargeFile,
    GetDownloadAuthorization,
    GetFileInfo,
    GetUploadPartUrl,
    GetUploadUrl,
    HideFile,
    ListFileNames,
    ListFileVersions,
    ListParts,
    ListUnfinishedLargeFiles,
    StartLargeFile,
    UpdateFileLegalHold,
    UpdateFileRetention,
)
from calotype.b2.operation import Operation, TransactionClass


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


class GetBucketNotificationRules(Operation, frozen=True, kw_only=True):
    call = "b2_get_bucket_notification_rules"
    transaction_class = TransactionClass.C

    bucket_id: str


class SetBucketNotificationRules(Operation, frozen=True, kw_only=True):
    call = "b2_set_bucket_notification_rules"
    transaction_class = TransactionClass.C

    bucket_id: str
    event_notification_rules: list[dict[str, Any]]


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


OPERATIONS: dict[str, type[Operation]] = {
    operation.call: operation
    for operation in (
        AuthorizeAccount,
        ListBuckets,
        CreateBucket,
        UpdateBucket,
        DeleteBucket,
        GetBucketNotificationRules,
        SetBucketNotificationRules,
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
        StartLargeFile,
        GetUploadPartUrl,
        ListParts,
        ListUnfinishedLargeFiles,
        FinishLargeFile,
        CancelLargeFile,
        CopyFile,
        CopyPart,
        UpdateFileRetention,
        UpdateFileLegalHold,
    )
}

NOT_IMPLEMENTED = frozenset(
    {
        "b2_create_group_member",
        "b2_list_groups",
        "b2_list_group_members",
        "b2_eject_group_member",
        "b2_reserve_trial_create_account",
    }
)
"""Calls that B2 has and we do not: answered 501 with their name, listed in docs/compatibility-b2.md."""
