"""boto3 with its default settings, pointed at an origin that runs."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from support.origin_program import OriginProgram


def boto3_client(origin: OriginProgram) -> Any:
    """A client of S3 with the owner's key, which does not try again. Whoever asks for it closes it."""
    return boto3.client(
        "s3",
        endpoint_url=origin.address,
        aws_access_key_id=origin.owner.key_id,
        aws_secret_access_key=origin.owner.application_key,
        region_name="us-east-1",
        config=Config(retries={"max_attempts": 1}, proxies={}),
    )
