"""DNS records of a zone. Only proxied ones matter to the edge; the others are kept as they are written."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import Final

from msgspec import UNSET

from calotype.cloudflare import answers
from calotype.cloudflare.errors import InvalidRecord, NoSuchRecord, RecordExists
from calotype.cloudflare.operations import (
    CreateDnsRecord,
    DeleteDnsRecord,
    EditDnsRecord,
    GetDnsRecord,
    ListDnsRecords,
    UpdateDnsRecord,
)
from calotype.cloudflare.outcome import Outcome, Stamp, is_host_name, paged, zone_of
from calotype.edge.configuration import Configuration, DnsRecord, ZoneConfiguration

TYPES: Final = ("A", "AAAA", "CNAME", "TXT")
PROXIABLE: Final = ("A", "AAAA", "CNAME")
MIN_TTL_S, MAX_TTL_S = 30, 86400
MAX_COMMENT: Final = 500
MAX_RECORDS: Final = 3500  # per zone, Cloudflare's largest


def list_records(configuration: Configuration, operation: ListDnsRecords, stamp: Stamp) -> Outcome:
    records = list(zone_of(configuration, operation.zone_id).dns_records)
    for attribute, wanted in (
        ("type", operation.type),
        ("name", operation.name),
        ("name", operation.name_exact),
        ("content", operation.content),
        ("content", operation.content_exact),
        ("proxied", operation.proxied),
    ):
        if wanted is not UNSET:
            records = [record for record in records if getattr(record, attribute) == wanted]
    return paged(configuration, [answer_of(record) for record in records], operation.page, operation.per_page)


def create_record(configuration: Configuration, operation: CreateDnsRecord, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    if len(zone.dns_records) >= MAX_RECORDS:
        raise InvalidRecord(f"a zone may have at most {MAX_RECORDS} records")
    record = _checked(zone, _written(operation, record_id=stamp.new_id(), created_on=stamp.time, stamp=stamp))
    return _stored(configuration, zone, (*zone.dns_records, record), record, stamp)


def get_record(configuration: Configuration, operation: GetDnsRecord, stamp: Stamp) -> Outcome:
    record = _record_of(zone_of(configuration, operation.zone_id), operation.record_id)
    return Outcome(configuration, answer_of(record))


def update_record(configuration: Configuration, operation: UpdateDnsRecord, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    known = _record_of(zone, operation.record_id)
    record = _written(operation, record_id=known.id, created_on=known.created_on, stamp=stamp)
    return _replaced(configuration, zone, record, stamp)


def edit_record(configuration: Configuration, operation: EditDnsRecord, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    known = _record_of(zone, operation.record_id)
    given = {
        name: value
        for name in ("type", "name", "content", "ttl", "proxied", "comment")
        if (value := getattr(operation, name)) is not UNSET
    }
    return _replaced(configuration, zone, replace(known, **given, modified_on=stamp.time), stamp)


def delete_record(configuration: Configuration, operation: DeleteDnsRecord, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    record = _record_of(zone, operation.record_id)
    kept = tuple(each for each in zone.dns_records if each.id != record.id)
    changed = replace(zone, dns_records=kept, modified_on=stamp.time)
    return Outcome(configuration.with_zone(changed), answers.Deleted(id=record.id))


def answer_of(record: DnsRecord) -> answers.DnsRecord:
    return answers.DnsRecord(
        id=record.id,
        type=record.type,
        name=record.name,
        content=record.content,
        proxied=record.proxied,
        proxiable=record.type in PROXIABLE,
        ttl=record.ttl,
        comment=record.comment,
        created_on=record.created_on,
        modified_on=record.modified_on,
    )


def _record_of(zone: ZoneConfiguration, record_id: str) -> DnsRecord:
    for record in zone.dns_records:
        if record.id == record_id:
            return record
    raise NoSuchRecord("Record does not exist.")


def _written(
    operation: CreateDnsRecord | UpdateDnsRecord, *, record_id: str, created_on: str, stamp: Stamp
) -> DnsRecord:
    return DnsRecord(
        id=record_id,
        type=operation.type,
        name=operation.name,
        content=operation.content,
        proxied=operation.proxied,
        ttl=int(operation.ttl),
        comment=operation.comment,
        created_on=created_on,
        modified_on=stamp.time,
    )


def _replaced(configuration: Configuration, zone: ZoneConfiguration, record: DnsRecord, stamp: Stamp) -> Outcome:
    others = replace(zone, dns_records=tuple(each for each in zone.dns_records if each.id != record.id))
    checked = _checked(others, record)
    records = tuple(checked if each.id == record.id else each for each in zone.dns_records)
    return _stored(configuration, zone, records, checked, stamp)


def _stored(
    configuration: Configuration,
    zone: ZoneConfiguration,
    records: tuple[DnsRecord, ...],
    record: DnsRecord,
    stamp: Stamp,
) -> Outcome:
    changed = replace(zone, dns_records=records, modified_on=stamp.time)
    return Outcome(configuration.with_zone(changed), answer_of(record))


# Checks


def _checked(zone: ZoneConfiguration, record: DnsRecord) -> DnsRecord:
    """The record in its normal form, if the zone may have it beside its others; raises otherwise."""
    if record.type not in TYPES:
        raise InvalidRecord(
            f"records of type {record.type} are not kept here, only {', '.join(TYPES)}", pointer="/type"
        )
    record = replace(record, name=_full_name(zone, record.name), content=_content(record), ttl=_ttl(record))
    if record.proxied and record.type not in PROXIABLE:
        raise InvalidRecord(f"a record of type {record.type} cannot be proxied", pointer="/proxied")
    if record.comment is not None and len(record.comment) > MAX_COMMENT:
        raise InvalidRecord(f"a comment may have at most {MAX_COMMENT} characters", pointer="/comment")
    if record.type == "CNAME" and record.content == record.name:
        raise InvalidRecord("a CNAME cannot point at itself", pointer="/content")
    _check_beside(zone.dns_records, record)
    return record


def _full_name(zone: ZoneConfiguration, name: str) -> str:
    """The record's name in full; `@` is the zone itself, and a name outside the zone is taken as below it."""
    name = name.lower().rstrip(".")
    if name in ("@", zone.name):
        return zone.name
    full = name if name.endswith("." + zone.name) else f"{name}.{zone.name}"
    if not is_host_name(full.removeprefix("*.")):
        raise InvalidRecord(f"{name!r} is not a host name", pointer="/name")
    return full


def _content(record: DnsRecord) -> str:
    content = record.content.strip()
    if record.type == "TXT":
        if not content or len(content.encode()) > 2048:
            raise InvalidRecord("a TXT record has 1 to 2048 bytes", pointer="/content")
        return content
    if record.type == "CNAME":
        return _target_name(content)
    try:
        address = ipaddress.ip_address(content)
    except ValueError:
        address = None
    if address is None or address.version != (4 if record.type == "A" else 6):
        family = "an IPv4" if record.type == "A" else "an IPv6"
        raise InvalidRecord(
            f"Content for {record.type} record must be a valid {family[3:]} address.", pointer="/content"
        )
    return str(address)


def _target_name(content: str) -> str:
    name = content.lower().rstrip(".")
    if not is_host_name(name) or name.replace(".", "").isdigit():
        raise InvalidRecord(
            "Content for CNAME record must be a host name, without scheme, port or path (the port is for an origin"
            f" rule): {content!r}",
            pointer="/content",
        )
    return name


def _ttl(record: DnsRecord) -> int:
    if record.proxied or record.ttl == 1:
        return 1
    if not MIN_TTL_S <= record.ttl <= MAX_TTL_S:
        raise InvalidRecord(f"ttl is 1 (automatic) or {MIN_TTL_S} to {MAX_TTL_S} seconds", pointer="/ttl")
    return int(record.ttl)


def _check_beside(others: tuple[DnsRecord, ...], record: DnsRecord) -> None:
    """A CNAME stands alone at its name, and no record stands twice (RFC 1034 §3.6.2)."""
    for other in others:
        if other.name != record.name:
            continue
        if (other.type, other.content) == (record.type, record.content):
            raise RecordExists("An identical record already exists.")
        if "CNAME" in (other.type, record.type) and other.type in PROXIABLE and record.type in PROXIABLE:
            raise RecordExists("An A, AAAA, or CNAME record with that host already exists.")
