"""Reads what exists of a site: at the origin through the B2 API, at the edge through the Cloudflare API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from calotype.b2.client import B2Client
from calotype.b2.json import BucketObject, KeyObject
from calotype.cloudflare.answers import DnsRecord, Rule, Zone
from calotype.cloudflare.client import CloudflareClient
from calotype.deploy.desired import EDGE_KEY, SITE_KEY
from calotype.deploy.objects import OWN_PREFIX, Content, Kind, ObjectName, Objects
from calotype.deploy.plan import Found

RECORD_COMMENT = f"{OWN_PREFIX}site"


@dataclass(frozen=True, slots=True)
class Clouds:
    """Where a site is deployed to."""

    origin: B2Client
    edge: CloudflareClient


def read_found(clouds: Clouds, wanted: Objects, remembered: Objects) -> Found:
    """All that exists under the names of `wanted`, what stands beside it, and zones that only an earlier site had."""
    reader = _Reader(clouds, wanted, remembered)
    reader.read()
    return Found(reader.objects, reader.ids, tuple(reader.foreign))


class _Reader:
    def __init__(self, clouds: Clouds, wanted: Objects, remembered: Objects) -> None:
        self._origin = clouds.origin
        self._edge = clouds.edge
        self._wanted = wanted
        self._former_zones = {name.name for name in remembered if name.kind is Kind.ZONE}
        self._keys: list[KeyObject] = []
        self.objects: dict[ObjectName, Content] = {}
        self.ids: dict[ObjectName, str] = {}
        self.foreign: list[str] = []

    def read(self) -> None:
        buckets = self._origin.list_buckets()
        self._keys = list(self._origin.list_keys())
        self._read_buckets(buckets)
        self._read_keys({bucket.bucket_id: bucket.bucket_name for bucket in buckets})
        wanted_zone = next(name.name for name in self._wanted if name.kind is Kind.ZONE)
        for zone in self._edge.zones():
            if zone.name == wanted_zone:
                self._read_zone(zone)
            elif zone.name in self._former_zones and zone.calotype is not UNSET:
                # only on an edge of ours, which says so: at Cloudflare a zone holds more than our site
                self._add(ObjectName(Kind.ZONE, zone.name), {}, zone.id)

    def _add(self, name: ObjectName, content: Content, id_: str = "") -> None:
        self.objects[name] = content
        self.ids[name] = id_

    def _read_buckets(self, buckets: list[BucketObject]) -> None:
        for bucket in buckets:
            name = ObjectName(Kind.BUCKET, bucket.bucket_name)
            if name in self._wanted:
                info = {f"info.{key.lower()}": value for key, value in bucket.bucket_info.items()}
                self._add(name, {"type": bucket.bucket_type, **info}, bucket.bucket_id)

    def _read_keys(self, buckets: dict[str, str]) -> None:
        signs = any(name.kind is Kind.SIGNING for name in self._wanted)  # then the signing's own change sees to its key
        for key in self._keys:
            if key.key_name == SITE_KEY and isinstance(key.bucket_ids, list) and len(key.bucket_ids) == 1:
                name = ObjectName(Kind.KEY, SITE_KEY, buckets.get(key.bucket_ids[0], ""))
                self._add(name, {"capabilities": sorted(key.capabilities)}, key.application_key_id)
            elif key.key_name == EDGE_KEY and not signs:
                self._add(ObjectName(Kind.KEY, EDGE_KEY, key.application_key_id), {}, key.application_key_id)

    def _read_zone(self, zone: Zone) -> None:
        catch_all = zone.calotype is not UNSET and zone.calotype.catch_all
        self._add(ObjectName(Kind.ZONE, zone.name), {"catch_all": catch_all}, zone.id)
        self._read_records(zone)
        self._read_settings(zone)
        self._read_signing(zone)
        for ruleset in self._edge.rulesets(zone.id):
            self._read_phase(zone, ruleset.phase)

    def _read_records(self, zone: Zone) -> None:
        for record in self._edge.dns_records(zone.id, name=zone.name):
            if record.comment == RECORD_COMMENT:
                content = {"content": record.content, "proxied": record.proxied}
                self._add(_record_name(record), content, record.id)
            else:
                self.foreign.append(str(_record_name(record)))

    def _read_settings(self, zone: Zone) -> None:
        values = self._edge.settings(zone.id)
        for name in self._wanted:
            if name.kind is Kind.SETTING and name.name in values:
                self._add(name, {"value": values[name.name]})

    def _read_signing(self, zone: Zone) -> None:
        signing = self._edge.origin_signing(zone.id)
        if signing is None:
            return
        key = next((key.key_name for key in self._keys if key.application_key_id == signing.key_id), "")
        content = {"endpoint": signing.endpoint, "bucket": signing.bucket, "region": signing.region, "key": key}
        self._add(ObjectName(Kind.SIGNING, EDGE_KEY), content, signing.key_id)

    def _read_phase(self, zone: Zone, phase: str) -> None:
        for rule in phase_rules(self._edge, zone.id, phase):
            name = ObjectName(Kind.RULE, rule.ref or rule.id, phase)
            if is_ours(rule):
                self._add(name, rule_content(rule), rule.id)
            else:
                self.foreign.append(str(name))


def phase_rules(edge: CloudflareClient, zone_id: str, phase: str) -> list[Rule]:
    """The rules of the phase in order, none when it has no entry point."""
    ruleset = edge.phase(zone_id, phase)
    return [] if ruleset is None or ruleset.rules is UNSET else ruleset.rules


def is_ours(rule: Rule) -> bool:
    return rule.ref.startswith(OWN_PREFIX)


def rule_content(rule: Rule) -> dict[str, Any]:
    return {
        "description": rule.description,
        "expression": rule.expression,
        "action": rule.action,
        "action_parameters": {} if rule.action_parameters is UNSET else rule.action_parameters,
        "enabled": rule.enabled,
    }


def _record_name(record: DnsRecord) -> ObjectName:
    return ObjectName(Kind.RECORD, record.name, record.type)


def own_keys(origin: B2Client, name: str) -> Iterator[KeyObject]:
    return (key for key in origin.list_keys() if key.key_name == name)
