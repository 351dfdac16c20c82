"""The metadata in one SQLite file: WAL mode, `synchronous=FULL`, one writer thread, a few reader threads.

With a write-ahead log a commit is one synced append, and readers never wait for the writer.
"""

from __future__ import annotations

import asyncio
import errno
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from calotype.store.errors import MetadataDamaged
from calotype.store.filesystem import FileSystem
from calotype.store.latest_versions import LatestVersions
from calotype.store.metadata import Transaction
from calotype.store.model import Bucket, FileVersion
from calotype.store.sqlite_schema import migrate
from calotype.store.sqlite_transaction import SqliteTransaction
from calotype.store.work_threads import WorkThreads

T = TypeVar("T")
R = TypeVar("R")

READERS = 2
# A checkpoint copies each changed page once however often it changed, so a longer log means less copying.
# 8,000 pages are 32 MB, read through once when the store is opened after a crash.
_CHECKPOINT_PAGES = 8_000
_CACHED_STATEMENTS = 256
# The second when the log's index, which is mapped into memory, had to grow and found no room.
_DISK_IS_FULL = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")


class SqliteMetadata:
    """Implements `Metadata`. Made by `open`, closed by `close`."""

    def __init__(self, path: Path, writer: sqlite3.Connection) -> None:
        self._path = path
        self._writer = writer
        self._write_transaction = SqliteTransaction(writer)
        self._writing: WorkThreads | None = None
        self._reading = ThreadPoolExecutor(READERS, thread_name_prefix="metadata-reader")
        self._of_thread = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._latest_versions = LatestVersions()

    @classmethod
    def open(cls, path: Path, files: FileSystem) -> SqliteMetadata:
        """Open the database, making or migrating it as needed. Blocks. Raises UnknownSchema, MetadataDamaged."""
        try:
            return cls(path, cls._open_writer(path, files))
        except sqlite3.Error as error:
            raise MetadataDamaged(str(path), str(error)) from error

    @staticmethod
    def _open_writer(path: Path, files: FileSystem) -> sqlite3.Connection:
        writer = _connect(path)
        try:
            writer.execute("PRAGMA journal_mode = WAL")
            writer.execute("PRAGMA synchronous = FULL")
            writer.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            migrate(writer)
            # SQLite makes the log's name durable but leaves the database's to us.
            files.sync_folder(path.parent)
        except BaseException:
            writer.close()
            raise
        return writer

    async def read(self, function: Callable[[Transaction], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reading, self._read, function)

    async def latest(self, bucket: Bucket, key: bytes) -> FileVersion | None:
        place = bucket.bucket_id, key
        remembered = self._latest_versions.get(place)
        if remembered is not None:
            return remembered
        reading = self._latest_versions.begin_reading(place)
        try:
            version = await self.read(lambda transaction: transaction.latest(bucket, key))
            if version is not None:
                self._latest_versions.keep(place, version, reading)
            return version
        finally:
            self._latest_versions.give_up(place, reading)

    async def apply(self, functions: Sequence[Callable[[Transaction], T]]) -> list[T | Exception]:
        if self._writing is None:  # not in `open`, which runs beside the event loop
            self._writing = WorkThreads(1, "metadata-writer")
        return await self._writing.run(self._apply, functions)

    async def copy_to(self, path: Path) -> None:
        await asyncio.to_thread(self._copy_to, path)

    async def close(self) -> None:
        if self._writing is not None:
            await self._writing.shutdown()
        await asyncio.to_thread(self._close)

    def _read(self, function: Callable[[Transaction], T]) -> T:
        connection = self._reader()
        connection.execute("BEGIN")
        try:
            return function(SqliteTransaction(connection))
        finally:
            connection.execute("ROLLBACK")

    def _apply(self, functions: Sequence[Callable[[Transaction], T]]) -> list[T | Exception]:
        """Without savepoints at first: each costs two statements, and only a refusal needs them."""
        try:
            return self._in_transaction(functions, lambda function: function(self._write_transaction))
        except sqlite3.OperationalError as error:
            raise _as_os_error(error) from error
        except Exception:
            return self._apply_each_alone(functions)

    def _apply_each_alone(self, functions: Sequence[Callable[[Transaction], T]]) -> list[T | Exception]:
        try:
            return self._in_transaction(functions, self._in_savepoint)
        except sqlite3.Error as error:
            raise _as_os_error(error) from error

    def _in_transaction(
        self, functions: Sequence[Callable[[Transaction], T]], run: Callable[[Callable[[Transaction], T]], R]
    ) -> list[R]:
        self._write_transaction.begin()
        execute = self._writer.execute
        try:
            execute("BEGIN IMMEDIATE")
            outcomes = [run(function) for function in functions]
            self._write_transaction.settle()
            self._commit()
        except BaseException:
            self._roll_back()
            raise
        return outcomes

    def _commit(self) -> None:
        self._latest_versions.begin_change(self._write_transaction.changed_places)
        try:
            self._writer.execute("COMMIT")
        finally:
            self._latest_versions.end_change()

    def _in_savepoint(self, function: Callable[[Transaction], T]) -> T | Exception:
        self._writer.execute("SAVEPOINT one")
        try:
            outcome: T | Exception = function(self._write_transaction)
        except sqlite3.OperationalError:
            raise  # the disk's or the database's fault, not the function's: the whole group fails
        except Exception as error:
            self._writer.execute("ROLLBACK TO one")
            self._write_transaction.forget()
            outcome = error
        self._write_transaction.settle()
        self._writer.execute("RELEASE one")
        return outcome

    def _roll_back(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = _connect(self._path)
            connection.execute("PRAGMA query_only = ON")
            self._of_thread.connection = connection
            self._readers.append(connection)
        return connection

    def _copy_to(self, path: Path) -> None:
        source = _connect(self._path)
        target = sqlite3.connect(path)
        try:
            target.execute("PRAGMA synchronous = FULL")
            source.backup(target)
        finally:
            target.close()
            source.close()

    def _close(self) -> None:
        self._reading.shutdown()
        for connection in self._readers:
            connection.close()
        self._writer.close()


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        path,
        isolation_level=None,
        check_same_thread=False,  # each connection belongs to one thread until close, which comes after them all
        cached_statements=_CACHED_STATEMENTS,
    )


def _as_os_error(error: sqlite3.Error) -> OSError:
    """What the disk did, in the operating system's words."""
    full = getattr(error, "sqlite_errorname", "") in _DISK_IS_FULL
    return OSError(errno.ENOSPC if full else errno.EIO, f"metadata.db: {error}")
