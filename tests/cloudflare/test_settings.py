from __future__ import annotations

from typing import Any

import pytest

from calotype.cloudflare.settings import ACTED_ON, CHOICES
from calotype.edge.configuration import DEFAULT_SETTINGS
from support.control_plane import NOW_MS, ControlPlane


def test_every_setting_has_a_default_that_it_may_have() -> None:
    assert DEFAULT_SETTINGS.keys() == CHOICES.keys()
    for name, value in DEFAULT_SETTINGS.items():
        assert value in CHOICES[name]


async def test_a_setting_has_its_default_until_it_is_changed(control_plane: ControlPlane) -> None:
    zone = await control_plane.new_zone()
    target = f"/zones/{zone}/settings/browser_cache_ttl"
    assert await control_plane.result("GET", target) == {
        "id": "browser_cache_ttl",
        "value": 14400,
        "editable": True,
        "modified_on": None,
    }
    changed = await control_plane.result("PATCH", target, {"value": 0})
    assert (changed["value"], changed["modified_on"]) == (0, "2025-11-13T02:13:20.000000Z")
    assert await control_plane.result("GET", target) == changed
    listed = {each["id"]: each["value"] for each in await control_plane.result("GET", f"/zones/{zone}/settings")}
    assert listed == {**DEFAULT_SETTINGS, "browser_cache_ttl": 0}


async def test_development_mode_says_how_long_it_lasts_and_ends_by_itself(control_plane: ControlPlane) -> None:
    zone = await control_plane.new_zone()
    target = f"/zones/{zone}/settings/development_mode"
    assert (await control_plane.result("PATCH", target, {"value": "on"}))["time_remaining"] == 10800
    control_plane.now_ms = NOW_MS + 10_800_000
    after = await control_plane.result("GET", target)
    assert (after["value"], after["time_remaining"]) == ("off", 0)


@pytest.mark.parametrize("name", sorted(CHOICES))
async def test_the_answer_says_when_the_edge_does_nothing_with_a_setting(
    control_plane: ControlPlane, name: str
) -> None:
    zone = await control_plane.new_zone()
    _, envelope = await control_plane.send("PATCH", f"/zones/{zone}/settings/{name}", {"value": CHOICES[name][0]})
    told = [message.message for message in envelope.messages]
    assert told == ([] if name in ACTED_ON else [f"The setting {name} is stored, but this edge does not act on it yet"])


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("ssl", {"value": "on"}, 1007),
        ("ssl", {"value": None}, 1007),
        ("ssl", {"value": ["full"]}, 1007),
        ("ssl", {}, 1007),
        ("browser_cache_ttl", {"value": 1}, 1007),
        ("browser_cache_ttl", {"value": "0"}, 1007),
        ("browser_cache_ttl", {"value": False}, 1007),  # false is not 0
        ("browser_cache_ttl", {"value": 0.0}, 1007),
        ("polish", {"value": "webp"}, 1007),
        ("no_such_setting", {"value": "on"}, 1006),
    ],
)
async def test_a_wrong_setting_is_refused(
    control_plane: ControlPlane, name: str, body: dict[str, Any], code: int
) -> None:
    zone = await control_plane.new_zone()
    status, found, message, _ = await control_plane.refused("PATCH", f"/zones/{zone}/settings/{name}", body)
    assert (status, found) == (400, code)
    assert name in message


async def test_an_unknown_setting_cannot_be_read(control_plane: ControlPlane) -> None:
    zone = await control_plane.new_zone()
    assert (await control_plane.refused("GET", f"/zones/{zone}/settings/no_such_setting"))[:2] == (400, 1006)
