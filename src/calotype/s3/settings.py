"""What an operator can set of the S3 server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class S3Settings:
    """`region` is the one that signatures must name. `s3_hosts` are suffixes under which a host names its bucket."""

    region: str = "us-east-1"
    s3_hosts: tuple[str, ...] = ("s3.localhost",)
