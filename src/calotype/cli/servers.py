"""up, origin, edge and console: the commands that run until they are stopped."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from calotype.cli import options
from calotype.cli.options import Data


class Mode(StrEnum):
    RFC = "rfc"
    CLOUDFLARE = "cloudflare"


def up(
    data: Data = None,
    edge: options.Edge = None,
    console: options.Console = None,
    origin: options.Origin = None,
    control: options.Control = None,
    tls: options.Tls = None,
    certificates: options.Certificates = None,
    origin_tls: options.OriginTls = None,
    origin_certificates: options.OriginCertificates = None,
    lan: options.Lan = False,
) -> None:
    """Start the whole site on this machine: origin, edge and console, and deploy calotype.toml onto them.

    The first start writes a commented calotype.toml into the data folder and shows, once, a random console password
    and the key of the first bucket. Ctrl-C stops everything.
    """
    from calotype.cli.profiles import data_folder
    from calotype.cli.starting import become_program

    addresses = {"--edge": edge, "--console": console, "--origin": origin, "--control": control}
    with_tls = {**_tls_flags(tls, certificates), **_tls_flags(origin_tls, origin_certificates, prefix="--origin-")}
    flags = {**addresses, **with_tls, "--lan": lan}
    become_program("up", {"data": str(data_folder(data)), "flags": flags})


def origin(
    data: Data = None,
    listen: Annotated[
        str | None,
        typer.Option(
            "--listen",
            metavar="HOST:PORT",
            help="Where to listen. Default: 127.0.0.1:9000, or the setting listen.origin.",
            show_default=False,
        ),
    ] = None,
    tls: Annotated[
        str | None,
        typer.Option(
            "--tls",
            metavar="HOST:PORT",
            help="Where to listen with TLS as well. Default: none, or the setting listen.origin_tls.",
            show_default=False,
        ),
    ] = None,
    certificates: Annotated[
        Path | None,
        typer.Option(
            "--certificates",
            metavar="DIR",
            help="Folder of NAME.crt and NAME.key pairs for --tls. Default: the setting origin.certificates.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run the origin alone: buckets and their bytes, by the S3 and B2 native APIs."""
    from calotype.cli.profiles import data_folder
    from calotype.cli.starting import become_program

    flags = {"--listen": listen, **_tls_flags(tls, certificates)}
    become_program("origin", {"data": str(data_folder(data)), "flags": flags})


def edge(
    data: Data = None,
    listen: Annotated[
        str | None,
        typer.Option(
            "--listen",
            metavar="HOST:PORT",
            help="Where viewers connect. Default: 0.0.0.0:8000, or the setting listen.edge.",
            show_default=False,
        ),
    ] = None,
    control: options.Control = None,
    tls: options.Tls = None,
    certificates: options.Certificates = None,
    front: Annotated[
        str | None,
        typer.Option(
            "--front",
            metavar="URL",
            help="Stand before this HTTP origin, such as http://127.0.0.1:3000, with nothing else set up.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", help="Worker processes. Default: 2, or edge.workers.", min=1, max=64, show_default=False
        ),
    ] = None,
    mode: Annotated[
        Mode | None,
        typer.Option(
            "--mode",
            help="Cache as the RFCs say, or as Cloudflare does. Default: rfc with --front, else cloudflare.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run an edge alone: a caching proxy, told by its control plane or put before one origin with --front."""
    from calotype.cli.profiles import data_folder
    from calotype.cli.starting import become_program

    flags = {"--listen": listen, "--control": control, **_tls_flags(tls, certificates)}
    chosen = {"front": front, "workers": workers, "mode": None if mode is None else mode.value}
    become_program("edge", {"data": str(data_folder(data)), "flags": flags, **chosen})


def console(
    data: Data = None,
    listen: Annotated[
        str | None,
        typer.Option(
            "--listen",
            metavar="HOST:PORT",
            help="Where to listen. Default: 127.0.0.1:8001, or the setting listen.console.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run the console alone: the web page, as a client of the origin that calotype.toml names."""
    from calotype.cli.profiles import data_folder
    from calotype.cli.starting import become_program

    become_program("console", {"data": str(data_folder(data)), "flags": {"--listen": listen}})


def _tls_flags(tls: str | None, certificates: Path | None, *, prefix: str = "--") -> dict[str, str | None]:
    """The folder is named from where the command is called, not from the data folder."""
    folder = None if certificates is None else str(certificates.absolute())
    return {f"{prefix}tls": tls, f"{prefix}certificates": folder}
