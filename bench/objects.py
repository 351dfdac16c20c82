"""PUT and GET of whole objects over S3, small and large: ours, each PUT synced before its answer, over its peers."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import ours, peers
from bench.load import SCRIPT, Load, median, ratio, wrk
from bench.machine import peak_resident
from bench.pictures import LARGE, SMALL, png
from bench.s3 import S3Access

AT_A_TIME = 16
BUCKET, SYNCED_BUCKET = "bench-objects", "bench-synced"


@dataclass(frozen=True, slots=True)
class Size:
    """Of each server's PUTs in a round `new_keys` are more than it takes; `kept` objects are read again and again."""

    length: int
    new_keys: int
    kept: int
    longer: int = 1  # how many times as long a round takes, so that enough of the objects go through


SIZES = (Size(SMALL, 20_000, 1_000), Size(LARGE, 8_000, 1_000), Size(8_000_000, 800, 20, longer=2))


@dataclass(frozen=True, slots=True)
class Target:
    """A bucket of a server; `puts` and `gets` are files of presigned request targets."""

    access: S3Access
    bucket: str
    puts: Path
    gets: Path | None = None  # None where reading is that of another target


Loads = dict[str, list[Load]]


def measure(folder: Path, quick: bool) -> str:
    """A table of PUTs and one of GETs of three sizes, 16 at a time, as Markdown."""
    rounds, seconds = (1, 2) if quick else (5, 3)
    puts: dict[int, Loads] = {}
    gets: dict[int, Loads] = {}
    with ExitStack() as running:
        buckets, pid = start(running, folder)
        for size in SIZES:
            puts[size.length], gets[size.length] = measure_size(folder, buckets, size, rounds, seconds * size.longer)
        peak = peak_resident(pid)
    return "\n".join([*INTRODUCTION, *table("PUT", puts), "", *table("GET", gets), "", ours.memory_line(peak)])


def measure_size(
    folder: Path, buckets: dict[str, tuple[S3Access, str]], size: Size, rounds: int, seconds: int
) -> tuple[Loads, Loads]:
    """PUTs and GETs of each server by turns."""
    body = folder / "body"
    body.write_bytes(png(size.length))
    targets = {name: prepare(folder, name, *place, size, body, rounds) for name, place in buckets.items()}
    puts: Loads = {name: [] for name in targets}
    gets: Loads = {name: [] for name, target in targets.items() if target.gets}
    for number in range(rounds):
        for name, target in targets.items():
            puts[name].append(run(name, target.access.url, target.puts, seconds, number * size.new_keys, body))
        for name, target in targets.items():
            if target.gets:
                gets[name].append(run(name, target.access.url, target.gets, seconds))
    return puts, gets


INTRODUCTION = [
    "## Objects over S3\n",
    f"{AT_A_TIME} at a time, presigned; each PUT under a new key. Ours is `calotype origin`, and synced to disk before "
    "each answer (group commit, metadata included). SeaweedFS runs with its defaults, which do not sync, and once more "
    "with `fsync` for its buckets (`fs.configure`), which syncs the bytes and not the filer's metadata. moto keeps all "
    "in memory and checks no signature.\n",
]


def start(running: ExitStack, folder: Path) -> tuple[dict[str, tuple[S3Access, str]], int]:
    """What is measured: each an access to a server and a bucket there; and the process of our origin."""
    for name in ("ours", "seaweedfs", "moto"):
        (folder / name).mkdir()
    origin = running.enter_context(ours.origin(folder / "ours"))
    seaweedfs = running.enter_context(peers.seaweedfs(folder / "seaweedfs"))
    moto = running.enter_context(peers.moto(folder / "moto"))
    seaweedfs.create_synced_bucket(SYNCED_BUCKET)
    buckets = {
        "ours": (ours.s3_of(origin), BUCKET),
        "seaweedfs": (seaweedfs.s3, BUCKET),
        "seaweedfs, fsync": (seaweedfs.s3, SYNCED_BUCKET),
        "moto": (moto, BUCKET),
    }
    for access, bucket in buckets.values():
        access.create_bucket(bucket)
    return buckets, origin.pid


def prepare(folder: Path, name: str, access: S3Access, bucket: str, size: Size, body: Path, rounds: int) -> Target:
    """The objects that are going to be read, and all request targets."""
    new = (f"/{bucket}/new/{size.length}/{number:07d}.png" for number in range(rounds * size.new_keys))
    puts = access.write_targets(folder / f"{name}.puts", "PUT", new)
    if bucket == SYNCED_BUCKET:
        return Target(access, bucket, puts)
    kept = [f"/{bucket}/kept/{size.length}/{number:07d}.png" for number in range(size.kept)]
    access.put_all(kept, body.read_bytes())
    return Target(access, bucket, puts, access.write_targets(folder / f"{name}.gets", "GET", kept))


def run(name: str, url: str, targets: Path, seconds: int, first: int = 0, body: Path | None = None) -> Load:
    environment = {"TARGETS": str(targets), "START": str(first), "THREADS": "1"}
    if body is not None:
        environment["BODY"] = str(body)
    load = wrk(url, connections=AT_A_TIME, seconds=seconds, script=SCRIPT, env=environment)
    if not load.requests_per_second and not load.failures:  # none of so many large ones was through in time
        load = wrk(url, connections=AT_A_TIME, seconds=10 * seconds, script=SCRIPT, env=environment)
    if load.failures:
        raise RuntimeError(f"{name} failed {load.failures} requests of {targets.name}")
    return load


def table(method: str, loads_of_size: dict[int, Loads]) -> list[str]:
    lines = [f"| {method} of | server | requests/s | MB/s | p99 | ours over it |", "|---|---|---:|---:|---:|---:|"]
    for length, loads in loads_of_size.items():
        for name, measured in loads.items():
            middle = median(measured)
            cells = [
                f"{length:,} B",
                name,
                f"{middle.requests_per_second:,.0f}",
                f"{middle.requests_per_second * length / 1e6:,.1f}",
                f"{middle.p99_ms:,.1f} ms",
                "" if name == "ours" else f"{ratio(loads['ours'], measured):.2f}",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return lines
