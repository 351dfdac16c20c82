"""The disk reserve: free space under which uploads are refused, so that deletes and the log have room to go on."""

from __future__ import annotations

import time
from collections.abc import Callable

from calotype.store.errors import StorageFull

# Asking the disk for each piece of each upload cost more than a tenth of an upload.
_ASK_EVERY_S = 0.1


class DiskReserve:
    """Free bytes as last asked for, less what was written since. `now` gives monotonic seconds."""

    def __init__(
        self, free_bytes: Callable[[], int], reserve_bytes: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.reserve_bytes = reserve_bytes
        self._free_bytes = free_bytes
        self._now = now
        self._asked_at = float("-inf")
        self._answer = 0

    def check(self, length: int) -> None:
        """Raise StorageFull when `length` more bytes would reach into the reserve."""
        if self._now() - self._asked_at > _ASK_EVERY_S:
            self._ask()
        if self._answer - length < self.reserve_bytes:
            self._ask()  # space may have been freed meanwhile
        if self._answer - length < self.reserve_bytes:
            raise self.full()

    def take(self, length: int) -> None:
        """Count bytes that are about to be written; raises StorageFull like `check`."""
        self.check(length)
        self._answer -= length

    def full(self) -> StorageFull:
        return StorageFull(self._free_bytes(), self.reserve_bytes)

    def _ask(self) -> None:
        self._answer = self._free_bytes()
        self._asked_at = self._now()
