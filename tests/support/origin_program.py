"""`calotype origin` as a process of its own, started as a user starts it: what real clients are pointed at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from calotype.site.folder import OwnerKey, load_credentials
from support.ports import free_ports

CALOTYPE = str(Path(sys.executable).with_name("calotype"))
START_DEADLINE_S = 30


@dataclass(frozen=True, slots=True)
class OriginProgram:
    """`address` is the realm, a URL without a slash at the end; `owner` a key that may do everything."""

    address: str
    data: Path
    owner: OwnerKey
    environment: dict[str, str]
    output: Path

    def calotype_json(self, *arguments: str) -> Any:
        """The answer of a command of the CLI, run beside the origin."""
        command = [CALOTYPE, *arguments, "--json"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


@contextmanager
def running_origin(folder: Path, *flags: str, **variables: str) -> Iterator[OriginProgram]:
    """An origin on a free port, its data in `folder`, stopped at the end of the block."""
    (port,) = free_ports(1)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CALOTYPE_", "XDG_"))}
    data, output = folder / "data", folder / "output"
    (folder / "home").mkdir(parents=True)
    environment = {**inherited, "HOME": str(folder / "home"), "CALOTYPE_DATA": str(data), **variables}
    with output.open("wb") as writing:
        process = subprocess.Popen(
            [CALOTYPE, "origin", "--listen", f"127.0.0.1:{port}", *flags],
            env=environment,
            stdout=writing,
            stderr=writing,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_it_answers(address, process, output)
        owner = load_credentials(data).owner
        assert owner is not None, output.read_text()
        yield OriginProgram(address, data, owner, environment, output)
    finally:
        process.terminate()
        code = process.wait(30)
    assert code == 0, output.read_text()
    assert "Traceback" not in output.read_text(), output.read_text()


def _wait_until_it_answers(address: str, process: subprocess.Popen[bytes], output: Path) -> None:
    until = time.monotonic() + START_DEADLINE_S
    while True:
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < until, output.read_text()
        try:
            httpx.get(f"{address}/healthz")
            return
        except httpx.TransportError:
            time.sleep(0.05)
