"""The real `b2` command line tool, with an account cache of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

B2 = str(Path(sys.executable).with_name("b2"))


class B2Tool:
    """Called with the words of a command; `address` is the realm, as B2_ENVIRONMENT says it."""

    def __init__(self, address: str, folder: Path) -> None:
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "B2_ACCOUNT_INFO": str(folder / "account_info"),
            "B2_ENVIRONMENT": address,
            "NO_COLOR": "1",
        }

    def authorize(self, key_id: str, secret: str) -> None:
        self("account", "authorize", key_id, secret)

    def __call__(self, *arguments: str, fails: bool = False, **variables: str) -> str:
        """Standard output; with `fails` all that a command says which must fail."""
        done = subprocess.run(
            [B2, *arguments],
            env={**self._environment, **variables},
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        told = done.stdout + done.stderr
        assert (done.returncode != 0) is fails, told
        assert "Traceback" not in told, told
        return told if fails else done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments))
