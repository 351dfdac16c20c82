from __future__ import annotations

from typing import Any

import pytest

from support.control_plane import ControlPlane

SIGNING = {
    "endpoint": "127.0.0.1:9000",
    "bucket": "photos",
    "region": "us-east-1",
    "key_id": "key-1",
    "application_key": "the-secret",
    "path_style": True,
}


async def target_of(control_plane: ControlPlane) -> str:
    return f"/zones/{await control_plane.new_zone()}/calotype/origin_signing"


async def test_credentials_go_in_and_the_secret_never_comes_out(control_plane: ControlPlane) -> None:
    target = await target_of(control_plane)
    assert (await control_plane.refused("GET", target))[:2] == (404, 10404)
    shown = {name: value for name, value in SIGNING.items() if name != "application_key"}
    assert await control_plane.result("PUT", target, SIGNING) == shown
    assert await control_plane.result("GET", target) == shown
    signing = control_plane.configuration.zones[0].origin_signing
    assert signing is not None
    assert signing.application_key == "the-secret"
    assert b"the-secret" not in control_plane.store.path.read_bytes()
    await control_plane.result("DELETE", target)
    assert (await control_plane.refused("GET", target))[:2] == (404, 10404)
    assert (await control_plane.refused("DELETE", target))[:2] == (404, 10404)


async def test_the_known_secret_stays_with_its_key_id_and_only_with_it(control_plane: ControlPlane) -> None:
    target = await target_of(control_plane)
    await control_plane.result("PUT", target, SIGNING)
    without = {name: value for name, value in SIGNING.items() if name != "application_key"}
    await control_plane.result("PUT", target, {**without, "bucket": "other"})
    signing = control_plane.configuration.zones[0].origin_signing
    assert signing is not None
    assert (signing.bucket, signing.application_key) == ("other", "the-secret")
    _, code, _, pointer = await control_plane.refused("PUT", target, {**without, "key_id": "key-2"})
    assert (code, pointer) == (6003, "/application_key")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"endpoint": "http://127.0.0.1:9000"}, "/endpoint"),
        ({"endpoint": "127.0.0.1:9000/x"}, "/endpoint"),
        ({"endpoint": "a b"}, "/endpoint"),
        ({"endpoint": ""}, "/endpoint"),
        ({"endpoint": "a:99999"}, "/endpoint"),
        ({"endpoint": "u@h"}, "/endpoint"),
        ({"bucket": "a/b"}, "/bucket"),
        ({"region": "us east"}, "/region"),
        ({"key_id": ""}, "/key_id"),
        ({"application_key": "the secret"}, "/application_key"),
        ({"path_style": "yes"}, "/path_style"),
        ({"secret": "x"}, None),
    ],
)
async def test_wrong_credentials_are_refused_without_repeating_them(
    control_plane: ControlPlane, change: dict[str, Any], pointer: str | None
) -> None:
    target = await target_of(control_plane)
    status, code, message, found = await control_plane.refused("PUT", target, {**SIGNING, **change})
    assert (status, code, found) == (400, 6003, pointer)
    assert "secret" not in message.replace("`secret`", "")


@pytest.mark.parametrize("endpoint", ["s3.example.net", "[::1]:9000", "localhost:9000"])
async def test_an_endpoint_is_a_host_with_or_without_a_port(control_plane: ControlPlane, endpoint: str) -> None:
    target = await target_of(control_plane)
    assert (await control_plane.result("PUT", target, {**SIGNING, "endpoint": endpoint}))["endpoint"] == endpoint
