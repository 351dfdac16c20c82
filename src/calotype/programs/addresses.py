"""Whether the addresses of a site are free, asked before anything starts."""

from __future__ import annotations

import dataclasses
import errno
import socket
from collections.abc import Mapping, Sequence

from calotype.site.kinds import Address
from calotype.site.settings import Listen, Site, address_flag

ALL = tuple(each.name for each in dataclasses.fields(Listen))


class CannotListen(Exception):
    """An address of the site cannot be listened on. The text names the setting and the ways to change it."""


def require_free_addresses(
    site: Site, sources: Mapping[str, str], *, names: Sequence[str] = ALL, flags: Mapping[str, str] | None = None
) -> None:
    """Raises `CannotListen` for the first of the addresses that is taken or not this machine's.

    `flags` are those of the command for the addresses, where they are not named as the addresses are.
    """
    for name in names:
        address = getattr(site.listen, name)
        if isinstance(address, Address):
            flag = (flags or {}).get(name, address_flag(name))
            _require_free(name, address, sources[f"listen.{name}"], flag)


def _require_free(name: str, address: Address, source: str, flag: str) -> None:
    try:
        family, _, _, _, where = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # a former run's connections in TIME-WAIT do not hold the address
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            probe.listen(1)
    except OSError as exc:
        raise CannotListen(
            f"listen.{name} ({source}) is {address}: {_why(exc)}. Choose another address with {flag} HOST:PORT,"
            f" CALOTYPE_{name.upper()} or {name} under [listen] in calotype.toml."
        ) from exc


def _why(exc: OSError) -> str:
    if exc.errno == errno.EADDRINUSE:
        return "another program listens there, perhaps this site itself, already started"
    if exc.errno == errno.EADDRNOTAVAIL:
        return "this machine does not have that address"
    if exc.errno == errno.EACCES:
        return "this user may not listen on so low a port"
    return exc.strerror or str(exc)
