"""The gallery: its pages, and pictures put in, replaced and deleted: requests to calls on the bucket and back."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from calotype.admin.json import NoticeEntry
from calotype.console.bucket import Bucket
from calotype.console.content_sniffing import RefusedContent
from calotype.console.failures import OriginFailure
from calotype.console.object_names import object_key
from calotype.console.pages import Pages
from calotype.console.pictures import Cursor, GalleryPage, Picture, newest
from calotype.console.received_file import PictureUnnamed, RefusedUpload, received_file
from calotype.costs.report import AlertLine
from calotype.upload.naming import Template

MAX_DELETE_BODY_BYTES = 2 * 1024 * 1024
MAX_DELETED_AT_ONCE = 1000
CONCURRENT_DELETES = 8
NO_PICTURES = GalleryPage((), None, 0, 0)
# One strong validator (RFC 9110 §8.8.3). `*` would replace whatever is there, seen or not.
ETAG_HEADER = re.compile(r'"[\x21\x23-\x7e]+"')

Method = Callable[["Gallery", Request], Awaitable[Response]]


def saying_failures(method: Method) -> Method:
    """The method, with what goes wrong in it answered in words for the page."""

    async def answer(gallery: Gallery, request: Request) -> Response:
        try:
            return await method(gallery, request)
        except RefusedUpload as exc:
            return _refused(exc.status, str(exc))
        except RefusedContent as exc:
            return _refused(415, str(exc))
        except OriginFailure as exc:
            return _refused(exc.status, exc.message)
        except ClientDisconnect:
            return _refused(400, "The upload was cut off.")

    return answer


class Gallery:
    """The pages about the pictures of one bucket."""

    def __init__(
        self,
        pages: Pages,
        bucket: Bucket,
        template: Template,
        alerts: Callable[[], Awaitable[list[AlertLine]]],
        advice: Callable[[int], Awaitable[list[NoticeEntry]]],
    ) -> None:
        self._pages = pages
        self._bucket = bucket
        self._template = template
        self._alerts = alerts
        self._advice = advice

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
            alerts=await self._alerts(),
            with_link=True,
            advice=[] if failure else await self._advice(_now_ms()),
            is_first=_cursor_of(request) is None,
            bucket=self._bucket.name,
            endpoint=self._bucket.endpoint,
        )

    @saying_failures
    async def older(self, request: Request) -> Response:
        """The next tiles alone, for the page's script to append."""
        page = await newest(self._bucket.listing(), older_than=_cursor_of(request))
        return self._pages.render(request, "_tiles.html", page=page)

    @saying_failures
    async def upload(self, request: Request) -> Response:
        """Store the request's body under a new name; answers with the picture's tile."""
        file_name = unquote(request.headers.get("x-file-name", ""), errors="replace")
        file = await received_file(request)
        key = self._new_key(file_name, file.content_type)
        etag = await self._bucket.add(key, file)
        return self._tile(request, Picture(_now_ms(), key, file.length, etag), 201)

    @saying_failures
    async def picture(self, request: Request) -> Response:
        """The tile of the picture named in the query, as the bucket has it now."""
        return self._tile(request, await self._bucket.picture(_key_of(request)), 200)

    @saying_failures
    async def replace(self, request: Request) -> Response:
        """Store the request's body as the picture named in the query, if that is still the one of If-Match."""
        key, etag_header = _key_of(request), request.headers.get("if-match", "")
        if not ETAG_HEADER.fullmatch(etag_header):
            return _refused(428, "Say with If-Match which version is to be replaced.")
        file = await received_file(request)
        etag = await self._bucket.replace(key, file, etag_header)
        return self._tile(request, Picture(_now_ms(), key, file.length, etag), 200)

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

    def _tile(self, request: Request, picture: Picture, status: int) -> Response:
        return self._pages.render(request, "_new_tile.html", status, picture=picture)

    def _new_key(self, file_name: str, content_type: str) -> str:
        now = datetime.now().astimezone()
        return object_key(
            self._template, file_name=file_name, content_type=content_type, now=now, choose=secrets.randbelow
        )


def _now_ms() -> int:
    return int(time.time() * 1000)


def _key_of(request: Request) -> str:
    """The key in the query. Raises `PictureUnnamed`: a PUT of an empty key would be one of the bucket itself."""
    key = request.query_params.get("key", "")
    if not key:
        raise PictureUnnamed
    return key


def _cursor_of(request: Request) -> Cursor | None:
    """The cursor in the query; one that cannot be read shows the newest."""
    modified, key = request.query_params.get("before", ""), request.query_params.get("key", "")
    is_number = modified.isascii() and modified.isdigit() and len(modified) < 16
    return Cursor(int(modified), key) if is_number else None


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
