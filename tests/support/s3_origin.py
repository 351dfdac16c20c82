"""The S3 API over a store on disk, on a socket, in a thread: what real clients are pointed at."""

from __future__ import annotations

import ssl
from pathlib import Path

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.s3.server import S3Server
from calotype.s3.settings import S3Settings
from calotype.serve.server import Server
from calotype.store.store import milliseconds_now
from support.threaded_origin import ThreadedOrigin


class RunningS3Origin(ThreadedOrigin):
    """`address` is the endpoint."""

    def __init__(self, folder: Path, settings: S3Settings | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        self._settings = settings or S3Settings()
        self._tls = tls
        self.scheme = "https" if tls else "http"
        super().__init__(folder)

    async def new_server(self) -> Server:
        self.owner = await self.store.create_key(self.account_id, "owner", ALL_CAPABILITIES)
        handler = S3Server(self.store, self._settings, clock=milliseconds_now)
        return Server(handler, server_header="calotype", ssl=self._tls, own_answer=handler.own_answer)
