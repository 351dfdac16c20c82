"""The verbs of the store, which the protocol servers call.

    async with await Store.open(folder, master_key) as store:
        bucket = await store.create_bucket(account.account_id, "photographs")
        async with store.upload(bucket, b"cat.png", expected_length=73641) as upload:
            await upload.write(content)
            version = await upload.commit(VersionDraft(content_type="image/png"))

All of them belong to one event loop; times come from the `clock` given to `open`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

from calotype.master_key import MasterKey
from calotype.store import ids, listing, locking, object_lock, versions
from calotype.store.account_store import AccountStore
from calotype.store.blobs import Blobs
from calotype.store.commits import Commits
from calotype.store.copying import Copying, Span
from calotype.store.deletions import Deletion, Outcome
from calotype.store.digesting import Hasher
from calotype.store.encrypted_blobs import ClearBlobs
from calotype.store.encryption import CustomerKey, EncryptionKey, check_customer_key
from calotype.store.errors import NoSuchBucket, NoSuchKey, NoSuchVersion
from calotype.store.incoming import BlobIntake, Received
from calotype.store.large_files import LargeFiles
from calotype.store.lifecycle_job import LifecycleJob
from calotype.store.listed_object import ListedObject
from calotype.store.memory_blobs import MemoryBlobs
from calotype.store.memory_metadata import MemoryMetadata
from calotype.store.metadata import Metadata, Transaction
from calotype.store.model import Action, Bucket, FileVersion, ListingPage, PageOf, Retention, VersionDraft
from calotype.store.reading import read_from_memory, read_version
from calotype.store.settings import RESERVE_BYTES, Clock, StoreSettings, milliseconds_now
from calotype.store.space import DiskReserve
from calotype.store.upload import Placing, Upload
from calotype.store.versions import Change, Precondition, made

__all__ = ["RESERVE_BYTES", "Clock", "Store", "StoreSettings", "memory_store", "milliseconds_now"]


class Store(AccountStore):
    """Made by `open` or `memory_store`; `close` waits for what is under way."""

    def __init__(
        self, metadata: Metadata, blobs: Blobs, master_key: MasterKey, settings: StoreSettings, clock: Clock
    ) -> None:
        super().__init__(metadata, blobs, master_key, settings, clock)
        reserve = DiskReserve(blobs.free_bytes, settings.reserve_bytes)
        self._intake = BlobIntake(
            blobs, self._threads_in, self._housekeeping.active, reserve, self._data_keys, self.accounting
        )
        self._clear_blobs = ClearBlobs(blobs, self._data_keys)
        self._placing = Placing(self._put, self._new_version)
        changes = Commits(self._commits, settings.synced_alone_bytes)
        self._copying = Copying(metadata, changes, self._intake, clock, self._content, self._new_version)
        self.large_files = LargeFiles(metadata, changes, self._intake, clock, self._new_version, self._copying)
        self.lifecycle = LifecycleJob(metadata, self._commits.commit, clock, self._marker)

    def upload(
        self,
        bucket: Bucket,
        key: bytes,
        *,
        expected_length: int | None = None,
        checksums: Mapping[str, Hasher] | None = None,
        encryption: EncryptionKey | None = None,
    ) -> Upload:
        """An upload to be entered with `async with`; raises ReadOnly. `checksums` are fed in the same pass.

        Without `encryption` the bucket's default applies.
        """
        self._refuse_when_read_only()
        return Upload(self._intake, self._placing, bucket, key, expected_length, checksums or {}, encryption)

    async def latest(self, bucket_id: str, key: bytes) -> FileVersion:
        """The visible version; raises NoSuchKey, which carries the hide marker if there is one."""
        bucket = await self.bucket_by_id(bucket_id)
        version = await self.metadata.latest(bucket, key)
        if version is None or not version.is_visible:
            raise NoSuchKey(key, version)
        return version

    async def version(self, version_id: str) -> FileVersion:
        """The version of that id, of whatever action; raises NoSuchVersion."""
        bucket_id = ids.bucket_of_version(version_id)
        if bucket_id is None:
            raise NoSuchVersion(version_id)
        try:
            bucket = await self.bucket_by_id(bucket_id)
        except NoSuchBucket as error:
            raise NoSuchVersion(version_id) from error
        version = await self.metadata.read(lambda transaction: transaction.version(bucket, version_id))
        if version is None:
            raise NoSuchVersion(version_id)
        return version

    async def version_of_key(self, bucket_id: str, key: bytes, version_id: str) -> FileVersion:
        """The finished version of that key and id, where S3's `null` counts as an id; raises NoSuchVersion."""
        bucket = await self.bucket_by_id(bucket_id)
        found = await self.metadata.read(
            lambda transaction: versions.find_version(transaction, bucket, key, version_id)
        )
        if found.action is Action.START:
            raise NoSuchVersion(version_id)
        return found

    def check_customer_key(self, version: FileVersion, key: CustomerKey | None) -> None:
        """Raises CustomerKeyNeeded, WrongCustomerKey or CustomerKeyNotApplicable; to be asked before an answer begins.

        The key is compared by its MD5 here, and by what it opens when the bytes are read.
        """
        check_customer_key(version.encryption, key)

    def read(
        self,
        version: FileVersion,
        start: int = 0,
        stop: int | None = None,
        *,
        customer_key: CustomerKey | None = None,
    ) -> AsyncIterator[bytes]:
        """The content from `start` to `stop` (exclusive) in chunks of at most 256 KiB.

        Raises BlobDamaged; for an encrypted file also WrongCustomerKey, CustomerKeyNeeded, ContentKeyLost.
        """
        blobs = ClearBlobs(self.blobs, self._data_keys, customer_key)
        removals = self._housekeeping.removals
        return read_version(blobs, self.metadata, removals, self._threads_out, version, start, stop)

    def read_from_memory(self, version: FileVersion, start: int, stop: int) -> bytes | None:
        """The same bytes without waiting, where they are few, not encrypted, and in memory; None says nothing."""
        return read_from_memory(self._clear_blobs, version, start, stop)

    async def copy(
        self,
        source: FileVersion,
        bucket: Bucket,
        key: bytes,
        draft: VersionDraft,
        *,
        start: int = 0,
        stop: int | None = None,
        checksums: Mapping[str, Hasher] | None = None,
        source_key: CustomerKey | None = None,
        key_of_copy: EncryptionKey | None = None,
        precondition: Precondition | None = None,
    ) -> FileVersion:
        """The source's bytes `start` to `stop` (exclusive) as a new version, described by the draft alone.

        The blobs are shared where account and encryption allow. A whole copy keeps the digests of its source, and with
        `draft.etag` None its ETag when it is made of parts; a range is read through once. `source_key` opens a source
        that is encrypted with a customer's key. Raises NoSuchVersion when the source is gone, CustomerKeyProblem, and
        what `Upload.commit` does.
        """
        span = Span.of(source, start, stop, source_key)
        return await self._copying.copy(span, bucket, key, draft, checksums or {}, key_of_copy, precondition)

    async def hide(self, bucket_id: str, key: bytes, *, precondition: Precondition | None = None) -> FileVersion:
        """A hide marker on top of the key, whatever is below; the new marker."""
        marker = await self._marker(bucket_id, key)
        change = await self._commits.commit(lambda transaction: versions.hide_key(transaction, marker, precondition))
        return made(change)

    async def delete_object(
        self, bucket_id: str, key: bytes, *, precondition: Precondition | None = None
    ) -> FileVersion | None:
        """S3's DELETE without a version id, by the bucket's versioning state; the marker, if one was made."""
        bucket = await self.bucket_by_id(bucket_id)
        change = await self._commits.commit(self._deletion(bucket, Deletion(key, precondition=precondition)))
        return change.version

    async def delete_version(
        self,
        bucket_id: str,
        key: bytes,
        version_id: str,
        *,
        precondition: Precondition | None = None,
        bypass_governance: bool = False,
    ) -> FileVersion:
        """Remove one version for good; what was removed. Raises NoSuchVersion, VersionLocked. See `Deletion`."""
        bucket = await self.bucket_by_id(bucket_id)
        deletion = Deletion(key, version_id, precondition, bypass_governance)
        return made(await self._commits.commit(self._deletion(bucket, deletion)))

    async def delete_each(self, bucket: Bucket, deletions: Iterable[Deletion]) -> list[Outcome]:
        """Each deletion done by itself, and all made durable by few syncs. Raises ReadOnly."""
        changes = [self._deletion(bucket, deletion) for deletion in deletions]
        outcomes = await self._commits.commit_all(changes)
        return [outcome.version if isinstance(outcome, Change) else outcome for outcome in outcomes]

    async def change_attributes(
        self, bucket_id: str, key: bytes, version_id: str | None, change: Callable[[FileVersion], Mapping[str, Any]]
    ) -> FileVersion:
        """The version with the attributes that `change` makes of it; None is the visible version, `null` an id.

        `change` runs in the transaction, maybe twice, and raises to refuse. Raises NoSuchKey, NoSuchVersion.
        """
        return made(
            await self._commits.commit(
                lambda transaction: versions.change_attributes(transaction, bucket_id, key, version_id, change)
            )
        )

    # object lock

    def check_lock(self, bucket: Bucket, retention: Retention | None, legal_hold: bool | None) -> None:
        """Whether a new file of the bucket may have this lock; raises MissingFileLock, RetainUntilInPast.

        It is asked again when the file is made; asked before, it spares a client the sending of a body.
        """
        object_lock.check_stated_lock(bucket, retention, legal_hold, self._clock())

    async def update_retention(
        self,
        bucket_id: str,
        key: bytes,
        version_id: str,
        retention: Retention | None,
        *,
        bypass_governance: bool = False,
    ) -> FileVersion:
        """The version with that retention, None for none.

        Raises NoSuchVersion, MissingFileLock, RetainUntilInPast, RetentionRefused.
        """
        asked = locking.RetentionChange(retention, bypass_governance, self._clock())
        return made(
            await self._commits.commit(
                lambda transaction: locking.change_retention(transaction, bucket_id, key, version_id, asked)
            )
        )

    async def update_legal_hold(self, bucket_id: str, key: bytes, version_id: str, is_on: bool) -> FileVersion:
        """The version with the hold put on or taken off; raises NoSuchVersion, MissingFileLock."""
        return made(
            await self._commits.commit(
                lambda transaction: locking.change_legal_hold(transaction, bucket_id, key, version_id, is_on)
            )
        )

    async def list_names(
        self, bucket_id: str, *, prefix: bytes = b"", delimiter: bytes = b"", start: bytes = b"", limit: int = 1000
    ) -> ListingPage:
        """Latest visible versions by key from `start` (inclusive); see `listing`."""
        bucket = await self.bucket_by_id(bucket_id)
        return await self.metadata.read(
            lambda transaction: listing.list_names(
                transaction, bucket, prefix=prefix, delimiter=delimiter, start=start, limit=limit
            )
        )

    async def list_objects(
        self, bucket_id: str, *, prefix: bytes = b"", delimiter: bytes = b"", start: bytes = b"", limit: int = 1000
    ) -> PageOf[ListedObject]:
        """As `list_names`, with no more of each than S3 tells; see `listing`."""
        bucket = await self.bucket_by_id(bucket_id)
        return await self.metadata.read(
            lambda transaction: listing.list_objects(
                transaction, bucket, prefix=prefix, delimiter=delimiter, start=start, limit=limit
            )
        )

    async def list_versions(
        self,
        bucket_id: str,
        *,
        prefix: bytes = b"",
        delimiter: bytes = b"",
        start_key: bytes = b"",
        start_version_id: str | None = None,
        limit: int = 1000,
        unfinished: bool = True,
    ) -> ListingPage:
        """All versions by key, newest first, from the start (inclusive); see `listing`.

        With `unfinished` large files in progress are among them.
        """
        bucket = await self.bucket_by_id(bucket_id)
        return await self.metadata.read(
            lambda transaction: listing.list_versions(
                transaction,
                bucket,
                prefix=prefix,
                delimiter=delimiter,
                start_key=start_key,
                start_version_id=start_version_id,
                limit=limit,
                unfinished=unfinished,
            )
        )

    # inside

    def _content(
        self, version: FileVersion, start: int, stop: int, customer_key: CustomerKey | None
    ) -> AsyncIterator[bytes]:
        return self.read(version, start, stop, customer_key=customer_key)

    def _deletion(self, bucket: Bucket, deletion: Deletion) -> Callable[[Transaction], Change]:
        return deletion.change(self._marker_in(bucket, deletion.key), self._clock())

    async def _marker(self, bucket_id: str, key: bytes) -> FileVersion:
        return self._marker_in(await self.bucket_by_id(bucket_id), key)

    def _marker_in(self, bucket: Bucket, key: bytes) -> FileVersion:
        version_id, now_ms = self._new_version(bucket, Action.HIDE, None)
        return FileVersion(
            account_id=bucket.account_id,
            bucket_id=bucket.bucket_id,
            version_id=version_id,
            key=key,
            action=Action.HIDE,
            uploaded_at_ms=now_ms,
            length=0,
            content_type=versions.HIDE_MARKER_TYPE,
            digests=None,
            etag="",
        )

    async def _put(
        self, version: FileVersion, received: Received, precondition: Precondition | None, keeps_time: bool
    ) -> FileVersion:
        def put(transaction: Transaction) -> Change:
            return versions.put_version(transaction, version, received.blobs, precondition, keeps_time=keeps_time)

        sync_alone = version.length > self.settings.synced_alone_bytes
        return made(await self._commits.commit(put, received.writers, sync_alone=sync_alone))


async def memory_store(
    master_key: MasterKey | None = None,
    *,
    clock: Clock = milliseconds_now,
    settings: StoreSettings | None = None,
    capacity_bytes: int = 1 << 40,
) -> Store:
    """A store that keeps nothing on disk, for tests."""
    settings = settings or StoreSettings(reserve_bytes=0)
    blobs = MemoryBlobs(capacity_bytes=capacity_bytes)
    store = Store(MemoryMetadata(run_twice=True), blobs, master_key or MasterKey.random(), settings, clock)
    await store._begin()
    return store
