"""backup, restore and fsck, the care of the data folder; lifecycle and test-webhook, the rules of its buckets."""

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


def lifecycle(
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="TIME",
            help="As if it were then: +7d, 2026-12-24 or 2026-12-24T18:00 (UTC). Locks go by the real time.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what would be done.", show_default=False)
    ] = False,
    data: Data = None,
    profile: ProfileName = None,
    as_json: Json = False,
) -> None:
    """Follow the buckets' lifecycle rules now, which the origin does by itself at its start and once a day."""
    from calotype.cli.profiles import find_profile
    from calotype.cli.rules import run_lifecycle

    run_lifecycle(find_profile(data, profile), as_of, dry_run=dry_run, as_json=as_json)


def try_webhook(
    bucket: Annotated[str, typer.Argument(metavar="BUCKET", help="The bucket's name.")],
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The name of its event notification rule.")],
    data: Data = None,
    profile: ProfileName = None,
    as_json: Json = False,
) -> None:
    """Send a test event to the webhook of an event notification rule."""
    from calotype.cli.profiles import find_profile
    from calotype.cli.rules import send_test_event

    send_test_event(find_profile(data, profile), bucket, rule, as_json=as_json)
