"""Programs in JavaScript: those in tests/clients/javascript, run by the node that is installed beside Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NODE = str(Path(sys.executable).with_name("node"))
PACKAGES = Path(sys.prefix) / "npm" / "node_modules"
PROGRAMS = Path(__file__).parents[1] / "clients" / "javascript"


class Stories:
    """Called with a story's name and what is given to it; gives what the program answers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, story: str, **given: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"story": story, "given": given}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"failed": "the program has ended"}')
        assert "failed" not in answer, answer["failed"]
        return answer["told"]


def run_javascript(text: str, folder: Path, environment: Mapping[str, str]) -> str:
    """What a program prints that is run in the folder."""
    _with_packages(folder)
    (folder / "program.mjs").write_text(text)
    command = [NODE, str(folder / "program.mjs")]
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def running_program(name: str, folder: Path, **variables: str) -> Iterator[Stories]:
    """The program, kept running. It runs from a copy in the folder: node looks for packages beside a program."""
    home = folder / "program"
    shutil.copytree(PROGRAMS, home)
    _with_packages(home)
    process = subprocess.Popen(
        [NODE, str(home / name)],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Stories(process)
    finally:
        process.communicate(timeout=30)


def _with_packages(folder: Path) -> None:
    assert PACKAGES.is_dir(), f"the npm packages are not installed: scripts/install-node {sys.prefix}"
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(PACKAGES)
