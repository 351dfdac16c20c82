"""The five checksums of S3 as hashlib-like objects: CRC32, CRC32C, CRC64NVME, SHA1, SHA256."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Protocol


class Checksum(Protocol):
    def update(self, data: bytes | memoryview, /) -> None: ...
    def digest(self) -> bytes: ...


class _Crc:
    """A checksum that `step(data, value)` carries forward from one value to the next; the digest is big-endian."""

    __slots__ = ("_size", "_step", "_value")

    def __init__(self, step: Callable[[bytes | memoryview, int], int], size: int) -> None:
        self._step = step
        self._size = size
        self._value = 0

    def update(self, data: bytes | memoryview, /) -> None:
        self._value = self._step(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


@cache
def _crc_model(name: str) -> Any:
    # Loaded when a request first asks for it: most programs never do, and its tables of models cost 4 MB.
    import anycrc  # type: ignore[import-untyped]

    return anycrc.Model(name)


_CRC_MODELS = {"CRC32": "CRC32", "CRC32C": "CRC32-ISCSI", "CRC64NVME": "CRC64-NVME"}

CHECKSUMS: dict[str, Callable[[], Checksum]] = {
    "CRC32": lambda: _Crc(zlib.crc32, 4),
    "CRC32C": lambda: _Crc(_crc_model(_CRC_MODELS["CRC32C"]).calc, 4),
    "CRC64NVME": lambda: _Crc(_crc_model(_CRC_MODELS["CRC64NVME"]).calc, 8),
    "SHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA256": hashlib.sha256,
}
"""S3's name of the algorithm to a fresh checksum."""

DIGEST_BYTES = {"CRC32": 4, "CRC32C": 4, "CRC64NVME": 8, "SHA1": 20, "SHA256": 32}

COMBINABLE = frozenset(_CRC_MODELS)
"""Those that the whole content's value can be told of from its parts' values."""

HEADERS = {name: f"x-amz-checksum-{name.lower()}" for name in CHECKSUMS}
"""S3's name of the algorithm to the header field, or trailer, that carries its value."""


def as_base64(digest: bytes) -> str:
    return b64encode(digest).decode("ascii")


def is_well_formed(algorithm: str, value: str) -> bool:
    """Whether `value` is the base64 of a digest of the algorithm's size."""
    try:
        return len(b64decode(value, validate=True)) == DIGEST_BYTES[algorithm]
    except ValueError:
        return False


def combined(algorithm: str, parts: Iterable[tuple[str, int]]) -> str:
    """The checksum of a content from that of each of its parts, in order, as (base64, length in bytes).

    The algorithm is one of COMBINABLE.
    """
    model = _crc_model(_CRC_MODELS[algorithm])
    value = 0
    for checksum, length in parts:
        value = model.combine(value, int.from_bytes(b64decode(checksum), "big"), length)
    return as_base64(value.to_bytes(DIGEST_BYTES[algorithm], "big"))


def composite(algorithm: str, parts: Sequence[str]) -> str:
    """The checksum of the parts' binary checksums (given in base64, in order), a hyphen and their number."""
    checksum = CHECKSUMS[algorithm]()
    for part in parts:
        checksum.update(b64decode(part))
    return f"{as_base64(checksum.digest())}-{len(parts)}"
