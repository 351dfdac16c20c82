"""`python -m calotype.programs.launch NAME SETTINGS`: one program, in an interpreter that holds nothing else.

The commands hand over to it with their settings as JSON; they hold no secrets, which everyone could read there.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from calotype.programs.supervisor import Ready, log, report
from calotype.site.folder import read_site
from calotype.site.running import forget_start, record_start
from calotype.site.settings import Site

Settings = Mapping[str, Any]


def launch(name: str, settings: Settings) -> int:
    """Runs the program until it is stopped; its exit code. What it raises is reported as for a supervised child."""
    try:
        return PROGRAMS[name](settings)
    except KeyboardInterrupt:
        return 130
    except Exception as exc:
        report("", exc)
        return 1


def _up(settings: Settings) -> int:
    from calotype.programs import up

    return up.run(up.UpSettings(Path(settings["data"]), settings["flags"], settings["command"]))


def _origin(settings: Settings) -> int:
    from calotype.programs import origin, up

    with _alone(settings, "listen.origin") as (site, folder, record):

        def ready() -> None:
            record()
            log(f"the origin answers at {site.origin_url}")

        origin.run(up.origin_settings(site, folder), ready)
    return 0


def _edge(settings: Settings) -> int:
    from calotype.programs import edge, up

    with _alone(settings, "listen.edge", "listen.control") as (site, folder, record):
        chosen = {name: settings[name] for name in ("front", "workers", "mode") if settings[name] is not None}
        wanted = replace(up.edge_settings(site, folder), **chosen)

        def ready() -> None:
            record()
            log(f"the edge answers at {wanted.listen}")

        return edge.run(wanted, ready)


def _console(settings: Settings) -> int:
    from calotype.programs import console, up

    with _alone(settings, "listen.console") as (site, folder, record):

        def ready() -> None:
            record()
            log(f"the console answers at {site.console_url}")

        console.run(up.console_settings(site, folder), ready)
    return 0


@contextmanager
def _alone(settings: Settings, *paths: str) -> Iterator[tuple[Site, Path, Ready]]:
    """(site, data folder, what to call once it serves) of a program that runs alone.

    From then on until it stops, commands know the addresses at `paths`; a start that fails changes nothing.
    """
    folder = Path(settings["data"])
    loaded = read_site(folder, variables=os.environ, flags=settings["flags"])
    recorded = False

    def record() -> None:
        nonlocal recorded
        recorded = True
        record_start(folder, loaded.site, loaded, paths=paths)

    try:
        yield loaded.site, folder, record
    finally:
        if recorded:
            forget_start(folder, paths=paths)


PROGRAMS: Mapping[str, Callable[[Settings], int]] = {
    "up": _up,
    "origin": _origin,
    "edge": _edge,
    "console": _console,
}


if __name__ == "__main__":
    sys.exit(launch(sys.argv[1], json.loads(sys.argv[2])))
