"""backup, restore and fsck: the care of the data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calotype.cli.options import Data, Json, ProfileName


def backup(
    target: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A new or empty folder, on the machine of the origin.")
    ],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Copy the whole site into FOLDER, consistently, while it runs.

    The master key is not in it: keep ~/.config/calotype/master.key apart. Without it the pictures can be restored,
    but application keys and stored credentials must be made anew.
    """
    from calotype.cli.caring import make_backup

    make_backup(target, data, as_json=as_json)


def restore(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that `calotype backup` made.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make a data folder from a backup. The data folder must be new or empty; `calotype up` then starts it."""
    from calotype.cli.caring import restore_site

    restore_site(source, data, as_json=as_json)


def fsck(data: Data = None, profile: ProfileName = None, as_json: Json = False) -> None:
    """Check every object's bytes against its digest and sweep what belongs to none. The site may run meanwhile."""
    from calotype.cli.caring import check_store

    check_store(data, profile, as_json=as_json)
