"""Where a small blob lies: a *piece* of a segment, a file that many of them share. Pure.

    blob id   <segment: 32 hex digits>.<offset>.<length>.2          offset and length in hex
    on disk   | "calotype" | segment: 16 bytes | offset: 4 | length: 4 | the bytes | zeros up to the next block |

The offset is that of the first line's beginning and a whole number of blocks, so that the space of each piece can be
given back by itself; the length counts the bytes alone. The line before them holds the id: bytes that lie where
another blob is looked for are never taken for it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

BLOCK_BYTES = 4096
HEADER_BYTES = 32
SEGMENT_FORMAT = ".2"
_MAGIC = b"calotype"
_PIECE_ID = re.compile(r"([0-9a-f]{32})\.(0|[1-9a-f][0-9a-f]{0,7})\.(0|[1-9a-f][0-9a-f]{0,7})\.2")
_SEGMENT_NAME = re.compile(r"[0-9a-f]{32}\.2")

Span = tuple[int, int]  # start and stop (exclusive) in a file


@dataclass(frozen=True, slots=True)
class Piece:
    segment: str
    offset: int
    length: int

    @property
    def blob_id(self) -> str:
        return f"{self.segment}.{self.offset:x}.{self.length:x}{SEGMENT_FORMAT}"

    @property
    def header(self) -> bytes:
        place = self.offset.to_bytes(4, "big") + self.length.to_bytes(4, "big")
        return _MAGIC + bytes.fromhex(self.segment) + place

    @property
    def content_offset(self) -> int:
        return self.offset + HEADER_BYTES

    @property
    def space(self) -> int:
        """What it takes of the segment: header, bytes and padding."""
        return -(-(HEADER_BYTES + self.length) // BLOCK_BYTES) * BLOCK_BYTES

    @property
    def stop(self) -> int:
        return self.offset + self.space


def parse_piece(blob_id: str) -> Piece | None:
    """None for a blob with a file of its own."""
    match = _PIECE_ID.fullmatch(blob_id)
    return Piece(match[1], int(match[2], 16), int(match[3], 16)) if match else None


def segment_of(blob_id: str) -> str | None:
    """The segment that the blob lies in, None for one with a file of its own."""
    return blob_id[:32] if blob_id.endswith(SEGMENT_FORMAT) else None


def is_segment_name(name: str) -> bool:
    """Whether a file of this name is a segment."""
    return _SEGMENT_NAME.fullmatch(name) is not None


def piece_of_header(segment: str, offset: int, header: bytes) -> Piece | None:
    """The piece that begins at the offset with this header, or None when none does."""
    piece = Piece(segment, offset, int.from_bytes(header[-4:], "big"))
    return piece if header == piece.header else None


def unclaimed(segment: str, data: Sequence[Span], claimed: Iterable[Piece]) -> Iterator[Piece]:
    """The stretches between the claimed pieces in which any of the data lies, as if each were one piece.

    `data` is in the order of the file, and does not overlap.
    """
    stops = [stop for _, stop in data]
    end = -(-stops[-1] // BLOCK_BYTES) * BLOCK_BYTES if stops else 0
    start = 0
    for piece in [*sorted(claimed, key=lambda each: each.offset), Piece(segment, end, 0)]:
        stop = min(piece.offset, end)
        next_data = bisect_right(stops, start)  # the first that ends beyond the start
        if start < stop and next_data < len(data) and data[next_data][0] < stop:
            yield Piece(segment, start, stop - start - HEADER_BYTES)
        start = max(start, piece.stop)
