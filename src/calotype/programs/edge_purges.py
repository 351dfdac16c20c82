"""Purges at an edge's control plane through the Cloudflare API, on the light client of `serve`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from calotype.cloudflare.errors import CloudflareError, NoSuchZone
from calotype.cloudflare.json import read_answer
from calotype.cloudflare.operations import FileWithHeaders, ListZones, Operation, PurgeCache, to_wire
from calotype.http.message import Request, read_body
from calotype.programs.purger import PurgeRefused
from calotype.serve.client import Address, Client, Timeouts

LONGEST_ANSWER_BYTES = 1_048_576
MOST_ZONES = 50  # on one page of the answer; an edge of ours has one or two
TIMEOUTS = Timeouts(connect_s=5.0, read_s=30.0, write_s=10.0)
_WORTH_ANOTHER_TRY = (401, 403, 408, 429)  # a token may be put right, a limit passes


class ControlPlane:
    """The edge whose control plane is at `url`, the base of its Cloudflare API.

    A path is purged in every zone there is at that moment: a site may be given a domain, and thereby another zone,
    while this runs.
    """

    def __init__(self, client: Client, url: str, token: str) -> None:
        parts = urlsplit(url)
        tls = parts.scheme == "https"
        self.name = f"the edge at {parts.netloc}"
        self._client = client
        self._address = Address(parts.hostname or "", parts.port or (443 if tls else 80), tls)
        self._base = parts.path.rstrip("/")
        self._authorization = f"Bearer {token}"

    async def purge(self, paths: Sequence[str]) -> None:
        for zone in await self._call(ListZones(per_page=MOST_ZONES)):
            try:
                urls: list[str | FileWithHeaders] = [f"http://{zone['name']}{path}" for path in paths]
                await self._call(PurgeCache(zone_id=zone["id"], files=urls))
            except NoSuchZone:  # it went meanwhile, and all that it held with it
                continue
            except CloudflareError as exc:
                if 400 <= exc.status < 500 and exc.status not in _WORTH_ANOTHER_TRY:
                    raise PurgeRefused(exc.message) from exc
                raise

    async def _call(self, operation: Operation) -> Any:
        """The result of the call; raises `CloudflareError`, and what `serve.client` raises."""
        wire = to_wire(operation)
        headers = [("authorization", self._authorization), ("content-type", "application/json")]
        request = Request.of(wire.method, self._base + wire.target, headers, wire.body or b"")
        response = await self._client.fetch(self._address, request, timeouts=TIMEOUTS)
        content = await read_body(response.body, LONGEST_ANSWER_BYTES)
        return read_answer(response.status, content).result
