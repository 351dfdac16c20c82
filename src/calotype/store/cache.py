"""A small cache of rows that every request needs: buckets and application keys.

The store is the only writer of its database, so it knows when a row changes. A row that was being read while
something changed is not kept: it may be the old one.
"""

from __future__ import annotations

from typing import Generic, TypeVar

V = TypeVar("V")

_LARGEST = 4096


class RowCache(Generic[V]):
    def __init__(self) -> None:
        self._rows: dict[str, V] = {}
        self.generation = 0

    def get(self, name: str) -> V | None:
        return self._rows.get(name)

    def keep(self, name: str, row: V, generation: int) -> None:
        """Keep a row that was read since the cache was at `generation`."""
        if generation != self.generation:
            return
        if len(self._rows) >= _LARGEST:
            self._rows.clear()
        self._rows[name] = row

    def forget_all(self) -> None:
        """Called before and after each change."""
        self.generation += 1
        self._rows.clear()
