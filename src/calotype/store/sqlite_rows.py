"""How values lie in SQLite rows: what is searched in columns, the rest as one JSON object named `details`.

Fields at their default are left out, and unknown ones are ignored, so a field can be added without a migration.
"""

from __future__ import annotations

from typing import Any

import msgspec

from calotype.store.listed_object import listed_attributes_json
from calotype.store.metadata import SealedKey
from calotype.store.model import (
    Action,
    Bucket,
    BucketSettings,
    BucketType,
    Digests,
    Encryption,
    Extent,
    FileVersion,
    Part,
    Retention,
    ServerSideEncryption,
    Versioning,
)

_PLAIN_SETTINGS = BucketSettings()


class _BucketDetails(msgspec.Struct, omit_defaults=True):
    type: BucketType
    versioning: Versioning
    created_at_ms: int
    revision: int
    info: dict[str, str] = {}
    settings: BucketSettings = _PLAIN_SETTINGS


class _ExtentDetails(msgspec.Struct, array_like=True, omit_defaults=True):
    blob_id: str
    offset: int
    length: int
    encryption: Encryption | None = None


class _VersionDetails(msgspec.Struct, omit_defaults=True):
    content_type: str
    md5: str | None = None
    sha1: str = ""
    sha256: str = ""
    checksums: dict[str, str] = {}
    info: dict[str, str] = {}
    headers: dict[str, str] = {}
    extents: list[_ExtentDetails] = []
    is_null: bool = False
    sha1_unverified: bool = False
    attributes: dict[str, Any] = {}
    part_count: int = 0
    retention: Retention | None = None
    legal_hold: bool | None = None
    encryption: ServerSideEncryption | None = None
    finished_at_ms: int | None = None


class _PartDetails(msgspec.Struct, omit_defaults=True):
    md5: str
    sha1: str
    sha256: str
    checksums: dict[str, str] = {}
    extents: list[_ExtentDetails] = []


class _KeyDetails(msgspec.Struct, omit_defaults=True):
    name: str
    sealed_secret: bytes
    capabilities: list[str]
    created_at_ms: int
    bucket_ids: list[str] | None = None
    name_prefix: str | None = None
    expires_at_ms: int | None = None


_encode = msgspec.json.Encoder().encode
_decode_bucket = msgspec.json.Decoder(_BucketDetails).decode
_decode_version = msgspec.json.Decoder(_VersionDetails).decode
_decode_part = msgspec.json.Decoder(_PartDetails).decode
_decode_key = msgspec.json.Decoder(_KeyDetails).decode

_ACTIONS = {action.value: action for action in Action}

VERSION_COLUMNS = "account_id, bucket_id, key, uploaded_at_ms, version_id, action, is_latest, length, etag, details"
LISTED_COLUMNS = "key, uploaded_at_ms, length, etag, listed_attributes"  # those of a ListedObject
PART_COLUMNS = "account_id, version_id, part_number, length, start, uploaded_at_ms, details"
BUCKET_COLUMNS = "account_id, bucket_id, name, details"


def bucket_row(bucket: Bucket) -> tuple[str, str, str, bytes]:
    details = _BucketDetails(
        bucket.type,
        bucket.versioning,
        bucket.created_at_ms,
        bucket.revision,
        dict(bucket.info),
        bucket.settings,
    )
    return bucket.account_id, bucket.bucket_id, bucket.name, _encode(details)


def bucket_of(row: tuple[Any, ...]) -> Bucket:
    account_id, bucket_id, name, details = row
    kept = _decode_bucket(details)
    return Bucket(
        account_id,
        bucket_id,
        name,
        kept.type,
        kept.versioning,
        kept.created_at_ms,
        kept.info,
        kept.settings,
        kept.revision,
    )


def version_row(version: FileVersion) -> tuple[Any, ...]:
    """The values of VERSION_COLUMNS, and of listed_attributes."""
    return (
        version.account_id,
        version.bucket_id,
        version.key,
        version.uploaded_at_ms,
        version.version_id,
        version.action.value,
        int(version.is_latest),
        version.length,
        version.etag,
        _encode(_version_details(version)),
        listed_attributes_json(version.attributes),
    )


def version_of(row: tuple[Any, ...]) -> FileVersion:
    account_id, bucket_id, key, uploaded_at_ms, version_id, action, is_latest, length, etag, details = row
    kept = _decode_version(details)
    return FileVersion(
        account_id=account_id,
        bucket_id=bucket_id,
        version_id=version_id,
        key=key,
        action=_ACTIONS[action],
        uploaded_at_ms=uploaded_at_ms,
        length=length,
        content_type=kept.content_type,
        digests=None if kept.md5 is None else Digests(kept.md5, kept.sha1, kept.sha256, kept.checksums),
        etag=etag,
        info=kept.info,
        headers=kept.headers,
        extents=tuple([_extent_of(extent) for extent in kept.extents]),
        is_null=kept.is_null,
        sha1_unverified=kept.sha1_unverified,
        attributes=kept.attributes,
        part_count=kept.part_count,
        retention=kept.retention,
        legal_hold=kept.legal_hold,
        encryption=kept.encryption,
        finished_at_ms=kept.finished_at_ms,
        is_latest=bool(is_latest),
    )


def part_row(part: Part) -> tuple[Any, ...]:
    """The values of PART_COLUMNS."""
    digests = part.digests
    details = _PartDetails(
        digests.md5,
        digests.sha1,
        digests.sha256,
        dict(digests.checksums),
        [_extent_details(extent) for extent in part.extents],
    )
    place = (part.account_id, part.version_id, part.part_number)
    return (*place, part.length, part.start, part.uploaded_at_ms, _encode(details))


def part_of(row: tuple[Any, ...]) -> Part:
    account_id, version_id, part_number, length, start, uploaded_at_ms, details = row
    kept = _decode_part(details)
    return Part(
        account_id=account_id,
        version_id=version_id,
        part_number=part_number,
        length=length,
        digests=Digests(kept.md5, kept.sha1, kept.sha256, kept.checksums),
        uploaded_at_ms=uploaded_at_ms,
        extents=tuple(_extent_of(extent) for extent in kept.extents),
        start=start,
    )


def key_row(key: SealedKey) -> tuple[str, str, bytes]:
    details = _KeyDetails(
        key.name,
        key.sealed_secret,
        list(key.capabilities),
        key.created_at_ms,
        None if key.bucket_ids is None else list(key.bucket_ids),
        key.name_prefix,
        key.expires_at_ms,
    )
    return key.account_id, key.key_id, _encode(details)


def key_of(row: tuple[Any, ...]) -> SealedKey:
    account_id, key_id, details = row
    kept = _decode_key(details)
    return SealedKey(
        account_id,
        key_id,
        kept.name,
        kept.sealed_secret,
        tuple(kept.capabilities),
        kept.created_at_ms,
        None if kept.bucket_ids is None else tuple(kept.bucket_ids),
        kept.name_prefix,
        kept.expires_at_ms,
    )


def _version_details(version: FileVersion) -> _VersionDetails:
    digests = version.digests
    return _VersionDetails(
        version.content_type,
        digests.md5 if digests else None,
        digests.sha1 if digests else "",
        digests.sha256 if digests else "",
        dict(digests.checksums) if digests else {},
        dict(version.info),
        dict(version.headers),
        [_extent_details(extent) for extent in version.extents],
        version.is_null,
        version.sha1_unverified,
        dict(version.attributes),
        version.part_count,
        version.retention,
        version.legal_hold,
        version.encryption,
        version.finished_at_ms,
    )


def _extent_details(extent: Extent) -> _ExtentDetails:
    return _ExtentDetails(extent.blob_id, extent.offset, extent.length, extent.encryption)


def _extent_of(kept: _ExtentDetails) -> Extent:
    return Extent(kept.blob_id, kept.offset, kept.length, kept.encryption)
