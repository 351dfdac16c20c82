"""Purges at an edge's control plane through the Cloudflare API, on the light client of `serve`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from calotype.cloudflare.errors import CloudflareError, NoSuchZone
from calotype.cloudflare.json import read_answer
from calotype.cloudflare.operations import ListZones, Operation, PurgeCache, to_wire
from calotype.http.message import Request, read_body
from calotype.programs.purger import PurgeRefused
from calotype.serve.client import Address, Client, Timeouts

LONGEST_ANSWER_BYTES = 1_048_576
TIMEOUTS = Timeouts(connect_s=5.0, read_s=30.0, write_s=10.0)
_WORTH_ANOTHER_TRY = (401, 403, 408, 429)  # a token may be put right, a limit passes


class ControlPlane:
    """One zone of the edge whose control plane is at `url`, the base of its Cloudflare API."""

    def __init__(self, client: Client, url: str, token: str, zone: str) -> None:
        parts = urlsplit(url)
        tls = parts.scheme == "https"
        self.name = f"the edge at {parts.netloc}"
        self._client = client
        self._address = Address(parts.hostname or "", parts.port or (443 if tls else 80), tls)
        self._base = parts.path.rstrip("/")
        self._authorization = f"Bearer {token}"
        self._zone = zone
        self._zone_id: str | None = None

    async def purge(self, urls: Sequence[str]) -> None:
        """Purges files of the zone. A zone that is not there holds nothing, so there is nothing to purge."""
        zone_id = await self._find_zone()
        if zone_id is None:
            return
        try:
            await self._call(PurgeCache(zone_id=zone_id, files=list(urls)))
        except NoSuchZone:  # made anew under another id since
            self._zone_id = None
            raise
        except CloudflareError as exc:
            if 400 <= exc.status < 500 and exc.status not in _WORTH_ANOTHER_TRY:
                raise PurgeRefused(exc.message) from exc
            raise

    async def _find_zone(self) -> str | None:
        if self._zone_id is None:
            zones = await self._call(ListZones(name=self._zone))
            self._zone_id = zones[0]["id"] if zones else None
        return self._zone_id

    async def _call(self, operation: Operation) -> Any:
        """The result of the call; raises `CloudflareError`, and what `serve.client` raises."""
        wire = to_wire(operation)
        headers = [("authorization", self._authorization), ("content-type", "application/json")]
        request = Request.of(wire.method, self._base + wire.target, headers, wire.body or b"")
        response = await self._client.fetch(self._address, request, timeouts=TIMEOUTS)
        content = await read_body(response.body, LONGEST_ANSWER_BYTES)
        return read_answer(response.status, content).result
