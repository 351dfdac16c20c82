"""The B2 API over a store on disk, on a socket, in a thread: what real clients are pointed at."""

from __future__ import annotations

import os
from pathlib import Path

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.b2.server import B2Server
from calotype.b2.settings import B2Settings
from calotype.serve.limits import Limits
from calotype.serve.server import Server
from calotype.store.store import milliseconds_now
from support.threaded_origin import ThreadedOrigin


class RunningB2Origin(ThreadedOrigin):
    """`address` is the realm."""

    def __init__(self, folder: Path, settings: B2Settings | None = None, limits: Limits | None = None) -> None:
        self._settings = settings or B2Settings()
        self._limits = limits or Limits()
        super().__init__(folder)

    async def new_server(self) -> Server:
        self.owner = await self.store.create_master_key(self.account_id, "owner", ALL_CAPABILITIES)
        handler = B2Server(self.store, self._settings, clock=milliseconds_now, random_bytes=os.urandom)
        return Server(handler, limits=self._limits)
