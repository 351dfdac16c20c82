"""A store beside the plain model: what it calls the model's numbers, and how the two sides tell the same thing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from calotype.store.encryption import SERVER_KEY, CustomerKey, EncryptionKey
from calotype.store.model import (
    Action,
    Bucket,
    BucketType,
    DefaultRetention,
    EncryptionScheme,
    FileVersion,
    LockMode,
    Part,
    Retention,
    VersionDraft,
)
from calotype.store.store import Store
from support.plain_store import PlainBucket, PlainVersion

CUSTOMERS = {name: CustomerKey(name[:1].encode() * 32) for name in ("anna", "bert")}


class Real:
    """A store, with its buckets and versions by the model's numbers, as it last answered with them."""

    def __init__(self, store: Store, account_id: str) -> None:
        self.store = store
        self.account_id = account_id
        self.buckets: dict[int, Bucket] = {}
        self.versions: dict[int, FileVersion] = {}

    async def bucket(self, number: int) -> Bucket:
        """As it is now: servers look it up for each request."""
        return await self.store.bucket_by_id(self.buckets[number].bucket_id)

    async def version(self, number: int) -> FileVersion:
        """As it is now."""
        return await self.store.version(self.versions[number].version_id)

    def number_of(self, version: FileVersion) -> int:
        return next(number for number, each in self.versions.items() if each.version_id == version.version_id)

    async def put(self, bucket: int, key: bytes, content: bytes, draft: VersionDraft, encryption: str) -> FileVersion:
        upload = self.store.upload(
            await self.bucket(bucket), key, expected_length=len(content), encryption=as_key(encryption)
        )
        async with upload:
            await upload.write(content)
            return await upload.commit(draft)

    async def put_part(self, number: int, part: int, content: bytes, key: str) -> Part:
        upload = self.store.large_files.upload_part(
            self.versions[number], part, expected_length=len(content), key=CUSTOMERS.get(key)
        )
        async with upload:
            await upload.write(content)
            return await upload.commit()

    async def content(self, number: int, key: str) -> bytes:
        version = await self.version(number)
        self.store.check_customer_key(version, CUSTOMERS.get(key))
        return b"".join([chunk async for chunk in self.store.read(version, customer_key=CUSTOMERS.get(key))])

    async def delete_version(self, number: int, *, bypass: bool) -> FileVersion:
        known = self.versions[number]
        return await self.store.delete_version(known.bucket_id, known.key, known.version_id, bypass_governance=bypass)

    async def update_retention(self, number: int, retention: tuple[str, int] | None, *, bypass: bool) -> FileVersion:
        known = self.versions[number]
        return await self.store.update_retention(
            known.bucket_id, known.key, known.version_id, as_retention(retention), bypass_governance=bypass
        )

    async def update_legal_hold(self, number: int, on: bool) -> FileVersion:
        known = self.versions[number]
        return await self.store.update_legal_hold(known.bucket_id, known.key, known.version_id, on)


# What a version and a bucket are, told in one form by both sides


def seen(version: FileVersion) -> tuple[Any, ...]:
    encryption = version.encryption
    scheme = "" if encryption is None else f"{encryption.scheme.value}{encryption.customer_key_md5}"
    retention = version.retention
    return (
        version.key,
        version.action.value,
        version.uploaded_at_ms,
        version.length,
        "" if version.action is Action.HIDE else version.content_type,
        version.is_null,
        scheme,
        None if retention is None else (retention.mode.value, retention.until_ms),
        version.legal_hold,
    )


def told(version: PlainVersion) -> tuple[Any, ...]:
    customer = customer_of(version)
    scheme = f"SSE-C{CUSTOMERS[customer].md5}" if customer else {"": "", "server": "SSE-B2"}[version.key_used]
    return (
        version.key,
        version.action,
        version.at_ms,
        len(version.content or b""),
        version.label,
        version.is_null,
        scheme,
        version.retention,
        version.legal_hold,
    )


def told_row(row: PlainVersion | bytes) -> Any:
    return row if isinstance(row, bytes) else told(row)


def seen_bucket(bucket: Bucket) -> tuple[Any, ...]:
    default = bucket.settings.default_retention
    return (
        bucket.name,
        bucket.versioning.value,
        bucket.is_public,
        bucket.revision,
        bucket.settings.file_lock_enabled,
        None if default is None else (default.mode.value, default.duration),
        bucket.settings.default_encryption is EncryptionScheme.SERVER_KEY,
    )


def told_bucket(bucket: PlainBucket) -> tuple[Any, ...]:
    return (
        bucket.name,
        bucket.versioning,
        bucket.is_public,
        bucket.revision,
        bucket.has_lock,
        bucket.default_retention,
        bucket.is_encrypted,
    )


def customer_of(version: PlainVersion) -> str:
    """The name of the customer's key that opens it; empty when none is needed."""
    return version.key_used if version.key_used in CUSTOMERS else ""


def as_key(name: str) -> EncryptionKey | None:
    return SERVER_KEY if name == "server" else CUSTOMERS.get(name)


def as_retention(retention: tuple[str, int] | None) -> Retention | None:
    return None if retention is None else Retention(LockMode(retention[0]), retention[1])


def changed(
    bucket: Bucket, *, is_public: bool, is_encrypted: bool, has_lock: bool, default_retention: tuple[str, int] | None
) -> Bucket:
    """`default_retention` is mode and days."""
    default = default_retention
    kept = replace(
        bucket.settings,
        file_lock_enabled=has_lock,
        default_retention=None if default is None else DefaultRetention(LockMode(default[0]), default[1], "days"),
        default_encryption=EncryptionScheme.SERVER_KEY if is_encrypted else None,
    )
    return replace(bucket, type=BucketType.PUBLIC if is_public else BucketType.PRIVATE, settings=kept)


# Whole listings, page by page: each page but the last is full, and says where to go on


async def all_names(
    real: Real, number: int, prefix: bytes = b"", delimiter: bytes = b"", start: bytes = b"", *, limit: int
) -> list[Any]:
    rows: list[Any] = []
    place: bytes | None = start
    while place is not None:
        page = await real.store.list_names(
            real.buckets[number].bucket_id, prefix=prefix, delimiter=delimiter, start=place, limit=limit
        )
        on_page = [*map(seen, page.versions), *page.common_prefixes]
        assert len(on_page) == limit or page.next_key is None
        assert all(each.is_latest for each in page.versions)
        rows += on_page
        place = page.next_key
    return rows


async def all_versions(
    real: Real,
    number: int,
    prefix: bytes = b"",
    delimiter: bytes = b"",
    start: bytes = b"",
    start_id: str | None = None,
    *,
    limit: int,
) -> list[Any]:
    rows: list[Any] = []
    place: bytes | None = start
    while place is not None:
        page = await real.store.list_versions(
            real.buckets[number].bucket_id,
            prefix=prefix,
            delimiter=delimiter,
            start_key=place,
            start_version_id=start_id,
            limit=limit,
        )
        on_page = [*map(seen, page.versions), *page.common_prefixes]
        assert len(on_page) == limit or page.next_key is None
        rows += on_page
        place, start_id = page.next_key, page.next_version_id
    return rows


async def all_unfinished(real: Real, number: int, prefix: bytes, limit: int) -> list[FileVersion]:
    found: list[FileVersion] = []
    start: str | None = ""
    while start is not None:
        files, start = await real.store.large_files.unfinished(
            real.buckets[number].bucket_id, prefix=prefix, start_version_id=start or None, limit=limit
        )
        assert len(files) == limit or start is None
        found += files
    return found
