"""The clients of a profile's services, with what they raise told as a command's error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from calotype.b2.client import B2Client, Unreachable
from calotype.b2.errors import B2Error, BadBucketId, CapExceeded, NotFound, Unauthorized
from calotype.b2.json import BucketObject
from calotype.cli.errors import CommandError, ExitCode
from calotype.cli.http import http_client
from calotype.cli.profiles import Profile
from calotype.cloudflare.client import CannotReach, CloudflareClient
from calotype.cloudflare.errors import CloudflareError

CHOOSE_ANOTHER_KEY = "Use a key with the capability, or sign in again with `calotype login`"


@contextmanager
def origin_of(profile: Profile, *, when_refused: str = CHOOSE_ANOTHER_KEY) -> Iterator[B2Client]:
    """The origin's B2 API. Inside the block its errors become `CommandError`s.

    `when_refused` is what to do when the key is refused.
    """
    http = http_client(profile.origin_url)
    with B2Client(profile.origin_url, profile.key_id, profile.application_key, http=http) as client:
        try:
            yield client
        except B2Error as exc:
            raise told(exc, profile, when_refused) from exc
        except msgspec.MsgspecError as exc:
            raise CommandError(
                f"What answers at {profile.origin_url} is no origin",
                f"its answer is not one of the B2 API ({exc})",
                "Check the origin's address",
                ExitCode.UNREACHABLE,
            ) from exc


def told(exc: B2Error, profile: Profile, when_refused: str) -> CommandError:
    """The error for the person at the terminal."""
    message = " ".join(exc.message.split())  # a proxy's page in place of an answer has many lines
    if isinstance(exc, Unreachable):
        return CommandError(
            f"The origin {profile.origin_url} does not answer",
            message,
            "Is it started? `calotype up` starts the site of this machine",
            ExitCode.UNREACHABLE,
        )
    if isinstance(exc, Unauthorized) or exc.status == 401:
        return CommandError(
            f"The origin {profile.origin_url} refuses the key {profile.key_id}",
            message or "it is unknown, or it does not allow this",
            when_refused,
            ExitCode.REFUSED,
        )
    if isinstance(exc, NotFound | BadBucketId):
        return CommandError("There is no such thing at the origin", message, "", ExitCode.NOT_FOUND)
    hint = "`calotype costs` shows which cap is used up" if isinstance(exc, CapExceeded) else ""
    return CommandError("The origin refuses this", message or exc.code or f"status {exc.status}", hint)


def require_capability(client: B2Client, capability: str, profile: Profile) -> None:
    """Names what the key lacks, which the origin's answer does not (b2.md §2.4)."""
    if capability not in client.authorize().api_info.storage_api.allowed.capabilities:
        raise CommandError(
            f"The key {profile.key_id} does not allow this",
            f"it lacks {capability}",
            "Use a key that has it; `calotype login` keeps one as a profile",
            ExitCode.REFUSED,
        )


def bucket_named(client: B2Client, name: str) -> BucketObject:
    """The bucket; an unknown one is told with those there are."""
    try:
        return client.bucket(name)
    except NotFound as exc:
        known = ", ".join(bucket.bucket_name for bucket in client.list_buckets()) or "none"
        raise CommandError(
            f"There is no bucket {name}",
            f"the key sees {known}",
            "`calotype buckets create` makes one",
            ExitCode.NOT_FOUND,
        ) from exc


@contextmanager
def edge_of(profile: Profile) -> Iterator[CloudflareClient]:
    """The edge's control plane. Inside the block its errors become `CommandError`s."""
    if profile.control_url is None:
        raise CommandError(
            "The edge cannot be reached from here",
            f"the profile {profile.name} names no control plane",
            "Sign in again with `calotype login --control URL`",
            ExitCode.SETTINGS,
        )
    with CloudflareClient(profile.control_token or "", base_url=profile.control_url) as client:
        try:
            yield client
        except CannotReach as exc:
            raise CommandError(
                f"The edge's control plane {profile.control_url} does not answer",
                str(exc),
                "Is it started? `calotype up` starts the site of this machine",
                ExitCode.UNREACHABLE,
            ) from exc
        except CloudflareError as exc:
            raise _told_by_edge(exc, profile) from exc


def _told_by_edge(exc: CloudflareError, profile: Profile) -> CommandError:
    if exc.status in (401, 403):
        return CommandError(
            f"The edge's control plane {profile.control_url} refuses the token", exc.message, "", ExitCode.REFUSED
        )
    return CommandError("The edge's control plane refuses this", exc.message or f"status {exc.status}")
