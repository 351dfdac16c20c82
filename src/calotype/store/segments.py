"""Segments: files that many small blobs share, each blob a piece of one (the layout is in `pieces`).

A file of its own costs a small blob an inode, two syncs and a name. Here a group of blobs is written next to each
other and made durable by one sync. A segment gets pieces until it is full or the process ends, and never again after
that: what a crash has torn is not written over. A removed piece's space is given back by punching a hole, and the
file goes when none of its pieces is left.
"""

from __future__ import annotations

import errno
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from calotype.store.blobs import NoRoom
from calotype.store.filesystem import OUT_OF_SPACE, FileSystem
from calotype.store.pieces import (
    BLOCK_BYTES,
    HEADER_BYTES,
    Piece,
    Span,
    parse_piece,
    piece_of_header,
    unclaimed,
)
from calotype.store.segment_readers import SegmentReaders

SEGMENT_BYTES = 64 * 1024 * 1024
_CANNOT_PUNCH = frozenset({errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
_PADDING = bytes(BLOCK_BYTES)

_log = logging.getLogger("calotype.store")


class PieceWriter:
    """Holds the bytes in memory until they are written with their group's."""

    def __init__(self, segments: Segments, piece: Piece) -> None:
        self.blob_id = piece.blob_id
        self.piece = piece
        self.contents: list[bytes] = []
        self.is_written = False
        self._segments = segments
        self._length = 0
        segments.held[self.blob_id] = piece.space

    @property
    def is_whole(self) -> bool:
        return self._length == self.piece.length

    def write(self, content: bytes | memoryview) -> None:
        self._length += len(content)
        if self._length > self.piece.length:
            raise ValueError(f"{self.blob_id}: more bytes than its length says")
        self.contents.append(bytes(content))

    def abandon(self) -> None:
        self._segments.held.pop(self.blob_id, None)
        self.contents = []
        if self.is_written:
            self._segments.remove(self.piece)


class PieceReader:
    """The whole piece in memory: nothing is open, so its space may be given back meanwhile."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, offset: int, length: int) -> bytes:
        return self._content[offset : offset + length]

    def read_from_memory(self, offset: int, length: int) -> bytes | None:
        return self.read(offset, length) if offset + length <= len(self._content) else None

    def close(self) -> None:
        pass


@dataclass(slots=True, eq=False)
class OpenSegment:
    descriptor: int
    files: FileSystem
    users: int = 0

    def sync(self) -> None:
        self.files.sync(self.descriptor)


class Segments:
    """`path` tells a segment's file; `make_name_durable` is given the path of one that was just made.

    `place` is called by one thread at a time, everything else by any.
    """

    def __init__(
        self, files: FileSystem, path: Callable[[str], Path], make_name_durable: Callable[[Path], None]
    ) -> None:
        self.held: dict[str, int] = {}  # the space of pieces that are not durable yet
        self.wasted_bytes = 0  # of removed pieces, where the file system gives none back
        self._files = files
        self._path = path
        self._make_name_durable = make_name_durable
        self._current = ""
        self._next_offset = SEGMENT_BYTES
        self._open: dict[str, OpenSegment] = {}
        self._readers = SegmentReaders(files)
        self._lock = threading.Lock()

    def place(self, length: int, new_segment: Callable[[], str]) -> Piece:
        """A place that no piece has had. When the segment is full another one follows."""
        if self._next_offset >= SEGMENT_BYTES:
            self._current, self._next_offset = new_segment(), 0
        piece = Piece(self._current, self._next_offset, length)
        self._next_offset = piece.stop
        return piece

    def is_closed(self, segment: str) -> bool:
        """Whether the segment gets no more places."""
        return segment != self._current

    @contextmanager
    def written(self, writers: Iterable[PieceWriter]) -> Iterator[list[OpenSegment]]:
        """Write the pieces; inside, their segments are open for a sync. Raises NoRoom before anything is synced."""
        by_segment: dict[str, list[PieceWriter]] = {}
        for writer in writers:
            by_segment.setdefault(writer.piece.segment, []).append(writer)
        opened: list[str] = []
        try:
            segments = []
            for name, own in by_segment.items():
                segments.append(self._acquire(name))
                opened.append(name)
                with _lack_of_room():
                    self._write(segments[-1], sorted(own, key=lambda writer: writer.piece.offset))
            yield segments
        finally:
            for name in opened:
                self._release(name)

    def settle(self, writers: Iterable[PieceWriter]) -> None:
        """The writers' bytes are durable: let go of what is held in memory."""
        for writer in writers:
            writer.contents = []
            self.held.pop(writer.blob_id, None)

    def read(self, piece: Piece) -> bytes:
        """Its bytes, fewer when the file ends before; FileNotFoundError when they are not there or were removed."""
        descriptor = self._files.open(self._path(piece.segment))
        try:
            content = self._files.read(descriptor, piece.content_offset, piece.length)
            # After the bytes, since a removal begins with the header: what has one now was whole when it was read.
            header = self._files.read(descriptor, piece.offset, HEADER_BYTES)
        except BaseException:
            self._files.close(descriptor)
            raise
        self._readers.keep(piece.segment, descriptor)
        if header != piece.header:
            raise FileNotFoundError(errno.ENOENT, "its segment has something else in its place", piece.blob_id)
        return content

    def read_from_memory(self, piece: Piece, offset: int, length: int) -> bytes | None:
        """What can be had without waiting for the disk, from a segment that was read lately; None says nothing."""
        return self._readers.read(piece, offset, length)

    def forget(self, segment: str) -> None:
        """Its file was removed, and is not to keep its space."""
        self._readers.forget(segment)

    def remove(self, piece: Piece) -> None:
        """Give its space back. A file with a second name is left as it is: another one may need it whole."""
        try:
            descriptor = self._files.reopen(self._path(piece.segment))
        except FileNotFoundError:
            return
        try:
            if self._files.link_count(descriptor) > 1:
                self.wasted_bytes += piece.space
            else:
                self._give_back(descriptor, piece)
        finally:
            self._files.close(descriptor)

    def blob_ids(self, segment: str) -> Iterator[str]:
        """The pieces in the segment's file, found by their headers."""
        try:
            descriptor = self._files.open(self._path(segment))
        except FileNotFoundError:
            return
        try:
            for span in self._files.data_spans(descriptor):
                yield from (piece.blob_id for piece in self._pieces_within(descriptor, segment, span))
        finally:
            self._files.close(descriptor)

    def leftovers(self, segment: str, blob_ids: Iterable[str]) -> list[str]:
        """Names for the stretches that take space and belong to none of these blobs; `remove` takes them."""
        try:
            descriptor = self._files.open(self._path(segment))
        except FileNotFoundError:
            return []
        try:
            data = list(self._files.data_spans(descriptor))
        finally:
            self._files.close(descriptor)
        claimed = [piece for blob_id in blob_ids if (piece := parse_piece(blob_id))]
        return [piece.blob_id for piece in unclaimed(segment, data, claimed)]

    def export(self, piece: Piece, target: Path) -> None:
        """Copy the piece to its place in another file: a link would share the holes as well."""
        content = self.read(piece)
        try:
            descriptor = self._files.reopen(target)
        except FileNotFoundError:
            descriptor = self._files.create(target)
        try:
            self._files.write_at(descriptor, piece.offset, [piece.header, content])
        finally:
            self._files.close(descriptor)

    def close(self) -> None:
        self._readers.close()
        for segment in self._open.values():
            self._files.close(segment.descriptor)
        self._open.clear()

    def _acquire(self, name: str) -> OpenSegment:
        with self._lock:
            if name not in self._open:
                self._open[name] = OpenSegment(self._opened(self._path(name)), self._files)
            segment = self._open[name]
            segment.users += 1
        return segment

    def _opened(self, path: Path) -> int:
        """A descriptor for writing; the file's name is durable when it comes back."""
        with _lack_of_room():
            try:
                descriptor = self._files.reopen(path)
            except FileNotFoundError:
                descriptor = self._files.create(path)
        try:
            self._make_name_durable(path)
        except BaseException:
            self._files.close(descriptor)
            raise
        return descriptor

    def _release(self, name: str) -> None:
        """Closes all that nobody uses, but for the one that gets the next pieces."""
        with self._lock:
            self._open[name].users -= 1
            done = [each for each, segment in self._open.items() if not segment.users and self.is_closed(each)]
            for each in done:
                self._files.close(self._open.pop(each).descriptor)

    def _write(self, segment: OpenSegment, writers: Sequence[PieceWriter]) -> None:
        """In as few calls as the places allow: those of neighbours go together."""
        run: list[bytes] = []
        start = stop = 0
        for writer in writers:
            if not writer.is_whole:
                raise ValueError(f"{writer.blob_id}: fewer bytes than its length says")
            piece = writer.piece
            if piece.offset != stop:
                self._files.write_at(segment.descriptor, start, run)
                run, start = [], piece.offset
            padding = piece.space - HEADER_BYTES - piece.length
            run += [piece.header, *writer.contents, _PADDING[:padding]]
            stop = piece.stop
            writer.is_written = True
        self._files.write_at(segment.descriptor, start, run)

    def _give_back(self, descriptor: int, piece: Piece) -> None:
        try:
            self._files.write_at(descriptor, piece.offset, [bytes(HEADER_BYTES)])
        except OSError as error:
            if error.errno not in OUT_OF_SPACE:
                raise
        try:
            self._files.punch_hole(descriptor, piece.offset, piece.space)
        except OSError as error:
            if error.errno not in _CANNOT_PUNCH:
                raise
            if not self.wasted_bytes:
                _log.warning("the file system cannot punch holes: removed blobs keep their space until a segment goes")
            self.wasted_bytes += piece.space

    def _pieces_within(self, descriptor: int, segment: str, span: Span) -> Iterator[Piece]:
        offset, stop = span
        while offset < stop:
            piece = piece_of_header(segment, offset, self._files.read(descriptor, offset, HEADER_BYTES))
            if piece is not None:
                yield piece
            offset += BLOCK_BYTES if piece is None else piece.space


@contextmanager
def _lack_of_room() -> Iterator[None]:
    """Tell a disk that is full before the sync from one whose sync fails."""
    try:
        yield
    except OSError as error:
        if error.errno in OUT_OF_SPACE:
            raise NoRoom(error.errno, error.strerror) from error
        raise
