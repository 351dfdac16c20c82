"""X-Bz-Test-Mode: trouble on demand, for those who write clients (b2.md §7.3).

A client that sends the header meets failures which else are rare, and shows whether it tries again as it should.
Chance is passed in; a value that we do not know changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from calotype.b2.errors import (
    B2Error,
    DownloadCapExceeded,
    ExpiredAuthToken,
    ServiceUnavailable,
    StorageCapExceeded,
    TransactionCapExceeded,
)
from calotype.b2.file_operations import CopyFile, CopyPart, GetUploadPartUrl, GetUploadUrl, StartLargeFile
from calotype.b2.operation import TransactionClass
from calotype.b2.operations import AuthorizeAccount
from calotype.b2.transfers import UPLOAD_CALLS, DownloadFileById, DownloadFileByName

HEADER = "x-bz-test-mode"
FAIL_SOME_UPLOADS = "fail_some_uploads"
EXPIRE_SOME_TOKENS = "expire_some_account_authorization_tokens"
FORCE_CAP_EXCEEDED = "force_cap_exceeded"

ONE_IN = 4
"""How often trouble comes: often enough to be met by ten files, seldom enough for five tries to succeed."""

STORING_CALLS = frozenset(
    {*UPLOAD_CALLS, *(kind.call for kind in (GetUploadUrl, GetUploadPartUrl, StartLargeFile, CopyFile, CopyPart))}
)
DOWNLOAD_CALLS = frozenset({DownloadFileByName.call, DownloadFileById.call})

RandomBytes = Callable[[int], bytes]


def trouble(
    mode: str | None, call: str, transaction_class: TransactionClass, random_bytes: RandomBytes
) -> B2Error | None:
    """The error that the mode asks for in this call, or None. Logging in is spared, or nothing could be tried."""
    if mode is None or call == AuthorizeAccount.call:
        return None
    if mode == FORCE_CAP_EXCEEDED:
        return exceeded_cap(call, transaction_class)
    if mode == FAIL_SOME_UPLOADS and call in UPLOAD_CALLS and is_unlucky(random_bytes):
        return ServiceUnavailable("X-Bz-Test-Mode: this upload was chosen to fail")
    if mode == EXPIRE_SOME_TOKENS and takes_account_token(call) and is_unlucky(random_bytes):
        return ExpiredAuthToken()
    return None


def exceeded_cap(call: str, transaction_class: TransactionClass) -> B2Error | None:
    """What the call answers over its cap (b2.md §5). Deleting, hiding and cancelling go on."""
    if call in STORING_CALLS:
        return StorageCapExceeded()
    if call in DOWNLOAD_CALLS:
        return DownloadCapExceeded()
    return None if transaction_class is TransactionClass.A else TransactionCapExceeded()


def takes_account_token(call: str) -> bool:
    return call not in UPLOAD_CALLS and call not in DOWNLOAD_CALLS


def is_unlucky(random_bytes: RandomBytes) -> bool:
    return random_bytes(1)[0] % ONE_IN == 0
