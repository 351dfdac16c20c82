"""The few file operations that durability rests on, behind an interface that tests record and make fail.

An operation here does what its system call does and no more: who calls `sync` when is decided by the callers.
"""

from __future__ import annotations

import ctypes
import errno
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

OUT_OF_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_SYNC_FILE_RANGE_WRITE = 2
_KEEP_SIZE_AND_PUNCH_HOLE = 1 | 2
_LONGEST_FROM_MEMORY = 256 * 1024
_BUFFERS_AT_ONCE = 512  # half of what Linux takes in one call


class FileSystem(Protocol):
    def make_folder(self, path: Path) -> None:
        """Make the folder, if it is missing; its parent must be there."""

    def create(self, path: Path) -> int:
        """A descriptor for writing a file that must not exist yet."""

    def open(self, path: Path) -> int:
        """A descriptor for reading."""

    def write(self, descriptor: int, content: bytes | memoryview) -> None:
        """Append all of `content`."""

    def read(self, descriptor: int, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer only at the end."""

    def read_from_memory(self, descriptor: int, offset: int, length: int) -> bytes | None:
        """All of the bytes, when they are there without waiting for the disk; None says nothing."""

    def reopen(self, path: Path) -> int:
        """A descriptor for writing a file that is there; FileNotFoundError when it is not."""

    def write_at(self, descriptor: int, offset: int, contents: Sequence[bytes]) -> None:
        """Write all of the contents, one after the other, from `offset`."""

    def punch_hole(self, descriptor: int, offset: int, length: int) -> None:
        """Give the space of these bytes back, which read as zeros from here on. OSError where it is not possible."""

    def data_spans(self, descriptor: int) -> Iterator[tuple[int, int]]:
        """Start and stop (exclusive) of what takes space in the file; more than that where the system cannot tell."""

    def link_count(self, descriptor: int) -> int:
        """How many names the file has."""

    def start_writeback(self, descriptor: int) -> None:
        """Ask the system to begin writing the file's bytes, without waiting. Promises nothing."""

    def sync(self, descriptor: int) -> None:
        """Come back when the file's bytes and length are durable."""

    def sync_folder(self, path: Path) -> None:
        """Come back when the folder's entries are durable."""

    def close(self, descriptor: int) -> None: ...

    def remove(self, path: Path) -> None:
        """Remove the file; nothing happens when it is missing."""

    def link(self, source: Path, target: Path) -> None:
        """A second name for the same file; OSError when the file system cannot."""

    def entries(self, path: Path) -> Iterator[str]:
        """The names in the folder, none when it is missing."""

    def free_bytes(self, path: Path) -> int: ...


class LocalFileSystem:
    def __init__(self) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._sync_file_range = getattr(library, "sync_file_range", None)
        if self._sync_file_range is not None:
            self._sync_file_range.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
        self._fallocate = getattr(library, "fallocate64", None)
        if self._fallocate is not None:
            self._fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
        self._cannot_tell_what_is_in_memory = not hasattr(os, "RWF_NOWAIT")
        # Bytes are copied out of here: a new buffer for each read would be filled with zeros first.
        self._buffer = memoryview(bytearray(_LONGEST_FROM_MEMORY))
        self._buffer_in_use = threading.Lock()

    def make_folder(self, path: Path) -> None:
        path.mkdir(mode=0o700, exist_ok=True)

    def create(self, path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def open(self, path: Path) -> int:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def write(self, descriptor: int, content: bytes | memoryview) -> None:
        written = os.write(descriptor, content)
        while written < len(content):
            written += os.write(descriptor, memoryview(content)[written:])

    def read(self, descriptor: int, offset: int, length: int) -> bytes:
        content = os.pread(descriptor, length, offset)
        while len(content) < length:
            more = os.pread(descriptor, length - len(content), offset + len(content))
            if not more:
                break
            content += more
        return content

    def read_from_memory(self, descriptor: int, offset: int, length: int) -> bytes | None:
        if self._cannot_tell_what_is_in_memory or length > len(self._buffer):
            return None
        with self._buffer_in_use:
            buffer = self._buffer[:length]
            try:
                return bytes(buffer) if os.preadv(descriptor, [buffer], offset, os.RWF_NOWAIT) == length else None
            except BlockingIOError:
                return None
            except OSError as error:
                if error.errno != errno.EOPNOTSUPP:
                    raise
                self._cannot_tell_what_is_in_memory = True
                return None

    def reopen(self, path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_CLOEXEC)

    def write_at(self, descriptor: int, offset: int, contents: Sequence[bytes]) -> None:
        for first in range(0, len(contents), _BUFFERS_AT_ONCE):
            buffers = contents[first : first + _BUFFERS_AT_ONCE]
            left = sum(map(len, buffers))
            while left:
                written = os.pwritev(descriptor, buffers, offset)
                offset += written
                left -= written
                if left:
                    buffers = [b"".join(buffers)[-left:]]

    def punch_hole(self, descriptor: int, offset: int, length: int) -> None:
        if self._fallocate is None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        if self._fallocate(descriptor, _KEEP_SIZE_AND_PUNCH_HOLE, offset, length) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def data_spans(self, descriptor: int) -> Iterator[tuple[int, int]]:
        size = os.fstat(descriptor).st_size
        stop = 0
        while stop < size:
            try:
                start = os.lseek(descriptor, stop, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:  # which says that only a hole follows
                    yield stop, size
                return
            stop = os.lseek(descriptor, start, os.SEEK_HOLE)
            yield start, stop

    def link_count(self, descriptor: int) -> int:
        return os.fstat(descriptor).st_nlink

    def start_writeback(self, descriptor: int) -> None:
        if self._sync_file_range is not None:
            self._sync_file_range(descriptor, 0, 0, _SYNC_FILE_RANGE_WRITE)  # offset 0, length 0: the whole file

    def sync(self, descriptor: int) -> None:
        os.fdatasync(descriptor)

    def sync_folder(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def link(self, source: Path, target: Path) -> None:
        os.link(source, target)

    def entries(self, path: Path) -> Iterator[str]:
        try:
            with os.scandir(path) as found:
                yield from (entry.name for entry in found)
        except FileNotFoundError:
            return

    def free_bytes(self, path: Path) -> int:
        state = os.statvfs(path)
        return state.f_bavail * state.f_frsize


def make_folders(path: Path, files: FileSystem) -> None:
    """Make the folder and those above it that are missing, each durable before anything goes into it."""
    if path.is_dir():
        return
    make_folders(path.parent, files)
    files.make_folder(path)
    files.sync_folder(path.parent)
