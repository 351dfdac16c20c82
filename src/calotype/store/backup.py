"""A copy of a data folder, made while the store runs, and the way back.

The metadata is copied as of one moment; then every blob that the copy names is linked or copied. No blob file goes
meanwhile, so the copy is whole. It holds no secret in clear: the master key is not part of it and must be kept apart.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from calotype.store.blobs import Blobs
from calotype.store.errors import BlobDamaged, StoreError
from calotype.store.filesystem import FileSystem, LocalFileSystem
from calotype.store.folder_lock import FolderLock
from calotype.store.local_blobs import LocalBlobs
from calotype.store.metadata import Metadata
from calotype.store.model import Blob
from calotype.store.sqlite_metadata import SqliteMetadata

_ROWS_AT_ONCE = 500
_DATABASE = "metadata.db"
_BLOBS = "blobs"
_UNFINISHED = ".unfinished"


class TargetNotEmpty(StoreError):
    def __init__(self, target: Path) -> None:
        super().__init__(f"{target} is there already and not empty: give a folder that is new or empty")
        self.target = target


class NotABackup(StoreError):
    def __init__(self, source: Path) -> None:
        super().__init__(f"{source} holds no {_DATABASE}: give the folder that a backup was written to")
        self.source = source


@dataclass(frozen=True, slots=True)
class Copied:
    blobs: int
    content_bytes: int


async def write_backup(metadata: Metadata, blobs: Blobs, target: Path, files: FileSystem) -> Copied:
    """Copy everything into `target`, which must be new or empty; it has no database until the copy is whole.

    The caller keeps blob files from being removed. Raises TargetNotEmpty, BlobDamaged, OSError.
    """
    await asyncio.to_thread(_prepare, target)
    unfinished = target / f"{_DATABASE}{_UNFINISHED}"
    await metadata.copy_to(unfinished)
    copied = await _copy_blobs(unfinished, blobs.export, target / _BLOBS, files)
    await asyncio.to_thread(blobs.sync_export, target / _BLOBS)
    await asyncio.to_thread(_publish, unfinished, target / _DATABASE, files)
    return copied


async def restore_backup(source: Path, target: Path, files: FileSystem | None = None) -> Copied:
    """Make a data folder of the backup in `source`; `target` must be new or empty. The backup stays as it is."""
    files = files or LocalFileSystem()
    if not await asyncio.to_thread((source / _DATABASE).is_file):
        raise NotABackup(source)
    await asyncio.to_thread(_prepare, target)
    lock = FolderLock.take(target, "a restore under way")
    try:
        unfinished = target / f"{_DATABASE}{_UNFINISHED}"
        await asyncio.to_thread(shutil.copyfile, source / _DATABASE, unfinished)
        blobs = await asyncio.to_thread(LocalBlobs, source / _BLOBS, files)
        copied = await _copy_blobs(unfinished, blobs.export, target / _BLOBS, files)
        await asyncio.to_thread(blobs.sync_export, target / _BLOBS)
        await asyncio.to_thread(_publish, unfinished, target / _DATABASE, files)
        blobs.close()
    finally:
        lock.release()
    return copied


def _prepare(target: Path) -> None:
    if target.exists() and any(target.iterdir()):
        raise TargetNotEmpty(target)
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    (target / _BLOBS).mkdir(mode=0o700)


async def _copy_blobs(database: Path, export: Callable[[str, Path], None], target: Path, files: FileSystem) -> Copied:
    """Export each blob that the copied database names."""
    metadata = await asyncio.to_thread(SqliteMetadata.open, database, files)
    count = content_bytes = 0
    after = ""
    try:
        while batch := await metadata.read(lambda transaction: transaction.scan_blobs(after, _ROWS_AT_ONCE)):  # noqa: B023
            await asyncio.to_thread(_export_all, batch, export, target)
            count += len(batch)
            content_bytes += sum(blob.length for blob in batch)
            after = batch[-1].blob_id
    finally:
        await metadata.close()
    return Copied(count, content_bytes)


def _export_all(batch: list[Blob], export: Callable[[str, Path], None], target: Path) -> None:
    for blob in batch:
        try:
            export(blob.blob_id, target)
        except FileNotFoundError as error:
            raise BlobDamaged(blob.blob_id, "the file is missing") from error


def _publish(unfinished: Path, database: Path, files: FileSystem) -> None:
    """Give the database its name once everything else is durable: what has it is a whole copy."""
    descriptor = files.open(unfinished)
    try:
        files.sync(descriptor)
    finally:
        files.close(descriptor)
    unfinished.rename(database)
    files.sync_folder(database.parent)
    files.sync_folder(database.parent.parent)
