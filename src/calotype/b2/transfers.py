"""Uploads and downloads as values: the calls whose parameters are headers and paths instead of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from calotype.b2.encryption import RequestedEncryption
from calotype.b2.file_lock import FileRetention
from calotype.b2.operation import TransactionClass

AUTO_CONTENT_TYPE = "b2/x-auto"
HEX_DIGITS_AT_END = "hex_digits_at_end"
DO_NOT_VERIFY = "do_not_verify"
SHA1_HEX_LENGTH = 40

LONGEST_UPLOAD_BYTES = 5_000_000_000
"""Of one file sent whole, of one part, and of what one copy takes from its source (b2.md §3.5)."""

OVERRIDE_HEADERS: Mapping[str, str] = {
    "b2ContentDisposition": "content-disposition",
    "b2ContentLanguage": "content-language",
    "b2Expires": "expires",
    "b2CacheControl": "cache-control",
    "b2ContentEncoding": "content-encoding",
    "b2ContentType": "content-type",
}
"""The query parameters of a download that replace a header field, and which (b2.md §4.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBody:
    """What an upload says of its body. `content_sha1` is 40 hex digits, HEX_DIGITS_AT_END or DO_NOT_VERIFY.

    `content_length` counts the body, the digits at its end included.
    """

    content_sha1: str
    content_length: int
    encryption: RequestedEncryption | None = None

    @property
    def has_digits_at_end(self) -> bool:
        return self.content_sha1 == HEX_DIGITS_AT_END

    @property
    def file_length(self) -> int:
        """Bytes of the file or part itself."""
        return self.content_length - SHA1_HEX_LENGTH if self.has_digits_at_end else self.content_length


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadFile(SentBody):
    """b2_upload_file. `info` holds the file infos in clear."""

    call: ClassVar[str] = "b2_upload_file"
    transaction_class: ClassVar[TransactionClass] = TransactionClass.A

    bucket_id: str
    file_name: str
    content_type: str
    info: Mapping[str, str] = field(default_factory=dict)
    custom_upload_timestamp: int | None = None
    file_retention: FileRetention | None = None
    legal_hold: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadPart(SentBody):
    """b2_upload_part. `file_id` is that of the URL; the token has the last word on it."""

    call: ClassVar[str] = "b2_upload_part"
    transaction_class: ClassVar[TransactionClass] = TransactionClass.A

    file_id: str
    part_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadFileByName:
    """GET or HEAD of a friendly URL. `overrides` maps parameters of OVERRIDE_HEADERS to values."""

    call: ClassVar[str] = "b2_download_file_by_name"
    transaction_class: ClassVar[TransactionClass] = TransactionClass.B

    bucket_name: str
    file_name: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    query_authorization: str | None = None
    encryption: RequestedEncryption | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadFileById:
    call: ClassVar[str] = "b2_download_file_by_id"
    transaction_class: ClassVar[TransactionClass] = TransactionClass.B

    file_id: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    query_authorization: str | None = None
    encryption: RequestedEncryption | None = None


Download = DownloadFileByName | DownloadFileById
UPLOAD_CALLS = (UploadFile.call, UploadPart.call)
