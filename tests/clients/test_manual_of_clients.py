"""docs/clients-b2.md, command by command: what it tells the users of B2 programs to type works."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.photographs import photograph

PAGE = (Path(__file__).parents[2] / "docs" / "clients-b2.md").read_text()
ADDRESS = "http://127.0.0.1:9000"
BUCKET, _, B2, RCLONE, RESTIC = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
(PYTHON,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def typed(origin_program, tmp_path_factory):
    """Runs the page's lines as someone would who has made the bucket and holds the key."""
    folder = tmp_path_factory.mktemp("manual")
    (folder / "pictures").mkdir()
    (folder / "pictures" / "a.png").write_bytes(photograph("coffee.png").read_bytes())
    environment = {
        **origin_program.environment,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "B2_APPLICATION_KEY_ID": origin_program.owner.key_id,
        "B2_APPLICATION_KEY": origin_program.owner.application_key,
    }

    def run(*command: str) -> str:
        command = tuple(part.replace(ADDRESS, origin_program.address) for part in command)
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, timeout=100, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("sh", "-eu", "-c", BUCKET)
    return run


def test_the_b2_tool(typed, origin_program):
    told = typed("sh", "-eu", "-c", B2)
    assert told.endswith(f"pictures/a.png\n{origin_program.address}/file/holiday-2026/pictures/a.png\n")


def test_b2sdk(typed):
    typed(sys.executable, "-c", PYTHON)


def test_rclone_and_restic_over_it(typed):
    typed("sh", "-eu", "-c", RCLONE)
    assert "no errors were found" in typed("sh", "-eu", "-c", RESTIC)
