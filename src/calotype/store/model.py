"""What the store keeps, as values. Times are integer milliseconds since the epoch; keys are UTF-8 bytes.

Account ─┬─ ApplicationKey
         └─ Bucket ── FileVersion ── Extent ── Blob
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

EMPTY: Mapping[str, Any] = MappingProxyType({})


class BucketType(StrEnum):
    PUBLIC = "allPublic"
    PRIVATE = "allPrivate"


class Versioning(StrEnum):
    """S3's three states (GetBucketVersioning). B2 keeps versions always: its buckets are ENABLED."""

    UNVERSIONED = "Unversioned"
    ENABLED = "Enabled"
    SUSPENDED = "Suspended"


class Action(StrEnum):
    """What made a version, in B2's words: an upload, a hide marker, or a large file not yet finished."""

    UPLOAD = "upload"
    HIDE = "hide"
    START = "start"


@dataclass(frozen=True, slots=True)
class Account:
    account_id: str  # 12 hex digits
    name: str
    canonical_user_id: str  # 64 hex digits, S3's owner id
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """`settings` holds what only the protocols read back (CORS, lifecycle, lock, encryption) as JSON values."""

    account_id: str
    bucket_id: str  # 24 hex digits
    name: str
    type: BucketType
    versioning: Versioning
    created_at_ms: int
    info: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    revision: int = 2

    @property
    def is_public(self) -> bool:
        return self.type is BucketType.PUBLIC


@dataclass(frozen=True, slots=True)
class Encryption:
    """How an extent's bytes lie on disk. None in an extent means plain."""

    scheme: str
    key_id: str
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Extent:
    """`length` bytes of a blob, from `offset`. A version is the concatenation of its extents."""

    blob_id: str
    offset: int
    length: int
    encryption: Encryption | None = None


@dataclass(frozen=True, slots=True)
class Digests:
    """Of the whole content: md5 and sha1 as hex, sha256 as hex; `checksums` maps S3 names (CRC32, …) to base64."""

    md5: str
    sha1: str
    sha256: str
    checksums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileVersion:
    account_id: str
    bucket_id: str
    version_id: str  # the B2 file id, also S3's version id; "null" versions carry `is_null`
    key: bytes
    action: Action
    uploaded_at_ms: int  # unique and increasing per key
    length: int
    content_type: str
    digests: Digests | None  # None for markers
    etag: str  # unquoted
    info: Mapping[str, str] = field(default_factory=dict)  # keys lower-case: B2 file info = S3 user metadata
    headers: Mapping[str, str] = field(default_factory=dict)  # cache-control, content-disposition, … as given
    extents: tuple[Extent, ...] = ()
    is_null: bool = False
    sha1_unverified: bool = False  # B2's do_not_verify
    attributes: Mapping[str, Any] = field(default_factory=dict)  # room for tags, lock, ACL: JSON values
    is_latest: bool = False  # the newest version of its key when it was read, large files in progress aside

    @property
    def name(self) -> str:
        return self.key.decode()

    @property
    def is_visible(self) -> bool:
        return self.action is Action.UPLOAD


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes on disk. `references` counts the extents, of one account's versions, that lie in it."""

    account_id: str
    blob_id: str
    length: int
    sha256: str
    references: int = 1


@dataclass(frozen=True, slots=True)
class VersionDraft:
    """What an upload's caller says about the version to be made. `etag` None means the MD5."""

    content_type: str = "application/octet-stream"
    info: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    sha1_unverified: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)
    uploaded_at_ms: int | None = None  # None: now


@dataclass(frozen=True, slots=True)
class ApplicationKey:
    """`secret` is in clear here and nowhere else: the metadata keeps it encrypted. None in `bucket_ids`: any bucket."""

    account_id: str
    key_id: str
    name: str
    secret: str
    capabilities: frozenset[str]
    created_at_ms: int
    bucket_ids: frozenset[str] | None = None
    name_prefix: str | None = None
    expires_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A key whose visible content changed. `sequence` only grows."""

    sequence: int
    account_id: str
    bucket_name: str
    key: bytes


@dataclass(frozen=True, slots=True)
class LedgerRow:
    account_id: str
    bucket_name: str  # "" for calls on no bucket
    day: str  # UTC, YYYY-MM-DD
    operation: str  # the API's name of the call
    transaction_class: str  # A, B or C
    count: int
    bytes_in: int
    bytes_out: int


@dataclass(frozen=True, slots=True)
class ListingPage:
    """`versions` and `common_prefixes` in key order; `next_key` where the next page starts (inclusive), or None."""

    versions: tuple[FileVersion, ...]
    common_prefixes: tuple[bytes, ...]
    next_key: bytes | None
    next_version_id: str | None = None
