"""Whose request it is behind proxies."""

from __future__ import annotations

import pytest

from calotype.http.forwarded import client_address, client_scheme

PROXIES = frozenset({"127.0.0.1", "10.0.0.1", "::1"})


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # a stranger's word counts for nothing
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),  # what the client claims stands before it
        ("127.0.0.1", ["6.6.6.6", "198.51.100.1, 10.0.0.1"], "198.51.100.1"),  # two trusted hops
        ("::1", ["2001:DB8::1"], "2001:db8::1"),
        ("127.0.0.1", ["not an address"], "127.0.0.1"),
        ("127.0.0.1", ["10.0.0.1"], "10.0.0.1"),  # nothing but proxies
    ],
)
def test_client_is_the_last_address_that_no_trusted_proxy_wrote(
    peer: str, forwarded_for: list[str], expected: str
) -> None:
    assert client_address(peer, forwarded_for, PROXIES) == expected


@pytest.mark.parametrize(
    ("peer", "forwarded_proto", "expected"),
    [
        ("203.0.113.9", "https", "http"),
        ("127.0.0.1", "https", "https"),
        ("127.0.0.1", None, "http"),
        ("127.0.0.1", "gopher", "http"),
    ],
)
def test_scheme_is_what_a_trusted_peer_says(peer: str, forwarded_proto: str | None, expected: str) -> None:
    assert client_scheme(peer, "http", forwarded_proto, PROXIES) == expected
