"""One line for each request, as text or JSON, with whatever could be a secret in the address made unreadable."""

from __future__ import annotations

import asyncio
import re
from typing import TextIO

import msgspec

from calotype.http.http_date import format_http_date

# Lines wait this long for others, so that one write carries many.
FLUSH_INTERVAL_S = 0.5

_SECRET = re.compile(
    r"([?&][^=&]*(?:signature|credential|token|authorization|password|secret|verify|key)[^=&]*=)[^&]*", re.IGNORECASE
)


def redacted(target: str) -> str:
    """The target with the values of parameters that look like secrets replaced."""
    return _SECRET.sub(r"\1-", target) if "?" in target else target


class AccessLog:
    """Writes lines in the order of the answers. `style` is `text` or `json`."""

    def __init__(self, stream: TextIO, style: str) -> None:
        self._stream = stream
        self._is_json = style == "json"
        self._lines: list[str] = []

    def request(
        self,
        now: float,
        *,
        client: str,
        method: str,
        host: str,
        target: str,
        status: int,
        cache: str,
        length: int | None,
        ray: str,
        seconds: float,
    ) -> None:
        target = redacted(target)
        if self._is_json:
            fields = {
                "time": round(now, 3),
                "client": client,
                "method": method,
                "host": host,
                "target": target,
                "status": status,
                "cache": cache,
                "bytes": length,
                "ray": ray,
                "seconds": round(seconds, 6),
            }
            line = msgspec.json.encode(fields).decode()
        else:
            size = "-" if length is None else str(length)
            line = f'{client} [{format_http_date(now)}] "{method} {host}{target}" {status} {size} {cache} {ray}'
        if not self._lines:
            asyncio.get_running_loop().call_later(FLUSH_INTERVAL_S, self.flush)
        self._lines.append(line)

    def flush(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            self._stream.write("\n".join(lines) + "\n")
            self._stream.flush()
