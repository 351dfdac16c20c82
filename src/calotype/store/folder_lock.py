"""One owner of a data folder: an advisory lock that dies with its process, and says who holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from calotype.store.errors import StoreLocked

_NAME = "lock"


class FolderLock:
    """Held from `take` to `release`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, folder: Path, holder: str) -> FolderLock:
        """Lock the folder and write `holder` into the lock file; raises StoreLocked with what stands there."""
        descriptor = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            other = os.pread(descriptor, 1000, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise StoreLocked(str(folder), other) from error
        except BaseException:
            os.close(descriptor)
            raise
        lock = cls(descriptor)
        lock.describe(holder)
        return lock

    def describe(self, holder: str) -> None:
        """Say who holds it, for instance once the address is known."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{holder}\n".encode(), 0)

    def release(self) -> None:
        # The file stays: removing it could take a lock file away that another process has just locked.
        os.close(self._descriptor)
