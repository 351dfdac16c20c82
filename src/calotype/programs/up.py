"""`calotype up`: origin, edge and console under one supervisor, and the site deployed onto them.

First the settings and the addresses are checked, so that a mistake is told before anything runs. Then the servers
are imported once and forked. When all are ready, a short-lived child deploys the site and says where it is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calotype.deploy.desired import REGION
from calotype.programs.addresses import require_free_addresses
from calotype.programs.certificate_folder import require_certificate_folders
from calotype.programs.folder_owner import make_data_folder, one_owner, wait_for_the_former
from calotype.programs.supervisor import Child, Ready, Supervisor, log, log_stop
from calotype.site.folder import OwnerKey, load_credentials, read_site, write_default_site
from calotype.site.home_network import home_network_address
from calotype.site.kinds import NO_LIMIT
from calotype.site.running import forget_start, record_start
from calotype.site.settings import Caps as AskedCaps
from calotype.site.settings import Site

if TYPE_CHECKING:
    from calotype.console.settings import ConsoleSettings
    from calotype.programs.edge import EdgeSettings
    from calotype.programs.origin import OriginSettings
    from calotype.store.caps import Caps
    from calotype.store.store import Store

OWNER_KEY_WITHIN_S = 60.0  # the origin makes it within a second, but may first recover a large store


@dataclass(frozen=True, slots=True)
class UpSettings:
    """`flags` as `load_site` takes them; `command` is how this program was called, for the line to try."""

    data: Path
    flags: Mapping[str, Any]
    command: str


class NoOwnerKey(Exception):
    """The origin has made no key for the owner."""


def run(settings: UpSettings) -> int:
    """Runs the site until it is stopped; the exit code. Raises `SettingsError` and `CannotListen` before it starts."""
    from calotype.programs.master_keys import load_master_key

    loaded = read_site(settings.data, variables=os.environ, flags=settings.flags)
    site = loaded.site
    if site.listen.lan:
        site = site.on_the_home_network(home_network_address())
    require_certificate_folders(settings.data, loaded)
    wait_for_the_former(settings.data)
    require_free_addresses(site, loaded.sources)
    make_data_folder(settings.data)
    with one_owner(settings.data, f"calotype up with its origin at {site.listen.origin}"):
        load_master_key(settings.data)
        written = write_default_site(settings.data)
        if written is not None:
            log(f"the settings of this site are in {written}")
        record_start(settings.data, site, loaded)
        try:
            return Supervisor(children(site, settings), on_stop=log_stop).run()
        finally:
            forget_start(settings.data)


def children(site: Site, settings: UpSettings) -> list[Child]:
    """The programs in the order of their dependence, and the deployment that runs once they are ready.

    What the origin and the edge's processes have in common is imported here, before the forks; what only the
    console needs, by the console.
    """
    from calotype.programs import edge, origin

    folder = settings.data
    return [
        Child("origin", lambda ready: origin.run(origin_settings(site, folder), ready, beside=purging(site, folder))),
        *edge.children(edge_settings(site, folder)),
        Child("console", lambda ready: run_console(site, folder, ready)),
        Child("deploy", lambda _: deploy_and_tell(site, settings), restart=False),
    ]


def run_console(site: Site, folder: Path, ready: Ready) -> None:
    from calotype.programs import console

    console.run(console_settings(site, folder), ready)


def origin_settings(site: Site, folder: Path) -> OriginSettings:
    from calotype.programs.origin import OriginSettings

    return OriginSettings(
        data=folder,
        listen=str(site.listen.origin),
        tls_listen=None if site.listen.origin_tls is None else str(site.listen.origin_tls),
        certificates=folder / site.origin.certificates if site.origin.certificates else None,
        region=REGION,
        s3_hosts=site.origin.s3_hosts,
        forms_v2=site.origin.forms_v2,
        kms_keys=site.origin.kms_keys,
        public_url=site.origin.public_url or None,
        reserve_bytes=site.origin.reserve_bytes,
        caps=caps_of(site.caps),
        most_buckets=site.origin.most_buckets,
        strict_b2=site.origin.strict_b2,
        webhooks_to_private_addresses=site.origin.webhooks_to_private_addresses,
    )


def caps_of(asked: AskedCaps) -> Caps:
    """The plan's caps, with those that are stated singly in their place."""
    from calotype.store.caps import PLANS, Caps

    plan = PLANS[asked.plan]

    def stated(limit: int | str, of_plan: int | None) -> int | None:
        if isinstance(limit, int):
            return limit
        return None if limit == NO_LIMIT else of_plan

    return Caps(
        storage_bytes=stated(asked.storage_bytes, plan.storage_bytes),
        download_bytes=stated(asked.download_bytes, plan.download_bytes),
        class_b=stated(asked.class_b, plan.class_b),
        class_c=stated(asked.class_c, plan.class_c),
    )


def edge_settings(site: Site, folder: Path) -> EdgeSettings:
    from calotype.programs.edge import EdgeSettings

    return EdgeSettings(
        data=folder,
        listen=str(site.listen.edge),
        tls_listen=None if site.listen.tls is None else str(site.listen.tls),
        certificates=folder / site.edge.certificates if site.edge.certificates else None,
        control=str(site.listen.control),
        workers=site.edge.workers,
        cache_size_bytes=site.edge.cache_size_bytes,
        memory_bytes=site.edge.memory_bytes,
        access_log=site.edge.access_log,
        trusted_proxies=frozenset(site.edge.trusted_proxies),
    )


def console_settings(site: Site, folder: Path) -> ConsoleSettings:
    """Waits for the owner's key, which the origin makes at its first start."""
    from calotype.console.settings import ConsoleSettings

    owner = wait_for_owner_key(folder)
    return ConsoleSettings(
        data=folder,
        listen=str(site.listen.console),
        s3_endpoint=site.local_origin_url,
        region=REGION,
        bucket=site.bucket,
        key_id=owner.key_id,
        application_key=owner.application_key,
        site_url=site.url if site.public_url or site.domain else None,
        edge_port=site.listen.edge.port,
        control_url=site.control_url,
        control_token=load_credentials(folder).control_token,
        public_url=site.console.public_url or None,
        trusted_proxies=site.console.trusted_proxies,
        site_name=site.name,
        name_template=site.file_name,
    )


def wait_for_owner_key(folder: Path) -> OwnerKey:
    deadline = time.monotonic() + OWNER_KEY_WITHIN_S
    while (owner := load_credentials(folder).owner) is None:
        if time.monotonic() > deadline:
            raise NoOwnerKey(f"the origin has made no owner key in {folder} within {OWNER_KEY_WITHIN_S:g} s")
        time.sleep(0.02)
    return owner


def purging(site: Site, folder: Path) -> Callable[[Store], Awaitable[None]]:
    """What runs beside the origin: the purger, which follows its store's outbox to the edge of this site."""

    async def follow(store: Store) -> None:
        from calotype.programs.edge_purges import ControlPlane
        from calotype.programs.purger import run_purger
        from calotype.programs.site_paths import SitePaths
        from calotype.serve.client import Client

        client = Client()
        edge = ControlPlane(client, site.control_url, load_credentials(folder).control_token or "")
        try:
            await run_purger(store, SitePaths(site.bucket, folder), [edge])
        finally:
            await client.close()

    return follow


def deploy_and_tell(site: Site, settings: UpSettings) -> None:
    """Runs in a process of its own, whose clients' memory is given back when it ends."""
    from calotype.programs.first_start import deploy_and_tell

    deploy_and_tell(site, data=settings.data, command=settings.command)
