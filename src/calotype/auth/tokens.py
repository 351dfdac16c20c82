"""Tokens that name their claims and prove them with an HMAC, so that the server remembers none of them.

A token is `4_<claims><mac>_<kind>`: the claims as base64url JSON, the first 128 bits of
HMAC-SHA256(secret, kind, claims), and the kind in clear, as B2's own tokens end (`_acct`, `_upld`, `_dnld`).
The claims can be read by whoever holds the token: they carry names and times, never a secret. What a token allows
is looked up again under the key id it names, so it dies with the key.

TokenError
├─ TokenInvalid    damaged, forged, of another kind, or made with another secret
└─ TokenExpired    ours, but the time of its EXPIRES_AT_MS has come
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

Claims = Mapping[str, Any]

EXPIRES_AT_MS = "x"
"""The claim that every token has. Names of claims are short, since a token is to fit in 200 characters (b2.md §2.2)."""

PREFIX = "4_"
MAC_BYTES = 16
MAC_CHARACTERS = 22  # base64url of 16 bytes without padding
TOKENS_REMEMBERED = 1024
LONGEST_TOKEN = 8192  # a download token carries a name prefix of up to 1024 bytes and six header values


class TokenError(Exception):
    """A token that opens nothing."""


class TokenInvalid(TokenError):
    """Damaged, forged, of another kind, or made with another secret."""


class TokenExpired(TokenError):
    """Ours, but its time is over."""


def seal(kind: str, claims: Claims, secret: bytes) -> str:
    """The token of this kind that carries `claims` (JSON values, EXPIRES_AT_MS among them): header-safe ASCII."""
    body = encode(json.dumps(dict(claims), separators=(",", ":"), ensure_ascii=False).encode())
    return f"{PREFIX}{body}{mac(kind, body, secret)}_{kind}"


def open_token(kind: str, text: str, secret: bytes, now_ms: int) -> Claims:
    """The claims of a token that `seal` made with the same kind and secret; raises TokenInvalid or TokenExpired."""
    claims = _proven_claims(kind, text, secret)
    if claims[EXPIRES_AT_MS] <= now_ms:
        raise TokenExpired(kind)
    return claims


@lru_cache(maxsize=TOKENS_REMEMBERED)
def _proven_claims(kind: str, text: str, secret: bytes) -> Claims:
    """The claims of our own token, whose time is the caller's to look at; remembered, for it comes with every call."""
    return MappingProxyType(read_claims(proven_body(kind, text, secret)))


def kind_of(text: str) -> str:
    """The kind that a token says it is; nothing is proven by it."""
    return text.rpartition("_")[2]


def proven_body(kind: str, text: str, secret: bytes) -> str:
    suffix = f"_{kind}"
    if len(text) > LONGEST_TOKEN or not text.isascii() or not text.startswith(PREFIX) or not text.endswith(suffix):
        raise TokenInvalid(kind)
    sealed = text[len(PREFIX) : -len(suffix)]
    body, given_mac = sealed[:-MAC_CHARACTERS], sealed[-MAC_CHARACTERS:]
    if not hmac.compare_digest(given_mac, mac(kind, body, secret)):
        raise TokenInvalid(kind)
    return body


def read_claims(body: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def mac(kind: str, body: str, secret: bytes) -> str:
    digest = hmac.digest(secret, f"{kind}\0{body}".encode(), "sha256")
    return encode(digest[:MAC_BYTES])


def encode(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
