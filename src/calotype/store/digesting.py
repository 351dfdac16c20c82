"""The digests of a body in one pass: MD5, SHA-1, SHA-256, and whatever checksums the caller wants beside them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Protocol

from calotype.store.model import Digests


class Hasher(Protocol):
    """hashlib's shape: a checksum that the caller wants computed in the same pass."""

    def update(self, content: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class Digesting:
    """`checksums` maps S3's names to fresh hashers."""

    def __init__(self, checksums: Mapping[str, Hasher]) -> None:
        self._checksums = checksums
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._hashers: list[Hasher] = [self._md5, self._sha1, self._sha256, *checksums.values()]
        self._digests: Digests | None = None

    def update(self, content: bytes) -> None:
        if content:
            self._digests = None
            for hasher in self._hashers:
                hasher.update(content)

    def digests(self) -> Digests:
        """Of what came so far."""
        if self._digests is None:
            self._digests = Digests(
                self._md5.hexdigest(),
                self._sha1.hexdigest(),
                self._sha256.hexdigest(),
                {name: base64.b64encode(hasher.digest()).decode() for name, hasher in self._checksums.items()},
            )
        return self._digests
