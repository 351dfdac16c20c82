"""The store's errors in S3's words: one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from calotype.s3 import errors
from calotype.store import errors as store_errors

# The words of the native API (b2.md §5), by which people look the matter up.
STORAGE_CAP_EXCEEDED = "Cannot upload files, storage cap exceeded. See the Caps & Alerts page to increase your cap."
DOWNLOAD_CAP_EXCEEDED = (
    "Cannot download file, download bandwidth or transaction (Class B) cap exceeded. "
    "See the Caps & Alerts page to increase your cap."
)
TRANSACTION_CAP_EXCEEDED = (
    "Transaction cap exceeded. To increase your cap, sign in to your B2 Cloud Storage account online. "
    "Then select the Caps & Alerts link in the B2 Cloud Storage section of the sidebar."
)

_WORDS: dict[type[store_errors.StoreError], Callable[[Any], errors.S3Error]] = {
    store_errors.NoSuchBucket: lambda error: errors.NoSuchBucket(BucketName=error.bucket),
    store_errors.NoSuchKey: lambda error: errors.NoSuchKey(Key=error.key.decode("utf-8", "replace")),
    store_errors.NoSuchVersion: lambda error: errors.NoSuchVersion(VersionId=error.version_id),
    store_errors.BucketNotEmpty: lambda error: errors.BucketNotEmpty(BucketName=error.name),
    store_errors.IncompleteUpload: lambda error: errors.IncompleteBody(
        "The number of bytes that came is not the number announced.",
        NumberBytesExpected=str(error.expected_length),
        NumberBytesProvided=str(error.length),
    ),
    store_errors.StorageFull: lambda error: errors.InsufficientStorage(
        f"{errors.InsufficientStorage.default_message} ({error})"
    ),
    store_errors.VersionLocked: lambda _: errors.AccessDenied("Access Denied because object protected by object lock."),
    store_errors.MissingFileLock: lambda _: errors.InvalidRequest("Bucket is missing Object Lock Configuration"),
    store_errors.RetainUntilInPast: lambda _: errors.InvalidArgument("The retain until date must be in the future!"),
    store_errors.RetentionRefused: lambda _: errors.AccessDenied(
        "Access Denied because object protected by object lock."
    ),
    store_errors.CustomerKeyNeeded: lambda _: errors.InvalidRequest(
        "The object was stored using a form of Server Side Encryption. "
        "The correct parameters must be provided to retrieve the object."
    ),
    store_errors.CustomerKeyNotApplicable: lambda _: errors.InvalidRequest(
        "The encryption parameters are not applicable to this object."
    ),
    store_errors.WrongCustomerKey: lambda _: errors.AccessDenied(
        "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key."
    ),
    store_errors.NoSuchUpload: lambda error: errors.NoSuchUpload(UploadId=error.version_id),
    store_errors.StorageCapExceeded: lambda _: errors.AccessDenied(STORAGE_CAP_EXCEEDED),
    store_errors.DownloadCapExceeded: lambda _: errors.AccessDenied(DOWNLOAD_CAP_EXCEEDED),
    store_errors.TransactionCapExceeded: lambda _: errors.AccessDenied(TRANSACTION_CAP_EXCEEDED),
    store_errors.ReadOnly: lambda error: errors.ServiceUnavailable(
        f"The origin is read-only: {error}", headers=(("retry-after", "60"),)
    ),
}


def translated(error: store_errors.StoreError) -> errors.S3Error:
    """InternalError for what no client can help."""
    words = _WORDS.get(type(error))
    return words(error) if words is not None else errors.InternalError()
