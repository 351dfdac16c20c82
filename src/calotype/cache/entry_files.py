"""Entry files on disk: one for each stored response, visible only when complete. Blocking; call it in a thread."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from calotype.cache.entry_format import (
    DIGEST_SIZE,
    TRAILER_SIZE,
    Tail,
    TornEntry,
    decode_tail,
    digest_of,
    encode_tail,
    header_length,
)
from calotype.cache.policy.stored import StoredResponse

# A body up to this size is read and written in one piece and may live in memory; larger ones are streamed.
SMALL_BODY_BYTES = 1 << 20
READ_SIZE_BYTES = 256 << 10


def entry_name(key_digest: str, stored: StoredResponse) -> str:
    """The file name: the digest of the key, and one of the selecting fields, so that variants stand apart."""
    selecting = repr(stored.selecting).encode("utf-8", "surrogateescape")
    return f"{key_digest}-{blake2b(selecting, digest_size=8).hexdigest()}"


def key_digest_of(name: str) -> str:
    return name.partition("-")[0]


@dataclass(frozen=True, slots=True)
class FoundFile:
    name: str
    size: int
    modified: float


class EntryFiles:
    """The folder of one edge. `writer` tells the temporary files of its processes apart."""

    def __init__(self, folder: Path, *, writer: str) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._writer = writer
        self._numbers = itertools.count()

    def prepare(self) -> None:
        """Makes the folders and removes what an earlier process of this writer left unfinished; `*` stands for any."""
        self._incoming.mkdir(parents=True, exist_ok=True)
        for first in range(256):
            (self._folder / f"{first:02x}").mkdir(exist_ok=True)
        for unfinished in self._incoming.glob(f"{self._writer}-*"):
            unfinished.unlink(missing_ok=True)

    def scan(self, owns: Callable[[str], bool]) -> Iterator[FoundFile]:
        """Every entry file whose key digest is owned, without opening it."""
        for first in range(256):
            with os.scandir(self._folder / f"{first:02x}") as files:
                for file in files:
                    if owns(key_digest_of(file.name)):
                        status = file.stat()
                        yield FoundFile(file.name, status.st_size, status.st_mtime)

    def create(self) -> tuple[int, Path]:
        """A new temporary file, open for reading and writing."""
        path = self._incoming / f"{self._writer}-{next(self._numbers)}"
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), path

    def write(self, name: str, stored: StoredResponse, body: bytes) -> int:
        """Stores a whole small entry; the size of its file."""
        content = body + encode_tail(stored, digest_of(body))
        fd, path = self.create()
        try:
            _write_all(fd, content, 0)
            self.publish(path, name)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)
        return len(content)

    def complete(self, fd: int, path: Path, name: str, stored: StoredResponse, body_digest: bytes) -> int:
        """Finishes a temporary file that holds the body, and makes it the entry; the size of its file."""
        tail = encode_tail(stored, body_digest)
        _write_all(fd, tail, stored.body_length)
        self.publish(path, name)
        return stored.body_length + len(tail)

    def publish(self, path: Path, name: str) -> None:
        path.replace(self.path(name))

    def rewrite_tail(self, name: str, stored: StoredResponse, body_digest: bytes) -> int:
        """Replaces what stands behind the body; torn by a crash, the file counts as not stored."""
        tail = encode_tail(stored, body_digest)
        fd = os.open(self.path(name), os.O_RDWR | os.O_CLOEXEC)
        try:
            _write_all(fd, tail, stored.body_length)
            os.ftruncate(fd, stored.body_length + len(tail))
        finally:
            os.close(fd)
        return stored.body_length + len(tail)

    def load(self, name: str) -> tuple[Tail, bytes | None]:
        """The stored response and, when small, its body; every digest checked. Raises TornEntry, FileNotFoundError."""
        fd = os.open(self.path(name), os.O_RDONLY | os.O_CLOEXEC)
        try:
            length = os.fstat(fd).st_size
            tail = self._read_tail(fd, length)
            if tail.stored.body_length <= SMALL_BODY_BYTES:
                body = os.pread(fd, tail.stored.body_length, 0)
                _compare(digest_of(body), tail)
                return tail, body
            _compare(_digest_of_file(fd, tail.stored.body_length), tail)
            return tail, None
        finally:
            os.close(fd)

    def open(self, name: str) -> int:
        return os.open(self.path(name), os.O_RDONLY | os.O_CLOEXEC)

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.path(name).unlink()

    def path(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def _read_tail(self, fd: int, length: int) -> Tail:
        if length < TRAILER_SIZE:
            raise TornEntry(f"only {length} bytes")
        trailer = os.pread(fd, TRAILER_SIZE, length - TRAILER_SIZE)
        size = header_length(trailer) + TRAILER_SIZE
        if size > length:
            raise TornEntry("the header would begin before the file")
        return decode_tail(os.pread(fd, size, length - size), length)


def _write_all(fd: int, content: bytes, offset: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written


def _digest_of_file(fd: int, length: int) -> bytes:
    digest = blake2b(digest_size=DIGEST_SIZE)
    position = 0
    while position < length:
        chunk = os.pread(fd, min(READ_SIZE_BYTES, length - position), position)
        if not chunk:
            break
        digest.update(chunk)
        position += len(chunk)
    return digest.digest()


def _compare(body_digest: bytes, tail: Tail) -> None:
    if body_digest != tail.body_digest:
        raise TornEntry("the body's digest differs")
