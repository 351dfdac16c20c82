"""Settings of a zone: what each may be (edge.md §8). Which of them the edge acts on stands in the manual."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from msgspec import UNSET

from calotype.cloudflare import answers
from calotype.cloudflare.errors import InvalidSetting, UnknownSetting
from calotype.cloudflare.operations import EditSetting, GetSetting, ListSettings
from calotype.cloudflare.outcome import Outcome, Stamp, stored_only, timestamp, zone_of
from calotype.cloudflare.zones import development_seconds
from calotype.edge.configuration import Configuration, Setting, ZoneConfiguration

BROWSER_TTLS_S: Final = (
    *(0, 30, 60, 120, 300, 1200, 1800, 3600, 7200, 10800, 14400, 18000, 28800, 43200, 57600, 72000, 86400),
    *(172800, 259200, 345600, 432000, 691200, 1382400, 2073600, 2678400, 5356800, 16070400, 31536000),
)

_SWITCH: Final = ("on", "off")

CHOICES: Final[dict[str, tuple[Any, ...]]] = {
    "always_online": _SWITCH,
    "always_use_https": _SWITCH,
    "brotli": _SWITCH,
    "browser_cache_ttl": BROWSER_TTLS_S,
    "cache_level": ("basic", "simplified", "aggressive"),
    "development_mode": _SWITCH,
    "early_hints": _SWITCH,
    "email_obfuscation": _SWITCH,
    "hotlink_protection": _SWITCH,
    "http3": _SWITCH,
    "image_resizing": ("on", "off", "open"),
    "min_tls_version": ("1.0", "1.1", "1.2", "1.3"),
    "origin_error_page_pass_thru": _SWITCH,
    "polish": ("off", "lossless", "lossy"),
    "sort_query_string_for_cache": _SWITCH,
    "ssl": ("off", "flexible", "full", "strict"),
    "tls_1_3": ("on", "off", "zrt"),
    "webp": _SWITCH,
}

ACTED_ON: Final = frozenset({"browser_cache_ttl", "development_mode", "sort_query_string_for_cache", "ssl"})


def list_settings(configuration: Configuration, operation: ListSettings, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    return Outcome(configuration, [_answer_of(zone, name, stamp) for name in sorted(CHOICES)])


def get_setting(configuration: Configuration, operation: GetSetting, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    return Outcome(configuration, _answer_of(zone, _known(operation.setting_id), stamp))


def edit_setting(configuration: Configuration, operation: EditSetting, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    name = _known(operation.setting_id)
    value = _checked(name, operation.value)
    settings = {**zone.settings, name: Setting(value, stamp.now_ms)}
    changed = replace(zone, settings=settings, modified_on=stamp.time)
    messages = [] if name in ACTED_ON else [stored_only(f"The setting {name}")]
    return Outcome(configuration.with_zone(changed), _answer_of(changed, name, stamp), messages=messages)


def _known(name: str) -> str:
    if name not in CHOICES:
        raise UnknownSetting(f"Unrecognized zone setting name {name!r}; known here: {', '.join(sorted(CHOICES))}")
    return name


def _checked(name: str, value: Any) -> Any:
    if value is UNSET:
        raise InvalidSetting(f"the setting {name} needs a `value`", pointer="/value")
    # `True == 1` and `1.0 == 1` must not pass for the number.
    if not any(type(value) is type(choice) and value == choice for choice in CHOICES[name]):
        choices = ", ".join(map(str, CHOICES[name]))
        raise InvalidSetting(f"Invalid value for zone setting {name}: expected one of {choices}", pointer="/value")
    return value


def _answer_of(zone: ZoneConfiguration, name: str, stamp: Stamp) -> answers.Setting:
    changed = zone.settings.get(name)
    return answers.Setting(
        id=name,
        value=zone.setting(name, now_ms=stamp.now_ms),
        modified_on=None if changed is None else timestamp(changed.modified_on_ms),
        time_remaining=development_seconds(zone, stamp.now_ms) if name == "development_mode" else UNSET,
    )
