from __future__ import annotations

from typing import Any

import pytest

from support.control_plane import ControlPlane

CNAME = {"type": "CNAME", "name": "img", "content": "Origin.Example.net.", "proxied": True, "comment": "by hand"}


async def test_a_record_is_made_read_changed_and_deleted(control_plane: ControlPlane) -> None:
    zone = await control_plane.new_zone()
    records = f"/zones/{zone}/dns_records"
    record = await control_plane.result("POST", records, CNAME)
    assert (record["type"], record["name"], record["content"]) == ("CNAME", "img.example.com", "origin.example.net")
    assert (record["proxied"], record["proxiable"], record["ttl"], record["comment"]) == (True, True, 1, "by hand")
    target = f"{records}/{record['id']}"
    assert await control_plane.result("GET", target) == record

    control_plane.now_ms += 1000
    edited = await control_plane.result("PATCH", target, {"content": "other.example.net"})
    assert edited["content"] == "other.example.net"
    assert edited["comment"] == "by hand"
    assert edited["created_on"] == record["created_on"] < edited["modified_on"]
    cleared = await control_plane.result("PATCH", target, {"comment": None, "proxied": False, "ttl": 300})
    assert (cleared["comment"], cleared["proxied"], cleared["ttl"]) == (None, False, 300)

    body = {"type": "A", "name": "img.example.com", "content": "192.0.2.1"}
    replaced = await control_plane.result("PUT", target, body)
    assert (replaced["id"], replaced["type"], replaced["ttl"]) == (record["id"], "A", 1)  # the rest has its defaults
    assert await control_plane.result("DELETE", target) == {"id": record["id"]}
    assert await control_plane.result("GET", records) == []


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("@", "example.com"),
        ("example.com", "example.com"),
        ("IMG", "img.example.com"),
        ("img.example.com.", "img.example.com"),
        ("*", "*.example.com"),
        ("*.cdn", "*.cdn.example.com"),
        ("a_b", "a_b.example.com"),
        ("notexample.com", "notexample.com.example.com"),
    ],
)
async def test_a_name_is_completed_with_the_zones(control_plane: ControlPlane, name: str, full: str) -> None:
    zone = await control_plane.new_zone()
    record = await control_plane.result("POST", f"/zones/{zone}/dns_records", {**CNAME, "name": name})
    assert record["name"] == full


@pytest.mark.parametrize(
    ("type_", "content", "stored"),
    [
        ("A", "127.0.0.1", "127.0.0.1"),
        ("AAAA", "2001:DB8:0::1", "2001:db8::1"),
        ("CNAME", "localhost", "localhost"),
        ("TXT", "v=spf1 -all", "v=spf1 -all"),
    ],
)
async def test_content_is_kept_in_its_normal_form(
    control_plane: ControlPlane, type_: str, content: str, stored: str
) -> None:
    zone = await control_plane.new_zone()
    record = await control_plane.result(
        "POST", f"/zones/{zone}/dns_records", {"type": type_, "name": "x", "content": content}
    )
    assert record["content"] == stored


@pytest.mark.parametrize(
    ("change", "code", "pointer", "message"),
    [
        ({"type": "MX"}, 1004, "/type", "not kept here, only A, AAAA, CNAME, TXT"),
        ({"type": "cname"}, 1004, "/type", "not kept here"),
        ({"name": "a b"}, 1004, "/name", "not a host name"),
        ({"name": ""}, 1004, "/name", "not a host name"),
        ({"name": "a.*"}, 1004, "/name", "not a host name"),
        ({"name": "x" * 64}, 1004, "/name", "not a host name"),
        ({"content": "https://origin.example.net"}, 1004, "/content", "without scheme, port or path"),
        ({"content": "origin.example.net:9000"}, 1004, "/content", "without scheme, port or path"),
        ({"content": "192.0.2.1"}, 1004, "/content", "must be a host name"),
        ({"content": ""}, 1004, "/content", "must be a host name"),
        ({"content": "img.example.com"}, 1004, "/content", "cannot point at itself"),
        ({"type": "A"}, 1004, "/content", "must be a valid IPv4 address"),
        ({"type": "A", "content": "::1"}, 1004, "/content", "must be a valid IPv4 address"),
        ({"type": "AAAA", "content": "192.0.2.1"}, 1004, "/content", "must be a valid IPv6 address"),
        ({"type": "TXT"}, 1004, "/proxied", "cannot be proxied"),
        ({"type": "TXT", "proxied": False, "content": ""}, 1004, "/content", "1 to 2048 bytes"),
        ({"proxied": False, "ttl": 29}, 1004, "/ttl", "1 (automatic) or 30 to 86400"),
        ({"proxied": False, "ttl": 86401}, 1004, "/ttl", "1 (automatic) or 30 to 86400"),
        ({"comment": "x" * 501}, 1004, "/comment", "at most 500"),
        ({"ttl": "1"}, 6003, "/ttl", "Expected `float`, got `str`"),
        ({"proxied": "yes"}, 6003, "/proxied", "Expected `bool`"),
    ],
)
async def test_a_wrong_record_is_refused(
    control_plane: ControlPlane, change: dict[str, Any], code: int, pointer: str, message: str
) -> None:
    zone = await control_plane.new_zone()
    found = await control_plane.refused("POST", f"/zones/{zone}/dns_records", {**CNAME, **change})
    assert (found[0], found[1], found[3]) == (400, code, pointer)
    assert message in found[2]


@pytest.mark.parametrize(
    ("second", "fits"),
    [
        ({"type": "CNAME", "name": "a", "content": "x"}, False),  # identical
        ({"type": "CNAME", "name": "a", "content": "y"}, False),  # a CNAME stands alone
        ({"type": "A", "name": "a", "content": "192.0.2.1"}, False),
        ({"type": "TXT", "name": "a", "content": "text"}, True),
        ({"type": "CNAME", "name": "b", "content": "x"}, True),
    ],
)
async def test_what_may_stand_beside_a_cname(control_plane: ControlPlane, second: dict[str, Any], fits: bool) -> None:
    zone = await control_plane.new_zone()
    records = f"/zones/{zone}/dns_records"
    await control_plane.result("POST", records, {"type": "CNAME", "name": "a", "content": "x"})
    if fits:
        await control_plane.result("POST", records, second)
        return
    status, code, _, _ = await control_plane.refused("POST", records, second)
    assert (status, code) == (400, 81053)


async def test_one_name_has_several_addresses_but_none_twice(control_plane: ControlPlane) -> None:
    zone = await control_plane.new_zone()
    records = f"/zones/{zone}/dns_records"
    for address in ("192.0.2.1", "192.0.2.2"):
        await control_plane.result("POST", records, {"type": "A", "name": "a", "content": address})
    _, code, message, _ = await control_plane.refused(
        "POST", records, {"type": "A", "name": "a", "content": "192.0.2.2"}
    )
    assert (code, message) == (81053, "An identical record already exists.")


async def test_a_change_is_checked_like_a_new_record(control_plane: ControlPlane) -> None:
    zone = await control_plane.new_zone()
    records = f"/zones/{zone}/dns_records"
    await control_plane.result("POST", records, CNAME)
    other = await control_plane.result("POST", records, {**CNAME, "name": "other"})
    target = f"{records}/{other['id']}"
    assert (await control_plane.refused("PATCH", target, {"name": "img"}))[1] == 81053
    assert (await control_plane.refused("PATCH", target, {"content": "a:1"}))[1] == 1004
    assert (await control_plane.refused("PUT", target, {"type": "A", "name": "other", "content": "x"}))[1] == 1004
    same = await control_plane.result("PATCH", target, {"name": "other"})
    assert same["name"] == "other.example.com"


async def test_a_record_that_is_not_there_is_not_found(control_plane: ControlPlane) -> None:
    zone = await control_plane.new_zone()
    target = f"/zones/{zone}/dns_records/{'e' * 32}"
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {}), ("PUT", CNAME)):
        status, code, message, _ = await control_plane.refused(method, target, body)
        assert (status, code, message) == (404, 81044, "Record does not exist.")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("type=CNAME", 1),
        ("type=A", 2),
        ("name=b.example.com", 1),
        ("name.exact=b.example.com&type=A", 1),
        ("name.exact=b.example.com&type=CNAME", 0),
        ("content=192.0.2.1", 2),
        ("content.exact=192.0.2.1&proxied=true", 1),
        ("proxied=false", 1),
    ],
)
async def test_records_are_found_by_the_query(control_plane: ControlPlane, query: str, count: int) -> None:
    zone = await control_plane.new_zone()
    records = f"/zones/{zone}/dns_records"
    await control_plane.result("POST", records, CNAME)
    await control_plane.result("POST", records, {"type": "A", "name": "a", "content": "192.0.2.1", "proxied": True})
    await control_plane.result("POST", records, {"type": "A", "name": "b", "content": "192.0.2.1"})
    assert len(await control_plane.result("GET", f"{records}?{query}")) == count
