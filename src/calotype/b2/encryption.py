"""Server-side encryption as requests ask for it, in JSON and in header fields (b2.md §1.6, §3.1, §6.5).

SSE-B2 uses the origin's own key. SSE-C uses one that the client sends with every request on the file; it is never
kept, and stays out of every text that could reach a log.
"""

from __future__ import annotations

import base64
import hashlib

from msgspec import Struct

from calotype.b2.errors import BadRequest
from calotype.http.message import Headers

SERVER_KEY, CUSTOMER_KEY, NONE = "SSE-B2", "SSE-C", "none"
ALGORITHM = "AES256"

HEADER = "x-bz-server-side-encryption"
CUSTOMER_ALGORITHM_HEADER = f"{HEADER}-customer-algorithm"
CUSTOMER_KEY_HEADER = f"{HEADER}-customer-key"
CUSTOMER_KEY_MD5_HEADER = f"{HEADER}-customer-key-md5"


class RequestedEncryption(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """`customer_key` and `customer_key_md5` are base64, as they came; `encryption_key` looks at them."""

    mode: str | None = None
    algorithm: str | None = None
    customer_key: str | None = None
    customer_key_md5: str | None = None

    def __repr__(self) -> str:
        return f"RequestedEncryption(mode={self.mode!r}, customer_key_md5={self.customer_key_md5!r})"


WITH_SERVER_KEY = RequestedEncryption(mode=SERVER_KEY, algorithm=ALGORITHM)


def with_customer_key(key: bytes) -> RequestedEncryption:
    """What a client asks for that brings a key of its own, 32 bytes."""
    md5 = hashlib.md5(key, usedforsecurity=False).digest()
    return RequestedEncryption(
        mode=CUSTOMER_KEY,
        algorithm=ALGORITHM,
        customer_key=base64.b64encode(key).decode(),
        customer_key_md5=base64.b64encode(md5).decode(),
    )


def encryption_of(headers: Headers) -> RequestedEncryption | None:
    """The encryption that header fields ask for, None when they say nothing of it."""
    algorithm = headers.get(HEADER)
    customer_algorithm = headers.get(CUSTOMER_ALGORITHM_HEADER)
    key, md5 = headers.get(CUSTOMER_KEY_HEADER), headers.get(CUSTOMER_KEY_MD5_HEADER)
    if customer_algorithm is None and key is None and md5 is None:
        return None if algorithm is None else RequestedEncryption(mode=SERVER_KEY, algorithm=algorithm)
    if algorithm is not None:
        raise BadRequest("X-Bz-Server-Side-Encryption does not go with a customer key")
    return RequestedEncryption(mode=CUSTOMER_KEY, algorithm=customer_algorithm, customer_key=key, customer_key_md5=md5)


def encryption_headers(asked: RequestedEncryption | None) -> list[tuple[str, str]]:
    """The header fields that `encryption_of` reads back."""
    if asked is None or asked.mode in (None, NONE):
        return []
    if asked.mode == SERVER_KEY:
        return [(HEADER, asked.algorithm or "")]
    return [
        (CUSTOMER_ALGORITHM_HEADER, asked.algorithm or ""),
        (CUSTOMER_KEY_HEADER, asked.customer_key or ""),
        (CUSTOMER_KEY_MD5_HEADER, asked.customer_key_md5 or ""),
    ]
