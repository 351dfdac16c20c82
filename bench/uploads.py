"""Small durable uploads, through the B2 API and through S3, over SeaweedFS's S3."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import ours, peers
from bench.b2 import B2Account
from bench.load import SCRIPT, Load, median, ratio, wrk
from bench.machine import peak_resident
from bench.pictures import png
from bench.s3 import S3Access

FILE_BYTES = 10_000
AT_A_TIME = 8
FILES_A_ROUND = 20_000  # more than any server here takes in a round: each upload is a new name, not an overwrite


@dataclass(frozen=True, slots=True)
class Target:
    """A server and an API of it; `fields` tell the script of wrk where its uploads go."""

    url: str
    fields: dict[str, str]


def measure(folder: Path, quick: bool) -> str:
    """A table of uploads per second of 10,000 bytes, 8 at a time, as Markdown."""
    rounds, seconds = (1, 2) if quick else (5, 4)
    body = folder / "body.png"
    body.write_bytes(png(FILE_BYTES))
    with ExitStack() as running:
        for name in ("ours", "seaweedfs"):
            (folder / name).mkdir()
        origin = running.enter_context(ours.origin(folder / "ours"))
        peer = running.enter_context(peers.seaweedfs(folder / "seaweedfs"))
        peer.create_synced_bucket("bench-synced")
        count = rounds * FILES_A_ROUND
        targets = {
            "ours, B2": b2_target(folder, origin, body),
            "ours, S3": s3_target(folder / "ours.targets", ours.s3_of(origin), "bench-s3", count),
            "seaweedfs, S3": s3_target(folder / "seaweedfs.targets", peer.s3, "bench-s3", count),
            "seaweedfs, S3, fsync": s3_target(folder / "synced.targets", peer.s3, "bench-synced", count),
        }
        loads: dict[str, list[Load]] = {name: [] for name in targets}
        for number in range(rounds):
            for name, target in targets.items():
                loads[name].append(upload(name, target, body, number * FILES_A_ROUND, seconds))
        peak = peak_resident(origin.pid)
    return "\n".join([*table(loads), "", ours.memory_line(peak)])


def b2_target(folder: Path, origin: ours.OurOrigin, body: Path) -> Target:
    """Each thread of wrk has an upload URL of its own, as B2 asks of its clients."""
    account = B2Account(origin.url, origin.key_id, origin.application_key)
    bucket_id = account.create_bucket("bench-b2")
    uploads = folder / "b2.uploads"
    urls = [account.upload_url(bucket_id) for _ in range(AT_A_TIME)]
    uploads.write_text("".join(f"{url.removeprefix(origin.url)} {token}\n" for url, token in urls))
    sha1 = hashlib.sha1(body.read_bytes(), usedforsecurity=False).hexdigest()
    return Target(origin.url, {"UPLOADS": str(uploads), "SHA1": sha1})


def s3_target(file: Path, access: S3Access, bucket: str, count: int) -> Target:
    access.create_bucket(bucket)
    access.write_targets(file, "PUT", (f"/{bucket}/2026/11/{number:07d}.png" for number in range(count)))
    return Target(access.url, {"TARGETS": str(file)})


def upload(name: str, target: Target, body: Path, first: int, seconds: int) -> Load:
    environment = {**target.fields, "BODY": str(body), "START": str(first), "THREADS": str(AT_A_TIME)}
    load = wrk(target.url, connections=AT_A_TIME, threads=AT_A_TIME, seconds=seconds, script=SCRIPT, env=environment)
    if load.failures:
        raise RuntimeError(f"{name} failed {load.failures} uploads")
    return load


def table(loads: dict[str, list[Load]]) -> list[str]:
    lines = [
        "## Small uploads\n",
        f"Files of {FILE_BYTES:,} bytes, {AT_A_TIME} at a time, each under a new name. Ours is `calotype origin`, and "
        "synced to disk before each answer (group commit, metadata included). SeaweedFS runs with its defaults, which "
        "do not sync, and once more with `fsync` for its buckets (`fs.configure`), which syncs the bytes and not the "
        "filer's metadata.\n",
        "| server and API | uploads/s | p99 | ours by B2 over it | ours by S3 over it |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, measured in loads.items():
        middle = median(measured)
        over = ["", ""] if name.startswith("ours") else [f"{ratio(mine, measured):.2f}" for mine in our_loads(loads)]
        cells = [name, f"{middle.requests_per_second:,.0f}", f"{middle.p99_ms:.1f} ms", *over]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def our_loads(loads: dict[str, list[Load]]) -> list[list[Load]]:
    return [loads["ours, B2"], loads["ours, S3"]]
