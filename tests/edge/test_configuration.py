from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from calotype.edge.configuration import (
    DEVELOPMENT_MODE_MS,
    Configuration,
    ConfigurationStore,
    ConfigurationUnreadable,
    DnsRecord,
    OriginSigning,
    Setting,
    ZoneConfiguration,
)
from calotype.master_key import MasterKey
from calotype.rules.ruleset import Rule, Ruleset

ZONE = ZoneConfiguration(
    id="a" * 32,
    name="example.com",
    dns_records=(DnsRecord("b" * 32, "CNAME", "img.example.com", "origin.example.net", proxied=True, comment="ü"),),
    rulesets={
        "http_request_transform": Ruleset(
            "c" * 32,
            "http_request_transform",
            rules=(Rule("d" * 32, "true", "rewrite", {"uri": {"path": {"value": "/x"}}}, ref="rewrite"),),
        )
    },
    settings={"ssl": Setting("strict", 5), "nel": Setting({"enabled": False}, 6)},
    origin_signing=OriginSigning("127.0.0.1:9000", "photos", "us-east-1", "key-id", "the-secret"),
    created_on="2026-11-21T00:00:00Z",
)
CONFIGURATION = Configuration(0, "f" * 32, (ZONE, ZoneConfiguration("9" * 32, "site", catch_all=True)))


@pytest.fixture
def store(tmp_path: Path) -> ConfigurationStore:
    return ConfigurationStore(tmp_path / "edge", MasterKey.random())


def test_without_a_file_the_configuration_is_empty(store: ConfigurationStore) -> None:
    configuration = store.load()
    assert (configuration.generation, configuration.zones) == (0, ())
    assert len(configuration.account_id) == 32


def test_what_was_saved_is_loaded_with_the_next_generation(store: ConfigurationStore) -> None:
    saved = store.save(CONFIGURATION)
    assert saved == replace(CONFIGURATION, generation=1)
    assert store.load() == saved
    assert store.save(saved).generation == 2
    assert store.load().generation == 2


def test_the_secret_is_sealed_in_the_file_and_shown_nowhere(store: ConfigurationStore) -> None:
    store.save(CONFIGURATION)
    assert b"the-secret" not in store.path.read_bytes()
    assert "the-secret" not in repr(CONFIGURATION)
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_another_master_key_cannot_read_the_file(store: ConfigurationStore) -> None:
    store.save(CONFIGURATION)
    with pytest.raises(ConfigurationUnreadable, match="master key"):
        ConfigurationStore(store.path.parent, MasterKey.random()).load()


def test_a_secret_copied_to_another_zone_cannot_be_read(store: ConfigurationStore) -> None:
    store.save(CONFIGURATION)
    store.path.write_bytes(store.path.read_bytes().replace(b"a" * 32, b"e" * 32))
    with pytest.raises(ConfigurationUnreadable, match="for another place"):
        store.load()


def test_a_file_torn_anywhere_is_refused(store: ConfigurationStore) -> None:
    store.save(CONFIGURATION)
    content = store.path.read_bytes()
    for length in range(len(content)):
        store.path.write_bytes(content[:length])
        with pytest.raises(ConfigurationUnreadable, match="cannot be read"):
            store.load()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"format": 2, "configuration": {}}', "format 2 is unknown, this version reads format 1"),
        (b"[]", "format None is unknown"),
        (b'{"format": 1}', "configuration"),
        (b'{"format": 1, "configuration": {"zones": [], "account_id": "x"}}', "generation"),
        (b'{"format": 1, "configuration": {"zones": [{}], "account_id": "x", "generation": 1}}', "origin_signing"),
        (b"\xff", "malformed"),
    ],
)
def test_an_unknown_file_is_refused_with_the_reason(store: ConfigurationStore, content: bytes, reason: str) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(content)
    with pytest.raises(ConfigurationUnreadable) as caught:
        store.load()
    assert reason in str(caught.value)
    assert str(store.path) in str(caught.value)


def test_the_file_is_synced_before_it_takes_the_name_and_the_folder_after(
    store: ConfigurationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, rename = os.fsync, Path.replace

    def recording_sync(descriptor: int) -> None:
        steps.append(f"sync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name}")
        sync(descriptor)

    def recording_replace(path: Path, target: Path) -> Path:
        steps.append(f"rename {path.name} {target.name}")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", recording_sync)
    monkeypatch.setattr(Path, "replace", recording_replace)
    store.save(CONFIGURATION)
    assert steps == ["sync configuration.new", "rename configuration.new configuration.json", "sync edge"]


def test_a_save_that_fails_leaves_the_old_file(store: ConfigurationStore, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = store.save(CONFIGURATION)

    def failing_sync(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", failing_sync)
    with pytest.raises(OSError, match="No space"):
        store.save(replace(saved, zones=()))
    assert store.load() == saved


# Questions to the values


@pytest.mark.parametrize(
    ("host", "zone"),
    [
        ("example.com", "example.com"),
        ("img.example.com", "example.com"),
        ("a.sub.example.com", "sub.example.com"),  # the longest name wins
        ("notexample.com", "site"),
        ("127.0.0.1", "site"),  # nobody's host goes to the catch-all zone
    ],
)
def test_a_host_belongs_to_the_longest_zone_name_or_the_catch_all(host: str, zone: str) -> None:
    configuration = CONFIGURATION.with_zone(ZoneConfiguration("8" * 32, "sub.example.com"))
    found = configuration.zone_for_host(host)
    assert found is not None
    assert found.name == zone


def test_without_a_catch_all_zone_a_foreign_host_has_none() -> None:
    configuration = CONFIGURATION.without_zone("9" * 32)
    assert configuration.zone_for_host("example.net") is None


def test_a_zone_is_added_replaced_and_removed() -> None:
    renamed = CONFIGURATION.with_zone(replace(ZONE, name="example.org"))
    assert [zone.name for zone in renamed.zones] == ["example.org", "site"]
    assert renamed.zone(ZONE.id) == replace(ZONE, name="example.org")
    assert renamed.without_zone(ZONE.id).zone(ZONE.id) is None


def test_a_host_finds_its_own_record_before_a_wildcard_and_only_proxied_ones() -> None:
    records = (
        DnsRecord("1", "CNAME", "*.example.com", "any.example.net", proxied=True),
        DnsRecord("2", "CNAME", "img.example.com", "img.example.net", proxied=True),
        DnsRecord("3", "CNAME", "mail.example.com", "mail.example.net", proxied=False),
    )
    zone = replace(ZONE, dns_records=records)
    assert [getattr(zone.record_for(host), "id", None) for host in ("img.example.com", "a.example.com")] == ["2", "1"]
    assert zone.record_for("mail.example.com") is None  # has a record of its own, which is not proxied
    assert zone.record_for("a.b.example.com") is None
    assert zone.record_for("example.com") is None


@pytest.mark.parametrize(
    ("ssl", "scheme", "verifies"),
    [("off", "http", False), ("flexible", "http", False), ("full", "https", False), ("strict", "https", True)],
)
def test_the_ssl_mode_decides_how_the_origin_is_reached(ssl: str, scheme: str, verifies: bool) -> None:
    zone = replace(ZONE, settings={"ssl": Setting(ssl)})
    assert (zone.origin_scheme, zone.verifies_origin) == (scheme, verifies)


def test_development_mode_ends_by_itself_after_three_hours() -> None:
    zone = replace(ZONE, settings={"development_mode": Setting("on", 1_000)})
    assert zone.setting("development_mode", now_ms=1_000) == "on"
    assert zone.setting("development_mode", now_ms=1_000 + DEVELOPMENT_MODE_MS - 1) == "on"
    assert zone.setting("development_mode", now_ms=1_000 + DEVELOPMENT_MODE_MS) == "off"


def test_a_setting_that_was_not_changed_has_its_default() -> None:
    zone = ZoneConfiguration("1", "example.com")
    assert (zone.setting("browser_cache_ttl"), zone.setting("ssl"), zone.setting("no_such")) == (14400, "full", None)
