"""The tables of the metadata in memory: dictionaries beside sorted lists of their keys.

Every change leaves its inverse behind in an undo list, so that a savepoint can be undone.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable
from typing import Any


class Duplicate(Exception):
    """A unique index refused a row."""


class Table:
    """A dictionary with its keys in order, every change of which is entered in an undo list."""

    def __init__(self, undo: list[Callable[[], None]]) -> None:
        self.rows: dict[Any, Any] = {}
        self.order: list[Any] = []
        self._undo = undo

    def insert(self, key: Any, row: Any) -> None:
        if key in self.rows:
            raise Duplicate(repr(key))
        self._put(key, row)
        self._undo.append(lambda: self._take(key))

    def replace(self, key: Any, row: Any) -> None:
        before = self.rows[key]
        self.rows[key] = row
        self._undo.append(lambda: self.rows.__setitem__(key, before))

    def remove(self, key: Any) -> None:
        before = self.rows[key]
        self._take(key)
        self._undo.append(lambda: self._put(key, before))

    def get(self, key: Any) -> Any:
        return self.rows.get(key)

    def between(self, start: Any, stop: Any, limit: int | None = None) -> list[Any]:
        """Rows with `start <= key < stop`, in order."""
        first = bisect_left(self.order, start)
        last = bisect_left(self.order, stop)
        if limit is not None:
            last = min(last, first + limit)
        return [self.rows[key] for key in self.order[first:last]]

    def _put(self, key: Any, row: Any) -> None:
        self.rows[key] = row
        insort(self.order, key)

    def _take(self, key: Any) -> None:
        del self.rows[key]
        del self.order[bisect_left(self.order, key)]


class _Last:
    """Greater than any other value: the open end of a scan."""

    def __lt__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return True


LAST: Any = _Last()
