"""An S3 server over a store in memory, and a signing client of it inside the same process."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.auth.sigv4 import presign, sign_headers
from calotype.http.message import Headers, Request, read_body
from calotype.s3 import xml
from calotype.s3.multipart.multipart_operations import CompletedPart, CompleteMultipartUpload
from calotype.s3.server import S3Server
from calotype.s3.settings import S3Settings
from calotype.store.model import ApplicationKey, Bucket, BucketType, Versioning
from calotype.store.store import Store, memory_store

REGION = "us-east-1"
HOST = "localhost:9000"
NOW_MS = 1_790_000_000_123


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Headers
    body: bytes

    @property
    def root(self) -> xml.Element:
        return xml.parse(self.body)

    @property
    def code(self) -> str | None:
        """The error's code."""
        return self.root.text_of("Code")


@dataclass(slots=True)
class Site:
    store: Store
    server: S3Server
    account_id: str
    key: ApplicationKey
    moment_ms: list[int] = field(default_factory=lambda: [NOW_MS])

    async def send(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        key: ApplicationKey | None = None,
        payload_hash: str | None = None,
        host: str = HOST,
        pieces: Iterable[bytes] | None = None,
    ) -> Answer:
        """A request signed with `key`, the owner's unless another is given; `pieces` instead of `body` as chunks."""
        key = key or self.key
        path, _, query = target.partition("?")
        payload_hash = payload_hash or hashlib.sha256(body).hexdigest()
        now = self.moment_ms[0] / 1000
        signed = sign_headers(
            method, host, path, query, Headers(headers), payload_hash, key.key_id, key.secret, region=REGION, now=now
        )
        return await self.send_as_is(method, target, signed, body, pieces=pieces)

    async def send_as_is(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]] = (("host", HOST),),
        body: bytes = b"",
        *,
        pieces: Iterable[bytes] | None = None,
    ) -> Answer:
        request = Request.of(method, target, headers, body)
        if pieces is not None:
            request.body = chunks(pieces)
            request.content_length = None
        response = await self.server.handle(request)
        return Answer(response.status, response.headers, await read_body(response.body, 1 << 30))

    async def send_presigned(
        self,
        method: str,
        path: str,
        query: str = "",
        body: bytes = b"",
        *,
        headers: Iterable[tuple[str, str]] = (),
        expires_s: int = 60,
    ) -> Answer:
        now = self.moment_ms[0] / 1000
        signed = presign(
            method, HOST, path, query, self.key.key_id, self.key.secret, expires_s=expires_s, region=REGION, now=now
        )
        return await self.send_as_is(method, f"{path}?{signed}", (("host", HOST), *headers), body)

    async def bucket(self, name: str = "photos", **settings: object) -> Bucket:
        return await self.store.create_bucket(
            self.account_id,
            name,
            **{"versioning": Versioning.UNVERSIONED, **settings},  # type: ignore[arg-type]
        )

    async def public_bucket(self, name: str = "photos") -> Bucket:
        return await self.bucket(name, type=BucketType.PUBLIC)

    async def limited_key(self, *capabilities: str, **limits: object) -> ApplicationKey:
        return await self.store.create_key(self.account_id, "limited", capabilities, **limits)  # type: ignore[arg-type]

    async def on_disk(self) -> bytes:
        """Every blob's bytes, one after the other."""
        blobs = await self.store.metadata.read(lambda transaction: transaction.scan_blobs("", 100))
        content = b""
        for blob in blobs:
            reader = self.store.blobs.open(blob.blob_id)
            content += reader.read(0, blob.length)
            reader.close()
        return content

    async def keys_in(self, bucket_name: str) -> list[bytes]:
        """What is visible in the bucket."""
        bucket = await self.store.bucket(bucket_name)
        return [version.key for version in (await self.store.list_names(bucket.bucket_id)).versions]


async def chunks(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


@dataclass(frozen=True, slots=True)
class Uploads:
    """Requests on one upload of `/photos/film`, or of another target."""

    site: Site
    target: str = "/photos/film"

    def at(self, target: str) -> Uploads:
        return Uploads(self.site, target)

    async def create(self, *headers: tuple[str, str], **options: Any) -> str:
        answer = await self.site.send("POST", f"{self.target}?uploads", headers, **options)
        upload_id = answer.root.text_of("UploadId")
        assert upload_id is not None, answer.body
        return upload_id

    async def part(
        self, upload_id: str, number: int, content: bytes, *headers: tuple[str, str], **options: Any
    ) -> Answer:
        target = f"{self.target}?partNumber={number}&uploadId={upload_id}"
        return await self.site.send("PUT", target, headers, content, **options)

    async def copy(self, upload_id: str, number: int, source: str, *headers: tuple[str, str], **options: Any) -> Answer:
        return await self.part(upload_id, number, b"", ("x-amz-copy-source", source), *headers, **options)

    async def complete(self, upload_id: str, *parts: tuple[int, bytes], headers: Any = (), **options: Any) -> Answer:
        named = tuple(CompletedPart(number, hashlib.md5(content).hexdigest()) for number, content in parts)
        body = CompleteMultipartUpload("photos", b"film", upload_id, named).to_request().body
        return await self.site.send("POST", f"{self.target}?uploadId={upload_id}", headers, body, **options)

    async def abort(self, upload_id: str, **options: Any) -> Answer:
        return await self.site.send("DELETE", f"{self.target}?uploadId={upload_id}", **options)

    async def parts(self, upload_id: str, query: str = "", **options: Any) -> Answer:
        return await self.site.send("GET", f"{self.target}?uploadId={upload_id}{query}", **options)

    async def whole(self, *contents: bytes) -> str:
        """An object of these parts; the upload's id."""
        upload_id = await self.create()
        for number, content in enumerate(contents, start=1):
            await self.part(upload_id, number, content)
        answer = await self.complete(upload_id, *enumerate(contents, start=1))
        assert answer.status == 200, answer.body
        return upload_id


@asynccontextmanager
async def opened(settings: S3Settings | None = None) -> AsyncIterator[Site]:
    """A site with one account and a key of it that may do everything; its clock stands until a test moves it."""
    moment_ms = [NOW_MS]
    async with await memory_store(clock=lambda: moment_ms[0]) as store:
        account = await store.default_account()
        key = await store.create_key(account.account_id, "owner", ALL_CAPABILITIES)
        server = S3Server(
            store,
            settings or S3Settings(),
            clock=lambda: moment_ms[0],
            random_bytes=lambda size: bytes(range(size)),
        )
        yield Site(store, server, account.account_id, key, moment_ms)
