"""A B2 server over a store in memory, asked directly, with a clock that tests set."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from typing import Any

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.b2.server import B2Server
from calotype.b2.settings import B2Settings
from calotype.http.message import Headers, Request, Response, read_body
from calotype.http.percent import encode_b2
from calotype.store.model import ApplicationKey
from calotype.store.store import Store, memory_store

NOON_MS = 1_795_348_800_000


@dataclass
class Answer:
    status: int
    headers: Headers
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, code and message, once it is certain that the two statuses agree."""
        assert self.headers.get("content-type") == "application/json;charset=UTF-8"
        assert self.json["status"] == self.status
        return self.status, self.json["code"], self.json["message"]


class Origin:
    def __init__(self, store: Store, settings: B2Settings) -> None:
        self.store = store
        self.now_ms = NOON_MS
        self.server = B2Server(store, settings, clock=lambda: self.now_ms, random_bytes=os.urandom)
        self.account_id = ""
        self.owner: ApplicationKey

    async def prepare(self) -> Origin:
        self.account_id = (await self.store.default_account()).account_id
        self.owner = await self.store.create_master_key(self.account_id, "owner", ALL_CAPABILITIES)
        return self

    async def send(
        self, method: str, target: str, headers: dict[str, str] | None = None, content: bytes = b""
    ) -> Answer:
        fields = {"host": "b2.example:9000", **(headers or {})}
        if content or method == "POST":
            fields.setdefault("content-length", str(len(content)))
        response: Response = await self.server.handle(Request.of(method, target, fields.items(), content))
        return Answer(response.status, response.headers, await read_body(response.body, 1 << 30))

    async def authorize(self, key: ApplicationKey | None = None, version: int = 4) -> Answer:
        key = key or self.owner
        basic = base64.b64encode(f"{key.key_id}:{key.secret}".encode()).decode()
        return await self.send("GET", f"/b2api/v{version}/b2_authorize_account", {"authorization": f"Basic {basic}"})

    async def token(self, key: ApplicationKey | None = None) -> str:
        token: str = (await self.authorize(key)).json["authorizationToken"]
        return token

    async def call(
        self, name: str, *, version: int = 4, key: ApplicationKey | None = None, **parameters: Any
    ) -> Answer:
        """POST a call with JSON as the key, by default the owner."""
        return await self.send(
            "POST",
            f"/b2api/v{version}/{name}",
            {"authorization": await self.token(key)},
            json.dumps(parameters).encode(),
        )

    async def bucket(self, name: str = "photographs", kind: str = "allPrivate", **parameters: Any) -> str:
        answer = await self.call(
            "b2_create_bucket", accountId=self.account_id, bucketName=name, bucketType=kind, **parameters
        )
        assert answer.status == 200, answer.content
        bucket_id: str = answer.json["bucketId"]
        return bucket_id

    async def upload(
        self,
        bucket_id: str,
        name: str,
        content: bytes = b"a picture",
        *,
        key: ApplicationKey | None = None,
        version: int = 4,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        place = await self.call("b2_get_upload_url", version=version, key=key, bucketId=bucket_id)
        assert place.status == 200, place.content
        fields = {
            "authorization": place.json["authorizationToken"],
            "x-bz-file-name": encode_b2(name.encode()),
            "content-type": "b2/x-auto",
            "x-bz-content-sha1": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            **(headers or {}),
        }
        return await self.send("POST", place.json["uploadUrl"].removeprefix("http://b2.example:9000"), fields, content)

    async def start(self, bucket_id: str, name: str = "film.mov", **parameters: Any) -> str:
        """The id of a large file begun without trouble."""
        asked = {"bucketId": bucket_id, "fileName": name, "contentType": "b2/x-auto", **parameters}
        answer = await self.call("b2_start_large_file", **asked)
        assert answer.status == 200, answer.content
        file_id: str = answer.json["fileId"]
        return file_id

    async def send_part(
        self,
        file_id: str,
        number: int,
        content: bytes,
        *,
        key: ApplicationKey | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        place = await self.call("b2_get_upload_part_url", key=key, fileId=file_id)
        assert place.status == 200, place.content
        fields = {
            "authorization": place.json["authorizationToken"],
            "x-bz-part-number": str(number),
            "x-bz-content-sha1": sha1_of(content),
            **(headers or {}),
        }
        return await self.send("POST", place.json["uploadUrl"].removeprefix("http://b2.example:9000"), fields, content)

    async def put_large(self, bucket_id: str, name: str, *parts: bytes, **parameters: Any) -> str:
        """The file id of a file sent in parts without trouble."""
        file_id = await self.start(bucket_id, name, **parameters)
        for number, content in enumerate(parts, start=1):
            assert (await self.send_part(file_id, number, content)).status == 200
        answer = await self.call(
            "b2_finish_large_file", fileId=file_id, partSha1Array=[sha1_of(part) for part in parts]
        )
        assert answer.status == 200, answer.content
        return file_id

    async def versions(self, bucket_id: str) -> list[tuple[str, str]]:
        """Action and name of all that a bucket holds, unfinished files too."""
        listed = await self.call("b2_list_file_versions", bucketId=bucket_id)
        return [(file["action"], file["fileName"]) for file in listed.json["files"]]

    async def put(self, bucket_id: str, name: str, content: bytes = b"a picture", **options: Any) -> str:
        """The file id of a file uploaded without trouble."""
        answer = await self.upload(bucket_id, name, content, **options)
        assert answer.status == 200, answer.content
        file_id: str = answer.json["fileId"]
        return file_id

    async def restricted_key(
        self,
        capabilities: set[str],
        *bucket_ids: str,
        prefix: str | None = None,
        valid_ms: int | None = None,
    ) -> ApplicationKey:
        return await self.store.create_key(
            self.account_id,
            "restricted",
            capabilities,
            bucket_ids=bucket_ids or None,
            name_prefix=prefix,
            valid_ms=valid_ms,
        )


def sha1_of(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


async def opened(settings: B2Settings | None = None, **options: Any) -> Origin:
    """An origin whose store and server both go by its clock."""
    made: list[Origin] = []
    store = await memory_store(clock=lambda: made[0].now_ms if made else NOON_MS, **options)
    made.append(Origin(store, settings or B2Settings()))
    return await made[0].prepare()
