"""A client that is a program: run with the words of a command, in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

LONGEST_RUN_S = 110


class ClientProgram:
    """Called with the words after the program's own; of this machine's environment it knows only where programs are."""

    def __init__(self, *program: str, environment: Mapping[str, str]) -> None:
        self._program = program
        self._environment = {"PATH": os.environ["PATH"], **environment}

    def __call__(self, *arguments: str, content: str = "", fails: bool = False, **variables: str) -> str:
        """Standard output; with `fails` all that a command says which must fail."""
        done = subprocess.run(
            [*self._program, *arguments],
            env={**self._environment, **variables},
            input=content,
            capture_output=True,
            text=True,
            timeout=LONGEST_RUN_S,
            check=False,
        )
        told = done.stdout + done.stderr
        assert (done.returncode != 0) is fails, f"{arguments}\n{told}"
        assert "Traceback" not in told, told
        return told if fails else done.stdout

    def json(self, *arguments: str, **variables: str) -> Any:
        return json.loads(self(*arguments, **variables))
