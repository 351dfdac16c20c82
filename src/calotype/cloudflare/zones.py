"""Zones: list, create, read, delete."""

from __future__ import annotations

from msgspec import UNSET

from calotype.cloudflare import answers
from calotype.cloudflare.errors import InvalidZoneName, ZoneExists
from calotype.cloudflare.json import Message
from calotype.cloudflare.operations import CreateZone, DeleteZone, GetZone, ListZones, VerifyToken, ZoneExtension
from calotype.cloudflare.outcome import Outcome, Stamp, is_host_name, paged, zone_of
from calotype.edge.configuration import DEVELOPMENT_MODE_MS, Configuration, ZoneConfiguration

PLAN = answers.Plan(id="calotype", name="Calotype", legacy_id="calotype")

TOKEN_ID = "c0" * 16  # there is one token; its id only has the form of one


def verify_token(configuration: Configuration, operation: VerifyToken, stamp: Stamp) -> Outcome:
    message = Message(code=10000, message="This API Token is valid and active")
    return Outcome(configuration, answers.Token(id=TOKEN_ID, status="active"), messages=[message])


def list_zones(configuration: Configuration, operation: ListZones, stamp: Stamp) -> Outcome:
    zones = [answer_of(configuration, zone, stamp) for zone in configuration.zones]
    for attribute, wanted in (("name", operation.name), ("status", operation.status)):
        if wanted is not UNSET:
            zones = [zone for zone in zones if getattr(zone, attribute) == wanted]
    if operation.account_id not in (UNSET, configuration.account_id):
        zones = []
    return paged(configuration, sorted(zones, key=lambda zone: zone.name), operation.page, operation.per_page)


def create_zone(configuration: Configuration, operation: CreateZone, stamp: Stamp) -> Outcome:
    name = operation.name.lower().rstrip(".")
    # A zone owns every host below its name: one of a single label would take a whole top-level domain for its own.
    if not is_host_name(name) or "." not in name or name.rpartition(".")[2].isdigit():
        raise InvalidZoneName(
            f"{operation.name!r} is not a domain name such as example.com (write others than ASCII in punycode)"
        )
    if any(zone.name == name for zone in configuration.zones):
        raise ZoneExists(f"{name} already exists")
    catch_all = isinstance(operation.calotype, ZoneExtension) and operation.calotype.catch_all
    if catch_all and (other := next((zone for zone in configuration.zones if zone.catch_all), None)):
        raise ZoneExists(f"{other.name} is the catch-all zone already, and there can be only one")
    zone = ZoneConfiguration(
        id=stamp.new_id(), name=name, catch_all=catch_all, created_on=stamp.time, modified_on=stamp.time
    )
    return Outcome(configuration.with_zone(zone), answer_of(configuration, zone, stamp))


def get_zone(configuration: Configuration, operation: GetZone, stamp: Stamp) -> Outcome:
    return Outcome(configuration, answer_of(configuration, zone_of(configuration, operation.zone_id), stamp))


def delete_zone(configuration: Configuration, operation: DeleteZone, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    return Outcome(configuration.without_zone(zone.id), answers.Deleted(id=zone.id))


def answer_of(configuration: Configuration, zone: ZoneConfiguration, stamp: Stamp) -> answers.Zone:
    return answers.Zone(
        id=zone.id,
        name=zone.name,
        original_name_servers=[],
        created_on=zone.created_on,
        modified_on=zone.modified_on,
        activated_on=zone.created_on,
        development_mode=development_seconds(zone, stamp.now_ms),
        account=answers.Account(id=configuration.account_id, name="Calotype"),
        owner=answers.Owner(id=configuration.account_id),
        plan=PLAN,
        calotype=answers.ZoneFlags(catch_all=zone.catch_all),
    )


def development_seconds(zone: ZoneConfiguration, now_ms: int) -> int:
    """How long development mode still lasts; 0 when it is off."""
    if zone.setting("development_mode", now_ms=now_ms) != "on":
        return 0
    return -(-(zone.settings["development_mode"].modified_on_ms + DEVELOPMENT_MODE_MS - now_ms) // 1000)
