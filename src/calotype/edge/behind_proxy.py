"""The edge behind another proxy: requests as their clients sent them, where the proxy is one that is trusted."""

from __future__ import annotations

from calotype.http.forwarded import client_address, client_scheme
from calotype.http.message import Prepared, Request, Response
from calotype.serve.handler import Handler


class BehindProxy:
    """Wraps the edge's handler; `trusted_proxies` are addresses whose forwarded headers are believed."""

    def __init__(self, handler: Handler, trusted_proxies: frozenset[str]) -> None:
        self._handler = handler
        self._trusted = trusted_proxies

    def try_now(self, request: Request) -> Prepared | None:
        self._look_behind(request)
        return self._handler.try_now(request)

    async def handle(self, request: Request) -> Response:
        self._look_behind(request)
        return await self._handler.handle(request)

    def _look_behind(self, request: Request) -> None:
        """Harmless a second time: then the client is nobody's proxy, or the same one again."""
        peer, port = request.client[0], request.client[1]
        if peer not in self._trusted:
            return
        headers = request.headers
        request.scheme = client_scheme(peer, request.scheme, headers.get("x-forwarded-proto"), self._trusted)
        request.client = (client_address(peer, headers.get_all("x-forwarded-for"), self._trusted), port)
