"""Names by the million for SeaweedFS's filer: a file as `fs.meta.save` writes it, loaded by `fs.meta.load`.

Each entry is its length in four bytes, big-endian, and a `FullEntry` of filer.proto: directory (1) and entry (2), which
has its name (1) and attributes (4): size (1), mtime (2), mode (3), crtime (6), MIME type (7) and MD5 (14).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from bench.peers import SeaweedFs

BEGAN_S = 1_767_225_600
MODE = 0o660
_VARINT, _BYTES = 0, 2


def fill(peer: SeaweedFs, file: Path, bucket: str, names: Iterable[str]) -> None:
    """Put the names into the bucket, without bytes behind them."""
    with file.open("wb") as entries:
        for number, name in enumerate(names):
            entry = full_entry(PurePosixPath("/buckets", bucket, name), 10_000, BEGAN_S + number)
            entries.write(len(entry).to_bytes(4, "big") + entry)
    peer.shell(f"fs.meta.load {file}")


def full_entry(path: PurePosixPath, length: int, time_s: int) -> bytes:
    attributes = b"".join(
        (
            number_field(1, length),
            number_field(2, time_s),
            number_field(3, MODE),
            number_field(6, time_s),
            bytes_field(7, b"image/png"),
            bytes_field(14, hashlib.md5(path.name.encode(), usedforsecurity=False).digest()),
        )
    )
    entry = bytes_field(1, path.name.encode()) + bytes_field(4, attributes)
    return bytes_field(1, str(path.parent).encode()) + bytes_field(2, entry)


def number_field(field: int, value: int) -> bytes:
    return varint(field << 3 | _VARINT) + varint(value)


def bytes_field(field: int, value: bytes) -> bytes:
    return varint(field << 3 | _BYTES) + varint(len(value)) + value


def varint(value: int) -> bytes:
    """Base 128, least significant group first, as protocol buffers have it."""
    groups = []
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])
