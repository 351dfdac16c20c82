"""`calotype origin`: the buckets and their bytes, spoken to over the B2 native API, the S3 API and our admin API."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from calotype import __version__
from calotype.admin.origin_server import OriginAdminServer
from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.b2.server import B2Server
from calotype.b2.settings import B2Settings
from calotype.http.message import Prepared, Request, Response
from calotype.programs.certificate_folder import CertificateFolder
from calotype.programs.lifecycle import follow_lifecycle_rules
from calotype.programs.master_keys import load_master_key
from calotype.programs.supervisor import log
from calotype.programs.webhooks import Webhooks
from calotype.s3.access.public_reading import anybody_reads
from calotype.s3.addressing import bucket_of_host
from calotype.s3.server import S3Server
from calotype.s3.settings import S3Settings
from calotype.serve.egress import Egress
from calotype.serve.handler import Handler
from calotype.serve.limits import Limits
from calotype.serve.listener import bind
from calotype.serve.response_framing import plain_response
from calotype.serve.run import run as run_loop
from calotype.serve.run import stop_on_signals
from calotype.serve.server import Server
from calotype.serve.tls import Certificates
from calotype.site.folder import OWNER_KEY_NAME, OwnerKey, load_credentials, save_credentials
from calotype.store.caps import NO_CAPS, Caps
from calotype.store.errors import NoSuchApplicationKey
from calotype.store.ids import master_key_id
from calotype.store.store import RESERVE_BYTES, Store, StoreSettings, milliseconds_now

# The most that S3 and B2 take in one request: 5 GiB; a protocol answers the exact error below it.
LONGEST_BODY_BYTES = 5 * 2**30 + 2**20
DRAIN_TIMEOUT_S = 15.0
CHANGES_KEPT = 10_000  # an edge that was away for longer than these must purge everything
FORGET_INTERVAL_S = 600.0
YOUNG_OBJECTS = 20_000  # so many more than were freed, and the collector looks at them: a few MB

Background = Callable[[Store], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class OriginSettings:
    """`data` is the site's data folder. `public_url` is how clients reach the origin behind another proxy.

    `tls_listen` needs `certificates`, a folder of NAME.crt and NAME.key pairs, which are read again when they change.
    """

    data: Path
    listen: str = "127.0.0.1:9000"
    tls_listen: str | None = None
    certificates: Path | None = None
    region: str = "us-east-1"
    s3_hosts: tuple[str, ...] = ("s3.localhost",)
    forms_v2: bool = True
    kms_keys: tuple[str, ...] = ()
    public_url: str | None = None
    reserve_bytes: int = RESERVE_BYTES
    caps: Caps = NO_CAPS
    most_buckets: int = 100
    strict_b2: bool = False
    webhooks_to_private_addresses: bool = False


def run(settings: OriginSettings, ready: Callable[[], None], *, beside: Background | None = None) -> None:
    """Serves until SIGTERM or SIGINT, then lets the requests begun end. Raises AddressInUse, StoreLocked.

    `beside` runs next to the server as long as it serves: the purger, where a site has edges. Without one the
    outbox is kept short.
    """
    run_loop(_serve(settings, ready, beside))


async def _serve(settings: OriginSettings, ready: Callable[[], None], beside: Background | None) -> None:
    stopped = stop_on_signals()
    listeners = [bind(settings.listen)]
    if settings.tls_listen is not None:
        listeners.append(bind(settings.tls_listen))
    master_key = load_master_key(settings.data)
    store_settings = StoreSettings(reserve_bytes=settings.reserve_bytes, caps=settings.caps)
    async with await Store.open(
        settings.data / "origin", master_key, settings=store_settings, address=settings.listen
    ) as store:
        await ensure_owner_key(store, settings.data)
        admin = OriginAdminServer(store, clock=milliseconds_now)
        servers = _servers(origin_handler(store, settings, admin), settings)
        for server, listener in zip(servers, listeners, strict=True):
            await server.start(listener)
        notifying = delivering_events(private_addresses=settings.webhooks_to_private_addresses)
        async with _running(store, beside or forget_old_changes, notifying, follow_lifecycle_rules):
            spare_the_collector()
            ready()
            await stopped.wait()
            admin.begin_drain()
            await asyncio.gather(*(server.drain(DRAIN_TIMEOUT_S) for server in servers))


def spare_the_collector() -> None:
    """What is there when serving begins stays, and requests leave hardly a cycle: collections are made rare."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


def _servers(handler: OriginHandler, settings: OriginSettings) -> list[Server]:
    """The plain server and, where there is a listener for it, the one with TLS."""
    limits = replace(Limits(), body_max_bytes=LONGEST_BODY_BYTES)
    header = f"calotype/{__version__}"
    servers = [Server(handler, limits=limits, server_header=header, own_answer=handler.own_answer)]
    if settings.tls_listen is not None:
        assert settings.certificates is not None, "listen.origin_tls is refused without origin.certificates"
        certificates = Certificates(CertificateFolder(settings.certificates), report=log)
        servers.append(
            Server(handler, limits=limits, server_header=header, ssl=certificates, own_answer=handler.own_answer)
        )
    return servers


@contextlib.asynccontextmanager
async def _running(store: Store, *backgrounds: Background) -> AsyncIterator[None]:
    """Runs the background work for as long as the block."""
    tasks = [asyncio.ensure_future(background(store)) for background in backgrounds]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


def delivering_events(*, private_addresses: bool) -> Background:
    """The delivery of event notifications to webhooks, through the egress guard."""

    async def deliver(store: Store) -> None:
        egress = Egress(private_addresses=private_addresses)
        try:
            await Webhooks(store, egress, clock=milliseconds_now).run()
        finally:
            await egress.close()

    return deliver


async def forget_old_changes(store: Store) -> None:
    """Where no purger follows the outbox, keeps its newest rows for edges elsewhere (admin API) and no more."""
    while True:
        rows = await store.outbox(0, 2 * CHANGES_KEPT)
        if len(rows) > CHANGES_KEPT:
            await store.forget_outbox(rows[-CHANGES_KEPT - 1].sequence)
        if len(rows) < 2 * CHANGES_KEPT:
            await asyncio.sleep(FORGET_INTERVAL_S)


async def ensure_owner_key(store: Store, data: Path) -> None:
    """Makes the account's master key, once, for the commands of this machine (credentials.json, 0600).

    Where the owner had an ordinary key until now, that one goes on working and is listed.
    """
    credentials = load_credentials(data)
    account_id = (await store.default_account()).account_id
    if credentials.owner is not None and credentials.owner.key_id == master_key_id(account_id):
        with contextlib.suppress(NoSuchApplicationKey):
            await store.key(credentials.owner.key_id)
            return
    key = await store.create_master_key(account_id, OWNER_KEY_NAME, ALL_CAPABILITIES)
    save_credentials(data, replace(credentials, owner=OwnerKey(key.key_id, key.secret)))


def origin_handler(store: Store, settings: OriginSettings, admin: Handler) -> OriginHandler:
    s3_settings = S3Settings(
        settings.region, settings.s3_hosts, accepts_version_2_forms=settings.forms_v2, kms_keys=settings.kms_keys
    )
    return OriginHandler(
        S3Server(store, s3_settings, clock=milliseconds_now),
        B2Server(
            store,
            b2_settings(settings),
            clock=milliseconds_now,
            random_bytes=os.urandom,
            anybody_reads=anybody_reads,
        ),
        admin,
        settings.s3_hosts,
    )


def b2_settings(settings: OriginSettings) -> B2Settings:
    return B2Settings(
        public_url=settings.public_url,
        most_buckets=settings.most_buckets,
        strict=settings.strict_b2,
        plain_http_webhooks=settings.webhooks_to_private_addresses,  # at home few services have a certificate
    )


class OriginHandler:
    """Gives each request to the protocol it speaks: a virtual host is S3's, else the first path segment decides."""

    def __init__(self, s3: S3Server, b2: Handler, admin: Handler, s3_hosts: tuple[str, ...]) -> None:
        self._s3 = s3
        self._b2 = b2
        self._admin = admin
        self._s3_hosts = s3_hosts

    def try_now(self, request: Request) -> Prepared | None:
        """Every answer needs the store."""
        return None

    async def handle(self, request: Request) -> Response:
        return await self._protocol_of(request).handle(request)

    def own_answer(self, status: int, detail: str, request: Request | None) -> Response:
        """What the HTTP server says of a request that no protocol answered, in the words of the one it was meant for:
        S3's where that cannot be told."""
        protocol = self._s3 if request is None else self._protocol_of(request)
        if protocol is self._s3:
            return self._s3.own_answer(status, detail)
        return plain_response(status, detail)

    def _protocol_of(self, request: Request) -> Handler:
        if bucket_of_host(request.host, self._s3_hosts) is not None:
            return self._s3
        path = request.path
        if path.startswith(("/b2api/", "/file/")):
            return self._b2
        if path == "/healthz" or path.startswith("/calotype/"):
            return self._admin
        return self._s3
