from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from calotype.cloudflare import server
from calotype.cloudflare.operations import OPERATIONS, PurgeCache
from calotype.cloudflare.routes import NOT_IMPLEMENTED
from calotype.cloudflare.server import MAX_BODY_BYTES
from calotype.edge.configuration import Configuration
from calotype.http.message import Request
from support.control_plane import TOKEN, ControlPlane


async def test_the_token_is_verified(control_plane: ControlPlane) -> None:
    status, envelope = await control_plane.send("GET", "/client/v4/user/tokens/verify")
    assert status == 200
    assert envelope.result["status"] == "active"
    assert envelope.messages[0].message == "This API Token is valid and active"


@pytest.mark.parametrize(
    ("headers", "target", "status", "code"),
    [
        ([], "/zones", 400, 9106),
        ([("authorization", "Basic abc")], "/zones", 400, 6111),
        ([("authorization", "Bearer")], "/zones", 400, 6111),
        ([("authorization", "Bearer a b")], "/zones", 400, 6111),
        ([("authorization", "Bearer wrong")], "/zones", 403, 9109),
        ([("authorization", f"Bearer {TOKEN}x")], "/zones", 403, 9109),
        ([("authorization", "Bearer wrong")], "/user/tokens/verify", 401, 1000),
        ([("authorization", "Bearer wrong")], "/no/such/route", 403, 9109),  # a stranger learns nothing of the routes
        ([("x-auth-email", "a@b"), ("x-auth-key", "k")], "/zones", 400, 9106),
    ],
)
async def test_without_the_right_token_nothing_is_told(
    control_plane: ControlPlane, headers: list[tuple[str, str]], target: str, status: int, code: int
) -> None:
    found, envelope = await control_plane.request(Request.of("GET", target, headers))
    assert (found, envelope.errors[0].code, envelope.result) == (status, code, None)


async def test_the_word_bearer_is_read_in_any_case(control_plane: ControlPlane) -> None:
    status, _ = await control_plane.request(Request.of("GET", "/zones", [("authorization", f"bearer {TOKEN}")]))
    assert status == 200


@pytest.mark.parametrize("base", ["", "/client/v4"])
async def test_the_api_answers_with_and_without_its_base_path(control_plane: ControlPlane, base: str) -> None:
    assert await control_plane.result("GET", f"{base}/zones") == []


@pytest.mark.parametrize(
    ("method", "target", "status", "code", "message"),
    [
        ("GET", "/nothing", 404, 7000, "No route for that URI"),
        ("GET", "/", 404, 7000, "No route"),
        ("GET", "/client/v4", 404, 7000, "No route"),
        ("GET", "/client/v4zones", 404, 7000, "No route"),
        ("GET", "/zones/%zz", 404, 7000, "percent-encoding"),
        ("GET", "/zones/%ff", 404, 7000, "percent-encoding"),
        ("GET", "/zones/example.com", 404, 7003, "perhaps your object identifier is invalid?"),
        ("GET", "/zones/" + "A" * 32, 404, 7003, "perhaps your object identifier is invalid?"),
        ("GET", "/zones/" + "a" * 32, 404, 1001, "Invalid zone identifier"),
        ("GET", "/zones/" + "a" * 32 + "/dns_records", 404, 1001, "Invalid zone identifier"),
        ("PUT", "/zones", 405, 10405, "only GET, POST"),
        ("GET", "/zones/" + "a" * 32 + "/purge_cache", 405, 10405, "only POST"),
        ("GET", "/zones/" + "a" * 32 + "/pagerules", 501, 10501, "(Page Rules) is not implemented"),
        ("PUT", "/accounts/1/workers/scripts/x", 501, 10501, "(Workers scripts) is not implemented"),
        ("GET", "/zones/" + "a" * 32 + "/dns_records/export", 501, 10501, "(DNS record export)"),
        ("POST", "/zones/" + "a" * 32 + "/dns_records/batch", 501, 10501, "(DNS record batch)"),
        ("PATCH", "/zones/" + "a" * 32, 501, 10501, "(edit zone)"),
    ],
)
async def test_a_route_that_is_not_there_says_so(
    control_plane: ControlPlane, method: str, target: str, status: int, code: int, message: str
) -> None:
    found_status, found_code, found_message, _ = await control_plane.refused(method, target)
    assert (found_status, found_code) == (status, code)
    assert message in found_message


@pytest.mark.parametrize(("path", "methods", "name"), NOT_IMPLEMENTED)
async def test_every_call_that_is_known_and_not_had_answers_501_with_its_name(
    control_plane: ControlPlane, path: str, methods: tuple[str, ...], name: str
) -> None:
    target = path.format(
        **dict.fromkeys(["zone_id", "ruleset_id", "pagerule_id", "route_id", "account_id"], "a" * 32),
        name="n",
        phase="p",
    )
    for method in methods:
        status, code, message, _ = await control_plane.refused(method, target, {})
        assert (status, code) == (501, 10501), method
        assert name in message


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        (b"{", 400, 6007, None),
        (b"\xff", 400, 6007, None),
        (b"[]", 400, 6003, None),
        (b"[" * 100_000, 400, 6007, None),
        (b"", 400, 6003, None),
        (b"null", 400, 6003, None),
        (b'{"name": 5}', 400, 6003, "/name"),
        (b'{"name": "a", "calotype": {"catch_all": 1}}', 400, 6003, "/calotype/catch_all"),
        (b" " * (MAX_BODY_BYTES + 1), 413, 10413, None),
    ],
)  # fmt: skip
async def test_a_body_that_cannot_be_read_is_refused(
    control_plane: ControlPlane, body: bytes, status: int, code: int, pointer: str | None
) -> None:
    found = await control_plane.refused("POST", "/zones", body)
    assert (found[0], found[1], found[3]) == (status, code, pointer)


async def test_a_pointer_leads_through_lists(control_plane: ControlPlane) -> None:
    zone = await control_plane.new_zone()
    target = f"/zones/{zone}/rulesets/phases/http_request_transform/entrypoint"
    *_, pointer = await control_plane.refused("PUT", target, {"rules": [{"action": "a", "expression": 5}]})
    assert pointer == "/rules/0/expression"


async def test_a_write_is_saved_then_told_to_the_edge_then_answered(control_plane: ControlPlane) -> None:
    zone = await control_plane.new_zone()
    assert [change.generation for change in control_plane.changes] == [1]
    assert control_plane.store.load() == control_plane.configuration
    await control_plane.result("PATCH", f"/zones/{zone}/settings/ssl", {"value": "strict"})
    assert [change.generation for change in control_plane.changes] == [1, 2]


async def test_a_restart_finds_everything_again(control_plane: ControlPlane) -> None:
    zone = await control_plane.new_zone()
    restarted = server.CloudflareServer(
        control_plane.store, token=TOKEN, on_change=control_plane._changed, purge=control_plane._purged
    )
    assert restarted.configuration == control_plane.configuration
    assert restarted.configuration.zone(zone) is not None


async def test_concurrent_writes_lose_nothing(control_plane: ControlPlane) -> None:
    zone = await control_plane.new_zone()
    target = f"/zones/{zone}/dns_records"
    await asyncio.gather(
        *(
            control_plane.result("POST", target, {"type": "A", "name": f"h{i}", "content": "192.0.2.1"})
            for i in range(20)
        )
    )
    assert len(control_plane.store.load().zones[0].dns_records) == 20
    assert [change.generation for change in control_plane.changes] == list(range(1, 22))


async def test_when_the_configuration_cannot_be_saved_nothing_changes(
    control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(configuration: Configuration) -> Configuration:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(control_plane.store, "save", full_disk)
    status, code, message, _ = await control_plane.refused("POST", "/zones", {"name": "example.com"})
    assert (status, code) == (500, 10500)
    assert "No space left on device" in message


async def test_when_a_worker_cannot_be_reached_the_answer_says_so(tmp_path: Path) -> None:
    control_plane = ControlPlane(tmp_path / "edge")

    async def fails(*_: Any) -> int:
        raise TimeoutError("worker 1 does not answer")

    zone = await control_plane.new_zone()
    control_plane.server._on_change = fails  # type: ignore[assignment]
    control_plane.server._purge = fails
    for method, target, body in (
        ("PATCH", f"/zones/{zone}/settings/ssl", {"value": "full"}),
        ("POST", f"/zones/{zone}/purge_cache", {"purge_everything": True}),
    ):
        status, envelope = await control_plane.send(method, target, body)
        assert (status, envelope.errors[0].code) == (503, 10503)
        assert "worker 1 does not answer" in envelope.errors[0].message


def test_every_operation_is_decided_somewhere() -> None:
    assert {*server._DECISIONS, PurgeCache} == set(OPERATIONS)
