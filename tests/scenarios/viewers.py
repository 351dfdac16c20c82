"""Many viewers at once, each on a connection of its own, as plain HTTP/1.1."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Seen:
    status: int
    headers: dict[str, str]
    body: bytes


def watch(base_url: str, targets: Sequence[str]) -> list[Seen]:
    """What one viewer for each target sees; all connections are open before the first request goes out."""
    return asyncio.run(_watch(urlsplit(base_url).netloc, targets))


async def _watch(netloc: str, targets: Sequence[str]) -> list[Seen]:
    host, _, port = netloc.partition(":")
    everyone_is_connected = asyncio.Event()

    async def viewer(target: str) -> Seen:
        reader, writer = await asyncio.open_connection(host, int(port))
        waiting["connected"] += 1
        if waiting["connected"] == len(targets):
            everyone_is_connected.set()
        await everyone_is_connected.wait()
        writer.write(f"GET {target} HTTP/1.1\r\nHost: {netloc}\r\nConnection: close\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        writer.close()
        await writer.wait_closed()
        return Seen(int(head[0].split()[1]), headers, body)

    waiting: collections.Counter[str] = collections.Counter()
    return await asyncio.gather(*(viewer(target) for target in targets))
