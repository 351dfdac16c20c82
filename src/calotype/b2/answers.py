"""Which function answers which call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from calotype.b2 import (
    bucket_calls,
    copy_calls,
    file_calls,
    key_calls,
    large_file_calls,
    lock_calls,
    notification_calls,
)
from calotype.b2 import file_operations as files
from calotype.b2 import operations as account
from calotype.b2.call import Call
from calotype.b2.operation import Operation

Answer = Callable[[Call, Any], Awaitable[Any]]

ANSWERS: Mapping[type[Operation], Answer] = {
    account.AuthorizeAccount: key_calls.authorize_account,
    account.ListBuckets: bucket_calls.list_buckets,
    account.CreateBucket: bucket_calls.create_bucket,
    account.UpdateBucket: bucket_calls.update_bucket,
    account.DeleteBucket: bucket_calls.delete_bucket,
    account.GetBucketNotificationRules: notification_calls.get_bucket_notification_rules,
    account.SetBucketNotificationRules: notification_calls.set_bucket_notification_rules,
    account.CreateKey: key_calls.create_key,
    account.ListKeys: key_calls.list_keys,
    account.DeleteKey: key_calls.delete_key,
    files.GetUploadUrl: file_calls.get_upload_url,
    files.ListFileNames: file_calls.list_file_names,
    files.ListFileVersions: file_calls.list_file_versions,
    files.GetFileInfo: file_calls.get_file_info,
    files.HideFile: file_calls.hide_file,
    files.DeleteFileVersion: file_calls.delete_file_version,
    files.GetDownloadAuthorization: file_calls.get_download_authorization,
    files.StartLargeFile: large_file_calls.start_large_file,
    files.GetUploadPartUrl: large_file_calls.get_upload_part_url,
    files.ListParts: large_file_calls.list_parts,
    files.ListUnfinishedLargeFiles: large_file_calls.list_unfinished_large_files,
    files.FinishLargeFile: large_file_calls.finish_large_file,
    files.CancelLargeFile: large_file_calls.cancel_large_file,
    files.CopyFile: copy_calls.copy_file,
    files.CopyPart: copy_calls.copy_part,
    files.UpdateFileRetention: lock_calls.update_file_retention,
    files.UpdateFileLegalHold: lock_calls.update_file_legal_hold,
}
