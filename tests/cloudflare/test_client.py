from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import pytest

from calotype.cloudflare.client import CannotReach, CloudflareClient
from calotype.cloudflare.errors import AccessDenied, CloudflareError, InvalidRule, NoSuchZone, ZoneExists
from calotype.cloudflare.operations import CreateDnsRecord, RuleBody
from calotype.edge.configuration import PurgeFile, PurgeRequest
from calotype.serve.server import Server
from support.control_plane import TOKEN, ControlPlane
from support.ports import free_ports

T = TypeVar("T")
PHASE = "http_request_transform"


@pytest.fixture
async def base_url(control_plane: ControlPlane) -> AsyncIterator[str]:
    server = Server(control_plane.server)
    await server.start(("127.0.0.1", 0))
    yield f"http://127.0.0.1:{server.port}/client/v4"
    await server.drain(5)


async def run(base_url: str, work: Callable[[CloudflareClient], T], *, token: str = TOKEN) -> T:
    """What the client, which blocks, does beside the server."""

    def with_client() -> T:
        with CloudflareClient(token, base_url=base_url) as client:
            return work(client)

    return await asyncio.to_thread(with_client)


async def test_a_site_is_provisioned_step_by_step(base_url: str, control_plane: ControlPlane) -> None:
    rule = RuleBody(
        action="rewrite",
        expression="true",
        ref="path",
        action_parameters={"uri": {"path": {"expression": 'concat("/file/photos", http.request.uri.path)'}}},
    )

    def provision(client: CloudflareClient) -> str:
        assert client.verify_token().status == "active"
        assert client.zone_named("site.internal") is None
        zone = client.create_zone("site.internal", catch_all=True)
        assert client.zone_named("site.internal") == client.zone(zone.id) == zone

        record = client.create_dns_record(zone.id, type="A", name="@", content="127.0.0.1")
        assert client.dns_records(zone.id, type="A", name="site.internal") == [record]
        assert client.edit_dns_record(zone.id, record.id, content="127.0.0.2").content == "127.0.0.2"

        assert client.phase(zone.id, PHASE) is None
        written = client.update_phase(zone.id, PHASE, [rule], description="rewrites")
        assert client.phase(zone.id, PHASE) == written
        assert [each.id for each in client.rulesets(zone.id)] == [written.id]

        assert client.edit_setting(zone.id, "ssl", "flexible").value == "flexible"
        assert client.setting(zone.id, "ssl").value == client.settings(zone.id)["ssl"] == "flexible"

        assert client.origin_signing(zone.id) is None
        signing = client.put_origin_signing(
            zone.id, endpoint="127.0.0.1:9000", bucket="photos", key_id="k", application_key="s"
        )
        assert client.origin_signing(zone.id) == signing
        client.delete_origin_signing(zone.id)
        client.delete_dns_record(zone.id, record.id)
        assert client.dns_records(zone.id) == []
        return zone.id

    zone_id = await run(base_url, provision)
    zone = control_plane.configuration.zone(zone_id)
    assert zone is not None
    assert (zone.catch_all, zone.origin_scheme, zone.rulesets[PHASE].rules[0].ref) == (True, "http", "path")
    await run(base_url, lambda client: client.delete_zone(zone_id))
    assert control_plane.configuration.zones == ()


async def test_purges_reach_the_edge(base_url: str, control_plane: ControlPlane) -> None:
    zone_id = await control_plane.new_zone()
    await run(base_url, lambda client: client.purge(zone_id, files=["https://example.com/a"], tags=["t"]))
    answer = await run(base_url, lambda client: client.purge_everything(zone_id))
    assert [request for _, request in control_plane.purges] == [
        PurgeRequest(files=(PurgeFile("https://example.com/a"),), tags=("t",)),
        PurgeRequest(everything=True),
    ]
    assert answer.calotype.ban == 2  # type: ignore[union-attr]


async def test_lists_are_read_to_their_last_page(base_url: str, control_plane: ControlPlane) -> None:
    zone_id = await control_plane.new_zone()

    def make_and_list(client: CloudflareClient) -> list[str]:
        for number in range(101):
            client.send(CreateDnsRecord(zone_id=zone_id, type="A", name=f"h{number}", content="192.0.2.1"))
        return [record.name for record in client.dns_records(zone_id)]

    assert await run(base_url, make_and_list) == [f"h{number}.example.com" for number in range(101)]


async def test_the_apis_errors_are_raised_as_their_classes(base_url: str, control_plane: ControlPlane) -> None:
    zone_id = await control_plane.new_zone()
    with pytest.raises(NoSuchZone):
        await run(base_url, lambda client: client.zone("f" * 32))
    with pytest.raises(NoSuchZone):  # a phase of a zone that is not there is not an empty phase
        await run(base_url, lambda client: client.phase("f" * 32, PHASE))
    with pytest.raises(ZoneExists):
        await run(base_url, lambda client: client.create_zone("example.com"))
    with pytest.raises(AccessDenied):
        await run(base_url, lambda client: client.zones(), token="wrong")
    rule = RuleBody(action="rewrite", expression="x", action_parameters={})
    with pytest.raises(InvalidRule) as caught:
        await run(base_url, lambda client: client.update_phase(zone_id, PHASE, [rule]))
    assert (caught.value.pointer, caught.value.code) == ("/rules/0/expression", 20127)


async def test_a_port_where_nobody_listens_cannot_be_reached() -> None:
    (port,) = free_ports(1)
    with pytest.raises(CannotReach, match=f"http://127.0.0.1:{port}"):
        await run(f"http://127.0.0.1:{port}", lambda client: client.zones())


async def test_an_answer_of_another_kind_is_an_error(base_url: str) -> None:
    with pytest.raises(CloudflareError, match="No route for that URI"):
        await run(f"{base_url}/elsewhere", lambda client: client.zones())


def test_the_client_needs_nothing_of_the_server() -> None:
    program = (
        "import sys, calotype.cloudflare.client; "
        "print(sorted({'uvloop', 'cryptography', 'httptools', 'calotype.edge', 'calotype.serve'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
