"""Sockets to listen on, bound before anything else starts, so that an address in use is said at once."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

from calotype.serve.errors import AddressInUse

BACKLOG = 2048


def parse_address(text: str) -> tuple[str, int]:
    """(host, port) of `HOST:PORT`, `[v6]:PORT` or `:PORT` (every address); raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{text!r} is not an address: expected HOST:PORT")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{text!r} is not an address: write an IPv6 host in brackets")
    return host, int(port)


def bind(address: str, *, reuse_port: bool = False) -> socket.socket:
    """A listening socket on `HOST:PORT`; port 0 takes a free one. Raises AddressInUse, or OSError for other reasons."""
    host, port = parse_address(address)
    family, _, _, _, where = socket.getaddrinfo(
        host or "0.0.0.0", port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(where)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressInUse(f"{address} is in use by another program; choose another port or stop it") from error
        raise
    sock.setblocking(False)
    return sock


def bind_unix(path: str | os.PathLike[str]) -> socket.socket:
    """A listening socket for this user alone at `path`; a socket left there by a dead process is replaced.

    Raises AddressInUse when a living process answers there, or when something other than a socket is in the way.
    """
    path = Path(path)
    _remove_dead_socket(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(str(path))
        path.chmod(0o600)
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def _remove_dead_socket(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise AddressInUse(f"{path} is in the way of a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
    raise AddressInUse(f"another process listens on {path}")
