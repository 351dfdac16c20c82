"""`calotype edge`: the caching reverse proxy, as worker processes and one control process under a supervisor.

The listening sockets are bound before the fork and shared by the workers: an address in use is said at once, and the
connections that wait for a worker which dies are taken by the others.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from calotype.cache.entries import Entries
from calotype.cache.entry_files import EntryFiles
from calotype.cache.key import owner_of
from calotype.cache.policy.settings import Mode
from calotype.edge.access_log import AccessLog
from calotype.edge.bans import BanLog, BanReader, Bans
from calotype.edge.behind_proxy import BehindProxy
from calotype.edge.caching import Caching
from calotype.edge.configuration import ConfigurationStore
from calotype.edge.control import ControlPlane, Workers
from calotype.edge.control_server import ControlServer
from calotype.edge.fills import MAX_OBJECT_BYTES, Fills
from calotype.edge.internal import InternalHandler
from calotype.edge.memo import HotMemo
from calotype.edge.origin import Origin
from calotype.edge.origin_request import address_of_front
from calotype.edge.peers import Peers, socket_path
from calotype.edge.statistics import WorkerStatistics
from calotype.edge.traffic import Traffic
from calotype.edge.worker import EdgeWorker, Place
from calotype.edge.zones import Zones
from calotype.programs.certificate_folder import CertificateFolder
from calotype.programs.master_keys import load_master_key
from calotype.programs.supervisor import Child, Ready, Supervisor, log_stop
from calotype.serve.client import Client
from calotype.serve.limits import Limits
from calotype.serve.listener import bind, bind_unix
from calotype.serve.run import run as run_loop
from calotype.serve.run import stop_on_signals
from calotype.serve.server import Server
from calotype.serve.tls import Certificates
from calotype.site.folder import load_credentials, save_credentials

log = logging.getLogger("calotype.edge")

DRAIN_TIMEOUT_S = 10.0
SOCKET_PATH_BYTES = 107  # sun_path of unix(7), without its final NUL
# Workers pass whole pictures to each other over these sockets, with as many viewers as their listeners allow.
_INTERNAL_LIMITS = replace(Limits(), requests_in_flight_max=32_768, connections_max=32_768)


@dataclass(frozen=True, slots=True)
class Listeners:
    """The sockets that all workers accept from."""

    plain: socket.socket
    tls: socket.socket | None = None


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """`data` is the site's data folder. With `front`, one origin is fronted and there is no control plane.

    `tls_listen` needs `certificates`, a folder of NAME.crt and NAME.key pairs, which are read again when they change.
    `mode` is `cloudflare` or `rfc`; None means rfc with `front`, else cloudflare. `memory_bytes` is for each worker:
    a half for stored responses it owns, a half for its hot memo. `access_log` is `off`, `text` or `json`.
    `trusted_proxies` are addresses whose X-Forwarded-For and X-Forwarded-Proto are believed.
    """

    data: Path
    listen: str = "0.0.0.0:8000"
    tls_listen: str | None = None
    certificates: Path | None = None
    control: str | None = "127.0.0.1:8002"
    workers: int = 2
    mode: str | None = None
    front: str | None = None
    cache_size_bytes: int = 2 << 30
    max_object_bytes: int = MAX_OBJECT_BYTES
    memory_bytes: int = 64 << 20
    access_log: str = "off"
    trusted_proxies: frozenset[str] = frozenset()

    @property
    def cache_mode(self) -> Mode:
        return Mode(self.mode or ("rfc" if self.front else "cloudflare"))

    @property
    def run_folder(self) -> Path:
        """Where the workers' sockets are: `run` in the data folder, unless that path is too long for a socket."""
        folder = self.data.absolute() / "run"
        if len(os.fsencode(socket_path(folder, 99))) <= SOCKET_PATH_BYTES:
            return folder
        digest = blake2b(os.fsencode(folder), digest_size=8).hexdigest()
        return Path(tempfile.gettempdir(), f"calotype-{os.getuid()}-{digest}")

    @property
    def edge_folder(self) -> Path:
        return self.data / "edge"

    @property
    def ban_log(self) -> Path:
        return self.edge_folder / "bans.log"


def run(settings: EdgeSettings, ready: Callable[[], None]) -> int:
    """Serves until SIGTERM or SIGINT; the exit code. Raises AddressInUse, or ValueError for a wrong setting."""
    return Supervisor(children(settings), on_ready=ready, on_stop=log_stop).run()


def children(settings: EdgeSettings) -> list[Child]:
    """The processes of an edge, for a supervisor; its addresses are bound here."""
    if settings.front is not None:
        address_of_front(settings.front)
    for folder in (settings.run_folder, settings.edge_folder / "cache"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    require_private(settings.run_folder)
    EntryFiles(settings.edge_folder / "cache", writer="*").prepare()
    if settings.tls_listen is not None:
        require_certificates(settings.certificates)
    tls = bind(settings.tls_listen) if settings.tls_listen is not None else None
    listeners = Listeners(bind(settings.listen), tls)
    instance = secrets.token_hex(8)
    workers = [_worker_child(settings, listeners, number, instance) for number in range(settings.workers)]
    if settings.front is not None or settings.control is None:
        return workers
    control_token(settings.data)
    control = bind(settings.control)
    return [Child("edge-control", lambda ready: run_loop(_control(settings, control, ready))), *workers]


def require_private(folder: Path) -> None:
    """Raises PermissionError for a folder in which another user could put a socket of his own."""
    status = folder.stat()
    if status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise PermissionError(f"{folder} must belong to this user and be writable by nobody else (chmod 700)")


def require_certificates(folder: Path | None) -> None:
    """Raises ValueError for a folder with no certificate at all; whether each can be used, the workers tell."""
    if folder is None or not list(CertificateFolder(folder)):
        raise ValueError(
            f"the TLS listener needs edge.certificates: a folder of NAME.crt and NAME.key pairs; found none in {folder}"
        )


def control_token(data: Path) -> str:
    """The control plane's bearer token, made once (credentials.json, 0600)."""
    credentials = load_credentials(data)
    if credentials.control_token is not None:
        return credentials.control_token
    token = secrets.token_urlsafe(32)
    save_credentials(data, replace(credentials, control_token=token))
    return token


# The control process


async def _control(settings: EdgeSettings, listener: socket.socket, ready: Ready) -> None:
    from calotype.cloudflare.server import CloudflareServer  # the workers, forked from the same parent, need none of it

    stopped = stop_on_signals()
    bans = BanLog(settings.ban_log)
    workers = Workers(settings.run_folder, settings.workers)
    plane = ControlPlane(bans, workers)
    token = control_token(settings.data)
    cloudflare = CloudflareServer(
        ConfigurationStore(settings.edge_folder, load_master_key(settings.data)),
        token=token,
        on_change=plane.configuration_changed,
        purge=plane.purge,
    )
    traffic = Traffic(settings.edge_folder / "traffic.json", workers, _milliseconds_now)
    server = Server(ControlServer(cloudflare, plane, traffic, token=token), server_header="calotype")
    await server.start(listener)
    following = asyncio.create_task(traffic.follow())
    ready()
    await stopped.wait()
    following.cancel()
    await traffic.write()  # the workers, told to stop at the same time, still answer
    await server.drain(DRAIN_TIMEOUT_S)
    await workers.close()
    bans.close()


def _milliseconds_now() -> int:
    return time.time_ns() // 1_000_000


# A worker process


def _worker_child(settings: EdgeSettings, listeners: Listeners, number: int, instance: str) -> Child:
    return Child(
        f"edge-worker-{number}",
        lambda ready: run_loop(_work_until_stopped(settings, listeners, number, instance, ready)),
    )


async def _work_until_stopped(
    settings: EdgeSettings, listeners: Listeners, number: int, instance: str, ready: Ready
) -> None:
    def serving() -> None:
        gc.collect()
        gc.freeze()  # the index is long-lived: no collection needs to walk it while viewers wait
        ready()

    await work(settings, listeners, number, instance, ready=serving, stopped=stop_on_signals())


async def work(
    settings: EdgeSettings, listeners: Listeners, number: int, instance: str, *, ready: Ready, stopped: asyncio.Event
) -> None:
    """One worker: builds its parts, serves once its index and the ban log are read, drains when `stopped`."""
    started_at_ms = _milliseconds_now()
    place = Place(number, settings.workers, instance, settings.cache_mode)
    bans, ban_reader = Bans(), BanReader(settings.ban_log)
    files = EntryFiles(settings.edge_folder / "cache", writer=f"worker{number}")
    entries = Entries(
        files, limit_bytes=settings.cache_size_bytes // settings.workers, memory_bytes=settings.memory_bytes // 2
    )
    client = Client()
    origin = Origin(client, place.mode)
    fills = Fills(entries=entries, files=files, origin=origin, bans=bans, max_object_bytes=settings.max_object_bytes)
    caching = Caching(entries=entries, fills=fills, origin=origin, bans=bans)
    memo = HotMemo(settings.memory_bytes // 2)
    peers = Peers(settings.run_folder, own_number=number, count=settings.workers)
    access_log = AccessLog(sys.stdout, settings.access_log) if settings.access_log != "off" else None
    load_zones = _zones_loader(settings)
    worker = EdgeWorker(place, load_zones(), caching=caching, bans=bans, memo=memo, peers=peers, access_log=access_log)

    def follow_bans() -> int:
        new = ban_reader.read_new()
        for ban in new:
            bans.apply(ban)
        memo.drop_banned(new, bans)
        return bans.position

    def reload() -> int:
        worker.use(load_zones())
        return worker.zones.generation

    def statistics() -> WorkerStatistics:
        hits = {"HIT": worker.counts.requests["HIT"] + memo.uses}
        return WorkerStatistics(
            worker=number,
            started_at_ms=started_at_ms,
            generation=worker.zones.generation,
            ban_position=bans.position,
            entries=len(entries),
            stored_bytes=entries.stored_bytes,
            memory_bytes=entries.memory_bytes,
            requests={**worker.counts.requests, **hits},
            bytes_out=worker.counts.bytes_out + memo.bytes_out,
            origin_requests=origin.requests,
            origin_bytes=origin.bytes_in,
        )

    internal = InternalHandler(worker, follow_bans=follow_bans, reload=reload, statistics=statistics)
    internal_server = Server(internal, limits=_INTERNAL_LIMITS)
    # The socket comes first: a ban is either in the log when it is read below, or announced here afterwards.
    await internal_server.start(bind_unix(socket_path(settings.run_folder, number)))
    reload()
    follow_bans()
    files.prepare()
    entries.load_index(lambda digest: owner_of(digest, settings.workers) == number)
    internal.is_ready()
    front = BehindProxy(worker, settings.trusted_proxies) if settings.trusted_proxies else worker
    servers = [Server(front)]
    await servers[0].start(listeners.plain)
    if listeners.tls is not None:
        servers.append(Server(front, ssl=_certificates(settings, number)))
        await servers[1].start(listeners.tls)
    ready()
    await stopped.wait()
    await asyncio.gather(*(server.drain(DRAIN_TIMEOUT_S) for server in servers))
    await fills.drain()
    await internal_server.drain(1.0)
    await peers.close()
    await client.close()
    if access_log is not None:
        access_log.flush()


def _certificates(settings: EdgeSettings, number: int) -> Certificates:
    """Those of the folder that can be used; the server reads them again on change. The first worker tells for all."""
    assert settings.certificates is not None, "children() has seen that there is a folder"
    return Certificates(CertificateFolder(settings.certificates), report=log.error if number == 0 else log.debug)


def _zones_loader(settings: EdgeSettings) -> Callable[[], Zones]:
    mode = settings.cache_mode
    if settings.front is not None:
        front = Zones.of_front(address_of_front(settings.front), mode)
        return lambda: front
    store = ConfigurationStore(settings.edge_folder, load_master_key(settings.data))
    return lambda: Zones(store.load(), mode)
