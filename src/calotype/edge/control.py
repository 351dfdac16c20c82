"""The control process's side of the edge: a purge or a new configuration is answered when every worker has it.

The order is the promise: the ban is durable in the log, then each living worker is told and has read it, then the
purge is answered. A worker that does not answer in time is killed: its supervisor starts it anew, and it reads the
log before it serves.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from calotype.edge.arrival import host_without_port
from calotype.edge.bans import Ban, BanLog
from calotype.edge.configuration import Configuration, PurgeRequest, ZoneConfiguration
from calotype.edge.normalisation import canonical_path
from calotype.edge.peers import socket_path
from calotype.edge.statistics import WorkerStatistics
from calotype.http.message import Request, Response, read_body
from calotype.serve.client import Address, Client, Timeouts
from calotype.serve.errors import ConnectFailed, OriginClosed, OriginError

log = logging.getLogger("calotype.edge")

# A worker answers a notice in a millisecond; one that has not after this long cannot be waited for.
NOTICE_TIMEOUT_S = 3.0
_TIMEOUTS = Timeouts(connect_s=NOTICE_TIMEOUT_S, read_s=NOTICE_TIMEOUT_S)
_ANSWER_MAX_BYTES = 1 << 20
# How long a killed worker may take to be gone.
_GONE_WITHIN_S = 5.0


class Workers:
    """The worker processes of this edge, as the control process sees them."""

    def __init__(self, run_folder: Path, count: int) -> None:
        self._paths = [socket_path(run_folder, number) for number in range(count)]
        self._client = Client()

    async def tell(self, path: str, *, reached: Callable[[dict[str, Any]], bool]) -> None:
        """Comes back when every worker has answered the notice with what `reached` accepts, or is gone."""
        await asyncio.gather(*(self._tell(socket, path, reached) for socket in self._paths))

    async def statistics(self) -> list[WorkerStatistics]:
        """What each living worker says of itself."""
        found = await asyncio.gather(*(self._statistics(path) for path in self._paths))
        return [statistics for statistics in found if statistics is not None]

    async def close(self) -> None:
        await self._client.close()

    async def _statistics(self, path: Path) -> WorkerStatistics | None:
        try:
            answer = await self._ask(path, "GET", "/calotype/v1/stats")
        except OriginError:
            return None
        return None if answer is None else msgspec.convert(answer, WorkerStatistics)

    async def _tell(self, path: Path, notice: str, reached: Callable[[dict[str, Any]], bool]) -> None:
        try:
            async with asyncio.timeout(NOTICE_TIMEOUT_S):
                answer = await self._ask(path, "POST", notice)
        except (OriginError, TimeoutError) as exc:
            await self._put_down(path, str(exc) or "no answer in time")
            return
        if answer is not None and not reached(answer):
            await self._put_down(path, f"it answered {answer}")

    async def _ask(self, path: Path, method: str, target: str) -> dict[str, Any] | None:
        """The worker's answer; None when no process listens there: what starts later reads everything anew."""
        try:
            address = Address("worker", 0, unix_path=str(path))
            response = await self._fetch(address, method, target)
        except ConnectFailed as exc:
            if exc.reason == "refused":
                return None
            raise
        body = await read_body(response.body, _ANSWER_MAX_BYTES)
        return msgspec.json.decode(body, type=dict[str, Any]) if response.status == 200 else {}

    async def _fetch(self, address: Address, method: str, target: str) -> Response:
        """A connection kept from before a worker's restart is closed by now: the notice is given again."""
        while True:
            try:
                return await self._client.fetch(address, Request.of(method, target), timeouts=_TIMEOUTS)
            except OriginClosed as exc:
                if not exc.reused:
                    raise

    async def _put_down(self, path: Path, reason: str) -> None:
        """Kills the process behind the socket and waits until it is gone."""
        pid = listener_pid(path)
        if pid is None:
            return
        log.error("worker process %d does not follow (%s); restarting it", pid, reason)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(_GONE_WITHIN_S):
            while listener_pid(path) == pid:  # noqa: ASYNC110 - the kernel announces nothing here
                await asyncio.sleep(0.01)


def listener_pid(path: Path) -> int | None:
    """The process that listens on the socket, as the kernel knows it; None when none does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(NOTICE_TIMEOUT_S)
        try:
            probe.connect(str(path))
            credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        except OSError:
            return None
    pid: int = struct.unpack("3i", credentials)[0]
    return pid


class ControlPlane:
    """What the Cloudflare API calls when something changed or is to be forgotten."""

    def __init__(self, bans: BanLog, workers: Workers) -> None:
        self._bans = bans
        self._workers = workers
        self._appending = asyncio.Lock()
        self._appended = asyncio.Event()

    async def purge(self, zone: ZoneConfiguration, request: PurgeRequest) -> int:
        """The ban's sequence number, once every worker of this edge would refuse what it means.

        Once in the log it is carried to the workers, whether or not the one who asked still waits.
        """
        return await asyncio.shield(asyncio.ensure_future(self._purge(ban_of(zone, request))))

    async def configuration_changed(self, configuration: Configuration) -> None:
        """Comes back once every worker works by this configuration or a later one."""
        generation = configuration.generation
        await self._workers.tell(
            "/calotype/v1/reload", reached=lambda answer: int(answer.get("generation", -1)) >= generation
        )

    async def bans_after(self, position: int, limit: int, wait_s: float) -> list[Ban]:
        """The bans that follow a position; with `wait_s` the answer waits that long for one to come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while wait_s and self._bans.position <= position:
                    await self._appended.wait()
        return self._bans.after(position, limit)

    async def _purge(self, ban: Ban) -> int:
        async with self._appending:
            ban = await asyncio.to_thread(self._bans.append, ban)
        appended, self._appended = self._appended, asyncio.Event()
        appended.set()
        await self._workers.tell(
            "/calotype/v1/bans", reached=lambda answer: int(answer.get("position", -1)) >= ban.sequence
        )
        return ban.sequence


def ban_of(zone: ZoneConfiguration, request: PurgeRequest) -> Ban:
    """The purge with its URLs spelled as cache keys spell them."""
    if request.everything:
        return Ban(zone.id, everything=True)
    return Ban(
        zone.id,
        files=tuple(_file(zone, file.url) for file in request.files),
        prefixes=tuple(_prefix(zone, prefix) for prefix in request.prefixes),
        hosts=tuple(_authority(zone, host) for host in request.hosts),
        tags=request.tags,
    )


def _file(zone: ZoneConfiguration, url: str) -> tuple[str, str | None]:
    """Authority and path, and the query or None; the scheme plays no part."""
    parts = urlsplit(url.encode("utf-8").decode("latin-1"))
    return _authority(zone, host_without_port(parts.netloc)) + canonical_path(parts.path), parts.query or None


def _prefix(zone: ZoneConfiguration, prefix: str) -> str:
    host, slash, path = prefix.partition("/")
    return _authority(zone, host_without_port(host)) + (canonical_path("/" + path) if slash else "")


def _authority(zone: ZoneConfiguration, host: str) -> str:
    return zone.name if zone.catch_all else host
