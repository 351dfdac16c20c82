"""The README is true: every command in it is run here, in its order, as a newcomer runs it."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from support.site import CALOTYPE, RunningSite, make_site

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text()
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
TOUR = [command for command in COMMANDS if not command.startswith("make ")]


def test_readme_leads_with_up_and_test() -> None:
    assert COMMANDS[:2] == ["make up", "make test"]


def test_readme_names_only_files_that_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (REPOSITORY / target).exists(), target


@pytest.mark.parametrize("folder", ["/srv/photos", "/srv/my photos", "/srv/it's here; no"])
def test_make_up_runs_the_program_of_the_tour(folder: str) -> None:
    command = ["make", "--dry-run", "up", f"DATA={folder}", "EDGE=127.0.0.1:8080", "ARGS=--tls 127.0.0.1:8443"]
    shown = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    (line,) = [line for line in shown.splitlines() if "calotype up" in line]
    options = ["--data", folder, "--edge", "127.0.0.1:8080", "--tls", "127.0.0.1:8443"]
    assert shlex.split(line) == ["exec", ".venv/bin/calotype", "up", *options]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> RunningSite:
    return make_site(tmp_path_factory.mktemp("readme"))


def test_every_command_of_the_tour_works_against_a_running_site(site: RunningSite) -> None:
    site.start()
    try:
        for command in TOUR:
            done = subprocess.run(
                ["bash", "-c", command.replace(".venv/bin/calotype", shlex.quote(CALOTYPE))],
                cwd=REPOSITORY, env=dict(site.environment), capture_output=True, text=True,
            )  # fmt: skip
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    finally:
        assert site.stop() == 0


def test_a_second_start_finds_nothing_to_change(site: RunningSite) -> None:
    site.start()
    try:
        assert "nothing to change" in site.calotype("plan").stdout.lower()
    finally:
        assert site.stop() == 0
