"""The control plane's listener: the Cloudflare API, and beside it the edge's part of the admin API."""

from __future__ import annotations

import hmac

from calotype import __version__
from calotype.admin.errors import AdminError, NotImplementedCall, Unauthorized
from calotype.admin.json import OK, BanEntry, BanList, EdgeDay, EdgeStats, Health, health_response, json_response
from calotype.admin.operations import GetBans, GetHealth, GetStats, Operation, parse
from calotype.edge.bans import Ban
from calotype.edge.control import ControlPlane
from calotype.edge.statistics import WorkerStatistics
from calotype.edge.traffic import Figures, Traffic
from calotype.http.message import Prepared, Request, Response
from calotype.serve.handler import Handler

PROGRAM = "edge"


class ControlServer:
    """Gives each request to the API it speaks. Health is for everybody, the rest for the token's holder."""

    def __init__(self, cloudflare: Handler, plane: ControlPlane, traffic: Traffic, *, token: str) -> None:
        self._cloudflare = cloudflare
        self._plane = plane
        self._traffic = traffic
        self._authorization = f"Bearer {token}".encode()

    def try_now(self, request: Request) -> Prepared | None:
        return None

    async def handle(self, request: Request) -> Response:
        if request.path != "/healthz" and not request.path.startswith("/calotype/"):
            return await self._cloudflare.handle(request)
        try:
            return await self._answer(parse(request, b""), request)
        except AdminError as error:
            return error.to_response()

    async def _answer(self, asked: Operation, request: Request) -> Response:
        if isinstance(asked, GetHealth):
            return health_response(Health(status=OK, program=PROGRAM, version=__version__))
        if not hmac.compare_digest(request.fields.get(b"authorization", b""), self._authorization):
            raise Unauthorized("The control plane's token is needed, as a bearer token")
        match asked:
            case GetBans():
                bans = await self._plane.bans_after(asked.after, asked.limit, asked.wait_s)
                return json_response(BanList(rows=[_entry(ban) for ban in bans]))
            case GetStats():
                return json_response(_summed(await self._traffic.refresh(), self._traffic.days))
        raise NotImplementedCall(asked.name, PROGRAM)


def _entry(ban: Ban) -> BanEntry:
    return BanEntry(
        sequence=ban.sequence,
        zone_id=ban.zone_id,
        everything=ban.everything,
        files=list(ban.files),
        prefixes=list(ban.prefixes),
        hosts=list(ban.hosts),
        tags=list(ban.tags),
    )


def _summed(workers: list[WorkerStatistics], days: dict[str, Figures]) -> EdgeStats:
    """The workers' figures together; of positions the least, which every worker has reached."""
    requests: dict[str, int] = {}
    for worker in workers:
        for status, count in worker.requests.items():
            requests[status] = requests.get(status, 0) + count
    return EdgeStats(
        workers=len(workers),
        configuration_generation=min((worker.generation for worker in workers), default=0),
        ban_position=min((worker.ban_position for worker in workers), default=0),
        entries=sum(worker.entries for worker in workers),
        stored_bytes=sum(worker.stored_bytes for worker in workers),
        memory_bytes=sum(worker.memory_bytes for worker in workers),
        requests=requests,
        bytes_out=sum(worker.bytes_out for worker in workers),
        origin_requests=sum(worker.origin_requests for worker in workers),
        origin_bytes=sum(worker.origin_bytes for worker in workers),
        days=[
            EdgeDay(
                day=day,
                requests=figures.requests,
                bytes_out=figures.bytes_out,
                origin_requests=figures.origin_requests,
                origin_bytes=figures.origin_bytes,
            )
            for day, figures in days.items()
        ],
    )
