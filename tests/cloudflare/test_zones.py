from __future__ import annotations

import pytest

from support.control_plane import NOW_MS, ControlPlane


async def test_a_zone_is_made_read_listed_and_deleted(control_plane: ControlPlane) -> None:
    created = await control_plane.result("POST", "/zones", {"name": "Example.COM.", "account": {"id": "x"}})
    assert (created["name"], created["status"], created["type"], created["paused"]) == (
        "example.com",
        "active",
        "full",
        False,
    )
    assert created["created_on"] == "2025-11-13T02:13:20.000000Z"
    assert created["account"]["id"] == control_plane.configuration.account_id
    assert created["calotype"] == {"catch_all": False}
    assert await control_plane.result("GET", f"/zones/{created['id']}") == created
    assert await control_plane.result("GET", "/zones") == [created]
    assert await control_plane.result("DELETE", f"/zones/{created['id']}") == {"id": created["id"]}
    assert await control_plane.result("GET", "/zones") == []


async def test_a_catch_all_zone_is_our_extension_and_there_is_only_one(control_plane: ControlPlane) -> None:
    zone = await control_plane.new_zone("site.internal", catch_all=True)
    assert control_plane.configuration.zone(zone) is control_plane.configuration.zone_for_host("10.0.0.1")
    status, code, message, _ = await control_plane.refused(
        "POST", "/zones", {"name": "other.internal", "calotype": {"catch_all": True}}
    )
    assert (status, code) == (400, 1061)
    assert "site.internal is the catch-all zone already" in message


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["a.example", "b.example", "c.example"]),  # by name
        ("?name=b.example", ["b.example"]),
        ("?name=nothing.example", []),
        ("?status=active", ["a.example", "b.example", "c.example"]),
        ("?status=pending", []),
        ("?account.id=nobody", []),
        ("?per_page=2", ["a.example", "b.example"]),
        ("?per_page=2&page=2", ["c.example"]),
        ("?match=all&order=name", ["a.example", "b.example", "c.example"]),  # what we do not read changes nothing
    ],
)
async def test_zones_are_found_by_the_query(control_plane: ControlPlane, query: str, names: list[str]) -> None:
    for name in ("c.example", "a.example", "b.example"):
        await control_plane.new_zone(name)
    assert [zone["name"] for zone in await control_plane.result("GET", f"/zones{query}")] == names


async def test_a_list_says_how_many_there_are(control_plane: ControlPlane) -> None:
    for name in ("a.example", "b.example", "c.example"):
        await control_plane.new_zone(name)
    _, envelope = await control_plane.send("GET", "/zones?per_page=2")
    info = envelope.result_info
    assert info is not None
    assert (info.page, info.per_page, info.count, info.total_count, info.total_pages) == (1, 2, 2, 3, 2)  # type: ignore[union-attr]


@pytest.mark.parametrize("query", ["page=0", "per_page=0", "per_page=5001", "page=-1"])
async def test_a_page_that_cannot_be_is_refused(control_plane: ControlPlane, query: str) -> None:
    status, code, _, _ = await control_plane.refused("GET", f"/zones?{query}")
    assert (status, code) == (400, 6003)


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "x", "com.", "-a.example", "a..b", "a b.com", "https://example.com", "é.example"),
        *("a" * 64 + ".example", "a." * 127 + "b", "192.0.2.1"),
    ],
)
async def test_a_zone_needs_a_domain_name(control_plane: ControlPlane, name: str) -> None:
    catch_all = await control_plane.new_zone("site.internal", catch_all=True)
    status, code, _, _ = await control_plane.refused("POST", "/zones", {"name": name})
    assert (status, code) == (400, 1049)
    for host in ("x", "a.x", "img.com"):
        assert control_plane.configuration.zone_for_host(host) is control_plane.configuration.zone(catch_all)


async def test_a_zone_exists_once(control_plane: ControlPlane) -> None:
    await control_plane.new_zone("example.com")
    status, code, message, _ = await control_plane.refused("POST", "/zones", {"name": "EXAMPLE.com"})
    assert (status, code, message) == (400, 1061, "example.com already exists")


async def test_a_zone_tells_how_long_development_mode_lasts(control_plane: ControlPlane) -> None:
    zone = await control_plane.new_zone()
    await control_plane.result("PATCH", f"/zones/{zone}/settings/development_mode", {"value": "on"})
    assert (await control_plane.result("GET", f"/zones/{zone}"))["development_mode"] == 3 * 3600
    control_plane.now_ms = NOW_MS + 3 * 3600 * 1000 - 1
    assert (await control_plane.result("GET", f"/zones/{zone}"))["development_mode"] == 1
    control_plane.now_ms += 1
    assert (await control_plane.result("GET", f"/zones/{zone}"))["development_mode"] == 0
