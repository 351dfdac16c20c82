"""A request reduced to what S3 gives a meaning to: what operations are read from and written into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from calotype.http.message import Headers
from calotype.http.percent import encode_s3
from calotype.s3.errors import InvalidArgument

MOST_COUNTED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class S3Request:
    """`query` is decoded, `body` an XML document: an object's content is never here."""

    method: str
    bucket: str | None = None
    key: bytes | None = None
    query: tuple[tuple[str, str], ...] = ()
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def parameter(self, name: str) -> str | None:
        """The first query parameter of this name."""
        for key, value in self.query:  # a generator would cost as much as all the comparisons
            if key == name:
                return value
        return None

    def parameter_bytes(self, name: str) -> bytes:
        """A parameter that holds keys, or parts of them; empty when absent."""
        return (self.parameter(name) or "").encode("utf-8", "surrogateescape")

    def number(self, name: str, *, default: int) -> int:
        """A parameter that counts; raises InvalidArgument for what is not a number from 0 to 2,147,483,647."""
        text = self.parameter(name)
        if text is None or text == "":
            return default
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else MOST_COUNTED + 1
        if number > MOST_COUNTED:
            raise InvalidArgument.of(name, text, f"Provided {name} not an integer or within integer range")
        return number

    def header(self, name: str) -> str | None:
        """A header field, or None when it is absent or empty."""
        return self.headers.get(name) or None


def text_of_bytes(raw: bytes) -> str:
    """Bytes as query text holds them, whether they are UTF-8 or not."""
    return raw.decode("utf-8", "surrogateescape")


def encoded_query(query: Iterable[tuple[str, str]]) -> str:
    """The query as it goes on the wire; a parameter with an empty value stands alone, as sub-resources do."""
    return "&".join(_encoded_parameters(query))


def _encoded_parameters(query: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in query:
        raw = value.encode("utf-8", "surrogateescape")
        yield f"{encode_s3(name.encode(), False)}={encode_s3(raw, False)}" if value else encode_s3(name.encode(), False)
