"""A durable PUT over S3: ours, synced before its answer, over SeaweedFS with its defaults."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from bench import ours, peers
from bench.load import PUT_SCRIPT, Load, median, ratio, wrk
from bench.pictures import LARGE, png
from bench.s3 import S3Access

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
        seaweed = running.enter_context(peers.seaweedfs(folder / "seaweedfs"))
        servers = {
            "ours": S3Access(site.origin, site.key_id, site.application_key),
            "seaweedfs": seaweed.s3,
        }
        targets = {
            server: presign(folder / f"{server}.targets", access, keys=rounds * KEYS_A_ROUND)
            for server, access in servers.items()
        }
        loads: dict[str, list[Load]] = {server: [] for server in servers}
        for number in range(rounds):
            start = str(number * KEYS_A_ROUND)
            for server, access in servers.items():
                environment = {
                    "TARGETS": str(targets[server]),
                    "START": start,
                    "THREADS": "1",
                    "BODY": str(picture),
                }
                load = wrk(access.url, connections=CONNECTIONS, seconds=seconds, script=PUT_SCRIPT, env=environment)
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


def presign(target: Path, access: S3Access, *, keys: int) -> Path:
    """Writes the request targets of presigned PUTs to distinct keys of a new bucket; gives the file back."""
    access.create_bucket("bench-puts")
    return access.write_targets(target, (f"/bench-puts/2026/11/{number:06d}.png" for number in range(keys)))
