"""`python -m calotype.programs.launch NAME SETTINGS`: one program, in an interpreter that holds nothing else.

The commands hand over to it with their settings as JSON; they hold no secrets, which everyone could read there.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from calotype.programs.addresses import CannotListen, require_free_addresses
from calotype.programs.certificate_folder import require_certificate_folders
from calotype.programs.folder_owner import make_data_folder, one_owner, wait_for_the_former
from calotype.programs.supervisor import Ready, log, report
from calotype.serve.errors import AddressInUse
from calotype.site.folder import read_site
from calotype.site.loading import CERTIFICATES_OF, unknown_variables
from calotype.site.running import forget_start, record_start
from calotype.site.settings import Site
from calotype.site.source import SettingsError, WrongArgument

Settings = Mapping[str, Any]


def launch(name: str, settings: Settings) -> int:
    """Runs the program until it is stopped; its exit code. What it raises is reported as for a supervised child."""
    logging.basicConfig(stream=sys.stderr, format="calotype: %(message)s", level=logging.WARNING)
    for each in unknown_variables(os.environ):
        log(each)
    try:
        return PROGRAMS[name](settings)
    except KeyboardInterrupt:
        return 130
    except Exception as exc:
        report("", exc)
        return exit_code_of(exc)


def exit_code_of(exc: Exception) -> int:
    """As `calotype --help` lists them: 2 for a wrong argument, 3 for a setting, 1 for anything else."""
    from calotype.master_key import MasterKeyError
    from calotype.store.errors import WrongMasterKey

    if isinstance(exc, WrongArgument):
        return 2
    if isinstance(exc, SettingsError | CannotListen | AddressInUse | MasterKeyError | WrongMasterKey):
        return 3
    return 1


def _up(settings: Settings) -> int:
    from calotype.programs import up

    return up.run(up.UpSettings(Path(settings["data"]), settings["flags"], settings["command"]))


def _origin(settings: Settings) -> int:
    from calotype.programs import origin, up

    renamed = {"--tls": "listen.origin_tls", "--certificates": "origin.certificates"}
    with _alone(settings, "origin", "origin_tls", renamed=renamed) as (site, folder, record):

        def ready() -> None:
            record()
            log(f"the origin answers at {site.origin_url}")
            if site.listen.origin_tls is not None:
                log(f"and with TLS at {site.listen.origin_tls}")

        origin.run(up.origin_settings(site, folder), ready)
    return 0


def _edge(settings: Settings) -> int:
    from calotype.programs import edge, up
    from calotype.programs.master_keys import load_master_key

    if settings["front"] is not None:
        _require_front(settings["front"])
    names = ("edge", "tls") if settings["front"] is not None else ("edge", "tls", "control")
    with _alone(settings, *names) as (site, folder, record):
        chosen = {name: settings[name] for name in ("front", "workers", "mode") if settings[name] is not None}
        wanted = replace(up.edge_settings(site, folder), **chosen)

        def ready() -> None:
            record()
            log(f"the edge answers at {wanted.listen}")

        wait_for_the_former(folder)
        with one_owner(folder, f"calotype edge at {wanted.listen}"):
            if wanted.front is None:
                load_master_key(folder)
            return edge.run(wanted, ready)


def _require_front(url: str) -> None:
    from calotype.edge.origin_request import address_of_front

    try:
        address_of_front(url)
    except ValueError as exc:
        raise WrongArgument(
            f"--front is {url!r}, which is no origin\nexpected http://HOST:PORT or https://HOST:PORT, without a path"
        ) from exc


def _console(settings: Settings) -> int:
    from calotype.programs import console, up

    with _alone(settings, "console") as (site, folder, record):

        def ready() -> None:
            record()
            log(f"the console answers at {site.console_url}")

        console.run(up.console_settings(site, folder), ready)
    return 0


@contextmanager
def _alone(
    settings: Settings, *names: str, renamed: Mapping[str, str] | None = None
) -> Iterator[tuple[Site, Path, Ready]]:
    """(site, data folder, what to call once it serves) of a program that runs alone, at the addresses of these names.

    `--listen` gives the first; `renamed` maps other flags of this program to the path of their setting.
    Once it serves and until it stops, commands know the addresses; a start that fails changes nothing.
    """
    folder = Path(settings["data"])
    paths = [f"listen.{name}" for name in names]
    renamed = {"--listen": paths[0], **(renamed or {})}
    loaded = read_site(folder, variables=os.environ, flags=settings["flags"], renamed=renamed)
    require_certificate_folders(folder, loaded, paths)
    flags = {path.removeprefix("listen."): flag for flag, path in renamed.items()}
    require_free_addresses(loaded.site, loaded.sources, names=names, flags=flags)
    make_data_folder(folder)
    told = [*paths, *(CERTIFICATES_OF[path] for path in paths if path in CERTIFICATES_OF)]
    recorded = False

    def record() -> None:
        nonlocal recorded
        recorded = True
        record_start(folder, loaded.site, loaded, paths=told)

    try:
        yield loaded.site, folder, record
    finally:
        if recorded:
            forget_start(folder, paths=told)


PROGRAMS: Mapping[str, Callable[[Settings], int]] = {
    "up": _up,
    "origin": _origin,
    "edge": _edge,
    "console": _console,
}


if __name__ == "__main__":
    sys.exit(launch(sys.argv[1], json.loads(sys.argv[2])))
