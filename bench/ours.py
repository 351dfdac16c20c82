"""Calotype as its users start it, and the bare HTTP layer under it, on the servers' CPU."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.peers import free_port, pinned, wait_for_port
from bench.s3 import S3Access

CALOTYPE = str(Path(sys.executable).with_name("calotype"))
START_DEADLINE_S = 60


@dataclass(frozen=True, slots=True)
class OurSite:
    edge: str
    origin: str
    bucket: str
    key_id: str
    application_key: str
    pid: int
    started_in_s: float  # from the command to the first picture's worth of an answer at the edge


@contextmanager
def site(folder: Path, *, workers: int) -> Iterator[OurSite]:
    """`calotype up` with this many edge workers in a folder of its own."""
    data, home = folder / "data", folder / "home"
    data.mkdir()
    home.mkdir()
    (data / "calotype.toml").write_text(f"[edge]\nworkers = {workers}\n")
    ports = {name: free_port() for name in ("edge", "console", "origin", "control")}
    command = [CALOTYPE, "up", "--data", str(data)]
    for name, port in ports.items():
        command += [f"--{name}", f"127.0.0.1:{port}"]
    began = time.monotonic()
    with pinned(["env", f"HOME={home}", *command], folder) as process:
        wait_for_port(ports["edge"])
        started_in_s = time.monotonic() - began
        wait_for_output(folder / "output", "Ctrl-C stops everything")
        owner = json.loads((data / "credentials.json").read_text())["owner"]
        yield OurSite(
            edge=f"http://127.0.0.1:{ports['edge']}",
            origin=f"http://127.0.0.1:{ports['origin']}",
            bucket="photos",
            key_id=owner["keyId"],
            application_key=owner["applicationKey"],
            pid=process.pid,
            started_in_s=started_in_s,
        )


@dataclass(frozen=True, slots=True)
class OurOrigin:
    url: str
    key_id: str
    application_key: str
    pid: int


@contextmanager
def origin(folder: Path) -> Iterator[OurOrigin]:
    """`calotype origin` alone, in the folder of an earlier run or in a new one."""
    data, home = folder / "data", folder / "home"
    data.mkdir(exist_ok=True)
    home.mkdir(exist_ok=True)
    port = free_port()
    command = ["env", f"HOME={home}", CALOTYPE, "origin", "--data", str(data), "--listen", f"127.0.0.1:{port}"]
    with pinned(command, folder) as process:
        wait_for_port(port)
        url = f"http://127.0.0.1:{port}"
        wait_for_output(folder / "output", url)
        owner = json.loads((data / "credentials.json").read_text())["owner"]
        yield OurOrigin(url, owner["keyId"], owner["applicationKey"], process.pid)


def s3_of(origin: OurOrigin) -> S3Access:
    return S3Access(origin.url, origin.key_id, origin.application_key)


def memory_line(peak: int) -> str:
    """What a figure says of the origin's memory; `peak` as from `peak_resident`."""
    return f"The origin's memory meanwhile: at most **{peak / 1e6:.0f} MB** (RSS)."


def wait_for_output(output: Path, awaited: str) -> None:
    until = time.monotonic() + START_DEADLINE_S
    while awaited not in output.read_text():
        if time.monotonic() > until:
            raise TimeoutError(output.read_text())
        time.sleep(0.05)


@contextmanager
def bare_layer(folder: Path, answers: dict[str, bytes]) -> Iterator[str]:
    """The address of `serve` alone, answering constant bytes from its synchronous path: what the rest costs."""
    port = free_port()
    for name, body in answers.items():
        (folder / name).write_bytes(body)
    script = str(Path(__file__).with_name("bare.py"))
    with pinned([sys.executable, script, str(port), str(folder), *answers], folder):
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"
