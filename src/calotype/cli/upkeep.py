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

    The master key is not in it: keep ~/.config/calotype/master.key apart. Without it `restore --new-master-key`
    brings back every object that the origin did not encrypt with it (SSE-B2); application keys must be made anew.
    """
    from calotype.cli.caring import make_backup

    make_backup(target, data, as_json=as_json)


def restore(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that `calotype backup` made.")],
    data: Data = None,
    new_master_key: Annotated[
        bool,
        typer.Option(
            "--new-master-key",
            help="The master key is lost: leave out the application keys that only it opens. All objects come back, but"
            " those that it encrypted (SSE-B2) stay unreadable.",
            show_default=False,
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a data folder from a backup. The data folder must be new or empty; `calotype up` then starts it.

    The master key that the site was made with must be in ~/.config/calotype/master.key or in CALOTYPE_MASTER_KEY.
    """
    from calotype.cli.caring import restore_site

    restore_site(source, data, new_master_key=new_master_key, as_json=as_json)


def fsck(data: Data = None, profile: ProfileName = None, as_json: Json = False) -> None:
    """Check every object's bytes against its digest and sweep what belongs to none. The site may run meanwhile."""
    from calotype.cli.caring import check_store

    check_store(data, profile, as_json=as_json)
