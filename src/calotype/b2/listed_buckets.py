"""The bucket that each account token listed last: what a null bucketId means (uploaders.md §1.8).

ShareX, with a key that is not limited to one bucket, lists its bucket by name, loses the id that it is told, and asks
for an upload URL with `"bucketId": null` and the same token. B2 refuses that; we can know what it means.
"""

from __future__ import annotations

from collections import OrderedDict

from calotype.b2.json import BucketList
from calotype.b2.operations import ListBuckets

REMEMBERED_TOKENS = 1000

BUCKET_ID_NEEDED = "required field bucketId cannot be null"
"""B2's own words, so that what people have written about them on the web applies here too."""

NO_BUCKET = "upload-without-bucket"
"""The kind of notice about it."""


class ListedBuckets:
    def __init__(self) -> None:
        self._bucket_ids: OrderedDict[str, str] = OrderedDict()

    def remember(self, token: str, asked: ListBuckets, answer: BucketList) -> None:
        """One bucket in the answer is meant from now on; after a name that there is none of, none is."""
        if len(answer.buckets) == 1:
            self._bucket_ids[token] = answer.buckets[0].bucket_id
            self._bucket_ids.move_to_end(token)
        elif asked.bucket_name is not None or asked.bucket_id is not None:
            self._bucket_ids.pop(token, None)
        if len(self._bucket_ids) > REMEMBERED_TOKENS:
            self._bucket_ids.popitem(last=False)

    def bucket_id(self, token: str) -> str | None:
        return self._bucket_ids.get(token)


def advice(key_name: str, key_id: str) -> str:
    """What whoever runs the origin can do about an upload that names no bucket."""
    return (
        f"An upload with the application key {key_name!r} ({key_id}) names no bucket, as ShareX does with a key that "
        "is not limited to one: it is refused. Make a key for one bucket, `calotype keys create --name sharex "
        "--bucket BUCKET`, and enter it in ShareX."
    )
