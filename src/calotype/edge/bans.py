"""Bans: what was purged, in the order it was purged, durable before the purge is answered.

A ban has a sequence number in one append-only log. An entry and a fetch carry the position of the log at which their
fetch began; whatever matches a later ban is dead, or delivered but not stored. Clocks are never compared.

Every upload is a purge, so neither the log nor what a process remembers of it may grow for ever. Beyond MOST_BANS the
older half is replaced by a floor: one ban of everything in all zones at their last position. What is older than that
is fetched anew, once.
"""

from __future__ import annotations

import os
import zlib
from bisect import bisect_right
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec


@dataclass(frozen=True, slots=True)
class Ban:
    """One purge. `files` are (authority and path, query or None) as cache keys spell them; `sequence` counts from 1."""

    zone_id: str
    everything: bool = False
    files: tuple[tuple[str, str | None], ...] = ()
    prefixes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """What a ban is held against. `tags` is None while the origin has not answered yet: then any tag may be meant."""

    zone_id: str
    url: str
    origin_url: str
    query: str | None
    query_ignored: bool
    tags: tuple[str, ...] | None
    ban_position: int


# A process remembers about 200 bytes of a ban of one file; the log takes about as much on disk.
MOST_BANS = 50_000

ALL_ZONES = "*"


def floor_at(sequence: int) -> Ban:
    """The ban that stands for all bans up to this one."""
    return Ban(ALL_ZONES, everything=True, sequence=sequence)


class Bans:
    """The bans a process has read, ready to be asked. `position` is the sequence of the last one.

    Files are remembered by hash: two that share one die together, which costs a fetch and nothing else.
    """

    def __init__(self, most: int = MOST_BANS) -> None:
        self.position = 0
        self._most = most
        self._floor = 0
        self._everything: dict[str, int] = {}
        self._files: dict[int, int] = {}  # in order of their sequence
        self._predicates: dict[str, list[Ban]] = {}  # by zone, in order

    def __len__(self) -> int:
        return len(self._files) + sum(len(bans) for bans in self._predicates.values())

    def apply(self, ban: Ban) -> None:
        """Takes the ban into account; one that is known already changes nothing."""
        if ban.sequence <= self.position:
            return
        self.position = ban.sequence
        if ban.everything and ban.zone_id == ALL_ZONES:
            self._raise_floor(ban.sequence)
        elif ban.everything:
            self._everything[ban.zone_id] = ban.sequence
        for url, query in ban.files:
            for key in (_of_url(ban.zone_id, url), _of_address(ban.zone_id, url, query)):
                self._files.pop(key, None)
                self._files[key] = ban.sequence
        if ban.prefixes or ban.hosts or ban.tags:
            self._predicates.setdefault(ban.zone_id, []).append(ban)
        if len(self) > 2 * self._most:
            self._raise_floor(self._position_of_the_older_half())

    def kills(self, subject: Subject) -> bool:
        """Whether a ban later than the subject's position means it."""
        position = subject.ban_position
        if self.position <= position:
            return False
        if self._floor > position or self._everything.get(subject.zone_id, 0) > position:
            return True
        if subject.query_ignored:
            file = _of_url(subject.zone_id, subject.url)
        else:
            file = _of_address(subject.zone_id, subject.url, subject.query)
        return self._files.get(file, 0) > position or self._predicate_kills(subject)

    def _predicate_kills(self, subject: Subject) -> bool:
        for ban in reversed(self._predicates.get(subject.zone_id, ())):
            if ban.sequence <= subject.ban_position:
                return False
            if _means(ban, subject):
                return True
        return False

    def _position_of_the_older_half(self) -> int:
        sequences = sorted(
            [*self._files.values(), *(ban.sequence for bans in self._predicates.values() for ban in bans)]
        )
        return sequences[len(sequences) // 2]

    def _raise_floor(self, sequence: int) -> None:
        self._floor = max(self._floor, sequence)
        self._files = {key: last for key, last in self._files.items() if last > sequence}
        kept = {zone: [ban for ban in bans if ban.sequence > sequence] for zone, bans in self._predicates.items()}
        self._predicates = {zone: bans for zone, bans in kept.items() if bans}


def _of_url(zone_id: str, url: str) -> int:
    """For keys that ignore the query."""
    return hash((zone_id, url))


def _of_address(zone_id: str, url: str, query: str | None) -> int:
    return hash((zone_id, url, query))


def _means(ban: Ban, subject: Subject) -> bool:
    if any(subject.url.startswith(prefix) or subject.origin_url.startswith(prefix) for prefix in ban.prefixes):
        return True
    if any(subject.url.partition("/")[0] == host for host in ban.hosts):
        return True
    return bool(ban.tags) and (subject.tags is None or not set(ban.tags).isdisjoint(subject.tags))


# The log


class BanLogTorn(Exception):
    """A line in the middle of the log cannot be read: something other than a crash changed the file."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(
            f"{path}: line {line} is damaged. Remove the cache folder beside it together with the log; "
            "what is in the cache may have been purged."
        )


class BanLog:
    """The log as its one writer sees it: opened, what a crash left unfinished cut off, then appended to."""

    def __init__(self, path: Path, most: int = MOST_BANS) -> None:
        self._path = path
        self._most = most
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, _FLAGS, 0o600)
        reader = BanReader(path)
        self._bans = reader.read_new()
        os.ftruncate(self._fd, reader.offset)
        os.fsync(self._fd)
        _sync_folder(path.parent)

    @property
    def position(self) -> int:
        return self._bans[-1].sequence if self._bans else 0

    def append(self, ban: Ban) -> Ban:
        """The ban with its sequence number; on return it survives a power loss."""
        ban = replace(ban, sequence=self.position + 1)
        line = _encode(ban)
        length = os.fstat(self._fd).st_size
        try:
            if os.write(self._fd, line) != len(line):
                raise OSError(f"{self._path}: the ban could not be written whole; is the disk full?")
            os.fsync(self._fd)
        except OSError:
            os.ftruncate(self._fd, length)
            raise
        self._bans.append(ban)
        if len(self._bans) > 2 * self._most:
            self._shorten()
        return ban

    def after(self, position: int, limit: int = 1000) -> list[Ban]:
        """The bans that follow a position, in order, at most `limit`; a floor where they are no longer known."""
        first = bisect_right(self._bans, position, key=lambda ban: ban.sequence)
        return self._bans[first : first + limit]

    def close(self) -> None:
        os.close(self._fd)

    def _shorten(self) -> None:
        """Replaces the file by one with a floor in place of the older bans; a reader notices the other file."""
        older, kept = self._bans[: -self._most], self._bans[-self._most :]
        bans = [floor_at(older[-1].sequence), *kept]
        draft = self._path.with_suffix(".new")
        fd = os.open(draft, _FLAGS | os.O_TRUNC, 0o600)
        with open(fd, "wb", closefd=False) as file:
            file.writelines(_encode(ban) for ban in bans)
        os.fsync(fd)
        draft.replace(self._path)
        _sync_folder(self._path.parent)
        os.close(self._fd)
        self._fd, self._bans = fd, bans


_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC


class BanReader:
    """The log as a worker follows it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inode = -1
        self._line = 0
        self.offset = 0

    def read_new(self) -> list[Ban]:
        """The bans appended since the last call, after a shortening all that are left.

        An unfinished last line is left for the next call.
        """
        try:
            content = self._read()
        except FileNotFoundError:
            return []
        bans = []
        whole, newline, _ = content.rpartition(b"\n")
        lines = whole.split(b"\n") if newline else []
        for position, line in enumerate(lines):
            ban = _decode(line)
            if ban is None:
                if position == len(lines) - 1:
                    break
                raise BanLogTorn(self._path, self._line + 1)
            bans.append(ban)
            self.offset += len(line) + 1
            self._line += 1
        return bans

    def _read(self) -> bytes:
        with self._path.open("rb") as file:
            inode = os.fstat(file.fileno()).st_ino
            if inode != self._inode:
                self._inode, self.offset, self._line = inode, 0, 0
            file.seek(self.offset)
            return file.read()


def _encode(ban: Ban) -> bytes:
    content = msgspec.json.encode(ban)
    return b"%08x %s\n" % (zlib.crc32(content), content)


def _decode(line: bytes) -> Ban | None:
    checksum, _, content = line.partition(b" ")
    try:
        if int(checksum, 16) != zlib.crc32(content):
            return None
        return msgspec.json.decode(content, type=Ban)
    except (ValueError, msgspec.MsgspecError):
        return None


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
