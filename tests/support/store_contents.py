"""All that a store holds of a set of accounts, as one value: to see that something changed nothing."""

from __future__ import annotations

from typing import Any

from calotype.store.store import Store


async def contents_of(store: Store) -> dict[str, Any]:
    """Accounts, keys, buckets with their settings, versions, parts, unfinished uploads, waiting events and use."""
    accounts = await store.accounts()
    return {account.account_id: (account, await _of_account(store, account.account_id)) for account in accounts}


async def _of_account(store: Store, account_id: str) -> dict[str, Any]:
    return {
        "keys": await store.list_keys(account_id),
        "usage": await store.accounting.usage(account_id),
        "calls": [row for row in await store.ledger() if row.account_id == account_id],
        "buckets": [
            (bucket, [(version, await _parts(store, version)) for version in await _versions(store, bucket.bucket_id)])
            for bucket in await store.list_buckets(account_id)
        ],
    }


async def _versions(store: Store, bucket_id: str) -> list[Any]:
    return await store.metadata.read(
        lambda transaction: transaction.scan_versions(_bucket(transaction, bucket_id), b"", None, None, 10_000)
    )


async def _parts(store: Store, version: Any) -> list[Any]:
    return await store.metadata.read(lambda transaction: transaction.parts(version.account_id, version.version_id, 0))


def _bucket(transaction: Any, bucket_id: str) -> Any:
    return transaction.bucket_by_id(bucket_id)
