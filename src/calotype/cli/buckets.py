"""buckets: create, list, update and delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from calotype.cli.help import Command, Group
from calotype.cli.options import Data, Json, ProfileName

if TYPE_CHECKING:
    from calotype.b2.json import BucketObject

app = typer.Typer(name="buckets", cls=Group, help="Buckets: what holds pictures at the origin.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The bucket's name.")]
Access = Annotated[
    bool | None,
    typer.Option(
        "--public/--private",
        help="Public: anyone may read its objects. Private: only keys, and an edge that holds one.",
        show_default=False,
    ),
]
Info = Annotated[
    list[str] | None,
    typer.Option(
        "--info",
        metavar="KEY=VALUE",
        help="Bucket info, such as cache-control='public, max-age=600'; may be given several times.",
        show_default=False,
    ),
]


@app.command(cls=Command)
def create(
    name: Name,
    access: Access = None,
    info: Info = None,
    data: Data = None,
    profile: ProfileName = None,
    as_json: Json = False,
) -> None:
    """Make a bucket; private unless --public is given."""
    from calotype.cli.clients import origin_of
    from calotype.cli.profiles import find_profile

    with origin_of(find_profile(data, profile)) as origin:
        bucket = origin.create_bucket(name, is_public=bool(access), info=dict(_pairs(info)))
    _print_one(bucket, as_json=as_json)


@app.command("list", cls=Command)
def list_buckets(data: Data = None, profile: ProfileName = None, as_json: Json = False) -> None:
    """List the buckets that the key may see."""
    from calotype.cli.clients import origin_of
    from calotype.cli.output import print_json, print_table
    from calotype.cli.profiles import find_profile

    with origin_of(find_profile(data, profile)) as origin:
        buckets = origin.list_buckets()
    if as_json:
        print_json([_document(bucket) for bucket in buckets])
        return
    print_table(
        ("Name", "Access", "Info", "Id"),
        [(bucket.bucket_name, _access(bucket), _info(bucket), bucket.bucket_id) for bucket in buckets],
    )


@app.command(cls=Command)
def update(
    name: Name,
    access: Access = None,
    info: Info = None,
    data: Data = None,
    profile: ProfileName = None,
    as_json: Json = False,
) -> None:
    """Change a bucket's access or info. An info without a value (KEY=) is removed; others stay."""
    from calotype.cli.clients import bucket_named, origin_of
    from calotype.cli.errors import CommandError, ExitCode
    from calotype.cli.profiles import find_profile

    if access is None and not info:
        raise CommandError(
            "Nothing to change", "no option says what", "Give --public, --private or --info", ExitCode.USAGE
        )
    with origin_of(find_profile(data, profile)) as origin:
        bucket = bucket_named(origin, name)
        changed = origin.update_bucket(
            bucket.bucket_id,
            is_public=access,
            info=_merged(bucket.bucket_info, _pairs(info)) if info else None,
            if_revision_is=bucket.revision,
        )
    _print_one(changed, as_json=as_json)


@app.command(cls=Command)
def delete(name: Name, data: Data = None, profile: ProfileName = None, as_json: Json = False) -> None:
    """Remove an empty bucket."""
    from calotype.cli.clients import bucket_named, origin_of
    from calotype.cli.profiles import find_profile

    with origin_of(find_profile(data, profile)) as origin:
        bucket = origin.delete_bucket(bucket_named(origin, name).bucket_id)
    _print_one(bucket, as_json=as_json, done="removed")


def _pairs(texts: list[str] | None) -> list[tuple[str, str]]:
    from calotype.cli.errors import CommandError, ExitCode

    pairs = []
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise CommandError(f"--info {text} is not KEY=VALUE", "there is no =", "", ExitCode.USAGE)
        pairs.append((key, value))
    return pairs


def _merged(info: dict[str, str], pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The infos with each pair put in place of the key in any letter case."""
    merged = dict(info)
    for key, value in pairs:
        merged = {each: kept for each, kept in merged.items() if each.lower() != key.lower()}
        if value:
            merged[key] = value
    return merged


def _print_one(bucket: BucketObject, *, as_json: bool, done: str = "") -> None:
    from calotype.cli.output import print_json, print_lines

    if as_json:
        print_json(_document(bucket))
        return
    parts = (bucket.bucket_name, done or _access(bucket), "" if done else _info(bucket))
    print_lines([" ".join(part for part in parts if part)])


def _access(bucket: BucketObject) -> str:
    return "public" if bucket.bucket_type == "allPublic" else "private"


def _info(bucket: BucketObject) -> str:
    return "; ".join(f"{key}={value}" for key, value in sorted(bucket.bucket_info.items()))


def _document(bucket: BucketObject) -> dict[str, Any]:
    return {
        "name": bucket.bucket_name,
        "bucketId": bucket.bucket_id,
        "access": _access(bucket),
        "info": bucket.bucket_info,
        "revision": bucket.revision,
    }
