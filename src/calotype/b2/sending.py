"""Bodies on their way to upload URLs, tried again at a fresh one where that may help (b2.md §1.7, §9.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, Protocol, TypeVar

import httpx
import msgspec

from calotype.b2.errors import B2Error
from calotype.b2.file_operations import GetUploadPartUrl, GetUploadUrl
from calotype.b2.json import FileObject, PartObject, UploadPartUrl, UploadUrl
from calotype.b2.operation import Operation
from calotype.b2.transfers import UploadFile, UploadPart
from calotype.b2.transport import Progress, deserves_another_try, exchange, with_digest
from calotype.b2.wire import to_request

UPLOAD_TRIES = 5
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 16.0

ShapeType = TypeVar("ShapeType")


class Call(Protocol):
    """A call with JSON in and out, under the account's token."""

    def __call__(self, operation: Operation, shape: type[ShapeType], /) -> ShapeType: ...


class Source(Protocol):
    """What bytes are read from; `seekable` says whether they can be read a second time."""

    def read(self, size: int, /) -> bytes: ...
    def seekable(self) -> bool: ...
    def seek(self, offset: int, /) -> Any: ...
    def tell(self) -> int: ...


class Sender:
    def __init__(self, http: httpx.Client, call: Call, sleep: Callable[[float], None]) -> None:
        self._http = http
        self._call = call
        self._sleep = sleep

    def send_file(self, operation: UploadFile, source: BinaryIO, on_progress: Progress) -> FileObject:
        def place() -> UploadUrl:
            return self._call(GetUploadUrl(bucket_id=operation.bucket_id), UploadUrl)

        return msgspec.json.decode(self._send(place, operation, source, on_progress), type=FileObject)

    def send_part(self, operation: UploadPart, source: Source, on_progress: Progress) -> PartObject:
        def place() -> UploadPartUrl:
            return self._call(GetUploadPartUrl(file_id=operation.file_id), UploadPartUrl)

        return msgspec.json.decode(self._send(place, operation, source, on_progress), type=PartObject)

    def _send(
        self,
        place: Callable[[], UploadUrl | UploadPartUrl],
        operation: UploadFile | UploadPart,
        source: Source,
        on_progress: Progress,
    ) -> bytes:
        start = source.tell() if source.seekable() else None
        pause_s = FIRST_PAUSE_S
        for tries_left in reversed(range(UPLOAD_TRIES)):
            try:
                return self._send_once(place(), operation, source, on_progress)
            except B2Error as error:
                if start is None or not tries_left or not deserves_another_try(error):
                    raise
            self._sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            source.seek(start)
        raise AssertionError("the last try returns or raises")

    def _send_once(
        self,
        place: UploadUrl | UploadPartUrl,
        operation: UploadFile | UploadPart,
        source: Source,
        on_progress: Progress,
    ) -> bytes:
        headers = {**dict(to_request(operation).headers), "authorization": place.authorization_token}
        body = with_digest(source, operation.file_length, on_progress)
        return exchange(self._http, "POST", place.upload_url, headers, body)
