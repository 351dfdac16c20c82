"""Who reads without a token: everybody, in an allPublic bucket (b2.md §4).

S3's ACLs and policies have a say as well, of which this API knows nothing: the origin hands it in, so that an object
answers alike by whichever address it is asked for.
"""

from __future__ import annotations

from typing import Protocol

from calotype.http.message import Request
from calotype.store.model import Bucket, FileVersion


class AnybodyReads(Protocol):
    def __call__(self, request: Request, bucket: Bucket, key: bytes, file: FileVersion | None, now_ms: int) -> bool:
        """Whether whoever asks so may read the file; None is one that is not there, which may then be told."""


def by_bucket_type(request: Request, bucket: Bucket, key: bytes, file: FileVersion | None, now_ms: int) -> bool:
    """B2's own rule."""
    return bucket.is_public
