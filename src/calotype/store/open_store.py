"""A store that is open: its parts, put together and taken apart again. The verbs are in `store`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from calotype.master_key import MasterKey
from calotype.store import ids
from calotype.store.account_directory import AccountDirectory
from calotype.store.accounting import Accounting
from calotype.store.accounts import create_account
from calotype.store.blobs import Blobs
from calotype.store.bucket_directory import BucketDirectory
from calotype.store.encrypted_blobs import DataKeys
from calotype.store.errors import ReadOnly
from calotype.store.event_queue import EventQueue
from calotype.store.filesystem import FileSystem, LocalFileSystem, make_folders
from calotype.store.folder_lock import FolderLock
from calotype.store.group_commit import GroupCommit
from calotype.store.housekeeping import Housekeeping
from calotype.store.keyring import Keyring
from calotype.store.local_blobs import LocalBlobs
from calotype.store.metadata import Metadata, Transaction
from calotype.store.model import Account, Action, Bucket
from calotype.store.notices import Notices
from calotype.store.settings import RESERVE_BYTES, Clock, StoreSettings, milliseconds_now
from calotype.store.sqlite_metadata import SqliteMetadata
from calotype.store.work_threads import WorkThreads

_BODY_THREADS = 2
_READ_THREADS = 4


class OpenStore:
    """What the verbs stand on. Belongs to one event loop."""

    def __init__(
        self, metadata: Metadata, blobs: Blobs, master_key: MasterKey, settings: StoreSettings, clock: Clock
    ) -> None:
        self.metadata = metadata
        self.blobs = blobs
        self.settings = settings
        self.notices = Notices()
        self._clock = clock
        self._random_bytes = ids.RandomSupply(os.urandom)
        self._files: FileSystem = LocalFileSystem()
        self._lock: FolderLock | None = None
        self._closed = False
        self._threads_in = WorkThreads(_BODY_THREADS, "body-in")
        self._threads_out = WorkThreads(_READ_THREADS, "body-out")
        self.accounting = Accounting(metadata, clock, settings.caps)
        self._housekeeping = Housekeeping(
            metadata, blobs, self.accounting, settings.remove_after_s, settings.housekeeping_interval_s
        )
        self._commits = GroupCommit(metadata, blobs, self._housekeeping.committed, self._housekeeping.active)
        self._housekeeping.start(self._commits)
        self._buckets = BucketDirectory(metadata, self._commits.commit)
        self._keyring = Keyring(metadata, self._commits.commit, master_key)
        self.accounts_directory = AccountDirectory(metadata, self._keyring.change)
        self._data_keys = DataKeys(master_key)
        next_change = self._housekeeping.next_change
        self.events = EventQueue(metadata, self._commits.commit, self._buckets.update, next_change, master_key, clock)
        self._master_key_id: str | None = None  # once it has opened something

    @classmethod
    async def open(
        cls,
        folder: Path,
        master_key: MasterKey,
        *,
        reserve_bytes: int = RESERVE_BYTES,
        clock: Clock = milliseconds_now,
        address: str = "",
        files: FileSystem | None = None,
        settings: StoreSettings | None = None,
        opens_secrets: bool = True,
    ) -> Self:
        """The store in `folder` (DATA/origin), made when missing; raises StoreLocked, WrongMasterKey, UnknownSchema.

        `address` is what a second start says about us. `settings` goes before `reserve_bytes`. Without
        `opens_secrets` any master key will do, since nothing sealed is looked at.
        """
        files = files or LocalFileSystem()
        settings = settings or StoreSettings(reserve_bytes=reserve_bytes)
        await asyncio.to_thread(make_folders, folder, files)
        holder = f"process {os.getpid()}" + (f" at {address}" if address else "")
        lock = FolderLock.take(folder, holder)
        try:
            blobs = await asyncio.to_thread(LocalBlobs, folder / "blobs", files)
            metadata = await asyncio.to_thread(SqliteMetadata.open, folder / "metadata.db", files)
        except BaseException:
            lock.release()
            raise
        store = cls(metadata, blobs, master_key, settings, clock)
        store._lock = lock
        store._files = files
        await store._begin(opens_secrets=opens_secrets)
        return store

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def read_only_reason(self) -> str | None:
        """Why nothing more is written, or None while all is well."""
        return self._commits.failure

    def describe_holder(self, address: str) -> None:
        """Write the address into the lock file, for whoever finds it taken."""
        if self._lock is not None:
            self._lock.describe(f"process {os.getpid()} at {address}")

    async def flush(self) -> None:
        """Come back when the ledger's figures are kept."""
        await self._housekeeping.flush_ledger()

    async def close(self) -> None:
        """Answer what waits, flush, and let go of the folder. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        await self._housekeeping.stop()
        await self._commits.close()
        await self._threads_in.shutdown()
        await self._threads_out.shutdown()
        await self.metadata.close()
        self.blobs.close()
        if self._lock is not None:
            self._lock.release()

    async def default_account(self) -> Account:
        """The account made with the store."""
        return self.accounts_directory.first

    async def token_secret(self) -> bytes:
        """32 random bytes, the same at every start, for signing tokens."""
        return await self._keyring.token_secret((await self.default_account()).account_id)

    async def _begin(self, *, opens_secrets: bool = True) -> None:
        """Make the first account, and open a secret so that a wrong master key shows at once."""

        def make(transaction: Transaction) -> None:
            if not transaction.accounts():
                create_account(transaction, first)

        first = self._new_account("default", "")
        try:
            await self.accounts_directory.load()
            if not self.accounts_directory.all():
                await self.accounts_directory.change(make)
            if opens_secrets:
                await self.token_secret()
                self._master_key_id = self._data_keys.key_id
            await self.accounting.load()
            self._housekeeping.sweep_soon()
        except BaseException:
            await self.close()
            raise

    def _new_account(self, name: str, email: str) -> Account:
        canonical_user_id = ids.new_canonical_user_id(os.urandom)
        return Account(ids.new_account_id(os.urandom), name, email, canonical_user_id, self._clock())

    def _new_version(self, bucket: Bucket, action: Action, uploaded_at_ms: int | None) -> tuple[str, int]:
        now_ms = self._clock()
        version_id = ids.new_version_id(bucket.bucket_id, action, now_ms, self._random_bytes)
        return version_id, now_ms if uploaded_at_ms is None else uploaded_at_ms

    def _refuse_when_read_only(self) -> None:
        if self._commits.failure is not None:
            raise ReadOnly(self._commits.failure)
