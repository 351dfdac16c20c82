"""What a worker answers on its own Unix socket: its peers' viewers, and the control process's notices.

POST /calotype/v1/bans        read the ban log to its end; answers with the position reached
POST /calotype/v1/reload      load the configuration; answers with the generation in force
POST /calotype/v1/invalidate  forget these cache keys
GET  /calotype/v1/stats       what this worker has and did
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from calotype.edge.peers import viewer_request
from calotype.edge.statistics import WorkerStatistics
from calotype.edge.worker import EdgeWorker
from calotype.http.message import Headers, Prepared, Request, Response, read_body

MAX_NOTICE_BYTES = 1 << 20


class InternalHandler:
    """The handler of the worker's socket. The callables are the worker's own doings, run in the event loop."""

    def __init__(
        self,
        worker: EdgeWorker,
        *,
        follow_bans: Callable[[], int],
        reload: Callable[[], int],
        statistics: Callable[[], WorkerStatistics],
    ) -> None:
        self._worker = worker
        self._follow_bans = follow_bans
        self._reload = reload
        self._statistics = statistics
        self._ready = asyncio.Event()

    def is_ready(self) -> None:
        """From here on the worker may answer its peers; until then they wait."""
        self._ready.set()

    def try_now(self, request: Request) -> Prepared | None:
        return None

    async def handle(self, request: Request) -> Response:
        passed_on = viewer_request(request)
        if passed_on is not None:
            await self._ready.wait()
            viewer, ray = passed_on
            return await self._worker.answer(viewer, ray=ray, is_from_peer=True)
        match request.method, request.path:
            case "POST", "/calotype/v1/bans":
                return _json({"position": self._follow_bans()})
            case "POST", "/calotype/v1/reload":
                return _json({"generation": self._reload()})
            case "POST", "/calotype/v1/invalidate":
                digests = msgspec.json.decode(await read_body(request.body, MAX_NOTICE_BYTES), type=list[str])
                await self._worker.forget(digests)
                return _json({})
            case "GET", "/calotype/v1/stats":
                return _json(self._statistics())
        return Response(404, Headers(), b"")


def _json(content: dict[str, Any] | WorkerStatistics) -> Response:
    return Response(200, Headers([("content-type", "application/json")]), msgspec.json.encode(content))
