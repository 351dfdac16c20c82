"""Percent-encoding, in the dialects of those who encode: B2, S3, our own links, and query strings.

Text is as in a message: one character per byte. Decode once and compare the bytes; never compare encoded forms,
since clients differ in what they encode.
"""

from __future__ import annotations

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")

# What each dialect leaves bare besides the letters, digits and `_ . - ~` of RFC 3986 §2.3.
_BARE_IN_B2 = "/!$'()*;=:@"  # b2_upload_file, "string encoding"
# In our own links nothing that Markdown, BBCode or an HTML attribute gives a meaning to, and never `+`: the origin's
# friendly URLs read it as a space.
_BARE_IN_LINKS = "/:@,=$"


class InvalidPercentEncoding(ValueError):
    """A `%` that two hexadecimal digits do not follow."""

    def __init__(self, text: str) -> None:
        super().__init__(f"invalid percent-encoding in {text!r}")
        self.text = text


def decode(text: str, *, plus_is_space: bool = False, strict: bool = False) -> bytes:
    """The bytes that the text stands for; a stray `%` stays as it is, or raises when `strict`."""
    raw = text.encode("latin-1")
    if plus_is_space:
        raw = raw.replace(b"+", b" ")
    if b"%" not in raw:
        return raw
    if strict and _BAD_ESCAPE.search(raw):
        raise InvalidPercentEncoding(text)
    return unquote_to_bytes(raw)


def encode_b2(raw: bytes) -> str:
    """The form of X-Bz-File-Name and X-Bz-Info values."""
    return quote_from_bytes(raw, safe=_BARE_IN_B2)


def encode_s3(raw: bytes, keep_slash: bool = True) -> str:
    """The form that SigV4 signs: all but RFC 3986's unreserved characters encoded, upper-case digits."""
    return quote_from_bytes(raw, safe="/" if keep_slash else "")


def encode_path(raw: bytes) -> str:
    """The path of a link to a key, safe to paste into Markdown, BBCode and HTML."""
    return quote_from_bytes(raw, safe=_BARE_IN_LINKS)


def parse_query(text: str) -> list[tuple[str, str]]:
    """Names and values in order, `+` read as a space, a missing `=` as an empty value.

    The bytes are read as UTF-8; what is not UTF-8 survives as surrogates, so that `.encode("utf-8",
    "surrogateescape")` gives the very bytes back.
    """
    pairs: list[tuple[str, str]] = []
    for member in text.split("&"):
        if member:
            name, _, value = member.partition("=")
            if "%" in member or "+" in member or not member.isascii():
                name, value = _query_text(name), _query_text(value)
            pairs.append((name, value))
    return pairs


def _query_text(text: str) -> str:
    return decode(text, plus_is_space=True).decode("utf-8", "surrogateescape")
