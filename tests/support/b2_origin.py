"""The B2 API over a store on disk, on a socket, in a thread: what real clients are pointed at."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.b2.server import B2Server
from calotype.b2.settings import B2Settings
from calotype.master_key import MasterKey
from calotype.serve.limits import Limits
from calotype.serve.server import Server
from calotype.store.model import ApplicationKey
from calotype.store.store import Store, milliseconds_now

T = TypeVar("T")


class RunningB2Origin:
    """`address` is the realm; `owner` a key that may do everything. `stop` when done."""

    address: str
    account_id: str
    owner: ApplicationKey
    store: Store

    def __init__(self, folder: Path, settings: B2Settings | None = None, limits: Limits | None = None) -> None:
        self._folder = folder
        self._settings = settings or B2Settings()
        self._limits = limits or Limits()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.run(self._start())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine on the origin's own loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _start(self) -> None:
        self.store = await Store.open(self._folder, MasterKey.random(), reserve_bytes=0)
        self.account_id = (await self.store.default_account()).account_id
        self.owner = await self.store.create_master_key(self.account_id, "owner", ALL_CAPABILITIES)
        server = B2Server(self.store, self._settings, clock=milliseconds_now, random_bytes=os.urandom)
        self._server = Server(server, limits=self._limits)
        await self._server.start("127.0.0.1:0")
        self.address = f"http://127.0.0.1:{self._server.port}"

    def stop(self) -> None:
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        await self._server.drain(5)
        await self.store.close()
