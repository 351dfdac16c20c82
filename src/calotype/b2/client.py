"""A client of the B2 native API, ours or Backblaze's: version 4, synchronous, over httpx.

    with B2Client("https://api.backblazeb2.com", key_id, application_key) as b2:
        bucket = b2.bucket("photographs")
        with open("cat.png", "rb") as file:
            b2.upload(bucket.bucket_id, "2024/cat.png", file, length=73641)

It authorises at the first call and again when its token dies. Uploads stream in one pass with their digest at the
end of the body, large files in parts, several at a time; what fails in a way that asks for it is tried again at a
fresh upload URL, when the source can be rewound. Errors are those of `errors`; what never reached the server is
`Unreachable`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from calotype.b2.errors import NotFound
from calotype.b2.file_client import B2FileClient
from calotype.b2.json import AllowedBucket, BucketList, BucketObject, KeyList, KeyObject
from calotype.b2.operations import (
    CreateBucket,
    CreateKey,
    DeleteBucket,
    DeleteKey,
    ListBuckets,
    ListKeys,
    UpdateBucket,
)
from calotype.b2.transport import Progress, Unreachable

PUBLIC, PRIVATE = "allPublic", "allPrivate"

__all__ = ["B2Client", "Progress", "Unreachable"]


class B2Client(B2FileClient):
    """The calls on buckets and keys, beside those on files."""

    # buckets

    def list_buckets(self) -> list[BucketObject]:
        """The buckets that the key may see, by name. One limited to buckets is asked for each of them."""
        limits = self.storage.allowed.buckets
        if limits is None:
            return self._call(ListBuckets(account_id=self.account.account_id), BucketList).buckets
        found = [bucket for limit in limits for bucket in self._bucket_of(limit)]
        return sorted(found, key=lambda bucket: bucket.bucket_name)

    def _bucket_of(self, limit: AllowedBucket) -> list[BucketObject]:
        if limit.name is None:
            return []
        return self._call(ListBuckets(account_id=self.account.account_id, bucket_id=limit.id), BucketList).buckets

    def bucket(self, name: str) -> BucketObject:
        """The bucket of that name; raises NotFound."""
        asked = ListBuckets(account_id=self.account.account_id, bucket_name=name)
        found = self._call(asked, BucketList).buckets
        if not found:
            raise NotFound(f"Bucket does not exist: {name}")
        return found[0]

    def create_bucket(self, name: str, *, is_public: bool, info: Mapping[str, str] | None = None) -> BucketObject:
        asked = CreateBucket(
            account_id=self.account.account_id,
            bucket_name=name,
            bucket_type=PUBLIC if is_public else PRIVATE,
            bucket_info=dict(info) if info else None,
        )
        return self._call(asked, BucketObject)

    def update_bucket(
        self,
        bucket_id: str,
        *,
        is_public: bool | None = None,
        info: Mapping[str, str] | None = None,
        if_revision_is: int | None = None,
    ) -> BucketObject:
        """Change what is given; `info` replaces all infos. Raises Conflict at another revision."""
        asked = UpdateBucket(
            account_id=self.account.account_id,
            bucket_id=bucket_id,
            bucket_type=None if is_public is None else PUBLIC if is_public else PRIVATE,
            bucket_info=None if info is None else dict(info),
            if_revision_is=if_revision_is,
        )
        return self._call(asked, BucketObject)

    def delete_bucket(self, bucket_id: str) -> BucketObject:
        return self._call(DeleteBucket(account_id=self.account.account_id, bucket_id=bucket_id), BucketObject)

    # keys

    def create_key(
        self,
        name: str,
        capabilities: list[str],
        *,
        bucket_ids: list[str] | None = None,
        name_prefix: str | None = None,
        valid_duration_s: int | None = None,
    ) -> KeyObject:
        """The new key; its `application_key`, the secret, is never told again."""
        asked = CreateKey(
            account_id=self.account.account_id,
            capabilities=capabilities,
            key_name=name,
            bucket_ids=bucket_ids,
            name_prefix=name_prefix,
            valid_duration_in_seconds=valid_duration_s,
        )
        return self._call(asked, KeyObject)

    def list_keys(self) -> Iterator[KeyObject]:
        start: str | None = None
        while True:
            asked = ListKeys(
                account_id=self.account.account_id, max_key_count=self._page_rows, start_application_key_id=start
            )
            page = self._call(asked, KeyList)
            yield from page.keys
            start = page.next_application_key_id
            if start is None:
                return

    def delete_key(self, key_id: str) -> KeyObject:
        return self._call(DeleteKey(application_key_id=key_id), KeyObject)
