"""Where a URL that somebody gave us leads: host, port and request target, checked and never guessed at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_VISIBLE = re.compile(r"[\x21-\x7e]+")
LONGEST_URL = 2048


class InvalidDestination(ValueError):
    """The text is no URL that a request can be sent to; the message says why."""


@dataclass(frozen=True, slots=True)
class Destination:
    """`host` is lower-case and without brackets; `target` what stands in the request line."""

    scheme: str
    host: str
    port: int
    target: str

    @classmethod
    def of(cls, url: str) -> Destination:
        """Raises InvalidDestination: for another scheme than http and https, credentials, no host, odd characters."""
        if len(url) > LONGEST_URL or not _VISIBLE.fullmatch(url):
            raise InvalidDestination(f"a URL has 1 to {LONGEST_URL} visible ASCII characters")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as exc:
            raise InvalidDestination(str(exc)) from exc
        if parts.scheme not in _PORTS:
            raise InvalidDestination("a URL begins with https:// or http://")
        if parts.username is not None or "\\" in url:
            raise InvalidDestination("a URL to be called holds no user name, password or backslash")
        if not parts.hostname or port == 0:
            raise InvalidDestination("a URL needs a host, and a port from 1 to 65535 if any")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], target)

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"
