"""How the client's requests travel: one exchange over httpx, and what its answers mean as errors."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import httpx
import msgspec

from calotype.b2.errors import B2Error, BadAuthToken, ExpiredAuthToken, InternalError, NotImplementedCall

CHUNK_BYTES = 262_144

Progress = Callable[[int], None]


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Unreachable(B2Error):
    """No answer: the server cannot be reached, or the connection broke."""

    status, code = 0, "unreachable"


def kinds_of(kind: type[B2Error]) -> Iterator[type[B2Error]]:
    """The class and all below it."""
    yield kind
    for below in kind.__subclasses__():
        yield from kinds_of(below)


ERRORS: dict[tuple[int, str], type[B2Error]] = {
    (kind.status, kind.code): kind for kind in kinds_of(B2Error) if kind not in (B2Error, InternalError, Unreachable)
}


def exchange(
    http: httpx.Client, method: str, url: str, headers: Mapping[str, str], content: bytes | Iterator[bytes]
) -> bytes:
    """The body of a 200; any other answer is raised as the error it states."""
    with translated(url.partition("?")[0]):
        response = http.request(method, url, headers=headers, content=content)
    if response.status_code != 200:
        raise error_of(response.status_code, response.content)
    return response.content


@contextmanager
def translated(address: str) -> Iterator[None]:
    """Raises what httpx raises as Unreachable."""
    try:
        yield
    except httpx.HTTPError as exc:
        raise Unreachable(f"{address} cannot be reached: {exc}") from exc


def with_digest(source: Readable, length: int, on_progress: Progress) -> Iterator[bytes]:
    """The body of an upload: the file, then its SHA-1 in hex. Raises EOFError when the source ends early."""
    sha1 = hashlib.sha1(usedforsecurity=False)
    sent = 0
    while sent < length:
        chunk = source.read(min(CHUNK_BYTES, length - sent))
        if not chunk:
            raise EOFError(f"the file ended after {sent} of {length} bytes")
        sha1.update(chunk)
        yield chunk
        sent += len(chunk)
        on_progress(sent)
    yield sha1.hexdigest().encode()


def deserves_another_try(error: B2Error) -> bool:
    """Whether a fresh upload URL may help (b2.md §1.7)."""
    if isinstance(error, BadAuthToken | ExpiredAuthToken | Unreachable):
        return True
    return error.status in (408, 429) or (error.status >= 500 and error.status != NotImplementedCall.status)


def error_of(status: int, content: bytes) -> B2Error:
    """The error that an answer states, as the class of its status and code, else a plain B2Error."""
    try:
        stated: Any = msgspec.json.decode(content)
        code, message = str(stated["code"]), str(stated["message"])
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        code, message = "", content[:200].decode("latin-1")
    kind = ERRORS.get((status, code), B2Error)
    error = kind.__new__(kind)
    error.status, error.code = status, code
    B2Error.__init__(error, message)
    return error
