"""The edge with TLS: certificates by name, HTTP/1.1 and HTTP/2 on one listener, the scheme told to the origin."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest
import trustme

from calotype.http.message import Request, read_body
from calotype.programs.edge import EdgeSettings, Listeners, children, require_certificates, work
from calotype.serve.client import Address, Client
from calotype.serve.listener import bind
from calotype.serve.server import Server
from edge.story import LONGEST, RecordingOrigin, picture


def write_certificate(folder: Path, authority: trustme.CA, name: str) -> None:
    issued = authority.issue_cert(name)
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.crt").write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    (folder / f"{name}.key").write_bytes(issued.private_key_pem.bytes())


async def test_same_picture_over_http_1_and_http_2(tmp_path: Path) -> None:
    authority = trustme.CA()
    for name in ("img.test", "other.test"):
        write_certificate(tmp_path / "certificates", authority, name)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    origin = RecordingOrigin(lambda _: picture(b"pixels", cache_control="max-age=60"))
    origin_server = Server(origin)
    await origin_server.start("127.0.0.1:0")
    settings = EdgeSettings(
        tmp_path, front=f"http://127.0.0.1:{origin_server.port}", workers=1, certificates=tmp_path / "certificates"
    )
    for folder in (settings.run_folder, settings.edge_folder / "cache"):
        folder.mkdir(parents=True)
    listeners = Listeners(bind("127.0.0.1:0"), bind("127.0.0.1:0"))
    assert listeners.tls is not None
    tls_port = listeners.tls.getsockname()[1]
    ready, stopped = asyncio.Event(), asyncio.Event()
    edge = asyncio.ensure_future(work(settings, listeners, 0, "test-edge", ready=ready.set, stopped=stopped))
    await asyncio.wait_for(ready.wait(), 10)
    client = Client(trust=trust)
    try:
        for name, status in (("img.test", "MISS"), ("other.test", "HIT")):
            address = Address("127.0.0.1", tls_port, tls=True, server_name=name)
            response = await client.fetch(address, Request.of("GET", "/a.png", [("host", name)]))
            assert await read_body(response.body, LONGEST) == b"pixels"
            assert response.headers.get("cf-cache-status") == status
        async with httpx.AsyncClient(http2=True, verify=trust) as browser:
            for _ in range(3):
                url = f"https://127.0.0.1:{tls_port}/a.png"
                seen = await browser.get(url, headers={"host": "img.test"}, extensions={"sni_hostname": "img.test"})
                assert (seen.http_version, seen.headers["cf-cache-status"], seen.content) == (
                    "HTTP/2",
                    "HIT",
                    b"pixels",
                )
        assert origin.requests[0].headers.get("x-forwarded-proto") == "https"
        assert len(origin.requests) == 1
    finally:
        await client.close()
        stopped.set()
        await edge
        await origin_server.close()


def test_tls_listener_without_certificates_says_which_setting_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"edge\.certificates"):
        require_certificates(tmp_path)
    settings = EdgeSettings(tmp_path, listen="127.0.0.1:0", front="http://127.0.0.1:1", tls_listen="127.0.0.1:0")
    with pytest.raises(ValueError, match=r"edge\.certificates"):
        children(settings)


@pytest.mark.parametrize("front", ["127.0.0.1:9000", "ftp://x", "http://h/path", "http://"])
def test_front_that_is_no_address_is_refused_before_anything_starts(tmp_path: Path, front: str) -> None:
    with pytest.raises(ValueError, match="--front must be"):
        children(EdgeSettings(tmp_path, listen="127.0.0.1:0", front=front))
