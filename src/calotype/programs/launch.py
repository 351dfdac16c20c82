"""`python -m calotype.programs.launch NAME SETTINGS`: one program, in an interpreter that holds nothing else.

The commands hand over to it with their settings as JSON; they hold no secrets, which everyone could read there.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from calotype.programs.supervisor import log, report
from calotype.site import Site
from calotype.site_folder import read_site


def launch(name: str, settings: Mapping[str, Any]) -> int:
    """Runs the program until it is stopped; its exit code. What it raises is reported as for a supervised child."""
    try:
        return PROGRAMS[name](settings)
    except KeyboardInterrupt:
        return 130
    except Exception as exc:
        report("", exc)
        return 1


def _up(settings: Mapping[str, Any]) -> int:
    from calotype.programs import up

    return up.run(up.UpSettings(Path(settings["data"]), settings["flags"], settings["command"]))


def _origin(settings: Mapping[str, Any]) -> int:
    from calotype.programs import origin, up

    folder = Path(settings["data"])
    site = site_of(folder, settings)
    origin.run(up.origin_settings(site, folder), lambda: log(f"the origin answers at {site.origin_url}"))
    return 0


def _console(settings: Mapping[str, Any]) -> int:
    from calotype.programs import console, up

    folder = Path(settings["data"])
    site = site_of(folder, settings)
    console.run(up.console_settings(site, folder), lambda: log(f"the console answers at {site.console_url}"))
    return 0


def site_of(folder: Path, settings: Mapping[str, Any]) -> Site:
    return read_site(folder, variables=os.environ, flags=settings["flags"]).site


PROGRAMS: Mapping[str, Callable[[Mapping[str, Any]], int]] = {"up": _up, "origin": _origin, "console": _console}


if __name__ == "__main__":
    sys.exit(launch(sys.argv[1], json.loads(sys.argv[2])))
