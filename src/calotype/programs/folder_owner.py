"""One `calotype up` for each data folder, from before anything is written until the last child has stopped.

The lock is inherited by the children: when their parent is killed outright it is held until they have drained, which
the next start waits for. The origin locks its store too, but only after the edge of a second start would have met the
files of the first.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calotype.site.source import SettingsError
from calotype.store.errors import StoreLocked
from calotype.store.folder_lock import FolderLock

FOLDER = "run"
FORMER_STOPS_WITHIN_S = 25.0  # longer than any child takes to drain
PAUSE_S = 0.05

_HOLDER = re.compile(r"process ([0-9]+)")


def make_data_folder(folder: Path) -> None:
    """Makes the folder unless it is there; raises `SettingsError`, which names the ways to choose another."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        usable = os.access(folder, os.W_OK | os.X_OK)
    except OSError as exc:
        raise _unusable(folder, exc.strerror or str(exc)) from exc
    if not usable:
        raise _unusable(folder, "this user may not write there")


def _unusable(folder: Path, why: str) -> SettingsError:
    return SettingsError(
        f"the data folder {folder} cannot be used: {why}\nexpected a folder of this user, chosen with --data DIR or"
        " CALOTYPE_DATA"
    )


@contextmanager
def one_owner(folder: Path, what: str) -> Iterator[None]:
    """Holds the data folder for `what`; raises `StoreLocked`, which says who has it."""
    run_folder = folder / FOLDER
    run_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FolderLock.take(run_folder, f"process {os.getpid()}, {what}")
    try:
        yield
    finally:
        lock.release()


def wait_for_the_former(folder: Path) -> None:
    """Comes back when no children of a killed start are left; at once when there was none, or when it still lives."""
    deadline = time.monotonic() + FORMER_STOPS_WITHIN_S
    while _is_held_by_the_dead(folder / FOLDER) and time.monotonic() < deadline:
        time.sleep(PAUSE_S)


def _is_held_by_the_dead(run_folder: Path) -> bool:
    """Whether the process that took the lock is gone, and the lock is not."""
    try:
        holder = _HOLDER.match((run_folder / "lock").read_text())
    except OSError:
        return False
    if holder is None or _is_alive(int(holder[1])):
        return False
    try:
        FolderLock.take(run_folder, holder[0]).release()
    except StoreLocked:
        return True
    return False


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True
