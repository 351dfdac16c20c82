"""When the file of a released blob may go: after a while, when no reader has it pinned and no backup is running.

A crash loses this list; what was on it are orphans then, which the sweep finds.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

# A request that has looked a version up begins to read it well within this time, even when it is deleted meanwhile.
REMOVE_AFTER_S = 10.0


class Removals:
    """`now` is a monotonic time in seconds."""

    def __init__(self, remove_after_s: float = REMOVE_AFTER_S) -> None:
        self._remove_after_s = remove_after_s
        self._released: deque[tuple[float, str]] = deque()
        self._pins: Counter[str] = Counter()
        self._pauses = 0

    def release(self, blob_ids: Iterable[str], now: float) -> None:
        self._released.extend((now + self._remove_after_s, blob_id) for blob_id in blob_ids)

    def waiting(self) -> list[str]:
        """The blobs whose files are to go, but not yet."""
        return [blob_id for _, blob_id in self._released]

    def due(self, now: float, *, all_of_them: bool = False) -> list[str]:
        """The blobs whose files may go now; they are off the list."""
        if self._pauses:
            return []
        due: list[str] = []
        pinned: list[tuple[float, str]] = []
        while self._released and (all_of_them or self._released[0][0] <= now):
            entry = self._released.popleft()
            if self._pins[entry[1]]:
                pinned.append(entry)
            else:
                due.append(entry[1])
        self._released.extendleft(reversed(pinned))
        return due

    @contextmanager
    def pinned(self, blob_ids: Iterable[str]) -> Iterator[None]:
        """Inside, these blobs' files stay."""
        kept = list(blob_ids)
        self._pins.update(kept)
        try:
            yield
        finally:
            for blob_id in kept:
                self._pins[blob_id] -= 1
                if self._pins[blob_id] <= 0:
                    del self._pins[blob_id]

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Inside, no file goes."""
        self._pauses += 1
        try:
            yield
        finally:
            self._pauses -= 1
