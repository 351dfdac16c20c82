"""What an edge is told to do: zones with DNS records, rulesets and settings, as values, and the file that keeps them.

The control plane replaces the configuration as a whole and counts a generation; the workers load the file. A worker
compiles a generation's rules once and never reads this module at request time.
"""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from calotype.master_key import CannotDecrypt, MasterKey
from calotype.rules.ruleset import Ruleset

FORMAT: Final = 1

DEFAULT_SETTINGS: Final[dict[str, Any]] = {
    "always_online": "off",
    "always_use_https": "off",
    "brotli": "off",
    "browser_cache_ttl": 14400,
    "cache_level": "aggressive",
    "development_mode": "off",
    "early_hints": "off",
    "email_obfuscation": "off",
    "hotlink_protection": "off",
    "http3": "off",
    "image_resizing": "off",
    "min_tls_version": "1.2",
    "origin_error_page_pass_thru": "off",
    "polish": "off",
    "sort_query_string_for_cache": "off",
    "ssl": "full",
    "tls_1_3": "on",
    "webp": "off",
}

DEVELOPMENT_MODE_MS: Final = 3 * 60 * 60 * 1000  # it ends by itself, as Cloudflare's does


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """One DNS record; a proxied CNAME points its hostname at an origin. `name` is lower-case and fully qualified."""

    id: str
    type: str
    name: str
    content: str
    proxied: bool = False
    ttl: int = 1  # seconds; 1 means automatic
    comment: str | None = None
    created_on: str = ""
    modified_on: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """A zone setting that was changed, and when."""

    value: Any
    modified_on_ms: int = 0


@dataclass(frozen=True, slots=True)
class OriginSigning:
    """How requests to a private bucket are signed (SigV4); our extension of the control plane.

    `endpoint` is `host:port`; the scheme comes from the zone's SSL mode.
    """

    endpoint: str
    bucket: str
    region: str
    key_id: str
    application_key: str = field(repr=False)
    path_style: bool = True


@dataclass(frozen=True, slots=True)
class ZoneConfiguration:
    """One zone. A catch-all zone answers for every Host that no other zone knows (design: the site without a domain).

    `settings` holds only what was changed; `setting()` answers with the default otherwise.
    """

    id: str
    name: str
    catch_all: bool = False
    dns_records: tuple[DnsRecord, ...] = ()
    rulesets: dict[str, Ruleset] = field(default_factory=dict)  # by phase
    settings: dict[str, Setting] = field(default_factory=dict)
    origin_signing: OriginSigning | None = None
    created_on: str = ""
    modified_on: str = ""

    def setting(self, name: str, *, now_ms: int = 0) -> Any:
        """The setting's value; `development_mode` turns `off` again three hours after it was turned on."""
        changed = self.settings.get(name)
        if changed is None:
            return DEFAULT_SETTINGS.get(name)
        if name == "development_mode" and now_ms >= changed.modified_on_ms + DEVELOPMENT_MODE_MS:
            return "off"
        return changed.value

    @property
    def origin_scheme(self) -> str:
        """`http` or `https` towards the origin, by the SSL mode."""
        return "http" if self.setting("ssl") in ("off", "flexible") else "https"

    @property
    def verifies_origin(self) -> bool:
        """Whether the origin's certificate must be valid for its name."""
        return bool(self.setting("ssl") == "strict")

    def record_for(self, host: str) -> DnsRecord | None:
        """The proxied record for the lower-case host: its own, else that of a `*.` wildcard one label up.

        A name with records of its own is never a wildcard's, even when none of them is proxied (RFC 4592 §3.3.1).
        """
        own = [record for record in self.dns_records if record.name == host]
        wildcard = "*." + host.partition(".")[2]
        candidates = own or [record for record in self.dns_records if record.name == wildcard]
        return next((record for record in candidates if record.proxied), None)


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything an edge is told; `generation` grows by one with every change."""

    generation: int
    account_id: str
    zones: tuple[ZoneConfiguration, ...] = ()

    def zone(self, zone_id: str) -> ZoneConfiguration | None:
        return next((zone for zone in self.zones if zone.id == zone_id), None)

    def zone_for_host(self, host: str) -> ZoneConfiguration | None:
        """The zone that owns the lower-case host without port: the longest matching name, else the catch-all zone."""
        owners = [zone for zone in self.zones if not zone.catch_all and _owns(zone.name, host)]
        if owners:
            return max(owners, key=lambda zone: len(zone.name))
        return next((zone for zone in self.zones if zone.catch_all), None)

    def with_zone(self, zone: ZoneConfiguration) -> Configuration:
        """A copy in which this zone replaces the one of its id, or is added."""
        if self.zone(zone.id) is None:
            return replace(self, zones=(*self.zones, zone))
        return replace(self, zones=tuple(zone if each.id == zone.id else each for each in self.zones))

    def without_zone(self, zone_id: str) -> Configuration:
        return replace(self, zones=tuple(zone for zone in self.zones if zone.id != zone_id))


def _owns(zone_name: str, host: str) -> bool:
    return host == zone_name or host.endswith("." + zone_name)


# The purge that the control plane hands to the edge


@dataclass(frozen=True, slots=True)
class PurgeFile:
    """One exact URL as the visitor asks for it; `headers` where the cache key holds any (names lower-case)."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PurgeRequest:
    """What to forget (edge.md §1.10): everything, or the union of the lists."""

    everything: bool = False
    files: tuple[PurgeFile, ...] = ()
    prefixes: tuple[str, ...] = ()  # host/path, without scheme, query or fragment
    hosts: tuple[str, ...] = ()  # lower-case
    tags: tuple[str, ...] = ()  # lower-case


# The file


class ConfigurationUnreadable(Exception):
    """The configuration file is torn, of an unknown format, or sealed with another master key."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"the edge's configuration {path} cannot be read: {reason}. "
            "Restore it from a backup, or move it away and deploy the site again."
        )
        self.path = path
        self.reason = reason


class ConfigurationStore:
    """Keeps the configuration in one JSON file, replaced as a whole; secrets are sealed with the master key."""

    def __init__(self, folder: Path, master_key: MasterKey) -> None:
        self.path = folder / "configuration.json"
        self._master_key = master_key

    def load(self) -> Configuration:
        """The last saved configuration, or a new empty one of generation 0 when there is no file."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return Configuration(generation=0, account_id=secrets.token_hex(16))
        try:
            return self._decode(content)
        except (msgspec.DecodeError, CannotDecrypt, KeyError, TypeError, ValueError) as error:
            raise ConfigurationUnreadable(self.path, str(error)) from error

    def save(self, configuration: Configuration) -> Configuration:
        """Writes it as the next generation and answers with that; on return it survives a power loss."""
        saved = replace(configuration, generation=configuration.generation + 1)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        _replace_durably(self.path, self._encode(saved))
        return saved

    def _encode(self, configuration: Configuration) -> bytes:
        document = msgspec.to_builtins(configuration)
        for zone in document["zones"]:
            self._seal(zone)
        return msgspec.json.format(msgspec.json.encode({"format": FORMAT, "configuration": document}), indent=1)

    def _decode(self, content: bytes) -> Configuration:
        document = msgspec.json.decode(content)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            found = document.get("format") if isinstance(document, dict) else None
            raise ValueError(f"format {found!r} is unknown, this version reads format {FORMAT}")
        for zone in document["configuration"]["zones"]:
            self._unseal(zone)
        return msgspec.convert(document["configuration"], Configuration)

    def _seal(self, zone: dict[str, Any]) -> None:
        signing = zone["origin_signing"]
        if signing is not None:
            sealed = self._master_key.encrypt(signing.pop("application_key").encode(), _seal_context(zone))
            signing["application_key_sealed"] = base64.b64encode(sealed).decode()

    def _unseal(self, zone: dict[str, Any]) -> None:
        signing = zone["origin_signing"]
        if signing is not None:
            sealed = base64.b64decode(signing.pop("application_key_sealed"))
            signing["application_key"] = self._master_key.decrypt(sealed, _seal_context(zone)).decode()


def _seal_context(zone: dict[str, Any]) -> bytes:
    return b"edge origin signing " + str(zone["id"]).encode()


def _replace_durably(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
