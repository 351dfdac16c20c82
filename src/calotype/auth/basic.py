"""Basic authentication: how a key id and its secret are presented where nothing is signed (RFC 7617)."""

from __future__ import annotations

import binascii


def read_basic_credentials(authorization: str | None) -> tuple[str, str] | None:
    """User and password of a Basic Authorization header, or None when it is anything else (RFC 7617)."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = binascii.a2b_base64(encoded.strip(), strict_mode=True).decode()
    except ValueError:
        return None
    user, colon, password = text.partition(":")
    return (user, password) if colon else None


def basic_authorization(user: str, password: str) -> str:
    """The Basic Authorization header of user and password (RFC 7617)."""
    return "Basic " + binascii.b2a_base64(f"{user}:{password}".encode(), newline=False).decode()
