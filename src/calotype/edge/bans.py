"""Bans: what was purged, in the order it was purged, durable before the purge is answered.

A ban has a sequence number in one append-only log. An entry and a fetch carry the position of the log at which their
fetch began; whatever matches a later ban is dead, or delivered but not stored. Clocks are never compared.
"""

from __future__ import annotations

import os
import zlib
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


class Bans:
    """All bans a process has read, ready to be asked. `position` is the sequence of the last one."""

    def __init__(self) -> None:
        self.position = 0
        self._everything: dict[str, int] = {}
        self._urls: dict[tuple[str, str], int] = {}  # for keys without query
        self._addresses: dict[tuple[str, str, str | None], int] = {}  # for keys with the query
        self._predicates: dict[str, list[Ban]] = {}  # by zone, in order

    def apply(self, ban: Ban) -> None:
        """Takes the ban into account; one that is known already changes nothing."""
        if ban.sequence <= self.position:
            return
        self.position = ban.sequence
        if ban.everything:
            self._everything[ban.zone_id] = ban.sequence
        for url, query in ban.files:
            self._urls[ban.zone_id, url] = ban.sequence
            self._addresses[ban.zone_id, url, query] = ban.sequence
        if ban.prefixes or ban.hosts or ban.tags:
            self._predicates.setdefault(ban.zone_id, []).append(ban)

    def kills(self, subject: Subject) -> bool:
        """Whether a ban later than the subject's position means it."""
        position = subject.ban_position
        if self.position <= position:
            return False
        if self._everything.get(subject.zone_id, 0) > position:
            return True
        if subject.query_ignored:
            last = self._urls.get((subject.zone_id, subject.url), 0)
        else:
            last = self._addresses.get((subject.zone_id, subject.url, subject.query), 0)
        return last > position or self._predicate_kills(subject)

    def _predicate_kills(self, subject: Subject) -> bool:
        for ban in reversed(self._predicates.get(subject.zone_id, ())):
            if ban.sequence <= subject.ban_position:
                return False
            if _means(ban, subject):
                return True
        return False


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

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        reader = BanReader(path)
        self._bans = reader.read_new()
        self.position = self._bans[-1].sequence if self._bans else 0
        os.ftruncate(self._fd, reader.offset)
        os.fsync(self._fd)
        _sync_folder(path.parent)

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
        self.position = ban.sequence
        self._bans.append(ban)
        return ban

    def after(self, position: int, limit: int = 1000) -> list[Ban]:
        """The bans that follow a position, in order, at most `limit`."""
        return self._bans[position : position + limit]

    def close(self) -> None:
        os.close(self._fd)


class BanReader:
    """The log as a worker follows it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.offset = 0
        self._line = 0

    def read_new(self) -> list[Ban]:
        """The bans appended since the last call. An unfinished last line is left for the next one."""
        try:
            with self._path.open("rb") as file:
                file.seek(self.offset)
                content = file.read()
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
