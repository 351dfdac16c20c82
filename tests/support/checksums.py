"""Checksums as S3's clients compute them."""

from __future__ import annotations

from calotype.auth.checksums import CHECKSUMS, as_base64


def checksum(algorithm: str, content: bytes) -> str:
    """Of the content in base64, by S3's name of the algorithm."""
    fresh = CHECKSUMS[algorithm]()
    fresh.update(content)
    return as_base64(fresh.digest())
