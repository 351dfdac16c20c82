"""Requests and responses as values, the same for HTTP/1.1 and HTTP/2, for servers and for clients."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from calotype.http.percent import parse_query


class Headers:
    """Header fields in the order they came; names lower-case, values latin-1 text without outer white space.

    Immutable. Repeated fields stay apart: `get` answers the first, `get_all` every one, `combined` the list
    form of RFC 9110 §5.3.
    """

    __slots__ = ("_fields", "_first_values")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields = tuple([(name.lower(), value) for name, value in fields])
        self._first_values: dict[str, str] | None = None  # made by the first look-up

    @classmethod
    def _of(cls, fields: tuple[tuple[str, str], ...]) -> Headers:
        """Of fields whose names are lower-case already."""
        made = cls.__new__(cls)
        made._fields = fields
        made._first_values = None
        return made

    @classmethod
    def from_raw(cls, raw: Iterable[tuple[bytes, bytes]]) -> Headers:
        return cls([(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw])

    def to_raw(self) -> list[tuple[bytes, bytes]]:
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self._fields]

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of the field, or `default`."""
        first_values = self._first_values
        return (self._index() if first_values is None else first_values).get(name, default)

    def get_all(self, name: str) -> list[str]:
        if name not in self:
            return []
        return [value for field_name, value in self._fields if field_name == name]

    def combined(self, name: str) -> str | None:
        """All values of the field joined by commas, or None when it is absent (RFC 9110 §5.3)."""
        values = self.get_all(name)
        return ", ".join(values) if values else None

    def names(self) -> list[str]:
        """Each distinct name once, in order of first appearance."""
        return list(dict.fromkeys(name for name, _ in self._fields))

    def set(self, name: str, value: str) -> Headers:
        """A copy in which the field has exactly this value, at its first place or at the end."""
        name = name.lower()
        kept: list[tuple[str, str]] = []
        placed = False
        for field_name, field_value in self._fields:
            if field_name != name:
                kept.append((field_name, field_value))
            elif not placed:
                kept.append((name, value))
                placed = True
        if not placed:
            kept.append((name, value))
        return Headers._of(tuple(kept))

    def add(self, name: str, value: str) -> Headers:
        return Headers._of((*self._fields, (name.lower(), value)))

    def without(self, *names: str) -> Headers:
        """A copy without any field of these names."""
        dropped = {name.lower() for name in names}
        return Headers._of(tuple([pair for pair in self._fields if pair[0] not in dropped]))

    def merge(self, other: Iterable[tuple[str, str]]) -> Headers:
        """A copy in which every field of `other` replaces all of its name."""
        incoming = [(name.lower(), value) for name, value in other]
        replaced = {name for name, _ in incoming}
        return Headers._of((*[pair for pair in self._fields if pair[0] not in replaced], *incoming))

    def _index(self) -> dict[str, str]:
        """A request is asked for dozens of fields that it may have: a walk over all of them each time adds up."""
        self._first_values = dict(reversed(self._fields))
        return self._first_values

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __contains__(self, name: object) -> bool:
        first_values = self._first_values
        return name in (self._index() if first_values is None else first_values)

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._fields == other._fields

    def __hash__(self) -> int:
        return hash(self._fields)

    def __repr__(self) -> str:
        return f"Headers({list(self._fields)!r})"


class EmptyBody:
    """The body of a message that has none; one instance serves every message."""

    __slots__ = ()

    def __aiter__(self) -> EmptyBody:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration

    async def aclose(self) -> None:
        return None


NO_BODY = EmptyBody()


@dataclass(slots=True, eq=False)
class Request:
    """One request. `body` may be iterated once; a server sends `100 Continue`, when asked, at its first step.

    `target` is the request target as sent, latin-1 text, never decoded or normalised; only the absolute form meant for
    proxies arrives as its path, with Host set to its authority. `version` is 1.0, 1.1 or 2. `content_length` is None
    for a chunked body and 0 when there is no body. `send_interim` passes a 1xx response to the client at once.
    """

    method: str
    target: str
    raw_headers: list[tuple[bytes, bytes]]  # names lower-case
    scheme: str = "http"
    version: str = "1.1"
    client: tuple[str, int] = ("", 0)
    body: AsyncIterator[bytes] = NO_BODY
    content_length: int | None = 0
    send_interim: Callable[[int, Headers], None] | None = None
    _headers: Headers | None = None
    _fields: dict[bytes, bytes] | None = None
    _parameters: tuple[tuple[str, str], ...] | None = None

    @classmethod
    def of(cls, method: str, target: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Request:
        """A request made from text and bytes, as tests and protocol clients write it."""
        request = cls(method, target, Headers(headers).to_raw())
        if body:
            request.body = one_chunk(body)
            request.content_length = len(body)
        return request

    @property
    def headers(self) -> Headers:
        if self._headers is None:
            self._headers = Headers.from_raw(self.raw_headers)
        return self._headers

    @property
    def fields(self) -> dict[bytes, bytes]:
        """Lower-case name to the last value, as bytes; the server fills it while parsing, so the hot path pays nothing.

        For deciding quickly (is there a Range? which host?); `headers` keeps repeated fields.
        """
        if self._fields is None:
            self._fields = dict(self.raw_headers)
        return self._fields

    @property
    def path(self) -> str:
        """The target up to the first `?`, as sent."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str | None:
        """What follows the first `?`, or None when there is no `?`."""
        _, mark, query = self.target.partition("?")
        return query if mark else None

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """The query's names and values, decoded as `percent.parse_query` does."""
        if self._parameters is None:
            self._parameters = tuple(parse_query(self.query or ""))
        return self._parameters

    @property
    def host(self) -> str | None:
        return self.headers.get("host")


async def one_chunk(content: bytes) -> AsyncIterator[bytes]:
    yield content


Body = bytes | AsyncIterable[bytes]


@dataclass(slots=True, eq=False)
class Response:
    """One final response. With `bytes` the server writes Content-Length; a stream without one goes out chunked.

    A stream is an async iterator; the server closes it (`aclose`) when the client leaves. For HEAD, 204 and 304
    the server never sends the body and leaves a Content-Length header as it is.
    """

    status: int
    headers: Headers = field(default_factory=Headers)
    body: Body = b""


class Prepared(NamedTuple):
    """A whole HTTP/1.1 answer as bytes, for the hot path: status line and headers with the blank line, and body.

    `head` holds everything but `date` and `connection`, which the answerer includes itself where needed.
    """

    head: bytes
    body: bytes


async def read_body(body: Body, limit: int) -> bytes:
    """The whole body, at most `limit` bytes; raises `BodyTooLarge` beyond."""
    if isinstance(body, bytes):
        return body
    chunks = bytearray()
    async for chunk in body:
        chunks += chunk
        if len(chunks) > limit:
            raise BodyTooLarge(limit)
    return bytes(chunks)


class BodyTimedOut(Exception):
    """A body of which nothing more came for as long as its reader waits."""


class BodyTooLarge(Exception):
    """A body longer than its reader allows."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is longer than {limit} bytes")
        self.limit = limit
