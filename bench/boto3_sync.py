"""`boto3_sync.py ENDPOINT TREE BUCKET`: what `aws s3 sync` does, by the library that it is made of.

Lists the bucket, and uploads the files that are missing there, of another size, or newer than their object.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

AT_A_TIME = 8


def main(endpoint: str, tree: Path, bucket: str) -> None:
    config = Config(s3={"addressing_style": "path"}, max_pool_connections=AT_A_TIME)
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config)
    there = {found["Key"]: found for found in objects(client, bucket)}
    files = [(path, str(path.relative_to(tree))) for path in tree.rglob("*") if path.is_file()]
    changed = [(path, key) for path, key in files if differs(path, there.get(key))]
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        list(threads.map(lambda each: client.upload_file(str(each[0]), bucket, each[1]), changed))


def objects(client: Any, bucket: str) -> Any:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield from page.get("Contents", ())


def differs(path: Path, found: Any) -> bool:
    state = path.stat()
    return found is None or found["Size"] != state.st_size or found["LastModified"].timestamp() < int(state.st_mtime)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
