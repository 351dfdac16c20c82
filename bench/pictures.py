"""The two pictures that every figure is measured with."""

from __future__ import annotations

import random
import struct
import zlib

SMALL = 1_000
LARGE = 73_641  # a screenshot as people share them; the size that the design's figures use


def png(size: int) -> bytes:
    """A valid PNG of exactly `size` bytes: one grey pixel, and a private chunk of noise that viewers skip."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixel = chunk(b"IDAT", zlib.compress(b"\0\x80"))
    end = chunk(b"IEND", b"")
    rest = size - len(b"\x89PNG\r\n\x1a\n" + header + pixel + end) - 12
    return b"\x89PNG\r\n\x1a\n" + header + pixel + chunk(b"caLo", random.Random(size).randbytes(rest)) + end


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
