"""The data folder of a site: where it is, its calotype.toml, and the credentials that the programs share.

`credentials.json` (mode 0600) holds what one machine's programs and commands need to talk to each other: the owner's
application key and the control plane's token. `deployed.json` remembers what the last deployment wrote.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The name stays importable from here, where most that keep files in the data folder look for it.
from calotype.private_files import write_private
from calotype.site.loading import FILE_NAME, LoadedSite, load_site
from calotype.site.source import SettingsError
from calotype.site.text import default_file

CREDENTIALS_FILE = "credentials.json"
OWNER_KEY_NAME = "owner"


@dataclass(frozen=True, slots=True)
class OwnerKey:
    """An application key that may do everything on this origin."""

    key_id: str
    application_key: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """None for what has not been made yet."""

    owner: OwnerKey | None = None
    control_token: str | None = None


def default_folder(environment: Mapping[str, str]) -> Path:
    """$CALOTYPE_DATA, else calotype/ in $XDG_DATA_HOME, else ~/.local/share/calotype."""
    if named := environment.get("CALOTYPE_DATA"):
        return Path(named).absolute()
    home = environment.get("XDG_DATA_HOME") or Path(environment.get("HOME") or "~", ".local", "share")
    return Path(home, "calotype").expanduser().absolute()


def read_site(
    folder: Path,
    *,
    variables: Mapping[str, str],
    flags: Mapping[str, Any],
    renamed: Mapping[str, str] | None = None,
) -> LoadedSite:
    """The site described in the folder; without a file, by defaults, variables and flags, as `load_site` takes them.

    Raises `SettingsError`.
    """
    path = folder / FILE_NAME
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{path} cannot be read: {exc}\nexpected a text file in UTF-8") from exc
    return load_site(text, file_name=str(path), variables=variables, flags=flags, renamed=renamed)


def write_default_site(folder: Path) -> Path | None:
    """The path of the commented calotype.toml that this made; None when there was one already."""
    path = folder / FILE_NAME
    if path.exists():
        return None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(default_file(), "utf-8")
    return path


def load_credentials(folder: Path) -> Credentials:
    """What credentials.json holds, empty without one. Raises `SettingsError` when it is damaged."""
    path = folder / CREDENTIALS_FILE
    try:
        document = json.loads(path.read_text("utf-8"))
        owner = document.get("owner")
        return Credentials(
            OwnerKey(owner["keyId"], owner["applicationKey"]) if owner else None, document.get("controlToken")
        )
    except FileNotFoundError:
        return Credentials()
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise SettingsError(
            f"{path} is damaged: {exc!r}\nexpected JSON with owner and controlToken; restore it from a backup"
        ) from exc


def save_credentials(folder: Path, credentials: Credentials) -> None:
    owner = credentials.owner
    document = {
        "owner": {"keyId": owner.key_id, "applicationKey": owner.application_key} if owner else None,
        "controlToken": credentials.control_token,
    }
    write_private(folder / CREDENTIALS_FILE, json.dumps(document, indent=1) + "\n")
