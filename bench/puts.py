"""A durable PUT over S3: ours, synced before its answer, over SeaweedFS with its defaults."""

from __future__ import annotations

import shutil
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bench import ours, peers
from bench.load import PUT_SCRIPT, Load, median, ratio, wrk
from bench.pictures import LARGE, png

CONNECTIONS = 16
KEYS_A_ROUND = 10_000  # more than any server here takes in a round: a picture is a new key, not an overwrite


def measure(folder: Path, quick: bool) -> str:
    """A table of PUTs per second of the 73,641-byte PNG, 16 at a time, as Markdown."""
    rounds, seconds = (1, 2) if quick else (5, 4)
    picture = folder / "picture.png"
    picture.write_bytes(png(LARGE))
    with ExitStack() as running:
        for name in ("ours", "seaweedfs"):
            (folder / name).mkdir()
        site = running.enter_context(ours.site(folder / "ours", workers=1))
        weed = shutil.which("weed", path=str(Path(sys.executable).parent)) or "weed"
        seaweed = running.enter_context(peers.seaweedfs(folder / "seaweedfs", weed, "BENCH", "BENCHSECRET"))
        servers = {
            "ours": (site.origin, site.key_id, site.application_key),
            "seaweedfs": (seaweed, "BENCH", "BENCHSECRET"),
        }
        paths = {
            server: presign(folder / f"{server}.paths", *access, keys=rounds * KEYS_A_ROUND)
            for server, access in servers.items()
        }
        loads: dict[str, list[Load]] = {server: [] for server in servers}
        for number in range(rounds):
            start = str(number * KEYS_A_ROUND)
            for server, (url, *_) in servers.items():
                environment = {"PATHS": str(paths[server]), "START": start, "BODY": str(picture)}
                load = wrk(url, connections=CONNECTIONS, seconds=seconds, script=PUT_SCRIPT, env=environment)
                if load.failures:
                    raise RuntimeError(f"{server} failed {load.failures} PUTs")
                loads[server].append(load)
    return "\n".join(table(loads))


def table(loads: dict[str, list[Load]]) -> list[str]:
    lines = [
        "## Durable PUT over S3\n",
        f"A PNG of {LARGE:,} bytes, {CONNECTIONS} at a time, each under a new key, presigned. Ours is synced to disk "
        "before each answer (group commit, metadata included); SeaweedFS runs with its defaults, which do not sync.\n",
        "| server | PUTs/s | p99 | ours over it |",
        "|---|---:|---:|---:|",
    ]
    for server, measured in loads.items():
        middle = median(measured)
        over = "" if server == "ours" else f"{ratio(loads['ours'], measured):.2f}"
        lines.append(f"| {server} | {middle.requests_per_second:,.0f} | {middle.p99_ms:.1f} ms | {over} |")
    return lines


def presign(target: Path, endpoint: str, key_id: str, application_key: str, *, keys: int) -> Path:
    """Writes the request targets of presigned PUTs to distinct keys of a new bucket; gives the file back."""
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=key_id,
        aws_secret_access_key=application_key,
        region_name="us-east-1",
        config=Config(
            signature_version="s3v4", s3={"addressing_style": "path"}, request_checksum_calculation="when_required"
        ),
    )
    create_bucket(client)
    with target.open("w") as lines:
        for number in range(keys):
            parameters = {"Bucket": "bench-puts", "Key": f"2026/11/{number:06d}.png"}
            url = client.generate_presigned_url("put_object", Params=parameters, ExpiresIn=86400)
            lines.write(url.removeprefix(endpoint) + "\n")
    return target


def create_bucket(client) -> None:  # type: ignore[no-untyped-def]
    """SeaweedFS listens some seconds before it can make a bucket."""
    until = time.monotonic() + 60
    while True:
        try:
            client.create_bucket(Bucket="bench-puts")
        except (ClientError, BotoCoreError):
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return
