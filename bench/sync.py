"""A tree of 2,000 small files synced by the clients that people use: by B2 to us, by S3 to SeaweedFS.

rclone's B2 side is left out: it waits 10 ms before each call, whatever the server, and takes 20 s for so many files.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import ours, peers
from bench.b2 import B2Account
from bench.load import LOAD_CPU
from bench.machine import peak_resident
from bench.s3 import S3Access

FILES = 2_000
FOLDERS = 20
SMALLEST_BYTES, LARGEST_BYTES = 1_000, 20_000
AT_A_TIME = 8


@dataclass(frozen=True, slots=True)
class Sync:
    """Seconds of the first sync, into an empty bucket, and of a second, which finds nothing to do."""

    first_s: float
    again_s: float


@dataclass(frozen=True, slots=True)
class Client:
    """`command` syncs the tree into the bucket of that name; `prepare` makes the bucket."""

    prepare: Callable[[str], object]
    command: Callable[[str], list[str]]
    environment: Mapping[str, str]


def measure(folder: Path, quick: bool) -> str:
    """A table of the seconds that each client takes, as Markdown."""
    rounds = 1 if quick else 3
    tree = plant(folder / "tree")
    with ExitStack() as running:
        for name in ("ours", "seaweedfs"):
            (folder / name).mkdir()
        origin = running.enter_context(ours.origin(folder / "ours"))
        peer = running.enter_context(peers.seaweedfs(folder / "seaweedfs"))
        clients = {
            "ours, b2 command line tool by B2": b2_cli(origin, tree, folder),
            "seaweedfs, boto3 by S3": boto3_sync(peer.s3, tree),
            "ours, rclone by S3": rclone_s3(ours.s3_of(origin), tree),
            "seaweedfs, rclone by S3": rclone_s3(peer.s3, tree),
        }
        syncs: dict[str, list[Sync]] = {name: [] for name in clients}
        for number in range(rounds):
            for place, (name, client) in enumerate(clients.items()):
                syncs[name].append(sync(client, f"bench-sync-{place}-{number}"))
        peak = peak_resident(origin.pid)
    return "\n".join([*table(syncs), "", ours.memory_line(peak)])


def plant(tree: Path) -> Path:
    """FILES files of noise in FOLDERS folders, of sizes between the two bounds; gives the tree back."""
    rng = random.Random(2)
    for number in range(FILES):
        folder = tree / f"2026-{number % FOLDERS:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:04d}.png").write_bytes(rng.randbytes(rng.randint(SMALLEST_BYTES, LARGEST_BYTES)))
    return tree


def sync(client: Client, bucket: str) -> Sync:
    client.prepare(bucket)
    first_s, again_s = (run(client.command(bucket), client.environment) for _ in range(2))
    return Sync(first_s, again_s)


def run(command: list[str], environment: Mapping[str, str]) -> float:
    """The seconds that it took, on the CPU that no server uses and with nobody's settings but ours."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment}
    began = time.monotonic()
    done = subprocess.run(["taskset", "-c", LOAD_CPU, *command], env=environment, capture_output=True, text=True)
    took_s = time.monotonic() - began
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return took_s


def rclone_s3(s3: S3Access, tree: Path) -> Client:
    access = {
        "TYPE": "s3",
        "PROVIDER": "Other",
        "ACCESS_KEY_ID": s3.key_id,
        "SECRET_ACCESS_KEY": s3.secret,
        "ENDPOINT": s3.url,
        "REGION": "us-east-1",
        "NO_CHECK_BUCKET": "true",
    }
    environment = {f"RCLONE_CONFIG_SITE_{name}": value for name, value in access.items()}
    limits = ["--transfers", str(AT_A_TIME), "--checkers", str(AT_A_TIME)]
    return Client(
        s3.create_bucket,
        lambda bucket: ["rclone", "sync", *limits, str(tree), f"site:{bucket}"],
        {"RCLONE_CONFIG": "/dev/null", **environment},
    )


def boto3_sync(s3: S3Access, tree: Path) -> Client:
    script = str(Path(__file__).with_name("boto3_sync.py"))
    environment = {"AWS_ACCESS_KEY_ID": s3.key_id, "AWS_SECRET_ACCESS_KEY": s3.secret}
    return Client(s3.create_bucket, lambda bucket: [sys.executable, script, s3.url, str(tree), bucket], environment)


def b2_cli(origin: ours.OurOrigin, tree: Path, folder: Path) -> Client:
    account = B2Account(origin.url, origin.key_id, origin.application_key)
    b2 = shutil.which("b2", path=str(Path(sys.executable).parent)) or "b2"
    environment = {
        "B2_ENVIRONMENT": origin.url,
        "B2_APPLICATION_KEY_ID": origin.key_id,
        "B2_APPLICATION_KEY": origin.application_key,
        "B2_ACCOUNT_INFO": str(folder / "b2-account-info"),
    }
    limits = ["--threads", str(AT_A_TIME), "--no-progress"]
    return Client(account.create_bucket, lambda bucket: [b2, "sync", *limits, str(tree), f"b2://{bucket}"], environment)


def table(syncs: dict[str, list[Sync]]) -> list[str]:
    lines = [
        "## Sync of a tree\n",
        f"{FILES:,} files of {SMALLEST_BYTES / 1000:.0f} to {LARGEST_BYTES / 1000:.0f} KB in {FOLDERS} folders, "
        f"{AT_A_TIME} at a time, into an empty bucket, and again with nothing to do. Ours is durable before each "
        "answer, SeaweedFS with its defaults is not. Compared are two clients in Python, each with its API: the b2 "
        "command line tool, and what `aws s3 sync` does, by boto3; and rclone by S3 with both.\n",
        "| server and client | first sync | again | SeaweedFS's time over ours, first | again |",
        "|---|---:|---:|---:|---:|",
    ]
    mine: list[Sync] = []
    for name, measured in syncs.items():
        firsts, agains = [each.first_s for each in measured], [each.again_s for each in measured]
        over = ["", ""]
        if name.startswith("ours"):
            mine = measured
        else:
            over = [ratio(firsts, [each.first_s for each in mine]), ratio(agains, [each.again_s for each in mine])]
        cells = [name, f"{statistics.median(firsts):.2f} s", f"{statistics.median(agains):.2f} s", *over]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def ratio(theirs: list[float], mine: list[float]) -> str:
    return f"{statistics.median(a / b for a, b in zip(theirs, mine, strict=True)):.2f}"
