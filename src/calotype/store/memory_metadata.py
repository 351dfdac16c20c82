"""The metadata in memory, for tests: the twin of the SQLite one, held to the same contract.

`run_twice` runs each function, undoes it and runs it again, as a database may.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from calotype.store.memory_transaction import MemoryTransaction
from calotype.store.metadata import Transaction
from calotype.store.model import Bucket, FileVersion

T = TypeVar("T")


class MemoryMetadata:
    """Implements `Metadata`."""

    def __init__(self, *, run_twice: bool = False) -> None:
        self._transaction = MemoryTransaction()
        self._run_twice = run_twice

    async def read(self, function: Callable[[Transaction], T]) -> T:
        return function(self._transaction)

    async def latest(self, bucket: Bucket, key: bytes) -> FileVersion | None:
        return self._transaction.latest(bucket, key)

    async def apply(self, functions: Sequence[Callable[[Transaction], T]]) -> list[T | Exception]:
        return [self._in_savepoint(function) for function in functions]

    async def copy_to(self, path: Path) -> None:
        raise OSError("a store in memory has no files to copy")

    async def close(self) -> None:
        pass

    def _in_savepoint(self, function: Callable[[Transaction], T]) -> T | Exception:
        if self._run_twice:
            self._attempt(function)
            self._roll_back()
        outcome = self._attempt(function)
        if isinstance(outcome, Exception):
            self._roll_back()
        self._transaction.undo.clear()
        return outcome

    def _attempt(self, function: Callable[[Transaction], T]) -> T | Exception:
        try:
            return function(self._transaction)
        except Exception as error:
            return error

    def _roll_back(self) -> None:
        while self._transaction.undo:
            self._transaction.undo.pop()()
