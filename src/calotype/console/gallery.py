"""The gallery: its pages, uploads and deletions. Handlers turn requests into calls on the bucket and back."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from datetime import datetime
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from calotype.console.bucket import Bucket
from calotype.console.content_sniffing import HEAD_BYTES, RefusedContent, content_type_of
from calotype.console.failures import OriginFailure
from calotype.console.object_names import object_key
from calotype.console.pages import Pages
from calotype.console.pictures import Cursor, GalleryPage, Picture, newest
from calotype.upload.naming import Template

# S3's limit for one PUT; larger files go by multipart clients.
MAX_UPLOAD_BYTES = 5 * 1024**3
MAX_DELETE_BODY_BYTES = 2 * 1024 * 1024
MAX_DELETED_AT_ONCE = 1000
CONCURRENT_DELETES = 8
NO_PICTURES = GalleryPage((), None, 0, 0)


class Gallery:
    """The pages about the pictures of one bucket."""

    def __init__(self, pages: Pages, bucket: Bucket, template: Template) -> None:
        self._pages = pages
        self._bucket = bucket
        self._template = template

    async def show(self, request: Request) -> Response:
        """The page at `/`: the newest pictures, or what is older than the cursor in the query."""
        try:
            page, failure = await newest(self._bucket.listing(), older_than=_cursor_of(request)), None
        except OriginFailure as exc:
            page, failure = NO_PICTURES, exc
        return self._pages.render(
            request,
            "gallery.html",
            200 if failure is None else failure.status,
            page=page,
            failure=failure,
            is_first=_cursor_of(request) is None,
            bucket=self._bucket.name,
            endpoint=self._bucket.endpoint,
        )

    async def older(self, request: Request) -> Response:
        """The next tiles alone, for the page's script to append."""
        try:
            page = await newest(self._bucket.listing(), older_than=_cursor_of(request))
        except OriginFailure as exc:
            return _failed(exc)
        return self._pages.render(request, "_tiles.html", page=page)

    async def upload(self, request: Request) -> Response:
        """Store the request's body under a new name; answers with the picture's tile."""
        file_name = unquote(request.headers.get("x-file-name", ""), errors="replace")
        length = _length_of(request)
        if length is None:
            return _refused(411, "The browser did not say how long the file is.")
        if length > MAX_UPLOAD_BYTES:
            return _refused(413, "The file is larger than 5 GiB, the most that one upload may hold.")
        try:
            body = request.stream()
            head, rest = await _split_head(body)
            content_type = content_type_of(head)
            key = self._new_key(file_name, content_type)
            await self._bucket.put(key, content_type=content_type, length=length, content=rest)
        except RefusedContent as exc:
            return _refused(415, str(exc))
        except OriginFailure as exc:
            return _failed(exc)
        except ClientDisconnect:
            return _refused(400, "The upload was cut off.")
        now_ms = int(datetime.now().astimezone().timestamp() * 1000)
        return self._pages.render(request, "_new_tile.html", 201, picture=Picture(now_ms, key, length))

    async def delete(self, request: Request) -> Response:
        """Delete the named objects; answers which are gone and why others are not."""
        keys = await _keys_of(request)
        if keys is None:
            return _refused(400, 'Send {"keys": [...]} with 1 to 1000 names.')
        limit = asyncio.Semaphore(CONCURRENT_DELETES)
        failures = await asyncio.gather(*(self._delete_one(key, limit) for key in keys))
        failed = [
            {"key": key, "message": failure.message}
            for key, failure in zip(keys, failures, strict=True)
            if failure is not None
        ]
        deleted = [key for key, failure in zip(keys, failures, strict=True) if failure is None]
        return JSONResponse({"deleted": deleted, "failed": failed})

    async def _delete_one(self, key: str, limit: asyncio.Semaphore) -> OriginFailure | None:
        async with limit:
            try:
                await self._bucket.delete(key)
            except OriginFailure as exc:
                return exc
        return None

    def _new_key(self, file_name: str, content_type: str) -> str:
        now = datetime.now().astimezone()
        return object_key(
            self._template, file_name=file_name, content_type=content_type, now=now, choose=secrets.randbelow
        )


def _cursor_of(request: Request) -> Cursor | None:
    """The cursor in the query; one that cannot be read shows the newest."""
    modified, key = request.query_params.get("before", ""), request.query_params.get("key", "")
    is_number = modified.isascii() and modified.isdigit() and len(modified) < 16
    return Cursor(int(modified), key) if is_number else None


def _length_of(request: Request) -> int | None:
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


async def _split_head(body: AsyncIterator[bytes]) -> tuple[bytes, AsyncIterator[bytes]]:
    """The first bytes, enough to tell the type, and the whole body with them at its start."""
    head = bytearray()
    async for chunk in body:
        head += chunk
        if len(head) >= HEAD_BYTES:
            break

    async def whole() -> AsyncIterator[bytes]:
        yield bytes(head)
        async for chunk in body:
            if chunk:
                yield chunk

    return bytes(head[:HEAD_BYTES]), whole()


async def _keys_of(request: Request) -> list[str] | None:
    """The names in the body of a deletion, None when it is no such thing."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_DELETE_BODY_BYTES:
            return None
    try:
        keys = json.loads(content)["keys"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(keys, list) or not 1 <= len(keys) <= MAX_DELETED_AT_ONCE:
        return None
    return list(dict.fromkeys(keys)) if all(isinstance(key, str) and key for key in keys) else None


def _refused(status: int, message: str) -> Response:
    return JSONResponse({"message": message}, status)


def _failed(failure: OriginFailure) -> Response:
    return JSONResponse({"message": failure.message}, failure.status)
