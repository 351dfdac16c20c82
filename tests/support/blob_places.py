"""Where on disk a blob lies, for tests that damage it."""

from __future__ import annotations

import os
from pathlib import Path

from calotype.store.model import FileVersion
from calotype.store.pieces import parse_piece


def file_of(folder: Path, blob_id: str) -> Path:
    """The file with the blob's bytes below `folder` (DATA/origin): its own, or its segment's."""
    piece = parse_piece(blob_id)
    return folder / "blobs" / blob_id[:2] / (f"{piece.segment}.2" if piece else blob_id)


class OnDisk:
    """The one blob of a version."""

    def __init__(self, folder: Path, version: FileVersion) -> None:
        (extent,) = version.extents
        self.blob_id = extent.blob_id
        self.path = file_of(folder, extent.blob_id)
        self._piece = parse_piece(extent.blob_id)

    @property
    def _offset(self) -> int:
        return self._piece.content_offset if self._piece else 0

    def read(self) -> bytes:
        content = self.path.read_bytes()[self._offset :]
        return content[: self._piece.length] if self._piece else content

    def lose(self) -> None:
        """As if it had never been written."""
        if self._piece is None:
            self.path.unlink()
        else:
            self._overwrite(self._piece.offset, bytes(self._piece.space))

    def flip(self, offset: int) -> None:
        """Change the byte there."""
        (byte,) = self.read()[offset : offset + 1]
        self._overwrite(self._offset + offset, bytes([byte ^ 1]))

    def cut(self, length: int) -> None:
        """End the file after so many bytes of the blob."""
        os.truncate(self.path, self._offset + length)

    def _overwrite(self, offset: int, content: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(offset)
            file.write(content)
