"""A whole site, started as a user starts it: `calotype up` in a folder of its own, on free ports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from support.ports import free_ports
from support.processes import descendants, process_name

CALOTYPE = str(Path(sys.executable).with_name("calotype"))
START_DEADLINE_S = 60


@dataclass(slots=True)
class RunningSite:
    """`edge`, `console`, `origin` and `control` are URLs without a trailing slash."""

    folder: Path
    edge: str
    console: str
    origin: str
    control: str
    environment: Mapping[str, str]
    output: Path
    process: subprocess.Popen[bytes] | None = None
    flags: tuple[str, ...] = field(default_factory=tuple)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        command = [CALOTYPE, "up", "--data", str(self.data)]
        for name in ("edge", "console", "origin", "control"):
            command += [f"--{name}", getattr(self, name).removeprefix("http://")]
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [*command, *self.flags], env=dict(self.environment), stdout=output, stderr=output, cwd=self.folder
            )
        self.wait_until_up()

    def wait_until_up(self) -> None:
        """Until the site is deployed: its banner is printed last."""
        assert self.process is not None
        until = time.monotonic() + START_DEADLINE_S
        already = self.output.read_text().count("Ctrl-C stops everything") if self.output.exists() else 0
        while self.output.read_text().count("Ctrl-C stops everything") == already:
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < until, self.output.read_text()
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)

    def edge_workers(self) -> list[int]:
        """The process ids of the edge's workers, by the names that the supervisor gives its children."""
        assert self.process is not None
        return [pid for pid in descendants(self.process.pid) if process_name(pid).startswith("edge-worker")]

    def calotype(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a command of the CLI against this site."""
        done = subprocess.run(
            [CALOTYPE, *arguments], env=dict(self.environment), capture_output=True, text=True, cwd=self.folder
        )
        assert not check or done.returncode == 0, f"calotype {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return done

    def calotype_json(self, *arguments: str) -> Any:
        return json.loads(self.calotype(*arguments, "--json").stdout)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """A viewer's GET at the edge."""
        return httpx.get(self.edge + path, **options)


def make_site(folder: Path, *flags: str, **environment: str) -> RunningSite:
    """A site that is described but not started."""
    home = folder / "home"
    home.mkdir(parents=True)
    edge, console, origin, control = (f"http://127.0.0.1:{port}" for port in free_ports(4))
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("CALOTYPE_", "XDG_", "AWS_", "B2_"))
    }
    return RunningSite(
        folder=folder,
        edge=edge,
        console=console,
        origin=origin,
        control=control,
        environment={
            **inherited,
            "HOME": str(home),
            "CALOTYPE_DATA": str(folder / "data"),
            **environment,
        },
        output=folder / "output",
        flags=flags,
    )


@contextmanager
def running_site(folder: Path, *flags: str, **environment: str) -> Iterator[RunningSite]:
    """A started site, stopped at the end of the block."""
    site = make_site(folder, *flags, **environment)
    site.start()
    try:
        yield site
    finally:
        if site.process is not None and site.process.poll() is None:
            site.stop()
