"""The S3 API over a store on disk, on a socket, in a thread: what real clients are pointed at."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.master_key import MasterKey
from calotype.s3.server import S3Server
from calotype.s3.settings import S3Settings
from calotype.serve.server import Server
from calotype.store.model import ApplicationKey
from calotype.store.store import Store, milliseconds_now

T = TypeVar("T")


class RunningS3Origin:
    """`address` is the endpoint; `owner` a key that may do everything. `stop` when done."""

    port: int
    address: str
    owner: ApplicationKey
    store: Store

    def __init__(self, folder: Path, settings: S3Settings | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        self._folder = folder
        self._tls = tls
        self._settings = settings or S3Settings()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.run(self._start())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine on the origin's own loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _start(self) -> None:
        self.store = await Store.open(self._folder, MasterKey.random(), reserve_bytes=0)
        account = await self.store.default_account()
        self.owner = await self.store.create_key(account.account_id, "owner", ALL_CAPABILITIES)
        handler = S3Server(self.store, self._settings, clock=milliseconds_now)
        self._server = Server(handler, server_header="calotype", ssl=self._tls, own_answer=handler.own_answer)
        await self._server.start("127.0.0.1:0")
        self.port = self._server.port
        self.address = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        await self._server.drain(5)
        await self.store.close()
