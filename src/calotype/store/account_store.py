"""The verbs on an account and on the store as a whole: buckets, application keys, ledger, outbox, care.

Those on files are in `store`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from calotype.store import accounts
from calotype.store.account_names import account_name, email_address
from calotype.store.backup import Copied, write_backup
from calotype.store.errors import NoSuchAccount
from calotype.store.fsck import Fsck, FsckReport
from calotype.store.keyring import new_master_key
from calotype.store.ledger import LedgerRow
from calotype.store.metadata import Transaction
from calotype.store.model import Account, ApplicationKey, Bucket, BucketSettings, BucketType, OutboxRow, Versioning
from calotype.store.open_store import OpenStore


class AccountStore(OpenStore):
    """What `Store` stands on. Belongs to one event loop."""

    # accounts

    async def create_account(self, name: str, *, email: str | None = None) -> Account:
        """A new account, apart from all others; without an e-mail it gets one made up, under `.invalid`.

        Raises InvalidAccountName, InvalidEmail, AccountExists, EmailTaken.
        """
        account = self._draft_account(name, email)
        return await self.accounts_directory.change(lambda transaction: accounts.create_account(transaction, account))

    async def create_account_with_key(
        self, name: str, *, email: str | None = None, key_name: str, capabilities: Iterable[str]
    ) -> tuple[Account, ApplicationKey]:
        """Likewise, and its master key, both or none."""
        account = self._draft_account(name, email)
        key = new_master_key(account.account_id, key_name, capabilities, self._clock())
        put_key = self._keyring.putting_master(key)

        def make(transaction: Transaction) -> Account:
            made = accounts.create_account(transaction, account)
            put_key(transaction)
            return made

        return await self.accounts_directory.change(make), key

    async def accounts(self) -> list[Account]:
        """All of them, the oldest first. Without waiting: `accounts_directory`."""
        return self.accounts_directory.all()

    async def account(self, account_id: str) -> Account:
        """Raises NoSuchAccount."""
        account = self.accounts_directory.by_id(account_id)
        if account is None:
            raise NoSuchAccount(account_id)
        return account

    async def change_account(self, account_id: str, *, name: str | None = None, email: str | None = None) -> Account:
        """The account under another name or e-mail. Raises NoSuchAccount and what `create_account` raises."""
        new_name = None if name is None else account_name(name)
        new_email = None if email is None else email_address(email)
        return await self.accounts_directory.change(
            lambda transaction: accounts.change_account(transaction, account_id, new_name, new_email)
        )

    async def remove_account(self, account_id: str) -> Account:
        """The account that is gone now with its keys; what it used stays in the ledger.

        Raises NoSuchAccount, AccountNotEmpty while it has a bucket, FirstAccountStays.
        """
        return await self.accounts_directory.change(
            lambda transaction: accounts.remove_account(transaction, account_id)
        )

    def _draft_account(self, name: str, email: str | None) -> Account:
        return self._new_account(account_name(name), "" if email is None else email_address(email))

    # buckets

    async def create_bucket(
        self,
        account_id: str,
        name: str,
        *,
        type: BucketType = BucketType.PRIVATE,
        versioning: Versioning = Versioning.ENABLED,
        info: Mapping[str, str] | None = None,
        settings: BucketSettings | None = None,
        most: int | None = None,
    ) -> Bucket:
        """Raises BucketExists, which carries the account that has the name, and TooManyBuckets beyond `most`."""
        kept = settings or BucketSettings()
        return await self._buckets.create(account_id, name, type, versioning, info or {}, kept, self._clock(), most)

    async def bucket(self, name: str) -> Bucket:
        """The bucket of that name, compared without case, of whatever account."""
        return await self._buckets.by_name(name)

    async def bucket_by_id(self, bucket_id: str) -> Bucket:
        return await self._buckets.by_id(bucket_id)

    async def list_buckets(self, account_id: str) -> list[Bucket]:
        return await self.metadata.read(lambda transaction: transaction.buckets(account_id))

    async def update_bucket(self, bucket_id: str, *, if_revision_is: int | None = None, **changes: Any) -> Bucket:
        """Replace fields of the bucket (type, versioning, info, settings); raises RevisionConflict, NoSuchBucket."""
        return await self.change_bucket(
            bucket_id, lambda bucket: replace(bucket, **changes), if_revision_is=if_revision_is
        )

    async def change_bucket(
        self, bucket_id: str, change: Callable[[Bucket], Bucket], *, if_revision_is: int | None = None
    ) -> Bucket:
        """Put in its place what `change` makes of the bucket; raises RevisionConflict, NoSuchBucket.

        `change` runs in the transaction, maybe twice, and raises to refuse.
        """
        return await self._buckets.update(bucket_id, if_revision_is, change)

    async def delete_bucket(self, bucket_id: str) -> Bucket:
        """Raises BucketNotEmpty while any version, marker or unfinished upload is left."""
        return await self._buckets.delete(bucket_id)

    # application keys

    async def create_key(
        self,
        account_id: str,
        name: str,
        capabilities: Iterable[str],
        *,
        bucket_ids: Iterable[str] | None = None,
        name_prefix: str | None = None,
        valid_ms: int | None = None,
    ) -> ApplicationKey:
        now_ms = self._clock()
        return await self._keyring.create(
            account_id,
            name,
            capabilities,
            bucket_ids=bucket_ids,
            name_prefix=name_prefix,
            now_ms=now_ms,
            expires_at_ms=None if valid_ms is None else now_ms + valid_ms,
        )

    async def create_master_key(self, account_id: str, name: str, capabilities: Iterable[str]) -> ApplicationKey:
        """The key with which the account itself signs in, in place of an earlier one; its index is 0."""
        key = new_master_key(account_id, name, capabilities, self._clock())
        await self._keyring.put_master(key)
        return key

    async def key(self, key_id: str) -> ApplicationKey:
        """The key, also when it has expired, from memory where possible; raises NoSuchApplicationKey."""
        return await self._keyring.key(key_id)

    async def list_keys(
        self, account_id: str, start_key_id: str | None = None, limit: int = 1000
    ) -> list[ApplicationKey]:
        """The account's keys by id, `start_key_id` included."""
        return await self._keyring.keys(account_id, start_key_id, limit)

    async def delete_key(self, account_id: str, key_id: str) -> ApplicationKey:
        return await self._keyring.delete(account_id, key_id)

    # ledger and outbox

    def count(
        self,
        account_id: str,
        bucket_name: str,
        operation: str,
        transaction_class: str,
        bytes_in: int = 0,
        bytes_out: int = 0,
        *,
        calls: int = 1,
    ) -> None:
        """Count a call in the ledger, kept within the second; `calls` of them where one is charged as several.

        What it uses of a cap is `accounting`'s: `begin_call` before the call is done, or `note_call`.
        """
        counted = (account_id, bucket_name, operation, transaction_class, calls, bytes_in, bytes_out)
        self.accounting.calls.count(*counted, self._clock())

    async def ledger(self, day: str | None = None) -> list[LedgerRow]:
        """The counted calls, of one UTC day (YYYY-MM-DD) or all, up to this moment."""
        await self._housekeeping.flush_ledger()
        return await self.metadata.read(lambda transaction: transaction.ledger(day))

    async def outbox(self, after: int, limit: int = 1000) -> list[OutboxRow]:
        """Keys whose visible content changed, by sequence, those greater than `after`."""
        after = max(after, self._housekeeping.outbox_forgotten_up_to)
        return await self.metadata.read(lambda transaction: transaction.outbox(after, limit))

    async def wait_outbox(self, after: int) -> None:
        """Come back when the outbox holds a row beyond `after`."""
        await self._housekeeping.wait_outbox(after)

    async def forget_outbox(self, up_to: int) -> None:
        """Rows up to this sequence come no more. A crash within the second after may bring some of them back."""
        self._housekeeping.forget_outbox(up_to)

    # care

    async def fsck(self) -> FsckReport:
        """Check every row against its bytes and release orphans; may take as long as reading all of the content."""
        report = await Fsck(self.metadata, self.blobs, self._master_key_id).run()
        return replace(report, orphans=await self.sweep())

    async def sweep(self) -> int:
        """Release blobs that no row names, for removal; how many. Runs by itself once after `open`."""
        return await self._housekeeping.sweep()

    async def backup(self, target: Path) -> Copied:
        """A consistent copy in `target`, a new or empty folder, while uploads and deletes go on."""
        await self.flush()
        with self._housekeeping.removals.paused():
            return await write_backup(self.metadata, self.blobs, target, self._files)
