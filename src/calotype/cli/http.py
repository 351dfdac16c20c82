"""The HTTP client of the commands."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import httpx

# Connections to an own machine either work at once or not at all.
TIMEOUT = httpx.Timeout(60.0, connect=5.0)


def http_client(url: str) -> httpx.Client:
    """A client for the service at `url`; a proxy of the environment is passed by for addresses at home."""
    return httpx.Client(timeout=TIMEOUT, trust_env=not is_at_home(url))


def is_at_home(url: str) -> bool:
    """Whether the URL leads to this machine or the home network."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
