from __future__ import annotations

import dataclasses
import socket

import pytest

from calotype.programs.addresses import CannotListen, require_free_addresses
from calotype.site.kinds import Address
from calotype.site.settings import Site

SOURCES = {f"listen.{each.name}": "default" for each in dataclasses.fields(Site().listen)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def site_at(**addresses: Address) -> Site:
    """A site on free ports but for the addresses given."""
    free = {name: Address("127.0.0.1", free_port()) for name in ("edge", "console", "control", "origin")}
    return Site(listen=dataclasses.replace(Site().listen, **{**free, **addresses}))


def test_free_addresses_pass() -> None:
    require_free_addresses(site_at(), SOURCES)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_taken_address_is_told_with_its_setting_and_how_to_change_it(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        address = Address(host, taken.getsockname()[1])
        with pytest.raises(CannotListen) as refused:
            require_free_addresses(site_at(console=address), SOURCES | {"listen.console": "CALOTYPE_CONSOLE"})
    assert str(refused.value) == (
        f"listen.console (CALOTYPE_CONSOLE) is {address}: another program listens there, perhaps this site itself,"
        " already started. Choose another address with --console HOST:PORT, CALOTYPE_CONSOLE or console under"
        " [listen] in calotype.toml."
    )


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(CannotListen, match="this machine does not have that address"):
        require_free_addresses(site_at(edge=Address("198.51.100.7", free_port())), SOURCES)


def test_a_name_that_does_not_resolve_is_told() -> None:
    with pytest.raises(CannotListen, match=r"listen\.edge \(default\) is nowhere\.invalid:"):
        require_free_addresses(site_at(edge=Address("nowhere.invalid", free_port())), SOURCES)
