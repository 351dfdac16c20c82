"""Copies: of a version as a new file, or as a part of a large file, whole or a range of it (b2.md §1.7).

A copy shares the blobs of its source, counted up in the transaction that makes it, when both belong to one account
and are encrypted alike; under a customer's key only where both requests brought the same. Otherwise the bytes are
written anew. A range is read through once for its digests; a whole copy keeps those of its source. A source that is
deleted meanwhile is not found: the copy is made whole, or not at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from calotype.store import unfinished
from calotype.store.commits import Commits
from calotype.store.digesting import Digesting, Hasher
from calotype.store.encryption import CustomerKey, EncryptionKey, check_customer_key, described, key_for, key_of_part
from calotype.store.errors import BlobDamaged, NoSuchVersion
from calotype.store.incoming import BlobIntake, IncomingBody, Received
from calotype.store.metadata import Metadata, Transaction
from calotype.store.model import Action, Bucket, Digests, EventType, Extent, FileVersion, Part, VersionDraft
from calotype.store.parts import cut_extents, selected_extents, share
from calotype.store.settings import Clock
from calotype.store.unfinished import UNKNOWN_DIGESTS, PartChange
from calotype.store.versions import Change, NewVersion, Precondition, made, put_version

# The bytes of a version from a start to a stop (exclusive), with the customer's key if there is one.
Read = Callable[[FileVersion, int, int, CustomerKey | None], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes `start` to `stop` (exclusive) of a finished version, which `key` opens if it is a customer's."""

    source: FileVersion
    start: int
    stop: int
    key: CustomerKey | None = None

    @classmethod
    def of(cls, source: FileVersion, start: int, stop: int | None, key: CustomerKey | None) -> Self:
        """None for the source's end. What lies beyond it, or is the wrong way round, is empty."""
        end = source.length if stop is None else min(stop, source.length)
        return cls(source, min(start, end), end, key)

    @property
    def length(self) -> int:
        return self.stop - self.start

    @property
    def is_whole(self) -> bool:
        return self.start == 0 and self.stop == self.source.length

    def may_share(self, account_id: str, key: EncryptionKey | None) -> bool:
        """Whether a copy of that account, encrypted with that key, may lie in the blobs of the source."""
        has_same_key = self.source.encryption == described(key) and (self.key is None or self.key == key)
        return self.source.account_id == account_id and has_same_key


@dataclass(frozen=True, slots=True)
class Copying:
    metadata: Metadata
    commits: Commits
    intake: BlobIntake
    clock: Clock
    read: Read
    new_version: NewVersion

    async def copy(
        self,
        span: Span,
        bucket: Bucket,
        key: bytes,
        draft: VersionDraft,
        checksums: Mapping[str, Hasher],
        encryption: EncryptionKey | None,
        precondition: Precondition | None,
    ) -> FileVersion:
        """The copy; raises NoSuchVersion, CustomerKeyProblem, and as an upload does. See `Store.copy`."""
        await self._check(span, bucket.account_id)
        encryption = key_for(bucket.settings, encryption)
        identity = self.new_version(bucket, Action.UPLOAD, draft.uploaded_at_ms)
        version = draft.version(bucket, key, Action.UPLOAD, identity, described(encryption), length=span.length)
        keeps_time = draft.uploaded_at_ms is not None
        if span.may_share(bucket.account_id, encryption):
            version = await self._with_digests(version, span, draft, checksums)
            async with self.intake.accounting.storing(bucket.account_id, span.length):
                change = await self.commits.commit(
                    lambda transaction: _put_shared(transaction, span, version, precondition, keeps_time=keeps_time)
                )
            return made(change)
        async with IncomingBody(self.intake, bucket.account_id, span.length, checksums, encryption) as body:
            received = await self._rewritten(span, body)
            etag = received.digests.md5 if draft.etag is None else draft.etag
            version = replace(version, digests=received.digests, etag=etag, extents=received.extents)
            change = await self.commits.with_body(
                lambda transaction: put_version(
                    transaction, version, received.blobs, precondition, keeps_time=keeps_time, told_as=EventType.COPIED
                ),
                received,
            )
        return made(change)

    async def copy_part(
        self,
        file: FileVersion,
        part_number: int,
        span: Span,
        checksums: Mapping[str, Hasher],
        key: CustomerKey | None,
    ) -> Part:
        """The part; raises NoSuchVersion, NoSuchUpload, CustomerKeyProblem. See `LargeFiles.copy_part`."""
        await self._check(span, file.account_id)
        encryption = key_of_part(file.encryption, key)
        part = Part(file.account_id, file.version_id, part_number, span.length, UNKNOWN_DIGESTS, self.clock())
        if span.may_share(file.account_id, encryption):
            part = replace(part, digests=await self._digests(span, checksums))
            async with self.intake.accounting.storing(file.account_id, span.length):
                change = await self.commits.commit(lambda transaction: _put_shared_part(transaction, file, part, span))
            return change.part
        async with IncomingBody(self.intake, file.account_id, span.length, checksums, encryption) as body:
            received = await self._rewritten(span, body)
            part = replace(part, digests=received.digests, extents=received.extents)
            change = await self.commits.with_body(
                lambda transaction: unfinished.put_part(transaction, file, part, received.blobs), received
            )
        return change.part

    async def _check(self, span: Span, account_id: str) -> None:
        """Refuses what can be refused before any byte is read."""
        self.commits.refuse_when_read_only()
        check_customer_key(span.source.encryption, span.key)
        await self.metadata.read(lambda transaction: _finished_version(transaction, span.source))
        await self.intake.accounting.check_storage(account_id, span.length)

    async def _with_digests(
        self, version: FileVersion, span: Span, draft: VersionDraft, checksums: Mapping[str, Hasher]
    ) -> FileVersion:
        """A whole copy of a file made of parts knows as little of its digests as the file does, and has its ETag."""
        source = span.source
        if span.is_whole and source.part_count:
            etag = source.etag if draft.etag is None else draft.etag
            return replace(version, digests=source.digests, etag=etag)
        digests = await self._digests(span, checksums)
        sha1_unverified = draft.sha1_unverified or (span.is_whole and source.sha1_unverified)
        etag = digests.md5 if draft.etag is None else draft.etag
        return replace(version, digests=digests, etag=etag, sha1_unverified=sha1_unverified)

    async def _digests(self, span: Span, checksums: Mapping[str, Hasher]) -> Digests:
        """Those of the source when all of it is meant, else from reading it through."""
        known = span.source.digests
        if span.is_whole and known is not None and known.md5 and set(checksums) <= set(known.checksums):
            return known
        digesting = Digesting(checksums)
        async for chunk in self._content(span):
            await self.intake.threads.run(digesting.update, chunk)
        return digesting.digests()

    async def _rewritten(self, span: Span, body: IncomingBody) -> Received:
        async for chunk in self._content(span):
            await body.write(chunk)
        return await body.hand_over()

    async def _content(self, span: Span) -> AsyncIterator[bytes]:
        try:
            async for chunk in self.read(span.source, span.start, span.stop, span.key):
                yield chunk
        except BlobDamaged:
            # Deleted while it was read, and its file is gone: that is no damage.
            await self.metadata.read(lambda transaction: _finished_version(transaction, span.source))
            raise


def _put_shared(
    transaction: Transaction, span: Span, version: FileVersion, precondition: Precondition | None, *, keeps_time: bool
) -> Change:
    """Add the copy in the blobs of its source; raises NoSuchVersion."""
    source = _finished_version(transaction, span.source)
    extents = selected_extents(source.extents, span.start, span.stop)
    parts = _copied_parts(transaction, source, span, version) if source.part_count else []
    share(transaction, source.account_id, [*extents, *(extent for part in parts for extent in part.extents)])
    version = replace(version, extents=tuple(extents), part_count=len(parts))
    change = put_version(transaction, version, (), precondition, keeps_time=keeps_time, told_as=EventType.COPIED)
    for part in parts:
        transaction.insert_part(version.bucket_id, part)
    return change


def _put_shared_part(transaction: Transaction, file: FileVersion, part: Part, span: Span) -> PartChange:
    """Add the part in the blobs of its source; raises NoSuchUpload, NoSuchVersion."""
    unfinished.file_in_progress(transaction, file.bucket_id, file.version_id)
    extents = _extents(transaction, _finished_version(transaction, span.source), span)
    share(transaction, file.account_id, extents)
    return unfinished.put_part(transaction, file, replace(part, extents=tuple(extents)), ())


def _extents(transaction: Transaction, source: FileVersion, span: Span) -> list[Extent]:
    if not source.part_count:
        return selected_extents(source.extents, span.start, span.stop)
    parts = transaction.parts_within(source.account_id, source.version_id, span.start, span.stop)
    return [extent for part in parts for extent in cut_extents(part, span.start, span.stop)]


def _copied_parts(transaction: Transaction, source: FileVersion, span: Span, version: FileVersion) -> list[Part]:
    """The source's parts as parts of the copy: by their numbers when all are there, else numbered anew and cut."""
    if span.is_whole:
        parts = transaction.parts(source.account_id, source.version_id, 1)
        return [replace(part, version_id=version.version_id) for part in parts]
    copied: list[Part] = []
    position = 0
    for part in transaction.parts_within(source.account_id, source.version_id, span.start, span.stop):
        extents = tuple(cut_extents(part, span.start, span.stop))
        length = sum(extent.length for extent in extents)
        if not length:
            continue
        is_cut = length < part.length
        copied.append(
            replace(
                part,
                version_id=version.version_id,
                part_number=len(copied) + 1,
                length=length,
                digests=UNKNOWN_DIGESTS if is_cut else part.digests,
                extents=extents,
                start=position,
            )
        )
        position += length
    return copied


def _finished_version(transaction: Transaction, source: FileVersion) -> FileVersion:
    """The source as it is now; raises NoSuchVersion when it is gone, or has no content to copy."""
    bucket = transaction.bucket_by_id(source.bucket_id)
    found = None if bucket is None else transaction.version(bucket, source.version_id)
    if found is None or not found.is_visible:
        raise NoSuchVersion(source.version_id)
    return found
