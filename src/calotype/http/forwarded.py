"""Who asks, when trusted proxies stand before us (X-Forwarded-For, X-Forwarded-Proto)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import ip_address


def client_address(peer: str, forwarded_for: Iterable[str], trusted_proxies: Collection[str]) -> str:
    """The last address that no trusted proxy wrote; the peer, where there is no such proxy or it writes nonsense.

    `forwarded_for` are the lines of X-Forwarded-For in their order.
    """
    addresses = [part.strip() for line in forwarded_for for part in line.split(",")]
    current = peer
    while current in trusted_proxies and addresses:
        current = addresses.pop()
    try:
        return str(ip_address(current))
    except ValueError:
        return peer


def client_scheme(peer: str, scheme: str, forwarded_proto: str | None, trusted_proxies: Collection[str]) -> str:
    """The scheme that the client used: what a trusted peer says of it, else that of the connection."""
    if peer in trusted_proxies and forwarded_proto in ("http", "https"):
        return forwarded_proto
    return scheme
