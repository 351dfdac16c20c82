"""DeleteObjects of 1,000 keys in one call: ours, durable before its answer, over its peers."""

from __future__ import annotations

import base64
import hashlib
import statistics
import time
from contextlib import ExitStack
from pathlib import Path

from bench import ours, peers
from bench.load import on_load_cpu
from bench.pictures import SMALL, png
from bench.s3 import S3Access

BUCKET = "bench-deletes"
KEYS = [f"2026/11/{number:04d}.png" for number in range(1000)]


def measure(folder: Path, quick: bool) -> str:
    """A table of the time that one call takes, as Markdown."""
    rounds = 1 if quick else 7
    with ExitStack() as running:
        for name in ("ours", "seaweedfs", "moto"):
            (folder / name).mkdir()
        origin = running.enter_context(ours.origin(folder / "ours"))
        servers = {
            "ours": ours.s3_of(origin),
            "seaweedfs": running.enter_context(peers.seaweedfs(folder / "seaweedfs")).s3,
            "moto": running.enter_context(peers.moto(folder / "moto")),
        }
        for access in servers.values():
            access.create_bucket(BUCKET)
        times: dict[str, list[float]] = {name: [] for name in servers}
        for _ in range(rounds):
            for name, access in servers.items():
                times[name].append(time_of_deletion(access))
    return "\n".join(table(times))


def time_of_deletion(access: S3Access) -> float:
    """Seconds from the request to the end of its answer, for objects of 1,000 bytes that were put before."""
    access.put_all([f"/{BUCKET}/{key}" for key in KEYS], png(SMALL))
    objects = "".join(f"<Object><Key>{key}</Key></Object>" for key in KEYS)
    document = f"<Delete>{objects}</Delete>".encode()
    digest = base64.b64encode(hashlib.md5(document, usedforsecurity=False).digest()).decode()
    with on_load_cpu():
        began = time.monotonic()
        answer = access.request("POST", f"/{BUCKET}", "delete=", document, {"content-md5": digest})
        took_s = time.monotonic() - began
    if answer.count(b"<Deleted>") != len(KEYS):
        raise RuntimeError(f"not all was deleted: {answer.decode()}")
    return took_s


def table(times: dict[str, list[float]]) -> list[str]:
    lines = [
        "## Deleting 1,000 objects\n",
        f"DeleteObjects of {len(KEYS):,} keys of {SMALL:,} bytes each in one call, median. Ours is durable before the "
        "answer, metadata included; SeaweedFS runs with its defaults, which do not sync; moto keeps all in memory.\n",
        "| server | one call | peer's over ours |",
        "|---|---:|---:|",
    ]
    for name, measured in times.items():
        ratios = [theirs / own for own, theirs in zip(times["ours"], measured, strict=True)]
        over = "" if name == "ours" else f"{statistics.median(ratios):.2f}"
        lines.append(f"| {name} | {statistics.median(measured) * 1e3:,.1f} ms | {over} |")
    return lines
