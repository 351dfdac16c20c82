"""Application keys and the store's own secrets: kept sealed by the master key, each bound to its row's id."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from calotype.master_key import CannotDecrypt, MasterKey
from calotype.store.cache import RowCache
from calotype.store.errors import NoSuchAccount, NoSuchApplicationKey, WrongMasterKey
from calotype.store.ids import account_of_key, master_key_id, new_key_id, new_secret
from calotype.store.metadata import Metadata, SealedKey, Transaction
from calotype.store.model import ApplicationKey

_TOKEN_SECRET = "token"
_TOKEN_SECRET_BYTES = 32

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
        is_master: bool = False,
    ) -> ApplicationKey:
        """A new key. The account's master key, which `is_master` asks for, takes the place of an earlier one."""
        secret = new_secret(os.urandom)
        allowed = tuple(sorted(set(capabilities)))
        buckets = None if bucket_ids is None else tuple(sorted(set(bucket_ids)))

        def insert(transaction: Transaction) -> SealedKey:
            if all(account.account_id != account_id for account in transaction.accounts()):
                raise NoSuchAccount(account_id)
            key_id = _master_id(transaction, account_id) if is_master else _next_id(transaction, account_id)
            sealed = self._master_key.encrypt(secret.encode(), key_id.encode())
            key = SealedKey(account_id, key_id, name, sealed, allowed, now_ms, buckets, name_prefix, expires_at_ms)
            transaction.insert_key(key)
            return key

        return self._opened(await self._changed(insert))

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

        return self._opened(await self._changed(remove))

    async def _changed(self, function: Callable[[Transaction], SealedKey]) -> SealedKey:
        self._cache.forget_all()
        try:
            changed: SealedKey = await self._change(function)
            return changed
        finally:
            self._cache.forget_all()

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


def _next_id(transaction: Transaction, account_id: str) -> str:
    return new_key_id(account_id, transaction.next_key_index(account_id))


def _master_id(transaction: Transaction, account_id: str) -> str:
    """The master key's id, which is free after this."""
    key_id = master_key_id(account_id)
    former = transaction.key(account_id, key_id)
    if former is not None:
        transaction.remove_key(former)
    return key_id


def secret_context(account_id: str, name: str) -> bytes:
    """What a secret of the store itself is bound to."""
    return f"{account_id}/{name}".encode()
