"""What each counted call would be at other providers, by the class that they charge it in.

The ledger has our calls in Backblaze's classes. A call of the native API has a counterpart in S3, or none: whoever
signs each request needs no login and no upload URL. S3's operations have their classes at Amazon and at Cloudflare.
"""

from __future__ import annotations

from collections.abc import Mapping

# Calls of the B2 native API, as the S3 operation that does the same; None where S3 needs no call.
S3_COUNTERPART: Mapping[str, str | None] = {
    "b2_authorize_account": None,  # each request is signed
    "b2_cancel_large_file": "AbortMultipartUpload",
    "b2_copy_file": "CopyObject",
    "b2_copy_part": "UploadPartCopy",
    "b2_create_bucket": "CreateBucket",
    "b2_create_key": None,  # keys are not the store's there
    "b2_delete_bucket": "DeleteBucket",
    "b2_delete_file_version": "DeleteObject",
    "b2_delete_key": None,
    "b2_download_file_by_id": "GetObject",
    "b2_download_file_by_name": "GetObject",
    "b2_finish_large_file": "CompleteMultipartUpload",
    "b2_get_bucket_notification_rules": "GetBucketNotificationConfiguration",
    "b2_get_download_authorization": None,  # a presigned URL is made without the store
    "b2_get_file_info": "HeadObject",
    "b2_get_upload_part_url": None,
    "b2_get_upload_url": None,
    "b2_hide_file": "DeleteObject",
    "b2_list_buckets": "ListBuckets",
    "b2_list_file_names": "ListObjectsV2",
    "b2_list_file_versions": "ListObjectVersions",
    "b2_list_keys": None,
    "b2_list_parts": "ListParts",
    "b2_list_unfinished_large_files": "ListMultipartUploads",
    "b2_set_bucket_notification_rules": "PutBucketNotificationConfiguration",
    "b2_start_large_file": "CreateMultipartUpload",
    "b2_update_bucket": "PutBucketPolicy",
    "b2_update_file_legal_hold": "PutObjectLegalHold",
    "b2_update_file_retention": "PutObjectRetention",
    "b2_upload_file": "PutObject",
    "b2_upload_part": "UploadPart",
    "b2_event_notification": None,  # delivered by another service, at its own price
}

FREE = ""

_FREE_AT_S3 = ("Delete", "Abort")  # DELETE and CANCEL requests
_PUT_AT_S3 = ("Put", "Copy", "Create", "Complete", "Upload", "Post", "List")  # PUT, COPY, POST and LIST requests

# R2's page names its operations one by one; what it does not name is taken for the dearer class when it changes
# something, else for the cheaper.
_FREE_AT_R2 = frozenset({"DeleteObject", "DeleteObjects", "DeleteBucket", "AbortMultipartUpload"})


def s3_class(operation: str) -> str:
    """`put`, `get` or free, of an S3 operation: PUT, COPY, POST and LIST cost the same there, all others as GET."""
    if operation.startswith(_FREE_AT_S3) and operation != "DeleteObjects":
        return FREE
    return "put" if operation.startswith((*_PUT_AT_S3, "DeleteObjects")) else "get"


def r2_class(operation: str) -> str:
    """`A`, `B` or free, of an S3 operation: what changes or lists is class A, what reads is class B."""
    if operation in _FREE_AT_R2:
        return FREE
    return "B" if operation.startswith(("Get", "Head")) else "A"


def class_at(provider: str, operation: str, transaction_class: str) -> str:
    """In which of its classes the provider charges a counted call; FREE where it charges nothing or needs none."""
    if provider == "b2":
        return transaction_class
    counterpart = S3_COUNTERPART.get(operation, operation)
    if counterpart is None:
        return FREE
    return s3_class(counterpart) if provider == "s3" else r2_class(counterpart)


def is_download(operation: str) -> bool:
    """Whether a viewer's request, asked of the store itself, would be this call."""
    return S3_COUNTERPART.get(operation, operation) == "GetObject"
