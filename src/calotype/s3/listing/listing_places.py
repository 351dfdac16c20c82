"""Where a listing goes on: behind a marker, or where a continuation token says."""

from __future__ import annotations

import base64
import binascii

from calotype.s3.errors import InvalidArgument
from calotype.store.listing import successor_of_prefix

TOKEN_IS_WRONG = "The continuation token provided is incorrect"


def place_after(marker: bytes, prefix: bytes, delimiter: bytes) -> bytes | None:
    """Where a listing goes on after `marker`: past the whole common prefix that it lies in (s3.md §2).

    None where nothing can follow.
    """
    if not marker:
        return b""
    if delimiter and marker.startswith(prefix):
        before, found, _ = marker[len(prefix) :].partition(delimiter)
        if found:
            return successor_of_prefix(prefix + before + delimiter)
    return marker + b"\0"


def token_of_place(key: bytes) -> str:
    """A continuation token: opaque to clients, the key of the next page's start to us."""
    return base64.urlsafe_b64encode(b"1" + key).decode()


def place_of_token(token: str) -> bytes:
    """The key where the page starts; raises InvalidArgument for what `token_of_place` never gave."""
    try:
        raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as exc:
        raise wrong_token(token) from exc
    if not raw.startswith(b"1"):
        raise wrong_token(token)
    return raw[1:]


def wrong_token(token: str) -> InvalidArgument:
    return InvalidArgument.of("continuation-token", token, TOKEN_IS_WRONG)
