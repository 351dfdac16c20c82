"""TLS listeners: certificates by name, reload, and which protocol is spoken."""

from __future__ import annotations

import asyncio
import os
import ssl

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from calotype.http.message import Request, Response, read_body
from calotype.serve.client import Address, Client
from calotype.serve.errors import ConnectFailed
from calotype.serve.limits import Limits
from calotype.serve.tls import CertificateFiles, Certificates, certificate_names

GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trust(authority) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def files(authority, tmp_path):
    """Writes a certificate for some names and gives its files."""

    def write(*names: str, stem: str = "first") -> CertificateFiles:
        issued = authority.issue_cert(*names)
        chain, key = tmp_path / f"{stem}.pem", tmp_path / f"{stem}.key"
        chain.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
        key.write_bytes(issued.private_key_pem.bytes())
        return CertificateFiles(chain, key)

    return write


async def names_served(port: int, trust: ssl.SSLContext, server_name: str | None) -> list[str]:
    """The names in the certificate that the server sends to a client that asks for this name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=server_name or "")
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return certificate_names(ssl.DER_cert_to_PEM_cert(der).encode())


async def test_each_name_gets_its_certificate_and_unknown_names_the_first(start, files, trust):
    certificates = Certificates(
        [files("a.test"), files("b.test", "*.c.test", stem="second"), files("b.test", stem="third")]
    )
    server = await start(ssl=certificates)
    served = {
        name: await names_served(server.port, trust, name)
        for name in ("a.test", "b.test", "B.Test", "x.c.test", "x.y.c.test", "c.test", "z.test", None)
    }
    first, second = ["a.test"], ["b.test", "*.c.test"]
    assert served == {
        "a.test": first,
        "b.test": second,
        "B.Test": second,
        "x.c.test": second,
        "x.y.c.test": first,  # a wildcard stands for one label only
        "c.test": first,
        "z.test": first,
        None: first,
    }


async def test_changed_files_are_served_to_new_connections(start, files, trust):
    certificates = Certificates([files("old.test")])
    server = await start(ssl=certificates)
    assert not certificates.reload_if_changed()
    assert await names_served(server.port, trust, "new.test") == ["old.test"]
    written = files("new.test")
    os.utime(written.chain, (1, 1))
    assert certificates.reload_if_changed()
    assert await names_served(server.port, trust, "new.test") == ["new.test"]


async def test_a_running_server_notices_changed_files_by_itself(start, files, trust):
    server = await start(ssl=Certificates([files("old.test")]), limits=Limits(idle_timeout_s=0.2))
    os.utime(files("new.test").chain, (1, 1))
    await asyncio.sleep(0.3)
    assert await names_served(server.port, trust, "new.test") == ["new.test"]


async def test_files_that_do_not_fit_leave_the_old_certificate_in_use(start, files, trust, caplog):
    certificates = Certificates([files("old.test")])
    server = await start(ssl=certificates)
    written = files("new.test")
    written.key.write_bytes(b"half a key")
    os.utime(written.key, (1, 1))
    assert not certificates.reload_if_changed()
    assert await names_served(server.port, trust, "old.test") == ["old.test"]
    written.key.unlink()
    assert not certificates.reload_if_changed()
    assert not certificates.reload_if_changed()
    told = [f"{written.key} holds no private key in PEM", f"{written.key} cannot be read: No such file or directory"]
    assert caplog.messages == [f"{what}; the certificate that was read before stays in use" for what in told]


async def test_a_listener_serves_the_certificates_that_can_be_read_and_the_others_once_they_can(start, files, trust):
    told: list[str] = []
    bad, good = files("bad.test"), files("good.test", stem="second")
    content = bad.chain.read_bytes()
    bad.chain.write_bytes(b"garbage")
    certificates = Certificates([bad, good], report=told.append)
    server = await start(ssl=certificates)
    assert await names_served(server.port, trust, "bad.test") == ["good.test"]
    assert not certificates.reload_if_changed()
    assert told == [
        f"{bad.chain} holds no certificate in PEM that can be read; the certificate is not served until that is mended"
    ]
    bad.chain.write_bytes(content)
    os.utime(bad.chain, (1, 1))
    assert certificates.reload_if_changed()
    assert await names_served(server.port, trust, "bad.test") == ["bad.test"]


async def test_a_listener_with_no_usable_certificate_refuses_handshakes_until_there_is_one(start, files, trust):
    found: list[CertificateFiles] = []
    certificates = Certificates(found)
    server = await start(ssl=certificates)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await names_served(server.port, trust, "a.test")
    found.append(files("a.test"))
    assert certificates.reload_if_changed()
    assert await names_served(server.port, trust, "a.test") == ["a.test"]


def test_what_is_wrong_with_a_pair_of_files_is_said(files):
    def problem(pair: CertificateFiles) -> str:
        told: list[str] = []
        Certificates([pair], report=told.append)
        return told[0].partition(";")[0]

    pair, other = files("a.test"), files("b.test", stem="second")
    swapped = CertificateFiles(pair.chain, other.key)
    assert problem(swapped) == f"{other.key} is not the key of the certificate in {pair.chain}"
    encrypted = serialization.load_pem_private_key(pair.key.read_bytes(), None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    pair.key.write_bytes(encrypted)
    assert problem(pair) == f"{pair.key} needs a passphrase"
    pair.chain.unlink()
    assert problem(pair) == f"{pair.chain} cannot be read: No such file or directory"


async def test_http_1_1_is_spoken_over_tls_and_the_scheme_is_https(start, connect, files, trust, make_handler):
    seen = []

    async def handle(request):
        seen.append(request.scheme)
        return Response(200, body=b"x" * 1_000_000)

    server = await start(make_handler(handle), ssl=Certificates([files("a.test")]))
    client = await connect(server, ssl=trust, server_hostname="a.test")
    await client.send(GET)
    answer = await client.rest()
    assert answer.endswith(b"\r\n\r\n" + b"x" * 1_000_000)
    assert seen == ["https"]


@pytest.mark.parametrize("http2", [True, False])
async def test_the_client_chooses_the_protocol(start, files, trust, http2):
    server = await start(ssl=Certificates([files("localhost")]))
    async with httpx.AsyncClient(verify=trust, http2=http2) as client:
        answer = await client.get(f"https://localhost:{server.port}/x?y")
    assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
    assert answer.json()["target"] == "/x?y"


async def test_plain_http_on_a_tls_port_is_closed(start, connect, files):
    client = await connect(await start(ssl=Certificates([files("a.test")])))
    await client.send(GET)
    assert not (await client.rest()).startswith(b"HTTP")


async def test_old_versions_of_tls_are_refused(start, connect, files, trust):
    server = await start(ssl=Certificates([files("a.test")]))
    trust.minimum_version = ssl.TLSVersion.TLSv1_2
    trust.maximum_version = ssl.TLSVersion.TLSv1_2
    await connect(server, ssl=trust, server_hostname="a.test")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname = False
    old.verify_mode = ssl.CERT_NONE
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await connect(server, ssl=old, server_hostname="a.test")


# The client over TLS


async def test_the_client_verifies_names_and_sends_them(start, files, trust):
    server = await start(ssl=Certificates([files("first.test"), files("a.test", stem="second")]))
    client = Client(trust=trust)
    address = Address("127.0.0.1", server.port, tls=True, server_name="a.test")
    response = await client.fetch(address, Request.of("GET", "/", [("host", "a.test")]))
    assert b"a.test" in await read_body(response.body, 10_000)
    with pytest.raises(ConnectFailed) as raised:
        await client.fetch(Address("127.0.0.1", server.port, tls=True, server_name="b.test"), Request.of("GET", "/"))
    assert raised.value.reason == "certificate"
    await client.close()


async def test_the_client_refuses_an_unknown_authority_unless_told_not_to_verify(start, files):
    server = await start(ssl=Certificates([files("a.test")]))
    client = Client()
    address = Address("127.0.0.1", server.port, tls=True, server_name="a.test")
    with pytest.raises(ConnectFailed) as raised:
        await client.fetch(address, Request.of("GET", "/"))
    assert raised.value.reason == "certificate"
    unverified = Address("127.0.0.1", server.port, tls=True, server_name="other.test", verify=False)
    assert (await client.fetch(unverified, Request.of("GET", "/"))).status == 200
    await client.close()


async def test_tls_to_a_plain_server_is_said(start):
    server = await start()
    client = Client()
    with pytest.raises(ConnectFailed) as raised:
        await client.fetch(Address("127.0.0.1", server.port, tls=True, verify=False), Request.of("GET", "/"))
    assert raised.value.reason == "tls"
    await client.close()
