"""What the store refuses, in the B2 API's words (b2.md §7)."""

from __future__ import annotations

import logging

from calotype.b2.errors import (
    AccessDenied,
    B2Error,
    BadBucketId,
    BadRequest,
    DownloadCapExceeded,
    InternalError,
    MissingFileLock,
    NotFound,
    RetainUntilMustBeInFuture,
    ServiceUnavailable,
    StorageCapExceeded,
    TransactionCapExceeded,
    VersionLocked,
)
from calotype.store import errors as store_errors

log = logging.getLogger(__name__)

# A 503 would make clients try for minutes what cannot work.
DISK_FULL = "Cannot upload files: the disk of this origin is full up to its reserve."
READ_ONLY = "The origin is read-only since a disk failure; nothing is taken until it is mended"
CUSTOMER_KEY_NEEDED = (
    "The object was stored using a form of Server Side Encryption. "
    "The correct parameters must be provided to retrieve the object."
)
"""b2sdk looks for these very words (b2.md §4.4)."""
NO_CUSTOMER_KEY = "The file is not encrypted with a customer key, but the request brings one"


def translated(error: store_errors.StoreError) -> B2Error:
    """The error to answer; what no call expects is our own fault."""
    match error:
        case store_errors.StorageFull():
            return StorageCapExceeded(DISK_FULL)
        case store_errors.StorageCapExceeded():
            return StorageCapExceeded()
        case store_errors.DownloadCapExceeded():
            return DownloadCapExceeded()
        case store_errors.TransactionCapExceeded():
            return TransactionCapExceeded()
        case store_errors.ReadOnly():
            return ServiceUnavailable(READ_ONLY)
        case store_errors.NoSuchBucket(bucket=bucket):
            return BadBucketId(bucket)
        case store_errors.NoSuchVersion():
            return NotFound("File is not in B2 Cloud Storage.")
        case store_errors.NoSuchUpload(version_id=version_id):
            return BadRequest(f"No active upload for: {version_id}")
        case store_errors.IncompleteUpload(expected_length=expected, length=length):
            return BadRequest(f"{length} bytes came, {expected} were announced")
        case store_errors.CustomerKeyNeeded():
            return BadRequest(CUSTOMER_KEY_NEEDED)
        case store_errors.CustomerKeyNotApplicable():
            return BadRequest(NO_CUSTOMER_KEY)
        case store_errors.WrongCustomerKey() | store_errors.RetentionRefused():
            return AccessDenied()
        case store_errors.MissingFileLock():
            return MissingFileLock()
        case store_errors.RetainUntilInPast():
            return RetainUntilMustBeInFuture()
        case store_errors.VersionLocked():
            return VersionLocked()
    log.error("the store failed: %s", error)
    return InternalError()
