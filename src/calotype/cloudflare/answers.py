"""What the calls answer with: the `result` of the envelope as values, written by the server and read by the client.

The client reads Cloudflare's own answers too, so every field that it might leave out has a default, and what we do
not know is ignored.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType


class Token(Struct, frozen=True, kw_only=True):
    id: str
    status: str


class Account(Struct, frozen=True, kw_only=True):
    id: str = ""
    name: str = ""


class Owner(Struct, frozen=True, kw_only=True):
    id: str | None = None
    type: str = "user"
    email: str | None = None


class Plan(Struct, frozen=True, kw_only=True):
    id: str = ""
    name: str = ""
    legacy_id: str = ""


class ZoneFlags(Struct, frozen=True, kw_only=True):
    """Ours; see `operations.ZoneExtension`."""

    catch_all: bool = False


class Zone(Struct, frozen=True, kw_only=True):
    """`development_mode` is the seconds until it ends, 0 when it is off."""

    id: str
    name: str
    status: str = "active"
    paused: bool = False
    type: str = "full"
    development_mode: float = 0
    name_servers: list[str] = []
    original_name_servers: list[str] | None = None
    created_on: str = ""
    modified_on: str = ""
    activated_on: str | None = None
    account: Account = Account()
    owner: Owner = Owner()
    plan: Plan = Plan()
    permissions: list[str] = []
    meta: dict[str, Any] = {}
    calotype: ZoneFlags | UnsetType = UNSET


class Deleted(Struct, frozen=True, kw_only=True):
    id: str


class DnsRecord(Struct, frozen=True, kw_only=True):
    id: str
    type: str
    name: str
    content: str = ""
    proxied: bool = False
    proxiable: bool = True
    ttl: float = 1
    comment: str | None = None
    tags: list[str] = []
    settings: dict[str, Any] = {}
    meta: dict[str, Any] = {}
    created_on: str = ""
    modified_on: str = ""


class Rule(Struct, frozen=True, kw_only=True):
    id: str = ""
    version: str = ""
    ref: str = ""
    action: str = ""
    expression: str = ""
    description: str = ""
    enabled: bool = True
    last_updated: str = ""
    action_parameters: dict[str, Any] | UnsetType = UNSET


class Ruleset(Struct, frozen=True, kw_only=True):
    """`rules` is left out where rulesets are listed."""

    id: str
    phase: str
    name: str = ""
    description: str = ""
    kind: str = "zone"
    version: str = ""
    last_updated: str = ""
    rules: list[Rule] | UnsetType = UNSET


class Setting(Struct, frozen=True, kw_only=True):
    id: str
    value: Any = None
    editable: bool = True
    modified_on: str | None = None
    time_remaining: int | UnsetType = UNSET


class PurgeFlags(Struct, frozen=True, kw_only=True):
    """Ours: the purge's place in the edge's ban log."""

    ban: int


class Purged(Struct, frozen=True, kw_only=True):
    id: str
    calotype: PurgeFlags | UnsetType = UNSET


class OriginSigning(Struct, frozen=True, kw_only=True):
    """Ours. The application key is never told."""

    endpoint: str
    bucket: str
    region: str
    key_id: str
    path_style: bool
