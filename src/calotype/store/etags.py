"""The ETag of an object that was sent in parts, in the form that S3 gave it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def etag_of_parts(md5s: Sequence[str]) -> str:
    """The MD5 of the parts' binary MD5s (given in hex, in order), a hyphen and their number, unquoted."""
    digest = hashlib.md5(usedforsecurity=False)
    for md5 in md5s:
        digest.update(bytes.fromhex(md5))
    return f"{digest.hexdigest()}-{len(md5s)}"
