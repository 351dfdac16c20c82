"""Options that several commands share, described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="The site's data folder. Default: $CALOTYPE_DATA, else ~/.local/share/calotype.",
        show_default=False,
    ),
]
ProfileName = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="A site on another machine, made by `calotype login`. Default: $CALOTYPE_PROFILE, else the data folder.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.", show_default=False)]


def _address(name: str, what: str, default: str) -> object:
    return typer.Option(
        f"--{name}",
        metavar="HOST:PORT",
        help=f"Where {what} listens. Default: {default}, or the setting listen.{name.replace('-', '_')}.",
        show_default=False,
    )


Edge = Annotated[str | None, _address("edge", "the edge", "0.0.0.0:8000")]
Console = Annotated[str | None, _address("console", "the console", "127.0.0.1:8001")]
Origin = Annotated[str | None, _address("origin", "the origin", "127.0.0.1:9000")]
Control = Annotated[str | None, _address("control", "the edge's control plane", "127.0.0.1:8002")]
Tls = Annotated[str | None, _address("tls", "the edge with TLS", "none")]
Certificates = Annotated[
    Path | None,
    typer.Option(
        "--certificates",
        metavar="DIR",
        help="Folder of NAME.crt and NAME.key pairs for --tls. Default: the setting edge.certificates.",
        show_default=False,
    ),
]
OriginTls = Annotated[str | None, _address("origin-tls", "the origin with TLS", "none")]
OriginCertificates = Annotated[
    Path | None,
    typer.Option(
        "--origin-certificates",
        metavar="DIR",
        help="Folder of NAME.crt and NAME.key pairs for --origin-tls. Default: the setting origin.certificates.",
        show_default=False,
    ),
]
Lan = Annotated[
    bool,
    typer.Option(
        "--lan",
        help="Listen on the home network's address, all but the control plane, and build every link from it.",
        show_default=False,
    ),
]
