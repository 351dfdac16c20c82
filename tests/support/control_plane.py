"""A control plane for tests: the real server over a real configuration file; what it told the edge is written down."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import msgspec

from calotype.cloudflare.json import Envelope
from calotype.cloudflare.server import CloudflareServer
from calotype.edge.configuration import Configuration, ConfigurationStore, PurgeRequest, ZoneConfiguration
from calotype.http.message import Request
from calotype.master_key import MasterKey

TOKEN = "a-token"
NOW_MS = 1_763_000_000_000


class ControlPlane:
    def __init__(self, folder: Path) -> None:
        self.store = ConfigurationStore(folder, MasterKey.random())
        self.changes: list[Configuration] = []
        self.purges: list[tuple[str, PurgeRequest]] = []
        self.now_ms = NOW_MS
        numbers = itertools.count(1)
        self.server = CloudflareServer(
            self.store,
            token=TOKEN,
            on_change=self._changed,
            purge=self._purged,
            now_ms=lambda: self.now_ms,
            new_id=lambda: f"{next(numbers):032x}",
        )

    async def _changed(self, configuration: Configuration) -> None:
        assert self.store.load() == configuration  # the workers can load what they are told of
        self.changes.append(configuration)

    async def _purged(self, zone: ZoneConfiguration, request: PurgeRequest) -> int:
        self.purges.append((zone.name, request))
        return len(self.purges)

    @property
    def configuration(self) -> Configuration:
        return self.server.configuration

    async def send(
        self, method: str, target: str, body: Any = None, *, token: str | None = TOKEN
    ) -> tuple[int, Envelope]:
        headers = [] if token is None else [("authorization", f"Bearer {token}")]
        return await self.request(Request.of(method, target, headers, b"" if body is None else _content(body)))

    async def request(self, request: Request) -> tuple[int, Envelope]:
        response = await self.server.handle(request)
        assert isinstance(response.body, bytes)
        assert response.headers.get("content-type") == "application/json"
        return response.status, msgspec.json.decode(response.body, type=Envelope)

    async def result(self, method: str, target: str, body: Any = None) -> Any:
        """The result of a call that must succeed."""
        status, envelope = await self.send(method, target, body)
        assert (status, envelope.success, envelope.errors) == (200, True, []), envelope.errors
        return envelope.result

    async def refused(self, method: str, target: str, body: Any = None) -> tuple[int, int, str, str | None]:
        """Status, code, message and pointer of a call that must fail, and must change nothing."""
        before, changes = self.configuration, len(self.changes)
        status, envelope = await self.send(method, target, body)
        assert not envelope.success
        assert self.configuration is before
        assert len(self.changes) == changes
        error = envelope.errors[0]
        pointer = None if isinstance(error.source, msgspec.UnsetType) else error.source.pointer
        return status, error.code, error.message, pointer

    async def new_zone(self, name: str = "example.com", **extension: Any) -> str:
        body = {"name": name, **({"calotype": extension} if extension else {})}
        zone = await self.result("POST", "/zones", body)
        return str(zone["id"])


def _content(body: Any) -> bytes:
    return body if isinstance(body, bytes) else msgspec.json.encode(body)
