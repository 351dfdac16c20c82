"""A disk that may lose power: what of a recorded run can be left after a cut at any moment.

A file has durable bytes and writes not yet synced; a folder has durable entries and changes not yet synced. At a cut
every unsynced write may be there, be missing or be torn, whatever came after it; every unsynced change of a folder
may be there or be missing, in order for each name. A file whose name is missing is gone with all its bytes. This is
what POSIX lets a file system do, and more than most do.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path, PurePosixPath

from support.system_calls import Call

SECTOR_BYTES = 512
# SQLite's shared index of its log is memory, not storage: it is made anew at each start.
_NOT_STORAGE = "-shm"


class UnknownCall(Exception):
    """The run did something to its files that the model does not know, so it proves nothing."""


@dataclass(eq=False)
class File:
    durable: bytearray = field(default_factory=bytearray)
    unsynced: list[tuple[Call, int, bytes | None]] = field(default_factory=list)  # None: cut to that length

    @property
    def length(self) -> int:
        length = len(self.durable)
        for _, offset, content in self.unsynced:
            length = offset if content is None else max(length, offset + len(content))
        return length

    def synced(self, before: int) -> None:
        covered = [change for change in self.unsynced if change[0].returned < before]
        self.unsynced = [change for change in self.unsynced if change[0].returned >= before]
        for _, offset, content in covered:
            apply(self.durable, offset, content)


@dataclass(eq=False)
class Folder:
    durable: dict[str, File | Folder] = field(default_factory=dict)
    now: dict[str, File | Folder] = field(default_factory=dict)
    unsynced: list[tuple[Call, str, File | Folder | None]] = field(default_factory=list)  # None: removed

    def change(self, call: Call, name: str, entry: File | Folder | None) -> None:
        self.unsynced.append((call, name, entry))
        set_entry(self.now, name, entry)

    def synced(self, before: int) -> None:
        covered = [change for change in self.unsynced if change[0].returned < before]
        self.unsynced = [change for change in self.unsynced if change[0].returned >= before]
        for _, name, entry in covered:
            set_entry(self.durable, name, entry)


class Keep(Enum):
    """What of the unsynced is left at the cut."""

    NOTHING = auto()
    EVERYTHING = auto()
    RANDOMLY = auto()


def apply(content: bytearray, offset: int, written: bytes | None) -> None:
    if written is None:
        del content[offset:]
        content.extend(bytes(offset - len(content)))
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(written)] = written


def set_entry(entries: dict[str, File | Folder], name: str, entry: File | Folder | None) -> None:
    if entry is None:
        entries.pop(name, None)
    else:
        entries[name] = entry


@dataclass
class _Descriptor:
    place: File | Folder
    offset: int = 0


class Disk:
    """The files below `root`, which is there and empty at the start."""

    def __init__(self, root: Path) -> None:
        self._root = PurePosixPath(root)
        self.folder = Folder()
        self._descriptors: dict[int, _Descriptor] = {}

    def do(self, call: Call) -> bool:
        """Let the call happen; whether it may have changed what a cut leaves."""
        if call.result < 0:
            return False
        action = getattr(self, f"_{call.name}", None)
        if action is None:
            raise UnknownCall(call.name)
        return bool(action(call))

    def image(self, keep: Keep, rng: random.Random) -> dict[str, bytes | None]:
        """One outcome of a cut at this moment: relative paths with their bytes, None for a folder."""
        return dict(_walk(self.folder, "", keep, rng))

    # each system call, by its name

    def _openat(self, call: Call) -> bool:
        path = self._path(call.strings[0])
        if path is None:
            self._descriptors.pop(call.result, None)
            return False
        folder, name = path
        flags = " ".join(call.arguments)
        if not name:
            self._descriptors[call.result] = _Descriptor(folder)
            return False
        is_new = name not in folder.now
        if is_new:
            folder.change(call, name, File())
        place = folder.now[name]
        self._descriptors[call.result] = _Descriptor(place)
        if "O_TRUNC" in flags and isinstance(place, File):
            place.unsynced.append((call, 0, None))
        if "O_APPEND" in flags:
            raise UnknownCall("O_APPEND")
        return is_new

    def _close(self, call: Call) -> bool:
        self._descriptors.pop(int(call.arguments[0]), None)
        return False

    def _write(self, call: Call) -> bool:
        descriptor = self._descriptors.get(int(call.arguments[0]))
        if descriptor is None:
            return False
        assert isinstance(descriptor.place, File)
        descriptor.place.unsynced.append((call, descriptor.offset, call.strings[0][: call.result]))
        descriptor.offset += call.result
        return True

    def _pwrite64(self, call: Call) -> bool:
        descriptor = self._descriptors.get(int(call.arguments[0]))
        if descriptor is None:
            return False
        assert isinstance(descriptor.place, File)
        offset = int(call.arguments[-1])
        descriptor.place.unsynced.append((call, offset, call.strings[0][: call.result]))
        return True

    def _pwritev2(self, call: Call) -> bool:
        descriptor = self._descriptors.get(int(call.arguments[0]))
        if descriptor is None:
            return False
        assert isinstance(descriptor.place, File)
        content = b"".join(call.strings)[: call.result]
        descriptor.place.unsynced.append((call, int(call.arguments[-2]), content))
        return True

    def _fallocate(self, call: Call) -> bool:
        """A hole reads as zeros, and what it was may be back after a cut, as with any write."""
        descriptor = self._descriptors.get(int(call.arguments[0]))
        if descriptor is None:
            return False
        if sorted(call.arguments[1].split("|")) != ["FALLOC_FL_KEEP_SIZE", "FALLOC_FL_PUNCH_HOLE"]:
            raise UnknownCall(f"fallocate with {call.arguments[1]}")
        assert isinstance(descriptor.place, File)
        offset, length = map(int, call.arguments[2:])
        hole = bytes(min(length, max(0, descriptor.place.length - offset)))
        descriptor.place.unsynced.append((call, offset, hole))
        return True

    def _lseek(self, call: Call) -> bool:
        descriptor = self._descriptors.get(int(call.arguments[0]))
        if descriptor is not None:
            descriptor.offset = call.result
        return False

    def _ftruncate(self, call: Call) -> bool:
        descriptor = self._descriptors.get(int(call.arguments[0]))
        if descriptor is None:
            return False
        assert isinstance(descriptor.place, File)
        descriptor.place.unsynced.append((call, int(call.arguments[1]), None))
        return True

    def _fsync(self, call: Call) -> bool:
        descriptor = self._descriptors.get(int(call.arguments[0]))
        if descriptor is None:
            return False
        descriptor.place.synced(call.entered)
        return True

    _fdatasync = _fsync

    def _unlink(self, call: Call) -> bool:
        path = self._path(call.strings[0])
        if path is not None:
            path[0].change(call, path[1], None)
        return path is not None

    _unlinkat = _unlink

    def _mkdir(self, call: Call) -> bool:
        path = self._path(call.strings[0])
        if path is not None:
            path[0].change(call, path[1], Folder())
        return path is not None

    _mkdirat = _mkdir

    def _path(self, raw: bytes) -> tuple[Folder, str] | None:
        """The folder and the name of a path below the root ("" for the root itself), or None for one elsewhere."""
        path = PurePosixPath(os.fsdecode(raw))
        if path.name.endswith(_NOT_STORAGE) or not path.is_relative_to(self._root):
            return None
        *folders, name = path.relative_to(self._root).parts or ("",)
        folder = self.folder
        for part in folders:
            below = folder.now[part]
            assert isinstance(below, Folder)
            folder = below
        if isinstance(folder.now.get(name), Folder):
            entered = folder.now[name]
            assert isinstance(entered, Folder)
            return entered, ""
        return folder, name


def _walk(folder: Folder, path: str, keep: Keep, rng: random.Random) -> Iterator[tuple[str, bytes | None]]:
    for name, entry in sorted(_entries_left(folder, keep, rng).items()):
        if isinstance(entry, Folder):
            yield f"{path}{name}", None
            yield from _walk(entry, f"{path}{name}/", keep, rng)
        else:
            yield f"{path}{name}", _bytes_left(entry, keep, rng)


def _entries_left(folder: Folder, keep: Keep, rng: random.Random) -> dict[str, File | Folder]:
    left = dict(folder.durable)
    lost_names: set[str] = set()
    for _, name, entry in folder.unsynced:
        if keep is Keep.NOTHING or (keep is Keep.RANDOMLY and rng.random() < 0.5):
            lost_names.add(name)  # and with it every later change of the same name
        if name not in lost_names:
            set_entry(left, name, entry)
    return left


def _bytes_left(file: File, keep: Keep, rng: random.Random) -> bytes:
    left = bytearray(file.durable)
    for _, offset, written in file.unsynced:
        if keep is Keep.NOTHING:
            continue
        if keep is Keep.EVERYTHING or written is None:
            if keep is Keep.EVERYTHING or rng.random() < 0.5:
                apply(left, offset, written)
            continue
        fate = rng.random()
        if fate < 0.4:
            apply(left, offset, written)
        elif fate < 0.6:
            _apply_torn(left, offset, written, rng)
    return bytes(left)


def _apply_torn(left: bytearray, offset: int, written: bytes, rng: random.Random) -> None:
    """Only some sectors of the write reached the disk; the length may have."""
    if rng.random() < 0.5:
        apply(left, offset + len(written), b"")
    for start in range(0, len(written), SECTOR_BYTES):
        if rng.random() < 0.5:
            apply(left, offset + start, written[start : start + SECTOR_BYTES])
