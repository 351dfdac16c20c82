"""Replication of a bucket, kept and told but never done: from JSON and back, and what its files say (b2.md §6.6).

The origin has nothing to replicate to. A file under an enabled rule is PENDING, as B2 shows one that waits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from calotype.b2.errors import BadRequest
from calotype.b2.nested import converted
from calotype.store.model import Action, BucketSettings, EncryptionScheme, FileVersion

PENDING = "PENDING"
SOURCE, DESTINATION = "asReplicationSource", "asReplicationDestination"
DEFAULT_PRIORITY = 128
HIGHEST_PRIORITY = 2**31 - 1
MOST_RULES = 100

# When a rule was set, kept in it and never told: files from before are covered only where it says so.
_SET_AT = "setAtMs"
_RULE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

Json = dict[str, Any]


class SourceShape(Struct, frozen=True, kw_only=True, rename="camel"):
    source_application_key_id: str | None = None
    replication_rules: list[Json] = []


class RuleShape(Struct, frozen=True, kw_only=True, rename="camel"):
    replication_rule_name: str
    destination_bucket_id: str
    file_name_prefix: str = ""
    priority: int = DEFAULT_PRIORITY
    is_enabled: bool = True
    include_existing_files: bool = False


class DestinationShape(Struct, frozen=True, kw_only=True, rename="camel"):
    source_to_destination_key_mapping: dict[str, str] = {}


class ConfigurationShape(Struct, frozen=True, kw_only=True, rename="camel"):
    as_replication_source: Json | None = None
    as_replication_destination: Json | None = None


def replication_of(asked: Mapping[str, Any], before: Json | None, now_ms: int) -> Json | None:
    """What is to be kept, None when neither side is left; raises BadRequest. `before` is what was kept until now."""
    shape = converted(asked, ConfigurationShape, "replicationConfiguration")
    source = source_of(shape.as_replication_source or {}, before, now_ms)
    destination = destination_of(shape.as_replication_destination or {})
    if source is None and destination is None:
        return None
    return {SOURCE: source, DESTINATION: destination}


def source_of(asked: Mapping[str, Any], before: Json | None, now_ms: int) -> Json | None:
    shape = converted(asked, SourceShape, SOURCE)
    if not shape.source_application_key_id and not shape.replication_rules:
        return None
    if not shape.source_application_key_id:
        raise BadRequest(f"Invalid {SOURCE}: sourceApplicationKeyId is missing")
    if len(shape.replication_rules) > MOST_RULES:
        raise BadRequest(f"Invalid {SOURCE}: {MOST_RULES} rules are allowed")
    earlier = {rule["replicationRuleName"]: rule for rule in rules_of(before)}
    rules = [rule_of(rule, earlier, now_ms) for rule in shape.replication_rules]
    if len({rule["replicationRuleName"] for rule in rules}) < len(rules):
        raise BadRequest(f"Invalid {SOURCE}: two rules have the same name")
    return {"sourceApplicationKeyId": shape.source_application_key_id, "replicationRules": rules}


def rule_of(asked: Mapping[str, Any], earlier: Mapping[str, Json], now_ms: int) -> Json:
    """The rule as it is kept: one that goes on to the same bucket keeps its time."""
    shape = converted(asked, RuleShape, "replicationRules")
    name, destination = shape.replication_rule_name, shape.destination_bucket_id
    if not _RULE_NAME.fullmatch(name):
        raise BadRequest(f"Invalid replicationRuleName: {name!r} is not 1 to 64 letters, digits, '-' and '_'")
    if not destination:
        raise BadRequest("Invalid destinationBucketId: it is empty")
    if not 1 <= shape.priority <= HIGHEST_PRIORITY:
        raise BadRequest(f"Invalid priority: {shape.priority} is not 1 to {HIGHEST_PRIORITY}")
    known = earlier.get(name)
    goes_on = known is not None and known["destinationBucketId"] == destination
    return {
        "replicationRuleName": name,
        "destinationBucketId": destination,
        "fileNamePrefix": shape.file_name_prefix,
        "priority": shape.priority,
        "isEnabled": shape.is_enabled,
        "includeExistingFiles": shape.include_existing_files,
        _SET_AT: known[_SET_AT] if known and goes_on else now_ms,
    }


def destination_of(asked: Mapping[str, Any]) -> Json | None:
    mapping = converted(asked, DestinationShape, DESTINATION).source_to_destination_key_mapping
    if not all(mapping) or not all(mapping.values()):
        raise BadRequest("Invalid sourceToDestinationKeyMapping: a key id is empty")
    return {"sourceToDestinationKeyMapping": mapping} if mapping else None


def replication_json(kept: Json | None) -> Json | None:
    """The configuration as B2 tells it, the side that is not set as null."""
    if kept is None:
        return None
    source = kept[SOURCE]
    if source is not None:
        source = {**source, "replicationRules": [told(rule) for rule in rules_of(kept)]}
    return {SOURCE: source, DESTINATION: kept[DESTINATION]}


def told(rule: Json) -> Json:
    return {name: value for name, value in rule.items() if name != _SET_AT}


def rules_of(kept: Json | None) -> list[Json]:
    """The rules of the source side, none where there is no such side."""
    if not is_source(kept):
        return []
    assert kept is not None
    rules: list[Json] = kept[SOURCE]["replicationRules"]
    return rules


def is_source(kept: Json | None) -> bool:
    return kept is not None and kept[SOURCE] is not None


def replication_status(settings: BucketSettings, file: FileVersion) -> str | None:
    """PENDING for an upload under an enabled rule of its bucket, else None. A customer's key is never replicated."""
    if file.action is not Action.UPLOAD or not settings.replication:
        return None
    if file.encryption is not None and file.encryption.scheme is EncryptionScheme.CUSTOMER_KEY:
        return None
    return PENDING if any(covers(rule, file) for rule in rules_of(settings.replication)) else None


def covers(rule: Json, file: FileVersion) -> bool:
    if not rule["isEnabled"] or not file.key.startswith(rule["fileNamePrefix"].encode()):
        return False
    return bool(rule["includeExistingFiles"]) or file.uploaded_at_ms >= int(rule[_SET_AT])
