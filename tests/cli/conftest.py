"""A whole site, started once, and the commands run in this process beside it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from calotype.cli.app import run
from support.site import RunningSite, running_site


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Command = Callable[..., Outcome]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with running_site(tmp_path_factory.mktemp("site")) as started:
        yield started


@pytest.fixture
def calotype(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Runs a command as a user without any settings would; `stdin` is piped in."""

    def call(*arguments: str, variables: Mapping[str, str] | None = None, stdin: str = "") -> Outcome:
        for name in [each for each in os.environ if each.startswith(("CALOTYPE_", "XDG_"))]:
            monkeypatch.delenv(name)
        for name, value in {"HOME": str(tmp_path), **(variables or {})}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["calotype", *arguments])
        (tmp_path / "stdin").write_text(stdin)
        code: object = 0
        with (tmp_path / "stdin").open() as piped:
            monkeypatch.setattr(sys, "stdin", piped)
            try:
                run()
            except SystemExit as exc:
                code = exc.code
        captured = capsys.readouterr()
        return Outcome(code if isinstance(code, int) else int(code is not None), captured.out, captured.err)

    return call


@pytest.fixture
def beside(calotype: Command, site: RunningSite) -> Command:
    """Runs a command on the data folder of the running site."""

    def call(*arguments: str, stdin: str = "") -> Outcome:
        return calotype(*arguments, variables={"CALOTYPE_DATA": str(site.data)}, stdin=stdin)

    return call
