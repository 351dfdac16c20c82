"""Which names the console answers to, and whose pages may act."""

from __future__ import annotations

import pytest

from calotype.console.hosts import console_hosts, may_act, site_of


@pytest.mark.parametrize(
    ("listen", "public_url", "host", "origin"),
    [
        ("127.0.0.1:8001", None, "127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("127.0.0.1:8001", None, "localhost:8001", "http://localhost:8001"),
        ("127.0.0.1:8001", None, "LocalHost:8001", "http://localhost:8001"),
        ("127.0.0.1:8001", None, "[::1]:8001", "http://[::1]:8001"),
        ("192.0.2.7:8001", None, "192.0.2.7:8001", "http://192.0.2.7:8001"),
        ("127.0.0.1:8001", None, "localhost", None),  # another port is another program
        ("127.0.0.1:8001", None, "localhost:8002", None),
        ("127.0.0.1:8001", None, "evil.example:8001", None),  # a foreign name that resolves to us: DNS rebinding
        ("127.0.0.1:8001", None, "localhost:8001.evil.example", None),
        ("127.0.0.1:8001", None, "", None),
        ("127.0.0.1:8001", None, None, None),
        ("127.0.0.1:80", None, "localhost", "http://localhost"),  # browsers leave the scheme's own port out
        ("127.0.0.1:8001", "https://photos.example/", "photos.example", "https://photos.example"),
        ("127.0.0.1:8001", "https://photos.example", "photos.example:443", "https://photos.example"),
        ("127.0.0.1:8001", "https://photos.example:8443", "photos.example:8443", "https://photos.example:8443"),
        ("127.0.0.1:8001", "https://photos.example:8443", "photos.example", None),
        ("127.0.0.1:8001", "https://photos.example", "localhost:8001", "http://localhost:8001"),
    ],
)
def test_a_host_names_the_origin_of_its_pages_or_is_foreign(
    listen: str, public_url: str | None, host: str | None, origin: str | None
) -> None:
    assert console_hosts(listen, public_url).origin_of(host) == origin


@pytest.mark.parametrize(
    ("host", "local", "origin"),
    [
        ("192.0.2.7:8001", ("192.0.2.7", 8001), "http://192.0.2.7:8001"),
        ("[2001:db8::1]:8001", ("2001:db8::1", 8001), "http://[2001:db8::1]:8001"),
        ("192.0.2.8:8001", ("192.0.2.7", 8001), None),
        ("evil.example:8001", ("192.0.2.7", 8001), None),
    ],
)
def test_a_console_on_every_address_answers_to_the_one_it_was_reached_at(
    host: str, local: tuple[str, int], origin: str | None
) -> None:
    assert console_hosts("0.0.0.0:8001", None).origin_of(host, local) == origin


def test_a_console_on_one_address_does_not_take_the_connections_word() -> None:
    assert console_hosts("127.0.0.1:8001", None).origin_of("192.0.2.7:8001", ("192.0.2.7", 8001)) is None


@pytest.mark.parametrize(
    ("method", "origin", "allowed"),
    [
        ("GET", None, True),
        ("GET", "http://evil.example", True),  # reading changes nothing, and the answer is not shared with it
        ("HEAD", None, True),
        ("POST", "http://localhost:8001", True),
        ("POST", "HTTP://LOCALHOST:8001", True),
        ("POST", None, False),
        ("POST", "null", False),
        ("POST", "http://localhost:8000", False),  # the edge on the same host serves strangers' files
        ("POST", "https://localhost:8001", False),
        ("POST", "http://localhost:8001.evil.example", False),
        ("DELETE", "http://evil.example", False),
    ],
)
def test_only_the_consoles_own_pages_may_act(method: str, origin: str | None, allowed: bool) -> None:
    assert may_act(method, origin, "http://localhost:8001") is allowed


@pytest.mark.parametrize(
    ("site_url", "console", "port", "site"),
    [
        (None, "http://localhost:8001", 8000, "http://localhost:8000"),
        (None, "http://[::1]:8001", 8000, "http://[::1]:8000"),
        (None, "https://photos.example", 80, "http://photos.example"),
        ("https://img.example/", "http://localhost:8001", 8000, "https://img.example"),
    ],
)
def test_pictures_are_at_the_site_or_at_the_edge_of_the_same_host(
    site_url: str | None, console: str, port: int, site: str
) -> None:
    assert site_of(site_url, console, port) == site
