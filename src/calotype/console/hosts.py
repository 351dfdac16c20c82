"""Under which names the console answers, and which pages may make it act. Pure.

A page of another site can make a browser send requests here: by a form or a fetch (its Origin is foreign), or by
giving its own name our address (DNS rebinding: its Host is foreign). Both are told apart by exact comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
ANY_ADDRESS = ("0.0.0.0", "[::]", "")
DEFAULT_PORTS = {"http": 80, "https": 443}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class ConsoleHosts:
    """`origins` maps each Host the console answers to (lower-case) to the origin its own pages have there.

    With `any_address` it listens on every address of the machine, and answers to the one a connection came in by.
    """

    origins: dict[str, str]
    any_address: bool = False

    def origin_of(self, host: str | None, local_address: tuple[str, int] | None = None) -> str | None:
        """The origin of the console's pages under this Host header, None for a foreign one."""
        if host is None:
            return None
        host = host.lower()
        if host in self.origins:
            return self.origins[host]
        if self.any_address and local_address is not None and host in _spellings(*local_address):
            return f"http://{host}"
        return None


def console_hosts(listen: str, public_url: str | None) -> ConsoleHosts:
    """The names of a console that listens on HOST:PORT and may be reached through a proxy at `public_url`."""
    name, _, port_text = listen.rpartition(":")
    port = int(port_text)
    names = LOOPBACK_NAMES if name in ANY_ADDRESS else (name.lower(), *LOOPBACK_NAMES)
    origins = {host: f"http://{host}" for each in names for host in _with_port(each, port, "http")}
    if public_url is not None:
        public = urlsplit(public_url)
        public_name = f"[{public.hostname}]" if ":" in (public.hostname or "") else public.hostname or ""
        public_port = public.port or DEFAULT_PORTS[public.scheme]
        hosts = _with_port(public_name, public_port, public.scheme)
        origins |= dict.fromkeys(hosts, f"{public.scheme}://{hosts[-1]}")
    return ConsoleHosts(origins, any_address=name in ANY_ADDRESS)


def may_act(method: str, origin: str | None, own_origin: str) -> bool:
    """Whether a request with this Origin header may change anything. Browsers send one with every unsafe method."""
    return method in SAFE_METHODS or (origin is not None and origin.lower() == own_origin)


def site_of(site_url: str | None, console_origin: str, edge_port: int) -> str:
    """Where visitors see the pictures, without a slash at the end: the set address, or this host's edge."""
    if site_url is not None:
        return site_url.rstrip("/")
    host = urlsplit(console_origin).hostname or "localhost"
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}" if edge_port == DEFAULT_PORTS["http"] else f"http://{host}:{edge_port}"


def _with_port(name: str, port: int, scheme: str) -> tuple[str, ...]:
    """How a browser writes this host, the usual spelling last: the scheme's own port is left out."""
    with_port = f"{name}:{port}"
    return (with_port, name) if port == DEFAULT_PORTS[scheme] else (with_port,)


def _spellings(address: str, port: int) -> tuple[str, ...]:
    return _with_port(f"[{address}]" if ":" in address else address, port, "http")
