"""Buckets by name and by id, from memory where possible, since every request asks for one."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping

from calotype.store import buckets, ids
from calotype.store.cache import RowCache
from calotype.store.errors import NoSuchBucket
from calotype.store.metadata import Metadata, Transaction
from calotype.store.model import Bucket, BucketSettings, BucketType, Versioning

Change = Callable[[Callable[[Transaction], Bucket]], Awaitable[Bucket]]


class BucketDirectory:
    def __init__(self, metadata: Metadata, change: Change) -> None:
        self._metadata = metadata
        self._change = change
        self._cache: RowCache[Bucket] = RowCache()

    async def create(
        self,
        account_id: str,
        name: str,
        bucket_type: BucketType,
        versioning: Versioning,
        info: Mapping[str, str],
        settings: BucketSettings,
        now_ms: int,
        most: int | None,
    ) -> Bucket:
        bucket_id = ids.new_bucket_id(os.urandom)
        bucket = Bucket(account_id, bucket_id, name, bucket_type, versioning, now_ms, dict(info), settings)
        return await self._changed(lambda transaction: buckets.create_bucket(transaction, bucket, most))

    async def by_name(self, name: str) -> Bucket:
        return await self._find(name.lower(), lambda transaction: transaction.bucket_by_name(name))

    async def by_id(self, bucket_id: str) -> Bucket:
        return await self._find(bucket_id, lambda transaction: transaction.bucket_by_id(bucket_id))

    async def update(self, bucket_id: str, if_revision_is: int | None, change: Callable[[Bucket], Bucket]) -> Bucket:
        return await self._changed(
            lambda transaction: buckets.update_bucket(transaction, bucket_id, if_revision_is, change)
        )

    async def delete(self, bucket_id: str) -> Bucket:
        return await self._changed(lambda transaction: buckets.delete_bucket(transaction, bucket_id))

    async def _changed(self, function: Callable[[Transaction], Bucket]) -> Bucket:
        self._cache.forget_all()
        try:
            return await self._change(function)
        finally:
            self._cache.forget_all()

    async def _find(self, name: str, find: Callable[[Transaction], Bucket | None]) -> Bucket:
        cached = self._cache.get(name)
        if cached is not None:
            return cached
        generation = self._cache.generation
        bucket = await self._metadata.read(find)
        if bucket is None:
            raise NoSuchBucket(name)
        self._cache.keep(name, bucket, generation)
        return bucket
