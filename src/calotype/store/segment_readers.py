"""Segments that were read lately stay open: what of them is in memory is read again without looking for the file,
and without a thread."""

from __future__ import annotations

import threading
from collections import OrderedDict

from calotype.store.filesystem import FileSystem
from calotype.store.pieces import HEADER_BYTES, Piece

MOST_OPEN = 64


class SegmentReaders:
    """Its methods are for any thread, and none of them waits for the disk."""

    def __init__(self, files: FileSystem, most: int = MOST_OPEN) -> None:
        self._files = files
        self._most = most
        self._open: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, segment: str, descriptor: int) -> None:
        """Takes over a descriptor for reading that is no longer needed otherwise."""
        with self._lock:
            replaced = self._open.pop(segment, None)
            self._open[segment] = descriptor
            if replaced is None and len(self._open) > self._most:
                _, replaced = self._open.popitem(last=False)
            if replaced is not None:
                self._files.close(replaced)

    def read(self, piece: Piece, offset: int, length: int) -> bytes | None:
        """Bytes of the piece, when its segment is open, they are in memory, and the piece was not removed."""
        if offset + length > piece.length:
            return None
        with self._lock:
            descriptor = self._open.get(piece.segment)
            if descriptor is None:
                return None
            content = self._files.read_from_memory(descriptor, piece.content_offset + offset, length)
            # After the bytes, since a removal begins with the header.
            if content is None or self._header(descriptor, piece) != piece.header:
                return None
            return content

    def _header(self, descriptor: int, piece: Piece) -> bytes | None:
        return self._files.read_from_memory(descriptor, piece.offset, HEADER_BYTES)

    def forget(self, segment: str) -> None:
        """The file is gone, and keeps its space as long as it is open."""
        with self._lock:
            descriptor = self._open.pop(segment, None)
            if descriptor is not None:
                self._files.close(descriptor)

    def close(self) -> None:
        for segment in list(self._open):
            self.forget(segment)
