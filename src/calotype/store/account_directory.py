"""The accounts in memory, all of them: they are few, and every request asks whose a key, a bucket or a grant is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from calotype.store.account_names import folded
from calotype.store.metadata import Metadata, Transaction
from calotype.store.model import Account

T = TypeVar("T")

Change = Callable[[Callable[[Transaction], Any]], Awaitable[Any]]


class AccountDirectory:
    """Looking up waits for nothing. `change` also makes the keyring forget: with an account its keys go."""

    def __init__(self, metadata: Metadata, change: Change) -> None:
        self._metadata = metadata
        self._change = change
        self._one_at_a_time = asyncio.Lock()
        self._accounts: list[Account] = []
        self._by_id: dict[str, Account] = {}
        self._by_canonical_id: dict[str, Account] = {}
        self._by_email: dict[str, Account] = {}

    @property
    def first(self) -> Account:
        """The account made with the store, which is the default one."""
        return self._accounts[0]

    def all(self) -> list[Account]:
        """The oldest first."""
        return list(self._accounts)

    def by_id(self, account_id: str) -> Account | None:
        return self._by_id.get(account_id)

    def by_canonical_id(self, canonical_user_id: str) -> Account | None:
        return self._by_canonical_id.get(canonical_user_id)

    def by_email(self, email: str) -> Account | None:
        """Compared without case."""
        return self._by_email.get(folded(email))

    async def load(self) -> None:
        accounts = await self._metadata.read(lambda transaction: transaction.accounts())
        self._accounts = sorted(accounts, key=lambda account: account.created_at_ms)
        self._by_id = {account.account_id: account for account in accounts}
        self._by_canonical_id = {account.canonical_user_id: account for account in accounts}
        self._by_email = {folded(account.email): account for account in accounts}

    async def change(self, function: Callable[[Transaction], T]) -> T:
        """Commit what `function` does to accounts, and know them anew."""
        async with self._one_at_a_time:
            try:
                changed: T = await self._change(function)
                return changed
            finally:
                await self.load()
