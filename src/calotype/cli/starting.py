"""From the command to its program: a fresh interpreter takes this process over.

The command line library and what it imports would otherwise stay in the memory of every process that the program
forks. Settings travel as JSON in the argument; secrets never do, since everyone may read a process's arguments.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from typing import Any

from calotype.cli.errors import CommandError, ExitCode

SERVER_PACKAGES = ("uvloop", "httptools", "cryptography", "starlette", "uvicorn", "jinja2", "h2")


def become_program(name: str, settings: dict[str, Any]) -> None:
    """Replaces this process by the program; does not return."""
    require_server_packages()
    sys.stdout.flush()
    sys.stderr.flush()
    settings["command"] = command_name()
    os.execv(sys.executable, [sys.executable, "-m", "calotype.programs.launch", name, json.dumps(settings)])


def require_server_packages() -> None:
    missing = [package for package in SERVER_PACKAGES if not _is_installed(package)]
    if missing:
        raise CommandError(
            "The servers cannot start",
            f"{', '.join(missing)} is not installed",
            "Install them with `pip install 'calotype[server]'`",
            ExitCode.SETTINGS,
        )


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ImportError:
        return False


def command_name() -> str:
    """How a person would call this program again: by its name when the path leads to it, else as it was called."""
    called = sys.argv[0]
    name = os.path.basename(called)
    found = shutil.which(name)
    return name if found is not None and os.path.exists(called) and os.path.samefile(found, called) else called
