"""What a started site was told by flags and variables, for the commands that run beside it.

`calotype up --edge HOST:PORT` is known to its own process only; the commands of another terminal read here what the
programs were started with. The file is there as long as the site runs.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from calotype.private_files import write_private
from calotype.site.loading import SETTINGS, LoadedSite, Setting
from calotype.site.settings import Site

FILE = Path("run", "started-with.json")


ALL = frozenset(setting.path for setting in SETTINGS)


def record_start(folder: Path, site: Site, loaded: LoadedSite, *, paths: Collection[str] = ALL) -> None:
    """Keeps those settings of the running `site` that the file in `folder` does not say.

    A program that runs alone names the `paths` it is started with; what others recorded stays.
    """
    said = _others(folder, paths) | {
        setting.variable: _text(setting, setting.value_in(site))
        for setting in SETTINGS
        if setting.path in paths and _differs(setting, site, loaded)
    }
    _write(folder, said)


def forget_start(folder: Path, *, paths: Collection[str] = ALL) -> None:
    _write(folder, _others(folder, paths))


def _others(folder: Path, paths: Collection[str]) -> dict[str, str]:
    ours = {setting.variable for setting in SETTINGS if setting.path in paths}
    return {name: text for name, text in started_with(folder).items() if name not in ours}


def _write(folder: Path, said: Mapping[str, str]) -> None:
    if said:
        write_private(folder / FILE, json.dumps(said, indent=1) + "\n")
    else:
        (folder / FILE).unlink(missing_ok=True)


def _differs(setting: Setting, site: Site, loaded: LoadedSite) -> bool:
    from_outside = loaded.sources[setting.path].startswith(("--", "CALOTYPE_"))
    return from_outside or setting.value_in(site) != setting.value_in(loaded.site)


def started_with(folder: Path) -> Mapping[str, str]:
    """The `CALOTYPE_…` variables that stand for how the site of `folder` was started; none when it does not run."""
    try:
        said = json.loads((folder / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(text) for name, text in said.items()} if isinstance(said, dict) else {}


def _text(setting: Setting, value: object) -> str:
    """The value as a variable holds it."""
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return ",".join(str(each) for each in value)
    return setting.written(value).strip('"')
