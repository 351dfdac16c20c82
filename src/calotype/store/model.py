"""What the store keeps, as values. Times are integer milliseconds since the epoch; keys are UTF-8 bytes.

Account ─┬─ ApplicationKey
         └─ Bucket ─┬─ FileVersion ─┬─ Extent ── Blob
                    │               └─ Part ── Extent ── Blob
                    └─ Event
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from calotype.store.lifecycle_rule import LifecycleRule as LifecycleRule

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


class LockMode(StrEnum):
    """How firmly a retention holds: governance gives way to who may bypass it, compliance to nobody."""

    GOVERNANCE = "governance"
    COMPLIANCE = "compliance"


class EncryptionScheme(StrEnum):
    """Whose key encrypts the bytes on disk: the origin's own, or one that the client sends with each request."""

    SERVER_KEY = "SSE-B2"  # S3's SSE-S3
    CUSTOMER_KEY = "SSE-C"


class EventType(StrEnum):
    """What an event notification tells of, in B2's words (b2.md §1.10)."""

    UPLOADED = "b2:ObjectCreated:Upload"
    MULTIPART_UPLOADED = "b2:ObjectCreated:MultipartUpload"
    COPIED = "b2:ObjectCreated:Copy"
    DELETED = "b2:ObjectDeleted:Delete"
    DELETED_BY_RULE = "b2:ObjectDeleted:LifecycleRule"
    HIDDEN = "b2:HideMarkerCreated:Hide"
    HIDDEN_BY_RULE = "b2:HideMarkerCreated:LifecycleRule"
    TESTED = "b2:TestEvent"  # sent by the owner's word, whatever the rule's types


@dataclass(frozen=True, slots=True)
class Retention:
    mode: LockMode
    until_ms: int


@dataclass(frozen=True, slots=True)
class DefaultRetention:
    """What an upload that states no retention gets. `unit` is `days` or `years`."""

    mode: LockMode
    duration: int
    unit: str


@dataclass(frozen=True, slots=True)
class CorsRule:
    """Which pages of other origins may do what; operations are B2's names and S3's (`s3_get`, …) in one list.

    The name may be empty, and no maximum age be stated: S3 does without.
    """

    name: str
    allowed_origins: tuple[str, ...]
    allowed_operations: tuple[str, ...]
    allowed_headers: tuple[str, ...] | None = None
    expose_headers: tuple[str, ...] | None = None
    max_age_s: int | None = 0


@dataclass(frozen=True, slots=True)
class NotificationRule:
    """Which events are told to whom. `sealed_target` holds address, headers and signing secret, encrypted."""

    name: str
    event_types: tuple[str, ...]  # an EventType or, ending in `*`, all of one category
    prefix: str
    sealed_target: bytes
    is_enabled: bool = True
    most_events_per_batch: int | None = None  # None: not stated, which means 1
    suspension_reason: str = ""  # empty: not suspended


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """How a bucket behaves. `replication` is kept and told, never acted on; `more` holds what one protocol alone
    reads back, as JSON values."""

    cors_rules: tuple[CorsRule, ...] = ()
    lifecycle_rules: tuple[LifecycleRule, ...] = ()
    file_lock_enabled: bool = False
    default_retention: DefaultRetention | None = None
    default_encryption: EncryptionScheme | None = None
    default_key_name: str = ""  # of the origin's named key for that, empty for its own
    replication: dict[str, Any] | None = None
    notification_rules: tuple[NotificationRule, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """A person or a team, with buckets and keys of its own. No two share a name or an e-mail, compared without case."""

    account_id: str  # 12 hex digits
    name: str  # S3's display name
    email: str
    canonical_user_id: str  # 64 hex digits, S3's owner id
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class Bucket:
    account_id: str
    bucket_id: str  # 24 hex digits
    name: str
    type: BucketType
    versioning: Versioning
    created_at_ms: int
    info: Mapping[str, str] = field(default_factory=dict)
    settings: BucketSettings = field(default_factory=BucketSettings)
    revision: int = 2

    @property
    def is_public(self) -> bool:
        return self.type is BucketType.PUBLIC


@dataclass(frozen=True, slots=True)
class Encryption:
    """How an extent's bytes lie on disk; None in an extent means plain.

    Each blob has a data key of its own. `sealed_key` is that key, encrypted by the key that `key_id` names: the
    master key, a key made out of it (`MASTER_KEY_ID/NAME`), or a customer's by the base64 MD5 of it.
    """

    scheme: EncryptionScheme
    key_id: str
    sealed_key: bytes

    @property
    def master_key_id(self) -> str:
        """Which master key opens it, where it is the origin's."""
        return self.key_id.partition("/")[0]

    @property
    def key_name(self) -> str:
        """The name of the origin's key, empty for the master key itself."""
        return self.key_id.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Extent:
    """`length` bytes of a blob, from `offset`, both counted in clear. A version is its extents, one after the other."""

    blob_id: str
    offset: int
    length: int
    encryption: Encryption | None = None


@dataclass(frozen=True, slots=True)
class Digests:
    """Of the whole content: md5, sha1 and sha256 as hex, each empty where it is not known, as for a file made of parts;
    `checksums` maps S3 names (CRC32, …) to base64."""

    md5: str
    sha1: str
    sha256: str
    checksums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServerSideEncryption:
    """How a version is encrypted, as the protocols tell it; `customer_key_md5` is base64.

    `key_name` is that of one of the origin's named keys, which S3 alone tells (SSE-KMS); empty for its own.
    """

    scheme: EncryptionScheme
    customer_key_md5: str = ""
    key_name: str = ""


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A version made of parts has its bytes in their extents: then `part_count` is not 0 and `extents` is empty."""

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
    attributes: Mapping[str, Any] = field(default_factory=dict)  # room for tags, ACL: JSON values
    part_count: int = 0
    retention: Retention | None = None
    legal_hold: bool | None = None  # None: never set
    encryption: ServerSideEncryption | None = None
    finished_at_ms: int | None = None  # of a large file: when it began to show
    is_latest: bool = False  # the newest version of its key when it was read, large files in progress aside

    @property
    def name(self) -> str:
        return self.key.decode()

    @property
    def is_visible(self) -> bool:
        return self.action is Action.UPLOAD

    @property
    def own_bytes(self) -> int:
        """The bytes that it holds itself, those of parts aside: usage counts each part on its own."""
        return 0 if self.part_count else self.length


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a large file (S3: of a multipart upload). It stays when the file is finished: the file's bytes are
    the parts' extents, by number. `start` is its place in the finished file, None before."""

    account_id: str
    version_id: str
    part_number: int  # 1 to 10,000
    length: int
    digests: Digests
    uploaded_at_ms: int
    extents: tuple[Extent, ...] = ()
    start: int | None = None


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
    retention: Retention | None = None  # None: the bucket's default
    legal_hold: bool | None = None

    def version(
        self,
        bucket: Bucket,
        key: bytes,
        action: Action,
        identity: tuple[str, int],
        encryption: ServerSideEncryption | None,
        *,
        length: int = 0,
        digests: Digests | None = None,
        extents: tuple[Extent, ...] = (),
    ) -> FileVersion:
        """The version that is described here; `identity` is its id and its upload time in milliseconds."""
        version_id, uploaded_at_ms = identity
        md5 = "" if digests is None else digests.md5
        return FileVersion(
            account_id=bucket.account_id,
            bucket_id=bucket.bucket_id,
            version_id=version_id,
            key=key,
            action=action,
            uploaded_at_ms=uploaded_at_ms,
            length=length,
            content_type=self.content_type,
            digests=digests,
            etag=md5 if self.etag is None else self.etag,
            info=self.info,
            headers=self.headers,
            extents=extents,
            sha1_unverified=self.sha1_unverified,
            attributes=self.attributes,
            retention=self.retention,
            legal_hold=self.legal_hold,
            encryption=encryption,
        )


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
class Event:
    """Something that a notification rule asked to be told of, until it is delivered. `sequence` only grows."""

    sequence: int
    account_id: str
    bucket_id: str
    rule_name: str
    type: EventType
    key: bytes
    version_id: str
    length: int | None  # None for deletions and hide markers
    at_ms: int
    attempts: int = 0
    next_attempt_ms: int = 0


Listed = TypeVar("Listed")


@dataclass(frozen=True, slots=True)
class PageOf(Generic[Listed]):
    """`versions` and `common_prefixes` in key order; `next_key` where the next page starts (inclusive), or None."""

    versions: tuple[Listed, ...]
    common_prefixes: tuple[bytes, ...]
    next_key: bytes | None
    next_version_id: str | None = None


ListingPage = PageOf[FileVersion]
