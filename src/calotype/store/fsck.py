"""`fsck`: every row against its bytes, every extent against its blob, every count against the extents.

It may run beside uploads and deletes: a version is examined over one state, and what changes while the bytes are read
is looked at a second time before it is reported. The sweep finds orphans: blobs that no row names, which a crash
between file and row, or row and removal, leaves.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from calotype.store.blobs import Blobs
from calotype.store.encryption import clear_length
from calotype.store.metadata import Metadata, Transaction
from calotype.store.model import Action, Blob, Bucket, EncryptionScheme, Extent, FileVersion
from calotype.store.parts import extents_of, parts_of
from calotype.store.pieces import segment_of

_ROWS_AT_ONCE = 500
_READ_BYTES = 1 << 20


class Fault(StrEnum):
    MISSING = "the file is missing"
    WRONG_LENGTH = "the file has the wrong length"
    WRONG_DIGEST = "the bytes do not have the SHA-256 of the row"
    NO_BLOB_ROW = "a version lies in a blob that has no row"
    OUTSIDE = "a version's extent reaches beyond its blob"
    WRONG_SUM = "a version's extents and parts do not add up to its length"
    WRONG_REFERENCES = "the reference count is not the number of extents"
    LOST_KEY = "the bytes are whole, but encrypted by a master key that is not the one in use"


@dataclass(frozen=True, slots=True)
class Problem:
    """`bucket_name` and `key` tell the version, when the fault was found there; `blob_id` may then be empty."""

    fault: Fault
    blob_id: str
    bucket_name: str | None = None
    key: bytes | None = None


@dataclass(frozen=True, slots=True)
class FsckReport:
    versions: int = 0
    blobs: int = 0
    content_bytes: int = 0
    orphans: int = 0
    problems: tuple[Problem, ...] = field(default=())

    @property
    def is_clean(self) -> bool:
        return not self.problems


class Fsck:
    """Needs no key: what is encrypted is compared as it lies on disk. With `key_id`, of the master key in use, files
    that only another one opens are told too."""

    def __init__(self, metadata: Metadata, blobs: Blobs, key_id: str | None = None) -> None:
        self._metadata = metadata
        self._blobs = blobs
        self._key_id = key_id
        self._counts = sqlite3.connect("", check_same_thread=False)  # on disk once it is large: memory stays flat
        self._counts.execute("CREATE TABLE extents (account_id, blob_id, count, PRIMARY KEY (account_id, blob_id))")
        self._problems: list[Problem] = []

    async def run(self) -> FsckReport:
        try:
            versions = await self._check_versions()
            blobs, content_bytes = await self._check_blobs()
        finally:
            self._counts.close()
        return FsckReport(versions, blobs, content_bytes, 0, tuple(self._problems))

    async def _check_versions(self) -> int:
        count = 0
        async for bucket in self._buckets():
            async for version in self._versions(bucket):
                count += 1
                await self._check_version(bucket, version)
        return count

    async def _check_version(self, bucket: Bucket, version: FileVersion) -> None:
        examined = await self._metadata.read(lambda transaction: _examine(transaction, bucket, version, self._key_id))
        for blob_id in examined.blob_ids:
            self._count_extent(version.account_id, blob_id)
        self._problems += [
            Problem(fault, blob_id, bucket.name, version.key) for fault, blob_id in examined.faults.items()
        ]

    async def _check_blobs(self) -> tuple[int, int]:
        count = content_bytes = 0
        async for blob in self._blob_rows():
            count += 1
            content_bytes += blob.length
            fault = await asyncio.to_thread(self._fault_of, blob)
            if fault is None and self._extents_counted(blob) != blob.references:
                fault = await self._metadata.read(lambda transaction: _fault_of_count(transaction, blob))  # noqa: B023
            # Deleted since its row was read: then the file may well be gone.
            if fault is not None and await self._blob(blob.account_id, blob.blob_id) is not None:
                self._problems.append(Problem(fault, blob.blob_id))
        return count, content_bytes

    def _fault_of(self, blob: Blob) -> Fault | None:
        try:
            length, sha256 = _measure(self._blobs, blob.blob_id)
        except FileNotFoundError:
            return Fault.MISSING
        if length != blob.length:
            return Fault.WRONG_LENGTH
        return None if sha256 == blob.sha256 else Fault.WRONG_DIGEST

    def _count_extent(self, account_id: str, blob_id: str) -> None:
        statement = "INSERT INTO extents VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1"
        self._counts.execute(statement, (account_id, blob_id))

    def _extents_counted(self, blob: Blob) -> int:
        statement = "SELECT count FROM extents WHERE account_id = ? AND blob_id = ?"
        row = self._counts.execute(statement, (blob.account_id, blob.blob_id)).fetchone()
        return int(row[0]) if row else 0

    async def _blob(self, account_id: str, blob_id: str) -> Blob | None:
        return await self._metadata.read(lambda transaction: transaction.blob(account_id, blob_id))

    async def _buckets(self) -> AsyncIterator[Bucket]:
        for account in await self._metadata.read(lambda transaction: transaction.accounts()):
            account_id = account.account_id
            for bucket in await self._metadata.read(lambda transaction: transaction.buckets(account_id)):  # noqa: B023
                yield bucket

    async def _versions(self, bucket: Bucket) -> AsyncIterator[FileVersion]:
        place: tuple[bytes, int | None] = (b"", None)
        while True:
            start, time = place
            batch = await self._metadata.read(
                lambda transaction: transaction.scan_versions(bucket, start, time, None, _ROWS_AT_ONCE)  # noqa: B023
            )
            for version in batch:
                yield version
            if len(batch) < _ROWS_AT_ONCE:
                return
            place = (batch[-1].key, batch[-1].uploaded_at_ms - 1)

    async def _blob_rows(self) -> AsyncIterator[Blob]:
        after = ""
        while True:
            batch = await self._metadata.read(lambda transaction: transaction.scan_blobs(after, _ROWS_AT_ONCE))  # noqa: B023
            for blob in batch:
                yield blob
            if len(batch) < _ROWS_AT_ONCE:
                return
            after = batch[-1].blob_id


@dataclass(slots=True)
class _Examined:
    """`blob_ids` has one for each extent. Each fault is told once of a version, with the first blob that has it."""

    blob_ids: list[str] = field(default_factory=list)
    faults: dict[Fault, str] = field(default_factory=dict)

    def add(self, fault: Fault | None, blob_id: str) -> None:
        if fault is not None:
            self.faults.setdefault(fault, blob_id)


def _examine(transaction: Transaction, bucket: Bucket, listed: FileVersion, key_id: str | None) -> _Examined:
    """The version, its extents and parts over one state; nothing when it was deleted since it was listed."""
    examined = _Examined()
    version = transaction.version(bucket, listed.version_id)
    if version is None:
        return examined

    def examine(extents: Iterable[Extent]) -> int:
        length = 0
        for extent in extents:
            blob = transaction.blob(version.account_id, extent.blob_id)
            examined.blob_ids.append(extent.blob_id)
            examined.add(_fault_of_extent(extent, blob, key_id), extent.blob_id)
            length += extent.length
        return length

    is_finished = version.action is not Action.START
    position = examine(version.extents)
    for part in parts_of(transaction, version):
        is_in_place = part.start == position if is_finished else part.start is None
        if examine(part.extents) != part.length or not is_in_place:
            examined.add(Fault.WRONG_SUM, _first_blob(part.extents))
        position += part.length
    if is_finished and position != version.length:
        examined.add(Fault.WRONG_SUM, _first_blob(version.extents))
    return examined


def _fault_of_extent(extent: Extent, blob: Blob | None, key_id: str | None) -> Fault | None:
    if blob is None:
        return Fault.NO_BLOB_ROW
    encryption = extent.encryption
    length = blob.length if encryption is None else clear_length(blob.length)
    if extent.offset + extent.length > length:
        return Fault.OUTSIDE
    if encryption is None or encryption.scheme is EncryptionScheme.CUSTOMER_KEY:
        return None
    return None if key_id in (None, encryption.master_key_id) else Fault.LOST_KEY


def _first_blob(extents: Sequence[Extent]) -> str:
    return extents[0].blob_id if extents else ""


def _fault_of_count(transaction: Transaction, blob: Blob) -> Fault | None:
    """Count the blob's extents over one state: versions may have come and gone since the first walk."""
    stored = transaction.blob(blob.account_id, blob.blob_id)
    if stored is None:
        return None
    count = 0
    for bucket in transaction.buckets(blob.account_id):
        place: tuple[bytes, int | None] = (b"", None)
        while batch := transaction.scan_versions(bucket, *place, None, _ROWS_AT_ONCE):
            extents = (extent for version in batch for extent in extents_of(transaction, version))
            count += sum(extent.blob_id == blob.blob_id for extent in extents)
            place = (batch[-1].key, batch[-1].uploaded_at_ms - 1)
    return None if count == stored.references else Fault.WRONG_REFERENCES


async def find_orphans(metadata: Metadata, blobs: Blobs, active: set[str]) -> AsyncIterator[list[str]]:
    """The blobs in files of their own that no row names, some at a time.

    The order is what makes it safe beside uploads: a blob that was listed, is not being written any more and still
    has no row can get none.
    """
    listed = blobs.lone_blob_ids()
    while batch := await asyncio.to_thread(_next_batch, listed):
        idle = [blob_id for blob_id in batch if blob_id not in active]
        yield await metadata.read(lambda transaction: transaction.unnamed_blobs(idle))  # noqa: B023


async def named_in_segment(metadata: Metadata, segment: str, limit: int | None = None) -> list[str]:
    """The blobs of the segment that a row names, the first `limit` of them."""
    found: list[str] = []
    after = segment  # which every id in it begins with, and none is
    at_once = _ROWS_AT_ONCE if limit is None else limit
    while limit is None or len(found) < limit:
        rows = await metadata.read(lambda transaction: transaction.scan_blobs(after, at_once))  # noqa: B023
        own = [row.blob_id for row in rows if segment_of(row.blob_id) == segment]
        found += own
        if len(own) < at_once:
            break
        after = own[-1]
    return found


def _next_batch(listed: Iterator[str]) -> list[str]:
    return list(islice(listed, _ROWS_AT_ONCE))


def _measure(blobs: Blobs, blob_id: str) -> tuple[int, str]:
    sha256 = hashlib.sha256()
    length = 0
    reader = blobs.open(blob_id)
    try:
        while content := reader.read(length, _READ_BYTES):
            sha256.update(content)
            length += len(content)
    finally:
        reader.close()
    return length, sha256.hexdigest()
