"""The deployment at the start of a site, and what is said about it then."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from os import environ
from pathlib import Path

import httpx

from calotype.b2.client import B2Client
from calotype.cloudflare.client import CloudflareClient
from calotype.deploy.actual import Clouds
from calotype.deploy.apply import NewKey
from calotype.deploy.deployment import Deployment, deploy_site
from calotype.deploy.desired import SITE_KEY
from calotype.deploy.plan import describe
from calotype.private_files import write_private
from calotype.programs.banner import FirstKey, banner
from calotype.programs.supervisor import log
from calotype.site.folder import default_folder, load_credentials
from calotype.site.settings import Site

FIRST_PASSWORD_FILE = Path("console", "first-password")  # written by the console where there is no terminal
FIRST_KEY_FILE = "first-key.json"


def deploy_and_tell(site: Site, *, data: Path, command: str) -> None:
    """Deploys the site onto the programs that run, and prints where it is. A failure is told; the programs go on."""
    try:
        deployment = deploy_here(site, data)
    except Exception as exc:
        log(f"the site could not be deployed: {exc}; `calotype apply` tries again")
        raise SystemExit(1) from exc
    for line in describe(deployment.plan):
        if line.startswith("!"):
            log(f"not as calotype.toml says: {line[2:]}; `calotype apply --overwrite` puts it back")
    print(
        banner(
            site,
            command=command,
            data_option="" if data == default_folder(environ) else f"--data {shlex.quote(str(data))}",
            password_file=_password_file(data),
            first_key=_first_key(deployment.new_keys, data),
        ),
        flush=True,
    )


def deploy_here(site: Site, data: Path) -> Deployment:
    """Deploys onto the programs of this machine, with the owner's credentials."""
    credentials = load_credentials(data)
    assert credentials.owner is not None, "the origin is ready, so it has made its owner's key"
    http = httpx.Client(timeout=httpx.Timeout(60.0), trust_env=False)
    with (
        B2Client(
            site.local_origin_url, credentials.owner.key_id, credentials.owner.application_key, http=http
        ) as origin,
        CloudflareClient(credentials.control_token or "", base_url=site.control_url) as edge,
    ):
        return deploy_site(site, data, Clouds(origin, edge))


def _first_key(keys: Sequence[NewKey], data: Path) -> FirstKey | None:
    """The site's key when it was just made: itself on a terminal, else in a file for its owner."""
    made = next((key for key in keys if key.name == SITE_KEY), None)
    if made is None:
        return None
    if sys.stdout.isatty():
        return FirstKey(made.key_id, made.application_key)
    path = data / FIRST_KEY_FILE
    write_private(path, json.dumps({"keyId": made.key_id, "applicationKey": made.application_key}) + "\n")
    return FirstKey(made.key_id, file=str(path))


def _password_file(data: Path) -> str | None:
    path = data / FIRST_PASSWORD_FILE
    return str(path) if path.exists() else None
