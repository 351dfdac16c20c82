"""Our extension: with which credentials the edge signs requests to a private bucket. The secret only goes in."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

from msgspec import UNSET

from calotype.cloudflare import answers
from calotype.cloudflare.errors import InvalidRequest, NoOriginSigning
from calotype.cloudflare.operations import DeleteOriginSigning, GetOriginSigning, PutOriginSigning
from calotype.cloudflare.outcome import Outcome, Stamp, is_host_name, zone_of
from calotype.edge.configuration import Configuration, OriginSigning, ZoneConfiguration

_BUCKET = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9.-]{1,61}[a-zA-Z0-9]")
_REGION = re.compile(r"[a-z0-9-]{1,64}")
_CREDENTIAL = re.compile(r"[!-~]{1,256}")


def get_signing(configuration: Configuration, operation: GetOriginSigning, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    return Outcome(configuration, answer_of(_signing_of(zone)))


def put_signing(configuration: Configuration, operation: PutOriginSigning, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    signing = OriginSigning(
        endpoint=_checked_endpoint(operation.endpoint),
        bucket=_matching(_BUCKET, operation.bucket, "bucket", "the name of a bucket"),
        region=_matching(_REGION, operation.region, "region", "the name of a region"),
        key_id=_matching(_CREDENTIAL, operation.key_id, "key_id", "a key id without blanks"),
        application_key=_application_key(zone, operation),
        path_style=operation.path_style,
    )
    changed = replace(zone, origin_signing=signing, modified_on=stamp.time)
    return Outcome(configuration.with_zone(changed), answer_of(signing))


def delete_signing(configuration: Configuration, operation: DeleteOriginSigning, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    _signing_of(zone)
    changed = replace(zone, origin_signing=None, modified_on=stamp.time)
    return Outcome(configuration.with_zone(changed), answers.Deleted(id=zone.id))


def answer_of(signing: OriginSigning) -> answers.OriginSigning:
    return answers.OriginSigning(
        endpoint=signing.endpoint,
        bucket=signing.bucket,
        region=signing.region,
        key_id=signing.key_id,
        path_style=signing.path_style,
    )


def _signing_of(zone: ZoneConfiguration) -> OriginSigning:
    if zone.origin_signing is None:
        raise NoOriginSigning(f"requests of the zone {zone.name} are not signed")
    return zone.origin_signing


def _application_key(zone: ZoneConfiguration, operation: PutOriginSigning) -> str:
    if operation.application_key is not UNSET:
        return _matching(_CREDENTIAL, operation.application_key, "application_key", "an application key")
    known = zone.origin_signing
    if known is None or known.key_id != operation.key_id:
        raise InvalidRequest("application_key is needed with a new key_id", pointer="/application_key")
    return known.application_key


def _checked_endpoint(endpoint: str) -> str:
    try:
        parts = urlsplit(f"//{endpoint}")
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if parts.netloc != endpoint or parts.username is not None or not (is_host_name(host) or ":" in host):
        raise InvalidRequest("endpoint is host:port; the SSL mode decides the scheme", pointer="/endpoint")
    return endpoint.lower()


def _matching(pattern: re.Pattern[str], text: str, name: str, expected: str) -> str:
    if not pattern.fullmatch(text):
        # The value is not repeated: it may be a secret.
        raise InvalidRequest(f"{name}: expected {expected}", pointer=f"/{name}")
    return text
