"""upload, ls and rm: pictures by name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calotype.cli.options import Data, Json, ProfileName
from calotype.upload.links import LinkFormat

Bucket = Annotated[str | None, typer.Option("--bucket", help="Another bucket than the site's.", show_default=False)]

_FORMATS = "url, markdown, html or bbcode"


def upload(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="The pictures to put in.", show_default=False)],
    link_format: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help=f"How to print the links: {_FORMATS}.")
    ] = LinkFormat.URL.value,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="The object's whole name, for one FILE. Replaces what is there; its URL stays. Default: by template.",
            show_default=False,
        ),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            "--template",
            metavar="TEMPLATE",
            help="Name template for this upload, such as %y/%mo/%fn. Default: the setting site.file_name.",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
    profile: ProfileName = None,
    as_json: Json = False,
) -> None:
    """Put pictures into the site and print their links, in order, once viewers can fetch them."""
    from calotype.cli.profiles import find_profile
    from calotype.cli.uploading import UploadOptions, upload_files

    options = UploadOptions(_format(link_format), name, template, as_json)
    upload_files(find_profile(data, profile), files, options)


def _format(text: str) -> LinkFormat:
    from calotype.cli.errors import CommandError, ExitCode

    try:
        return LinkFormat(text.lower())
    except ValueError:
        raise CommandError(f"--format is {text!r}", f"it must be {_FORMATS}", "", ExitCode.USAGE) from None


def ls(
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="Only names that begin so.")] = "",
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Go into folders.", show_default=False)] = False,
    bucket: Bucket = None,
    data: Data = None,
    profile: ProfileName = None,
    as_json: Json = False,
) -> None:
    """List the objects of the site's bucket with their sizes; folders end in a slash."""
    from calotype.cli.listing import list_objects
    from calotype.cli.profiles import find_profile

    list_objects(find_profile(data, profile), prefix, bucket=bucket, recursive=recursive, as_json=as_json)


def rm(
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="Object names, or their links.")],
    all_versions: Annotated[
        bool,
        typer.Option("--all-versions", help="Remove the bytes for good, former versions too.", show_default=False),
    ] = False,
    bucket: Bucket = None,
    data: Data = None,
    profile: ProfileName = None,
    as_json: Json = False,
) -> None:
    """Delete objects and purge them at the edge. Their versions stay for a restore unless --all-versions is given."""
    from calotype.cli.listing import remove_objects
    from calotype.cli.profiles import find_profile

    remove_objects(find_profile(data, profile), names, bucket=bucket, all_versions=all_versions, as_json=as_json)
