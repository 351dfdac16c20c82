"""The whole edge with its control plane: configured and purged over the Cloudflare API, asked over the admin API."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from calotype.http.message import Request, read_body
from calotype.serve.client import Address, Client
from calotype.serve.server import Server
from calotype.site.folder import load_credentials
from edge.story import LONGEST, RecordingOrigin, picture
from edge.test_edge_processes import free_port, start, stop
from edge.test_zone_stories import CACHE


@pytest.fixture(autouse=True)
def master_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALOTYPE_MASTER_KEY", "ab" * 32)


class Api:
    """The control plane as a client sees it."""

    def __init__(self, client: Client, port: int, token: str) -> None:
        self._client = client
        self._address = Address("127.0.0.1", port)
        self._token = token

    async def call(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> tuple[int, Any]:
        headers = [("authorization", f"Bearer {token or self._token}"), ("content-type", "application/json")]
        request = Request.of(method, path, headers, b"" if body is None else msgspec.json.encode(body))
        response = await self._client.fetch(self._address, request)
        return response.status, msgspec.json.decode(await read_body(response.body, LONGEST))

    async def zone_for(self, origin_port: int) -> str:
        """A catch-all zone before an origin on this machine; its id."""
        _, made = await self.call("POST", "/client/v4/zones", {"name": "site.test", "calotype": {"catch_all": True}})
        zone: str = made["result"]["id"]
        base = f"/client/v4/zones/{zone}"
        record = {"type": "A", "name": "site.test", "content": "127.0.0.1", "proxied": True, "ttl": 1}
        for method, path, body in (
            ("POST", f"{base}/dns_records", record),
            ("PATCH", f"{base}/settings/ssl", {"value": "flexible"}),
            ("PATCH", f"{base}/settings/browser_cache_ttl", {"value": 0}),
        ):
            status, answer = await self.call(method, path, body)
            assert status == 200, answer
        route = {"origin": {"port": origin_port}}
        await self.put_rule(zone, "http_request_origin", "route", route)
        await self.put_rule(zone, CACHE[0], CACHE[1].action, CACHE[1].action_parameters)
        return zone

    async def put_rule(self, zone: str, phase: str, action: str, parameters: dict[str, Any]) -> None:
        rule = {"expression": "true", "action": action, "action_parameters": parameters}
        path = f"/client/v4/zones/{zone}/rulesets/phases/{phase}/entrypoint"
        status, answer = await self.call("PUT", path, {"rules": [rule]})
        assert status == 200, answer


async def test_edge_is_configured_purged_and_asked_over_its_apis(tmp_path: Path) -> None:
    count = iter(range(1000))
    origin = RecordingOrigin(lambda _: picture(b"version %d" % next(count)))
    origin_server = Server(origin)
    await origin_server.start("127.0.0.1:0")
    port, control = free_port(), free_port()
    process = await start(tmp_path, port, control=f"127.0.0.1:{control}", workers=2)
    client = Client()

    async def ask(path: str) -> tuple[int, str | None, str | None, bytes]:
        response = await client.fetch(Address("127.0.0.1", port), Request.of("GET", path, [("host", "any.test")]))
        headers = response.headers
        body = await read_body(response.body, LONGEST)
        return response.status, headers.get("cf-cache-status"), headers.get("x-colour"), body

    try:
        api = Api(client, control, load_credentials(tmp_path).control_token or "")
        assert (await ask("/a.png"))[0] == 409  # no zone yet
        zone = await api.zone_for(origin_server.port)
        for status in ("MISS", "HIT", "HIT"):
            assert await ask("/a.png") == (200, status, None, b"version 0")

        # a rule is in force at once, on what is cached and memoised
        headers = {"x-colour": {"operation": "set", "value": "red"}}
        await api.put_rule(zone, "http_response_headers_transform", "rewrite", {"headers": headers})
        answers = await asyncio.gather(*(ask("/a.png") for _ in range(20)))
        assert set(answers) == {(200, "HIT", "red", b"version 0")}

        status, purged = await api.call(
            "POST", f"/client/v4/zones/{zone}/purge_cache", {"files": ["https://any.test/a.png?x=1"]}
        )
        assert (status, purged["success"]) == (200, True)
        answers = await asyncio.gather(*(ask("/a.png") for _ in range(20)))
        assert {body for *_, body in answers} == {b"version 1"}
        await api.call("POST", f"/client/v4/zones/{zone}/purge_cache", {"purge_everything": True})
        assert (await ask("/a.png"))[3] == b"version 2"

        status, bans = await api.call("GET", "/calotype/v1/bans?after=0")
        assert status == 200
        assert [(row["sequence"], row["everything"], row["files"]) for row in bans["rows"]] == [
            (1, False, [["site.test/a.png", "x=1"]]),
            (2, True, []),
        ]
        async with asyncio.timeout(5):  # a picture is delivered a moment before it is stored
            while (stats := (await api.call("GET", "/calotype/v1/stats"))[1])["entries"] == 0:
                await asyncio.sleep(0.01)
        assert (stats["workers"], stats["banPosition"], stats["entries"]) == (2, 2, 1)
        assert stats["originRequests"] == len(origin.requests) == 3
        assert stats["requests"]["MISS"] >= 3
        assert stats["originBytes"] == 3 * len(b"version 0")
        [today] = stats["days"]
        assert (today["originRequests"], today["originBytes"]) == (3, stats["originBytes"])
        assert (today["requests"], today["bytesOut"]) == (sum(stats["requests"].values()), stats["bytesOut"])

        assert (await api.call("GET", "/calotype/v1/bans", token="wrong"))[0] == 401
        assert (await api.call("GET", "/client/v4/zones", token="wrong"))[0] in (401, 403)
        assert (await api.call("GET", "/healthz", token="wrong"))[1]["status"] == "ok"

        # all of it is there after a restart
        await stop(process)
        process = await start(tmp_path, port, control=f"127.0.0.1:{control}", workers=2)
        assert await ask("/a.png") == (200, "HIT", "red", b"version 2")
    finally:
        await client.close()
        await stop(process)
        await origin_server.close()


async def test_follower_of_the_ban_log_is_told_of_the_next_ban(tmp_path: Path) -> None:
    port, control = free_port(), free_port()
    process = await start(tmp_path, port, control=f"127.0.0.1:{control}", workers=1)
    client = Client()
    try:
        api = Api(client, control, load_credentials(tmp_path).control_token or "")
        zone = await api.zone_for(1)
        following = asyncio.create_task(api.call("GET", "/calotype/v1/bans?after=0&waitS=20"))
        await asyncio.sleep(0.1)
        await api.call("POST", f"/client/v4/zones/{zone}/purge_cache", {"tags": ["cats"]})
        _, bans = await asyncio.wait_for(following, 5)
        assert [row["tags"] for row in bans["rows"]] == [["cats"]]
    finally:
        await client.close()
        await stop(process)
