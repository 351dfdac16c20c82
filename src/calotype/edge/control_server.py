"""The control plane's listener: the Cloudflare API, and our own operations beside it, behind one bearer token.

GET /healthz                      no token; 200 while the process runs
GET /calotype/v1/bans?after=N     the bans that follow position N, for an edge that catches up
GET /calotype/v1/edge/stats       what each worker has and did
/client/v4/…                      the Cloudflare API
"""

from __future__ import annotations

import hmac
from typing import Any

import msgspec

from calotype.edge.bans import BanLog
from calotype.edge.control import Workers
from calotype.http.message import Headers, Prepared, Request, Response
from calotype.http.percent import parse_query
from calotype.serve.handler import Handler

MOST_BANS_AT_ONCE = 1000


class ControlServer:
    """Gives each request to the API it speaks."""

    def __init__(self, cloudflare: Handler, bans: BanLog, workers: Workers, *, token: str) -> None:
        self._cloudflare = cloudflare
        self._bans = bans
        self._workers = workers
        self._authorization = f"Bearer {token}".encode()

    def try_now(self, request: Request) -> Prepared | None:
        return None

    async def handle(self, request: Request) -> Response:
        if request.path == "/healthz":
            return _json(200, {"status": "ok"})
        if not request.path.startswith("/calotype/"):
            return await self._cloudflare.handle(request)
        if not hmac.compare_digest(request.fields.get(b"authorization", b""), self._authorization):
            return _json(401, {"code": "unauthorized", "message": "give the control plane's token as bearer token"})
        match request.method, request.path:
            case "GET", "/calotype/v1/bans":
                return self._bans_after(request)
            case "GET", "/calotype/v1/edge/stats":
                return _json(200, {"workers": await self._workers.stats()})
        return _json(404, {"code": "not_found", "message": f"no operation {request.method} {request.path}"})

    def _bans_after(self, request: Request) -> Response:
        text = dict(parse_query(request.query or "")).get("after", "0")
        if not (text.isascii() and text.isdigit()):
            return _json(400, {"code": "bad_request", "message": f"`after` must be a position, found {text!r}"})
        bans = self._bans.after(int(text), MOST_BANS_AT_ONCE)
        return _json(200, {"position": self._bans.position, "bans": bans})


def _json(status: int, content: dict[str, Any]) -> Response:
    return Response(status, Headers([("content-type", "application/json")]), msgspec.json.encode(content))
