"""`calotype login`: checks what was given against the origin before it keeps it."""

from __future__ import annotations

import getpass
import sys
from dataclasses import replace

from calotype.b2.client import B2Client
from calotype.cli.clients import bucket_named, origin_of
from calotype.cli.errors import CommandError, ExitCode
from calotype.cli.output import print_json, print_lines
from calotype.cli.profiles import Profile, profile_path, write_profile
from calotype.site.kinds import URL, Unsuitable
from calotype.site.settings import Site


def sign_in(
    name: str, origin: str, site: str, key_id: str, *, bucket: str | None, control: str | None, as_json: bool
) -> None:
    """Writes the profile and says where."""
    profile_path(name)
    profile = Profile(
        name=name,
        origin_url=_url("--origin", origin),
        site_url=_url("--site", site),
        bucket=bucket or "",
        key_id=key_id,
        application_key=_secret("Application key"),
        file_name=Site().file_name,
        control_url=control,
        control_token=_secret("Control plane token") if control else None,
    )
    with origin_of(profile, when_refused="Check --key-id and the application key; no profile was written") as client:
        client.authorize()
        profile = replace(profile, bucket=_bucket(client, bucket))
    path = write_profile(profile)
    if as_json:
        print_json({"profile": name, "file": str(path), "bucket": profile.bucket})
        return
    print_lines([f"{name}: bucket {profile.bucket} at {profile.origin_url}; kept in {path}"])


def _bucket(client: B2Client, named: str | None) -> str:
    """The bucket that was named, else the only one that the key opens."""
    if named is not None:
        return bucket_named(client, named).bucket_name
    names = [bucket.bucket_name for bucket in client.list_buckets()]
    if len(names) == 1:
        return names[0]
    raise CommandError(
        "Which bucket?", f"the key opens {', '.join(names) or 'none'}", "Say it with --bucket", ExitCode.USAGE
    )


def _url(option: str, text: str) -> str:
    try:
        url: str = URL.from_text(text)
    except Unsuitable as exc:
        raise _no_url(option, text, str(exc)) from exc
    if not url:
        raise _no_url(option, text)
    return url


def _no_url(option: str, text: str, why: str = "") -> CommandError:
    return CommandError(
        f"{option} {text!r} cannot be used",
        why or "it must be a URL such as http://192.168.1.5:9000",
        "",
        ExitCode.USAGE,
    )


def _secret(prompt: str) -> str:
    """One line from the terminal without echo, or from standard input."""
    secret = getpass.getpass(f"{prompt}: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    if not secret:
        raise CommandError(f"{prompt} is empty", "nothing was given on standard input", "", ExitCode.USAGE)
    return secret
