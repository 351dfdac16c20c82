"""The calls of the Cloudflare API as values, read from requests and written into requests in one place (edge.md §8).

An operation's fields are its parameters: those in its path, those in the query, and the rest, which travel in the
JSON body; UNSET is "not given", null is null. `match` finds the operation of a method and path, `parse` reads one,
`to_wire` writes one. Our own extensions of the API are told from the rest by the word `calotype` in path or body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlencode

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

JsonObject = dict[str, Any]


class Operation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A call. `path` names fields in braces; `query` lists the fields of the query, all of them for a GET."""

    method: ClassVar[str]
    path: ClassVar[str]
    query: ClassVar[frozenset[str]] = frozenset()
    is_write: ClassVar[bool] = True


class VerifyToken(Operation, frozen=True, kw_only=True):
    method, path, is_write = "GET", "/user/tokens/verify", False


# Zones


class ListZones(Operation, frozen=True, kw_only=True):
    method, path, is_write = "GET", "/zones", False

    name: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    account_id: str | UnsetType = field(default=UNSET, name="account.id")
    page: int = 1
    per_page: int = 20


class ZoneExtension(Struct, frozen=True, kw_only=True):
    """Ours: a catch-all zone answers for every Host that no other zone knows."""

    catch_all: bool = False


class CreateZone(Operation, frozen=True, kw_only=True):
    method, path = "POST", "/zones"

    name: str
    account: JsonObject | UnsetType = UNSET
    type: str | UnsetType = UNSET
    calotype: ZoneExtension | UnsetType = UNSET


class GetZone(Operation, frozen=True, kw_only=True):
    method, path, is_write = "GET", "/zones/{zone_id}", False

    zone_id: str


class DeleteZone(Operation, frozen=True, kw_only=True):
    method, path = "DELETE", "/zones/{zone_id}"

    zone_id: str


# DNS records


class ListDnsRecords(Operation, frozen=True, kw_only=True):
    method, path, is_write = "GET", "/zones/{zone_id}/dns_records", False

    zone_id: str
    type: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    name_exact: str | UnsetType = field(default=UNSET, name="name.exact")
    content: str | UnsetType = UNSET
    content_exact: str | UnsetType = field(default=UNSET, name="content.exact")
    proxied: bool | UnsetType = UNSET
    page: int = 1
    per_page: int = 100


class CreateDnsRecord(Operation, frozen=True, kw_only=True):
    method, path = "POST", "/zones/{zone_id}/dns_records"

    zone_id: str
    type: str
    name: str
    content: str
    ttl: float = 1
    proxied: bool = False
    comment: str | None = None


class GetDnsRecord(Operation, frozen=True, kw_only=True):
    method, path, is_write = "GET", "/zones/{zone_id}/dns_records/{record_id}", False

    zone_id: str
    record_id: str


class UpdateDnsRecord(Operation, frozen=True, kw_only=True):
    """Replaces the record: what is not given takes its default."""

    method, path = "PUT", "/zones/{zone_id}/dns_records/{record_id}"

    zone_id: str
    record_id: str
    type: str
    name: str
    content: str
    ttl: float = 1
    proxied: bool = False
    comment: str | None = None


class EditDnsRecord(Operation, frozen=True, kw_only=True):
    """Changes what is given and leaves the rest."""

    method, path = "PATCH", "/zones/{zone_id}/dns_records/{record_id}"

    zone_id: str
    record_id: str
    type: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    content: str | UnsetType = UNSET
    ttl: float | UnsetType = UNSET
    proxied: bool | UnsetType = UNSET
    comment: str | UnsetType | None = UNSET


class DeleteDnsRecord(Operation, frozen=True, kw_only=True):
    method, path = "DELETE", "/zones/{zone_id}/dns_records/{record_id}"

    zone_id: str
    record_id: str


# Rulesets


class RuleBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule as a caller writes it. An `id` or `ref` that the ruleset knows keeps that rule's identity."""

    action: str
    expression: str
    action_parameters: JsonObject | UnsetType = UNSET
    description: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    ref: str | UnsetType = UNSET
    id: str | UnsetType = UNSET


class ListRulesets(Operation, frozen=True, kw_only=True):
    method, path, is_write = "GET", "/zones/{zone_id}/rulesets", False

    zone_id: str
    per_page: int = 50
    cursor: str | UnsetType = UNSET


class GetRuleset(Operation, frozen=True, kw_only=True):
    method, path, is_write = "GET", "/zones/{zone_id}/rulesets/{ruleset_id}", False

    zone_id: str
    ruleset_id: str


class GetPhase(Operation, frozen=True, kw_only=True):
    method, path, is_write = "GET", "/zones/{zone_id}/rulesets/phases/{phase}/entrypoint", False

    zone_id: str
    phase: str


class UpdatePhase(Operation, frozen=True, kw_only=True):
    """Replaces all rules of the phase, and makes its entry point where there was none."""

    method, path = "PUT", "/zones/{zone_id}/rulesets/phases/{phase}/entrypoint"
    query = frozenset({"dry_run"})

    zone_id: str
    phase: str
    rules: list[RuleBody] = []
    description: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    dry_run: bool = False


class CreateRule(Operation, frozen=True, kw_only=True):
    method, path = "POST", "/zones/{zone_id}/rulesets/{ruleset_id}/rules"
    query = frozenset({"dry_run"})

    zone_id: str
    ruleset_id: str
    action: str
    expression: str
    action_parameters: JsonObject | UnsetType = UNSET
    description: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    ref: str | UnsetType = UNSET
    position: JsonObject | UnsetType = UNSET
    dry_run: bool = False


class EditRule(Operation, frozen=True, kw_only=True):
    method, path = "PATCH", "/zones/{zone_id}/rulesets/{ruleset_id}/rules/{rule_id}"
    query = frozenset({"dry_run"})

    zone_id: str
    ruleset_id: str
    rule_id: str
    action: str | UnsetType = UNSET
    expression: str | UnsetType = UNSET
    action_parameters: JsonObject | UnsetType = UNSET
    description: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    ref: str | UnsetType = UNSET
    position: JsonObject | UnsetType = UNSET
    dry_run: bool = False


class DeleteRule(Operation, frozen=True, kw_only=True):
    method, path = "DELETE", "/zones/{zone_id}/rulesets/{ruleset_id}/rules/{rule_id}"
    query = frozenset({"dry_run"})

    zone_id: str
    ruleset_id: str
    rule_id: str
    dry_run: bool = False


# Settings, purge


class ListSettings(Operation, frozen=True, kw_only=True):
    method, path, is_write = "GET", "/zones/{zone_id}/settings", False

    zone_id: str


class GetSetting(Operation, frozen=True, kw_only=True):
    method, path, is_write = "GET", "/zones/{zone_id}/settings/{setting_id}", False

    zone_id: str
    setting_id: str


class EditSetting(Operation, frozen=True, kw_only=True):
    method, path = "PATCH", "/zones/{zone_id}/settings/{setting_id}"

    zone_id: str
    setting_id: str
    value: Any = UNSET


class FileWithHeaders(Struct, frozen=True, kw_only=True, omit_defaults=True):
    url: str
    headers: dict[str, str] = {}


class PurgeCache(Operation, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to forget (edge.md §1.10); `purge_everything` must stand alone."""

    method, path = "POST", "/zones/{zone_id}/purge_cache"

    zone_id: str
    purge_everything: bool | UnsetType = UNSET
    files: list[str | FileWithHeaders] | UnsetType = UNSET
    prefixes: list[str] | UnsetType = UNSET
    hosts: list[str] | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET


# Ours: how the edge signs requests to a private bucket


class GetOriginSigning(Operation, frozen=True, kw_only=True):
    method, path, is_write = "GET", "/zones/{zone_id}/calotype/origin_signing", False

    zone_id: str


class PutOriginSigning(Operation, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`endpoint` is `host:port`. Without `application_key` the one that is known for this `key_id` stays."""

    method, path = "PUT", "/zones/{zone_id}/calotype/origin_signing"

    zone_id: str
    endpoint: str
    bucket: str
    key_id: str
    application_key: str | UnsetType = UNSET
    region: str = "us-east-1"
    path_style: bool = True


class DeleteOriginSigning(Operation, frozen=True, kw_only=True):
    method, path = "DELETE", "/zones/{zone_id}/calotype/origin_signing"

    zone_id: str


OPERATIONS: Final[tuple[type[Operation], ...]] = (
    VerifyToken,
    *(ListZones, CreateZone, GetZone, DeleteZone),
    *(ListDnsRecords, CreateDnsRecord, GetDnsRecord, UpdateDnsRecord, EditDnsRecord, DeleteDnsRecord),
    *(GetPhase, UpdatePhase, ListRulesets, GetRuleset, CreateRule, EditRule, DeleteRule),
    *(ListSettings, GetSetting, EditSetting),
    PurgeCache,
    *(GetOriginSigning, PutOriginSigning, DeleteOriginSigning),
)

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Match:
    """The operation that a method and path mean, with the fields of the path."""

    operation: type[Operation]
    path_fields: dict[str, str]


def path_pattern(template: str) -> re.Pattern[str]:
    """Matches the paths of a template; each field is one segment."""
    parts = _PLACEHOLDER.split(template)
    return re.compile("".join(f"(?P<{part}>[^/]+)" if i % 2 else re.escape(part) for i, part in enumerate(parts)))


_PATTERNS: Final = tuple((operation, path_pattern(operation.path)) for operation in OPERATIONS)


def match(method: str, path: str) -> Match | None:
    """The operation of the method and the decoded path, below the API's base; None when there is none."""
    for operation, pattern in _PATTERNS:
        if operation.method == method and (found := pattern.fullmatch(path)):
            return Match(operation, found.groupdict())
    return None


def methods_of(path: str) -> list[str]:
    """The methods that some operation has at this path."""
    return sorted({operation.method for operation, pattern in _PATTERNS if pattern.fullmatch(path)})


def parse(match: Match, query: Iterable[tuple[str, str]], body: Any) -> Operation:
    """The operation with its parameters; `body` is the decoded JSON, or None. Raises msgspec.ValidationError.

    Numbers and booleans of the query are text and read as what the field wants; those of the body must be right.
    """
    operation = match.operation
    names = operation.query if operation.method != "GET" else None
    texts = {name: text for name, text in query if names is None or name in names}
    values: dict[str, Any] = dict(_query_values(operation, texts))
    if body is not None and not isinstance(body, dict):
        raise msgspec.ValidationError("Expected `object` as body")
    return msgspec.convert({**(body or {}), **values, **match.path_fields}, operation)


def _query_values(operation: type[Operation], texts: Mapping[str, str]) -> Iterable[tuple[str, Any]]:
    for each in msgspec.structs.fields(operation):
        if each.encode_name in texts:
            text = texts[each.encode_name]
            yield each.encode_name, _converted(text, each.type, each.encode_name)


def _converted(text: str, type_: Any, name: str) -> Any:
    try:
        return msgspec.convert(text, type_, strict=False)
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(f"{error} - at `$.{name}`") from error


@dataclass(frozen=True, slots=True)
class Wire:
    """A call as it travels, without the API's base: method, target with its query, JSON body or None."""

    method: str
    target: str
    body: bytes | None


def to_wire(operation: Operation) -> Wire:
    """The call as a request; the inverse of `match` and `parse`."""
    values: dict[str, Any] = msgspec.to_builtins(operation)
    in_path = {name: values.pop(name) for name in _PLACEHOLDER.findall(operation.path)}
    target = _PLACEHOLDER.sub(lambda found: quote(in_path[found.group(1)], safe=""), operation.path)
    in_query = (
        values if operation.method == "GET" else {name: values[name] for name in operation.query if name in values}
    )
    if in_query:
        target += "?" + urlencode([(name, _query_text(value)) for name, value in in_query.items()])
    if operation.method in ("GET", "DELETE"):
        return Wire(operation.method, target, None)
    body = {name: value for name, value in values.items() if name not in in_query}
    return Wire(operation.method, target, msgspec.json.encode(body))


def _query_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
