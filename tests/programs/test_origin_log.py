"""What the owner is told of a cap that is used up: in the origin's log and by the commands."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import httpx

from support.origin_program import CALOTYPE, OriginProgram, running_origin

TOLD_WITHIN_S = 10


def test_an_alert_stands_in_the_log_as_every_line_of_calotype_does(tmp_path: Path) -> None:
    with running_origin(tmp_path, CALOTYPE_CAPS_CLASS_C="1") as origin:
        key = origin.owner.key_id, origin.owner.application_key
        answers = [httpx.get(f"{origin.address}/b2api/v4/b2_authorize_account", auth=key) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 403]
        until = time.monotonic() + TOLD_WITHIN_S
        while "is used up" not in (text := origin.output.read_text()):
            assert time.monotonic() < until, text
            time.sleep(0.05)
        line = "calotype: all of the cap on calls of class C (1 a day) is used up; `calotype costs` shows by what"
        assert line in origin.output.read_text().splitlines()
        refused = answer_of(origin, "keys", "list")
        assert refused.returncode == 1
        assert "`calotype costs` shows which cap is used up." in refused.stderr
        costs = answer_of(origin, "costs").stdout.splitlines()
        assert "! more than the cap, when the day goes on as it began" in costs
        assert (
            "All of today's cap on calls of class C is used up. Such calls beyond it are refused until 00:00 UTC."
            in costs
        )


def answer_of(origin: OriginProgram, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [CALOTYPE, *arguments]
    return subprocess.run(command, env=origin.environment, capture_output=True, text=True, check=False)
