"""The body of a 206 with several ranges: `multipart/byteranges` (RFC 9110 §14.6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from calotype.http.ranges import content_range


@dataclass(frozen=True, slots=True)
class MultipartByteranges:
    """How the parts are framed. `boundary` is for the caller to draw at random, so that no part can contain it."""

    ranges: tuple[tuple[int, int], ...]  # (start, stop), stop exclusive
    length: int  # of the whole representation
    content_type: str | None  # of the representation; None when it has none
    boundary: str

    @property
    def content_type_header(self) -> str:
        """The Content-Type of the 206 itself."""
        return f"multipart/byteranges; boundary={self.boundary}"

    @property
    def content_length(self) -> int:
        """The exact length of the body, framing included."""
        framing = sum(len(head) for head, _ in self.parts()) + len(self.closing)
        return framing + sum(stop - start for start, stop in self.ranges)

    def parts(self) -> Iterator[tuple[bytes, tuple[int, int]]]:
        """For each part, the bytes that go before it and the range whose bytes follow."""
        type_line = f"content-type: {self.content_type}\r\n" if self.content_type else ""
        for start, stop in self.ranges:
            head = (
                f"\r\n--{self.boundary}\r\n{type_line}content-range: {content_range(start, stop, self.length)}\r\n\r\n"
            )
            yield head.encode("latin-1"), (start, stop)

    @property
    def closing(self) -> bytes:
        """What follows the last part."""
        return f"\r\n--{self.boundary}--\r\n".encode("ascii")
