"""The official Cloudflare library against our control plane, over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cloudflare.types.rulesets.phase_update_response import Ruleset

import cloudflare
from calotype.edge.configuration import PurgeFile, PurgeRequest
from calotype.serve.server import Server
from support.control_plane import TOKEN, ControlPlane

T = TypeVar("T")


@pytest.fixture
def control_plane(tmp_path: Path) -> ControlPlane:
    return ControlPlane(tmp_path / "edge")


@pytest.fixture
async def client(control_plane: ControlPlane) -> AsyncIterator[cloudflare.Cloudflare]:
    server = Server(control_plane.server)
    await server.start(("127.0.0.1", 0))
    base_url = f"http://127.0.0.1:{server.port}/client/v4"
    with cloudflare.Cloudflare(api_token=TOKEN, base_url=base_url, max_retries=0, timeout=20) as client:
        yield client
    await server.drain(5)


async def call(function: Callable[..., T], *arguments: Any, **keywords: Any) -> T:
    """A call of the library, which blocks, beside the server."""
    return await asyncio.to_thread(lambda: function(*arguments, **keywords))


def ruleset(answer: Any) -> Ruleset:
    """The answer of a write as the library's model; its type is `Ruleset or any object`, so it comes as a dict."""
    return Ruleset.model_validate(answer)


async def test_a_site_is_provisioned_as_on_cloudflare(
    client: cloudflare.Cloudflare, control_plane: ControlPlane
) -> None:
    token = await call(client.user.tokens.verify)
    assert token is not None
    assert token.status == "active"

    created = await call(client.zones.create, name="example.com", account={})
    assert created is not None
    found = await call(lambda: list(client.zones.list(name="example.com")))
    assert [zone.id for zone in found] == [created.id]
    assert found[0].status == "active"
    assert found[0].account.id == control_plane.configuration.account_id
    zone_id = created.id

    record = await call(
        client.dns.records.create,
        zone_id=zone_id,
        type="CNAME",
        name="img",
        content="origin.example.net",
        proxied=True,
        ttl=1,
    )
    assert record is not None
    listed = await call(
        lambda: list(client.dns.records.list(zone_id=zone_id, type="CNAME", name={"exact": "img.example.com"}))
    )
    assert [(each.id, each.content, each.proxied) for each in listed] == [(record.id, "origin.example.net", True)]
    edited = await call(
        client.dns.records.edit,
        record.id,
        zone_id=zone_id,
        type="CNAME",
        name="img",
        ttl=1,
        content="other.example.net",
    )
    assert edited is not None
    assert (edited.content, edited.proxied) == ("other.example.net", True)

    setting: Any = await call(client.zones.settings.edit, "ssl", zone_id=zone_id, value="strict")
    assert (setting.id, setting.value) == ("ssl", "strict")
    setting = await call(client.zones.settings.get, "browser_cache_ttl", zone_id=zone_id)
    assert setting.value == 14400

    zone = control_plane.configuration.zones[0]
    assert zone.origin_scheme == "https"
    found_record = zone.record_for("img.example.com")
    assert found_record is not None
    assert found_record.content == "other.example.net"

    await call(client.dns.records.delete, record.id, zone_id=zone_id)
    await call(client.zones.delete, zone_id=zone_id)
    assert control_plane.configuration.zones == ()


async def test_the_rules_of_a_phase_are_written_changed_and_read(
    client: cloudflare.Cloudflare, control_plane: ControlPlane
) -> None:
    zone_id = await control_plane.new_zone()
    phase: Any = "http_request_transform"
    with pytest.raises(cloudflare.NotFoundError):
        await call(client.rulesets.phases.get, phase, zone_id=zone_id)

    rule: Any = {
        "ref": "site-path",
        "action": "rewrite",
        "expression": 'http.host eq "img.example.com" and not starts_with(http.request.uri.path, "/file/photos/")',
        "action_parameters": {"uri": {"path": {"expression": 'concat("/file/photos", http.request.uri.path)'}}},
    }
    written = ruleset(await call(client.rulesets.phases.update, phase, zone_id=zone_id, rules=[rule]))
    read = await call(client.rulesets.phases.get, phase, zone_id=zone_id)
    assert (read.id, read.phase, read.kind, len(read.rules)) == (written.id, phase, "zone", 1)
    assert (read.rules[0].ref, read.rules[0].expression) == ("site-path", rule["expression"])
    assert [each.id for each in await call(lambda: list(client.rulesets.list(zone_id=zone_id)))] == [read.id]

    added: Any = await call(
        client.rulesets.rules.create,
        read.id,
        zone_id=zone_id,
        action="rewrite",
        expression="ssl",
        action_parameters={"uri": {"query": {"value": ""}}},
        position={"before": ""},
    )
    assert [each.expression for each in ruleset(added).rules] == ["ssl", rule["expression"]]
    rule_id = ruleset(added).rules[0].id
    assert rule_id is not None
    edited: Any = await call(
        client.rulesets.rules.edit,
        rule_id,
        ruleset_id=read.id,
        zone_id=zone_id,
        action="rewrite",
        expression="not ssl",
        action_parameters={"uri": {"query": {"value": ""}}},
    )
    assert [each.expression for each in ruleset(edited).rules] == ["not ssl", rule["expression"]]
    left: Any = await call(client.rulesets.rules.delete, rule_id, ruleset_id=read.id, zone_id=zone_id)
    assert [each.ref for each in ruleset(left).rules] == ["site-path"]

    with pytest.raises(cloudflare.BadRequestError) as caught:
        await call(
            client.rulesets.phases.update,
            phase,
            zone_id=zone_id,
            rules=[rule, {**rule, "ref": "x", "expression": "http.hots"}],
        )
    assert caught.value.errors[0].code == 20127
    assert "unknown field `http.hots`" in caught.value.errors[0].message
    assert len(control_plane.configuration.zones[0].rulesets[phase].rules) == 1


async def test_the_cache_is_purged_by_each_kind(client: cloudflare.Cloudflare, control_plane: ControlPlane) -> None:
    zone_id = await control_plane.new_zone()
    files: Any = ["https://example.com/a.png?v=1", {"url": "https://example.com/b", "headers": {"Origin": "https://x"}}]
    purged = await call(client.cache.purge, zone_id=zone_id, files=files)
    assert purged is not None
    assert purged.id == zone_id
    await call(client.cache.purge, zone_id=zone_id, purge_everything=True)
    await call(client.cache.purge, zone_id=zone_id, tags=["Photos"])
    await call(client.cache.purge, zone_id=zone_id, hosts=["img.example.com"])
    await call(client.cache.purge, zone_id=zone_id, prefixes=["img.example.com/2026"])
    assert [request for _, request in control_plane.purges] == [
        PurgeRequest(
            files=(
                PurgeFile("https://example.com/a.png?v=1"),
                PurgeFile("https://example.com/b", (("origin", "https://x"),)),
            )
        ),
        PurgeRequest(everything=True),
        PurgeRequest(tags=("photos",)),
        PurgeRequest(hosts=("img.example.com",)),
        PurgeRequest(prefixes=("img.example.com/2026",)),
    ]


async def test_the_library_pages_through_all_records(
    client: cloudflare.Cloudflare, control_plane: ControlPlane
) -> None:
    zone_id = await control_plane.new_zone()
    for number in range(7):
        body = {"type": "A", "name": f"h{number}", "content": "192.0.2.1"}
        await control_plane.result("POST", f"/zones/{zone_id}/dns_records", body)
    names = await call(lambda: [each.name for each in client.dns.records.list(zone_id=zone_id, per_page=3)])
    assert names == [f"h{number}.example.com" for number in range(7)]


async def test_errors_arrive_as_the_librarys_own(client: cloudflare.Cloudflare, control_plane: ControlPlane) -> None:
    zone_id = await control_plane.new_zone()
    with pytest.raises(cloudflare.PermissionDeniedError):
        await call(client.with_options(api_token="wrong").zones.get, zone_id=zone_id)
    with pytest.raises(cloudflare.AuthenticationError):
        await call(client.with_options(api_token="wrong").user.tokens.verify)
    with pytest.raises(cloudflare.NotFoundError):
        await call(client.zones.get, zone_id="f" * 32)
    with pytest.raises(cloudflare.BadRequestError) as caught:
        await call(client.zones.settings.edit, "ssl", zone_id=zone_id, value="on")
    assert caught.value.errors[0].code == 1007
    with pytest.raises(cloudflare.InternalServerError) as missing:
        await call(client.url_normalization.get, zone_id=zone_id)
    assert missing.value.status_code == 501
