"""keys: create, list and delete; login: a profile for a site on another machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from calotype.cli.help import Command, Group
from calotype.cli.options import Data, Json, ProfileName

if TYPE_CHECKING:
    from calotype.b2.client import B2Client
    from calotype.b2.json import KeyObject

app = typer.Typer(
    name="keys", cls=Group, help="Application keys: who may do what with which bucket.", no_args_is_help=True
)


@app.command(cls=Command)
def create(
    name: Annotated[str, typer.Option("--name", help="What the key is for: letters, digits and dashes.")],
    bucket: Annotated[
        str | None,
        typer.Option("--bucket", help="The only bucket that it opens. Default: the site's.", show_default=False),
    ] = None,
    all_buckets: Annotated[
        bool, typer.Option("--all-buckets", help="Open every bucket of the account.", show_default=False)
    ] = False,
    capabilities: Annotated[
        str | None,
        typer.Option(
            "--capabilities",
            metavar="A,B",
            help="What it may do, such as listFiles,readFiles. Default: read, list, write, share and delete files.",
            show_default=False,
        ),
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option("--prefix", help="Only names that begin so; needs a bucket.", show_default=False),
    ] = None,
    valid_days: Annotated[
        float | None,
        typer.Option(
            "--days", help="Expire after so many days. Default: never.", show_default=False, min=0.001, max=999
        ),
    ] = None,
    data: Data = None,
    profile: ProfileName = None,
    as_json: Json = False,
) -> None:
    """Make an application key. Its secret is shown this once."""
    from calotype.cli.clients import bucket_named, origin_of, require_capability
    from calotype.cli.errors import CommandError, ExitCode
    from calotype.cli.output import print_json, print_lines
    from calotype.cli.profiles import find_profile
    from calotype.deploy.desired import SITE_KEY_CAPABILITIES

    if bucket and all_buckets:
        raise CommandError("--bucket and --all-buckets exclude each other", "choose one", "", ExitCode.USAGE)
    found = find_profile(data, profile)
    wanted = capabilities.split(",") if capabilities else list(SITE_KEY_CAPABILITIES)
    with origin_of(found) as origin:
        require_capability(origin, "writeKeys", found)
        bucket_ids = None if all_buckets else [bucket_named(origin, bucket or found.bucket).bucket_id]
        key = origin.create_key(
            name,
            [each.strip() for each in wanted if each.strip()],
            bucket_ids=bucket_ids,
            name_prefix=prefix,
            valid_duration_s=None if valid_days is None else int(valid_days * 86400),
        )
    secret = str(key.application_key)
    if as_json:
        print_json({"keyId": key.application_key_id, "applicationKey": secret})
        return
    print_lines([f"keyId           {key.application_key_id}", f"applicationKey  {secret}  (shown this once)"])


@app.command("list", cls=Command)
def list_keys(data: Data = None, profile: ProfileName = None, as_json: Json = False) -> None:
    """List the application keys, without their secrets."""
    from calotype.cli.clients import origin_of, require_capability
    from calotype.cli.output import print_json, print_table
    from calotype.cli.profiles import find_profile

    found = find_profile(data, profile)
    with origin_of(found) as origin:
        require_capability(origin, "listKeys", found)
        names = {bucket.bucket_id: bucket.bucket_name for bucket in origin.list_buckets()}
        keys = [_document(key, names) for key in origin.list_keys()]
    if as_json:
        print_json(keys)
        return
    print_table(
        ("Name", "Key id", "Buckets", "Capabilities"),
        [
            (
                key["name"],
                key["keyId"],
                "every bucket" if key["buckets"] is None else ", ".join(key["buckets"]),
                ", ".join(key["capabilities"]),
            )
            for key in keys
        ],
    )


@app.command(cls=Command)
def delete(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The key's id, or its name when only one key has it.")],
    data: Data = None,
    profile: ProfileName = None,
    as_json: Json = False,
) -> None:
    """Remove an application key. Whoever uses it is locked out at once."""
    from calotype.cli.clients import origin_of, require_capability
    from calotype.cli.output import print_json, print_lines
    from calotype.cli.profiles import find_profile

    found = find_profile(data, profile)
    with origin_of(found) as origin:
        require_capability(origin, "deleteKeys", found)
        removed = origin.delete_key(_key_id(origin, key))
    if as_json:
        print_json(_document(removed, {}))
        return
    print_lines([f"{removed.key_name} {removed.application_key_id} removed"])


def _key_id(origin: B2Client, text: str) -> str:
    from calotype.cli.errors import CommandError, ExitCode

    keys = [key for key in origin.list_keys() if text in (key.application_key_id, key.key_name)]
    if len(keys) == 1:
        return keys[0].application_key_id
    if not keys:
        raise CommandError(f"There is no key {text}", "no id and no name is like it", "", ExitCode.NOT_FOUND)
    ids = ", ".join(key.application_key_id for key in keys)
    raise CommandError(f"{len(keys)} keys are named {text}", ids, "Give the id of one of them", ExitCode.USAGE)


def _document(key: KeyObject, names: dict[str, str]) -> dict[str, Any]:
    ids = key.bucket_ids if isinstance(key.bucket_ids, list) else None
    return {
        "name": key.key_name,
        "keyId": key.application_key_id,
        "capabilities": key.capabilities,
        "buckets": None if ids is None else [names.get(each, each) for each in ids],
        "prefix": key.name_prefix,
        "expiresAtMs": key.expiration_timestamp,
    }


def login(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call the profile.")],
    origin: Annotated[
        str, typer.Option("--origin", metavar="URL", help="The origin, such as http://192.168.1.5:9000.")
    ],
    site: Annotated[
        str, typer.Option("--site", metavar="URL", help="What links begin with, such as https://photos.example.com.")
    ],
    key_id: Annotated[str, typer.Option("--key-id", help="The application key's id.")],
    bucket: Annotated[
        str | None,
        typer.Option("--bucket", help="The site's bucket. Default: the one that the key opens.", show_default=False),
    ] = None,
    control: Annotated[
        str | None,
        typer.Option(
            "--control",
            metavar="URL",
            help="The edge's control plane, for doctor and purge. Its token is asked for. Default: none.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Keep the address and key of a site on another machine as a profile, for --profile NAME.

    The application key is asked for, or read from standard input when that is no terminal.
    """
    from calotype.cli.signing_in import sign_in

    sign_in(name, origin, site, key_id, bucket=bucket, control=control, as_json=as_json)
