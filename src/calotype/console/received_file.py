"""A file on its way from the browser: how long it is, what it is, and its bytes as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import Request

from calotype.console.content_sniffing import content_type_of
from calotype.http.content_sniffing import HEAD_BYTES

# S3's limit for one PUT; larger files go by multipart clients.
MAX_UPLOAD_BYTES = 5 * 1024**3


class RefusedUpload(Exception):
    """A request refused before its content was looked at. The message is for the person who chose the file."""

    status = 400


class PictureUnnamed(RefusedUpload):
    def __init__(self) -> None:
        super().__init__("Name the picture: ?key=...")


class LengthMissing(RefusedUpload):
    status = 411

    def __init__(self) -> None:
        super().__init__("The browser did not say how long the file is.")


class FileTooLarge(RefusedUpload):
    status = 413

    def __init__(self) -> None:
        super().__init__("The file is larger than 5 GiB, the most that one upload may hold.")


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """`content` gives `length` bytes, once."""

    content_type: str
    length: int
    content: AsyncIterator[bytes]


async def received_file(request: Request) -> ReceivedFile:
    """The file that is the request's body, as soon as its first bytes tell what it is.

    Raises `RefusedUpload`, `RefusedContent`, or starlette's `ClientDisconnect`, which reading the content may as well.
    """
    length = _length_of(request)
    if length is None:
        raise LengthMissing
    if length > MAX_UPLOAD_BYTES:
        raise FileTooLarge
    head, content = await _split_head(request.stream())
    return ReceivedFile(content_type_of(head), length, content)


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
