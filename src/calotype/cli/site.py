"""plan, apply, doctor, check and config: the site as described and as it is."""

from __future__ import annotations

from typing import Annotated

import typer

from calotype.cli.help import Command, Group
from calotype.cli.options import Data, Json, ProfileName

config_app = typer.Typer(name="config", cls=Group, help="The settings of the site.", no_args_is_help=True)


@config_app.command("show", cls=Command)
def config_show(data: Data = None, as_json: Json = False) -> None:
    """Print every setting in force and where its value comes from."""
    from dataclasses import asdict

    from calotype.cli.output import print_json, print_table
    from calotype.cli.profiles import data_folder, loaded_site_in
    from calotype.site.text import rows

    settings = rows(loaded_site_in(data_folder(data)))
    if as_json:
        print_json([asdict(row) for row in settings])
        return
    print_table(
        ("Setting", "Value", "From", "Meaning"), [(row.setting, row.value, row.source, row.help) for row in settings]
    )


@config_app.command("default", cls=Command)
def config_default() -> None:
    """Print the commented calotype.toml of a new site."""
    from calotype.site.text import default_file

    print(default_file(), end="")


def check(
    url: Annotated[str, typer.Argument(metavar="URL", help="Any URL; https:// is assumed when no scheme is given.")],
    as_json: Json = False,
) -> None:
    """Fetch URL twice and tell what is cached, where, for how long and why.

    Works for any address, not only your own: MISS then HIT, Age, lifetimes and whose word they are, and headers
    that should have been removed on the way.
    """
    from calotype.cli.checking import check_url

    check_url(url, as_json=as_json)


def costs(
    account: Annotated[
        str | None,
        typer.Option(
            "--account",
            metavar="NAME",
            help="Of another account of the origin. Default: the site's.",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
    profile: ProfileName = None,
    as_json: Json = False,
) -> None:
    """Show what is used today, by class and bucket, against the caps, and what the month costs elsewhere.

    Stored bytes, downloads and calls with a forecast to midnight UTC; then the same month at the list prices of
    Backblaze B2, Amazon S3 and Cloudflare R2, behind Cloudflare, behind another CDN and without one.
    """
    from calotype.cli.costs import show_costs
    from calotype.cli.profiles import find_profile

    show_costs(find_profile(data, profile), account, as_json=as_json)


def plan(
    data: Data = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Also undo what was changed by hand.", show_default=False)
    ] = False,
    check_only: Annotated[
        bool, typer.Option("--check", help="Leave with code 7 when there are changes.", show_default=False)
    ] = False,
    as_json: Json = False,
) -> None:
    """Print what `apply` would change so that the running site is as calotype.toml describes it.

    + made, ~ changed, - removed, ! changed by hand and kept. Objects without our mark are left alone.
    """
    from calotype.cli.deploying import show_plan
    from calotype.cli.profiles import data_folder

    show_plan(data_folder(data), overwrite=overwrite, check_only=check_only, as_json=as_json)


def apply(
    data: Data = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Also undo what was changed by hand.", show_default=False)
    ] = False,
    as_json: Json = False,
) -> None:
    """Make the running site as calotype.toml describes it; what was changed by hand stays, unless --overwrite."""
    from calotype.cli.deploying import apply_site
    from calotype.cli.profiles import data_folder

    apply_site(data_folder(data), overwrite=overwrite, as_json=as_json)


def doctor(data: Data = None, profile: ProfileName = None, as_json: Json = False) -> None:
    """Send a real object through the whole chain and name the layer that fails.

    Origin, key, bucket, upload, download, edge MISS, edge HIT, headers, delete, purge.
    """
    from calotype.cli.examining import examine
    from calotype.cli.profiles import find_profile

    examine(find_profile(data, profile), as_json=as_json)
