"""The egress guard: where requests sent on somebody's word may go, and what they may cost."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from calotype.http.message import Headers, Request, Response
from calotype.serve.egress import Egress, EgressLimits, EgressRefused, refusal
from calotype.serve.errors import ConnectFailed, ReadTimeout


@pytest.mark.parametrize(
    ("address", "by_default", "with_private_addresses"),
    [
        ("8.8.8.8", True, True),
        ("2606:4700:4700::1111", True, True),
        # loopback and private networks: only by the setting
        ("127.0.0.1", False, True),
        ("127.255.255.254", False, True),
        ("::1", False, True),
        ("10.0.0.1", False, True),
        ("172.16.0.1", False, True),
        ("172.31.255.255", False, True),
        ("172.32.0.1", True, True),
        ("192.168.1.1", False, True),
        ("100.64.0.1", False, True),  # shared by a provider's customers (RFC 6598)
        ("fd12:3456::1", False, True),
        # the metadata services of clouds: never
        ("169.254.169.254", False, False),
        ("fe80::1", False, False),
        ("fe80::1%eth0", False, False),
        ("fd00:ec2::254", False, False),
        ("100.100.100.200", False, False),
        ("192.0.0.192", False, False),
        ("168.63.129.16", False, False),
        # nobody's, everybody's, or kept for later
        ("0.0.0.0", False, False),
        ("0.1.2.3", False, False),
        ("::", False, False),
        ("224.0.0.1", False, False),
        ("233.252.0.1", False, False),
        ("ff02::1", False, False),
        ("255.255.255.255", False, False),
        ("240.0.0.1", False, False),
        ("192.0.2.1", False, False),
        ("2001:db8::1", False, False),
        # an IPv4 address inside one of IPv6 counts as itself
        ("::ffff:127.0.0.1", False, True),
        ("::ffff:8.8.8.8", True, True),
        ("::ffff:169.254.169.254", False, False),
        ("64:ff9b::7f00:1", False, True),
        ("64:ff9b::a9fe:a9fe", False, False),
        ("64:ff9b::808:808", True, True),
        ("2002:7f00:1::", False, True),
        ("2002:a9fe:a9fe::1", False, False),
        ("::127.0.0.1", False, False),
    ],
)
def test_addresses_are_judged(address: str, by_default: bool, with_private_addresses: bool) -> None:
    assert (refusal(address, private_addresses=False) is None) == by_default
    assert (refusal(address, private_addresses=True) is None) == with_private_addresses


@pytest.fixture
async def egress() -> AsyncIterator[Callable[..., Egress]]:
    made: list[Egress] = []

    def make(**options: Any) -> Egress:
        made.append(Egress(**options))
        return made[-1]

    yield make
    for each in made:
        await each.close()


def resolving_to(*addresses: str) -> Any:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
async def test_this_machine_is_refused_by_default_however_it_is_spelled(egress, start, make_handler, host):
    handler = make_handler()
    server = await start(handler)
    with pytest.raises(EgressRefused, match="private network"):
        await egress().post(f"http://{host}:{server.port}/", [], b"{}")
    assert handler.asked == []


@pytest.mark.parametrize("url", ["ftp://example.com/", "https://u:p@example.com/", "nothing", "https://a/\r\nx: y"])
async def test_what_is_no_url_is_refused(egress, url):
    with pytest.raises(EgressRefused):
        await egress().post(url, [], b"{}")


async def test_a_request_goes_out_as_given_under_the_name_of_the_host(egress, start, make_handler):
    seen: list[dict[str, Any]] = []

    async def receive(request: Request) -> Response:
        body = b"".join([piece async for piece in request.body])
        seen.append({"host": request.host, "x": request.headers.get("x"), "target": request.target, "body": body})
        return Response(200, Headers(), b"thanks")

    server = await start(make_handler(receive))
    guard = egress(private_addresses=True, resolve=resolving_to("127.0.0.1"))
    assert await guard.post(f"http://hooks.example:{server.port}/in?a=b", [("x", "y")], b"{}") == 200
    assert seen == [{"host": f"hooks.example:{server.port}", "x": "y", "target": "/in?a=b", "body": b"{}"}]


async def test_the_name_is_resolved_once_and_the_connection_goes_to_what_was_judged(egress, start):
    """A name that leads elsewhere when asked again (DNS rebinding) gains nothing."""
    server = await start()
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    guard = egress(private_addresses=True, resolve=resolve)
    assert await guard.post(f"http://rebinding.invalid:{server.port}/", [], b"") == 200
    assert asked == ["rebinding.invalid"]


async def test_only_the_permitted_addresses_of_a_name_are_tried(egress, start, make_handler):
    handler = make_handler()
    server = await start(handler)
    guard = egress(resolve=resolving_to("127.0.0.1", "10.0.0.1"))
    with pytest.raises(EgressRefused, match=r"127\.0\.0\.1 is in a private network; 10\.0\.0\.1"):
        await guard.post(f"http://mixed.example:{server.port}/", [], b"")
    assert handler.asked == []


async def test_the_next_address_is_tried_when_one_does_not_answer(egress, start):
    server = await start()
    guard = egress(private_addresses=True, resolve=resolving_to("127.0.0.2", "127.0.0.1"))
    assert await guard.post(f"http://two.example:{server.port}/", [], b"") == 200


async def test_a_redirect_is_an_answer_and_not_followed(egress, start, make_handler):
    async def elsewhere(request: Request) -> Response:
        return Response(302, Headers([("location", "/elsewhere")]))

    handler = make_handler(elsewhere)
    server = await start(handler)
    assert await egress(private_addresses=True).post(f"http://127.0.0.1:{server.port}/", [], b"") == 302
    assert handler.asked == ["POST /"]


async def test_an_answer_that_does_not_come_ends_within_the_limit(egress, start, make_handler):
    async def never(request: Request) -> Response:
        await asyncio.sleep(60)
        raise AssertionError

    server = await start(make_handler(never))
    guard = egress(private_addresses=True, limits=EgressLimits(total_s=0.2))
    with pytest.raises(ReadTimeout, match=r"0\.2 s"):
        await guard.post(f"http://127.0.0.1:{server.port}/", [], b"")


async def test_a_name_that_takes_too_long_to_resolve_ends_within_the_limit(egress):
    async def slow(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        raise AssertionError

    with pytest.raises(ReadTimeout):
        await egress(resolve=slow, limits=EgressLimits(total_s=0.1)).post("https://slow.example/", [], b"")


async def test_an_endless_answer_is_cut_off(egress, start, make_handler):
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1000
            yield b"a" * 1000

    async def answer(request: Request) -> Response:
        return Response(200, Headers(), endless())

    server = await start(make_handler(answer))
    guard = egress(private_addresses=True, limits=EgressLimits(answer_bytes=5000))
    assert await guard.post(f"http://127.0.0.1:{server.port}/", [], b"") == 200
    assert sent < 50_000_000


async def test_a_name_that_does_not_resolve_is_told(egress):
    with pytest.raises(ConnectFailed, match=r"cannot be resolved: [^\[]*$") as raised:
        await egress().post("https://does-not-exist.invalid/", [], b"")
    assert raised.value.reason == "dns"


async def test_nobody_listening_is_told(egress, unused_port):
    with pytest.raises(ConnectFailed) as raised:
        await egress(private_addresses=True).post(f"http://127.0.0.1:{unused_port}/", [], b"")
    assert raised.value.reason == "refused"


async def test_tls_asks_for_the_name_and_checks_it_though_the_address_is_pinned(egress, start, certificates, authority):
    server = await start(ssl=certificates)  # for a.test
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    guard = egress(private_addresses=True, trust=trust, resolve=resolving_to("127.0.0.1"))
    assert await guard.post(f"https://a.test:{server.port}/", [], b"{}") == 200
    with pytest.raises(ConnectFailed) as raised:
        await guard.post(f"https://b.test:{server.port}/", [], b"{}")
    assert raised.value.reason == "certificate"


async def test_a_connection_is_used_again(egress, origin):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    address, script = await origin(*[answer] * 3, keeps_open=True)
    guard = egress(private_addresses=True)
    for _ in range(3):
        assert await guard.post(f"http://127.0.0.1:{address.port}/", [], b"") == 200
    assert script.connections == 1
