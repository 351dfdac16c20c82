"""A store on disk and its admin server, over a socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from calotype.admin.client import AdminClient
from calotype.admin.origin_server import OriginAdminServer
from calotype.auth.basic import basic_authorization
from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.master_key import MasterKey
from calotype.serve.server import Server
from calotype.store.model import ApplicationKey, VersionDraft
from calotype.store.store import Store, milliseconds_now

T = TypeVar("T")


class RunningOrigin:
    """On a loop in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.run(self._start())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _start(self) -> None:
        self.store = await Store.open(self._folder, MasterKey.random(), reserve_bytes=0)
        self.account_id = (await self.store.default_account()).account_id
        self.owner = await self.store.create_key(self.account_id, "owner", ALL_CAPABILITIES)
        self.bucket = await self.store.create_bucket(self.account_id, "photographs")
        self.admin = OriginAdminServer(self.store, clock=milliseconds_now)
        self.server = Server(self.admin)
        await self.server.start("127.0.0.1:0")
        self.address = f"http://127.0.0.1:{self.server.port}"

    async def put(self, key: bytes, content: bytes) -> None:
        async with self.store.upload(self.bucket, key) as upload:
            await upload.write(content)
            await upload.commit(VersionDraft())

    def client(self, key: ApplicationKey | None = None) -> AdminClient:
        key = key or self.owner
        return AdminClient(self.address, basic_authorization(key.key_id, key.secret))

    def stop(self) -> None:
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        await self.server.drain(5)
        await self.store.close()
