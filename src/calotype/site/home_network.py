"""This machine's address on the home network, for `--lan`."""

from __future__ import annotations

import ipaddress
import socket

from calotype.site.source import SettingsError

# An address of the documentation networks (RFC 5737): a datagram socket that "connects" sends nothing, but the
# kernel chooses the address it would send from.
_SOMEWHERE_ELSE = ("192.0.2.1", 9)


def home_network_address() -> str:
    """The private IPv4 address that other machines at home reach; raises `SettingsError` when there is none."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(_SOMEWHERE_ELSE)
            address: str = probe.getsockname()[0]
    except OSError as exc:
        raise _none(f"there is no network ({exc.strerror})") from exc
    if not ipaddress.ip_address(address).is_private or ipaddress.ip_address(address).is_loopback:
        raise _none(f"this machine's address {address} is not one of a home network")
    return address


def _none(why: str) -> SettingsError:
    return SettingsError(
        f"--lan: {why}\nexpected an address in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16;"
        " to listen elsewhere, give each address with --edge, --console and --origin"
    )
