"""Uploads and downloads as values: the calls whose parameters are headers and paths instead of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from calotype.b2.operations import TransactionClass

AUTO_CONTENT_TYPE = "b2/x-auto"
HEX_DIGITS_AT_END = "hex_digits_at_end"
DO_NOT_VERIFY = "do_not_verify"
SHA1_HEX_LENGTH = 40

LONGEST_UPLOAD_BYTES = 5_000_000_000

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
class UploadFile:
    """b2_upload_file. `content_sha1` is 40 hex digits, HEX_DIGITS_AT_END or DO_NOT_VERIFY.

    `content_length` counts the body, the digits at its end included. `info` holds the file infos in clear.
    """

    call: ClassVar[str] = "b2_upload_file"
    transaction_class: ClassVar[TransactionClass] = TransactionClass.A

    bucket_id: str
    file_name: str
    content_type: str
    content_sha1: str
    content_length: int
    info: Mapping[str, str] = field(default_factory=dict)
    custom_upload_timestamp: int | None = None

    @property
    def has_digits_at_end(self) -> bool:
        return self.content_sha1 == HEX_DIGITS_AT_END

    @property
    def file_length(self) -> int:
        """Bytes of the file itself."""
        return self.content_length - SHA1_HEX_LENGTH if self.has_digits_at_end else self.content_length


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadFileByName:
    """GET or HEAD of a friendly URL. `overrides` maps parameters of OVERRIDE_HEADERS to values."""

    call: ClassVar[str] = "b2_download_file_by_name"
    transaction_class: ClassVar[TransactionClass] = TransactionClass.B

    bucket_name: str
    file_name: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    query_authorization: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadFileById:
    call: ClassVar[str] = "b2_download_file_by_id"
    transaction_class: ClassVar[TransactionClass] = TransactionClass.B

    file_id: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    query_authorization: str | None = None


Download = DownloadFileByName | DownloadFileById
