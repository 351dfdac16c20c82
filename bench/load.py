"""wrk, as a value: requests per second, 99th percentile, and how many answers were not 2xx or 3xx."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LOAD_CPU = "1"
TIMEOUT_S = 30  # of one request: wrk's own 2 are fewer than 16 large ones take on a slow disk
TO_MS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
SCRIPT = Path(__file__).with_name("requests.lua")


@dataclass(frozen=True, slots=True)
class Load:
    requests_per_second: float
    p99_ms: float
    failures: int


def wrk(
    url: str,
    *,
    connections: int,
    seconds: int,
    threads: int = 1,
    script: Path | None = None,
    env: Mapping[str, str] = {},
) -> Load:
    """One run of wrk against `url`, on the CPU that no server uses."""
    command = ["taskset", "-c", LOAD_CPU, "wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--latency"]
    command += [f"--timeout={TIMEOUT_S}s"]
    if script is not None:
        command += ["-s", str(script)]
    output = subprocess.run(
        [*command, url], capture_output=True, text=True, check=True, env={**os.environ, **env}
    ).stdout
    return parse_wrk(output)


@contextmanager
def on_load_cpu() -> Iterator[None]:
    """This thread, and those that it starts inside the block, on the CPU that no server uses."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(LOAD_CPU)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def parse_wrk(output: str) -> Load:
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
    if rate is None or p99 is None:
        raise RuntimeError(f"wrk did not say what it measured:\n{output}")
    failures = (int(failed[1]) if failed else 0) + (sum(map(int, broken.groups())) if broken else 0)
    return Load(float(rate[1]), float(p99[1]) * TO_MS[p99[2]], failures)


def median(loads: list[Load]) -> Load:
    return Load(
        statistics.median(load.requests_per_second for load in loads),
        statistics.median(load.p99_ms for load in loads),
        sum(load.failures for load in loads),
    )


def ratio(ours: list[Load], peers: list[Load]) -> float:
    """The median over the rounds of our requests per second over the peer's."""
    return statistics.median(
        mine.requests_per_second / theirs.requests_per_second for mine, theirs in zip(ours, peers, strict=True)
    )
