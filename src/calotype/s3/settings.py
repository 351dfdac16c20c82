"""What an operator can set of the S3 server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class S3Settings:
    """`region` is the one that signatures must name. `s3_hosts` are suffixes under which a host names its bucket.

    The minimum holds for every part of a multipart upload but the last; S3 has 5 MiB, B2 takes 5,000,000 bytes. Forms
    of browsers may be signed in Signature V2, which nothing else may. `kms_keys` are the names of the keys for SSE-KMS.
    """

    region: str = "us-east-1"
    s3_hosts: tuple[str, ...] = ("s3.localhost",)
    accepts_version_2_forms: bool = True
    kms_keys: tuple[str, ...] = ()
    minimum_part_size_bytes: int = 5 * 1024 * 1024
