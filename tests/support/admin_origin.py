"""A store on disk and its admin server, over a socket."""

from __future__ import annotations

from calotype.admin.client import AdminClient
from calotype.admin.origin_server import OriginAdminServer
from calotype.auth.basic import basic_authorization
from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.serve.server import Server
from calotype.store.model import ApplicationKey, VersionDraft
from calotype.store.store import milliseconds_now
from support.threaded_origin import ThreadedOrigin


class RunningOrigin(ThreadedOrigin):
    """With a bucket `photographs`."""

    async def new_server(self) -> Server:
        self.owner = await self.store.create_key(self.account_id, "owner", ALL_CAPABILITIES)
        self.bucket = await self.store.create_bucket(self.account_id, "photographs")
        self.admin = OriginAdminServer(self.store, clock=milliseconds_now)
        return Server(self.admin)

    async def put(self, key: bytes, content: bytes) -> None:
        async with self.store.upload(self.bucket, key) as upload:
            await upload.write(content)
            await upload.commit(VersionDraft())

    def client(self, key: ApplicationKey | None = None) -> AdminClient:
        key = key or self.owner
        return AdminClient(self.address, basic_authorization(key.key_id, key.secret))
