"""A store on disk and a server of it on a socket, in a thread: what the origins of each API have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from calotype.master_key import MasterKey
from calotype.serve.server import Server
from calotype.store.model import ApplicationKey
from calotype.store.store import Store
from support.loop_thread import LoopThread

T = TypeVar("T")


class ThreadedOrigin(ABC):
    """`address` is where clients are pointed at; `owner` a key that may do everything. `stop` when done."""

    scheme = "http"
    owner: ApplicationKey

    def __init__(self, folder: Path) -> None:
        self._thread = LoopThread()
        self.run(self._start(folder))

    @abstractmethod
    async def new_server(self) -> Server:
        """A server of the store, which is open, that has not started; makes the owner's key."""

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine on the origin's own loop."""
        return self._thread.run(coroutine)

    def stop(self) -> None:
        self.run(self._stop())
        self._thread.stop()

    async def _start(self, folder: Path) -> None:
        self.store = await Store.open(folder, MasterKey.random(), reserve_bytes=0)
        self.account_id = (await self.store.default_account()).account_id
        self._server = await self.new_server()
        await self._server.start("127.0.0.1:0")
        self.port = self._server.port
        self.address = f"{self.scheme}://127.0.0.1:{self.port}"

    async def _stop(self) -> None:
        await self._server.drain(5)
        await self.store.close()
