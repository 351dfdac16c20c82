"""Application keys and the store's own secrets: kept sealed by the master key, each bound to its row's id."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from calotype.master_key import CannotDecrypt, MasterKey
from calotype.store.accounts import existing_account
from calotype.store.cache import RowCache
from calotype.store.errors import NoSuchApplicationKey, WrongMasterKey
from calotype.store.ids import account_of_key, master_key_id, new_key_id, new_secret
from calotype.store.metadata import Metadata, SealedKey, Transaction
from calotype.store.model import ApplicationKey

_TOKEN_SECRET = "token"
_TOKEN_SECRET_BYTES = 32

T = TypeVar("T")

Change = Callable[[Callable[[Transaction], Any]], Awaitable[Any]]


class Keyring:
    def __init__(self, metadata: Metadata, change: Change, master_key: MasterKey) -> None:
        self._metadata = metadata
        self._change = change
        self._master_key = master_key
        self._cache: RowCache[ApplicationKey] = RowCache()

    async def token_secret(self, account_id: str) -> bytes:
        """32 random bytes, made at the first asking. Raises WrongMasterKey when they were sealed with another."""
        fresh = os.urandom(_TOKEN_SECRET_BYTES)
        sealed_fresh = self._master_key.encrypt(fresh, secret_context(account_id, _TOKEN_SECRET))

        def make(transaction: Transaction) -> bytes:
            sealed = transaction.secret(account_id, _TOKEN_SECRET)
            if sealed is None:
                transaction.insert_secret(account_id, _TOKEN_SECRET, sealed_fresh)
            return sealed or sealed_fresh

        sealed = await self._metadata.read(lambda transaction: transaction.secret(account_id, _TOKEN_SECRET))
        if sealed is None:
            sealed = await self._change(make)
        return self._open(sealed, secret_context(account_id, _TOKEN_SECRET))

    async def create(
        self,
        account_id: str,
        name: str,
        capabilities: Iterable[str],
        *,
        bucket_ids: Iterable[str] | None,
        name_prefix: str | None,
        now_ms: int,
        expires_at_ms: int | None,
    ) -> ApplicationKey:
        """A new key; raises NoSuchAccount."""
        secret = new_secret(os.urandom)
        allowed = frozenset(capabilities)
        buckets = None if bucket_ids is None else frozenset(bucket_ids)

        def insert(transaction: Transaction) -> ApplicationKey:
            existing_account(transaction, account_id)
            key_id = new_key_id(account_id, transaction.next_key_index(account_id))
            key = ApplicationKey(account_id, key_id, name, secret, allowed, now_ms, buckets, name_prefix, expires_at_ms)
            transaction.insert_key(self._sealed(key))
            return key

        return await self.change(insert)

    async def put_master(self, key: ApplicationKey) -> None:
        """Keep the account's master key in place of an earlier one; raises NoSuchAccount."""
        await self.change(self.putting_master(key))

    def putting_master(self, key: ApplicationKey) -> Callable[[Transaction], None]:
        """What `put_master` does, for a transaction that does more besides."""
        sealed = self._sealed(key)

        def put(transaction: Transaction) -> None:
            existing_account(transaction, key.account_id)
            former = transaction.key(key.account_id, key.key_id)
            if former is not None:
                transaction.remove_key(former)
            transaction.insert_key(sealed)

        return put

    async def key(self, key_id: str) -> ApplicationKey:
        """The key, also when it has expired; raises NoSuchApplicationKey."""
        cached = self._cache.get(key_id)
        if cached is not None:
            return cached
        account_id = account_of_key(key_id)
        if account_id is None:
            raise NoSuchApplicationKey(key_id)
        generation = self._cache.generation
        sealed = await self._metadata.read(lambda transaction: transaction.key(account_id, key_id))
        if sealed is None:
            raise NoSuchApplicationKey(key_id)
        key = self._opened(sealed)
        self._cache.keep(key_id, key, generation)
        return key

    async def keys(self, account_id: str, start_key_id: str | None, limit: int) -> list[ApplicationKey]:
        sealed = await self._metadata.read(lambda transaction: transaction.keys(account_id, start_key_id or "", limit))
        return [self._opened(key) for key in sealed]

    async def delete(self, account_id: str, key_id: str) -> ApplicationKey:
        def remove(transaction: Transaction) -> SealedKey:
            key = transaction.key(account_id, key_id)
            if key is None:
                raise NoSuchApplicationKey(key_id)
            transaction.remove_key(key)
            return key

        return self._opened(await self.change(remove))

    async def change(self, function: Callable[[Transaction], T]) -> T:
        """Commit what `function` does to keys, and remember none of them."""
        self._cache.forget_all()
        try:
            changed: T = await self._change(function)
            return changed
        finally:
            self._cache.forget_all()

    def _sealed(self, key: ApplicationKey) -> SealedKey:
        return SealedKey(
            account_id=key.account_id,
            key_id=key.key_id,
            name=key.name,
            sealed_secret=self._master_key.encrypt(key.secret.encode(), key.key_id.encode()),
            capabilities=tuple(sorted(key.capabilities)),
            created_at_ms=key.created_at_ms,
            bucket_ids=None if key.bucket_ids is None else tuple(sorted(key.bucket_ids)),
            name_prefix=key.name_prefix,
            expires_at_ms=key.expires_at_ms,
        )

    def _opened(self, sealed: SealedKey) -> ApplicationKey:
        return ApplicationKey(
            account_id=sealed.account_id,
            key_id=sealed.key_id,
            name=sealed.name,
            secret=self._open(sealed.sealed_secret, sealed.key_id.encode()).decode(),
            capabilities=frozenset(sealed.capabilities),
            created_at_ms=sealed.created_at_ms,
            bucket_ids=None if sealed.bucket_ids is None else frozenset(sealed.bucket_ids),
            name_prefix=sealed.name_prefix,
            expires_at_ms=sealed.expires_at_ms,
        )

    def _open(self, sealed: bytes, context: bytes) -> bytes:
        try:
            return self._master_key.decrypt(sealed, context)
        except CannotDecrypt as error:
            raise WrongMasterKey(self._master_key.hint) from error


def new_master_key(account_id: str, name: str, capabilities: Iterable[str], now_ms: int) -> ApplicationKey:
    """The key with which the account itself signs in, with a new secret; its index is 0."""
    secret = new_secret(os.urandom)
    return ApplicationKey(account_id, master_key_id(account_id), name, secret, frozenset(capabilities), now_ms)


def secret_context(account_id: str, name: str) -> bytes:
    """What a secret of the store itself is bound to."""
    return f"{account_id}/{name}".encode()
