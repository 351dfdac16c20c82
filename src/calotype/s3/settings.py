"""What an operator can set of the S3 server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class S3Settings:
    """`region` is the one that signatures must name. With each suffix of `hosts`, `<bucket>.<suffix>` is a bucket."""

    region: str = "us-east-1"
    hosts: tuple[str, ...] = ("s3.localhost",)
