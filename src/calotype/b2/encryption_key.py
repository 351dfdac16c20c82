"""The store's keys out of what a request asks for (b2.md §1.6)."""

from __future__ import annotations

from calotype.b2.encryption import ALGORITHM, CUSTOMER_KEY, NONE, SERVER_KEY, RequestedEncryption
from calotype.b2.errors import BadRequest
from calotype.store.encryption import SERVER_KEY as STORE_KEY
from calotype.store.encryption import CustomerKey, EncryptionKey, parse_customer_key
from calotype.store.errors import MalformedCustomerKey


def encryption_key(asked: RequestedEncryption | None) -> EncryptionKey | None:
    """The key to encrypt with, None when the request leaves that to the bucket; raises BadRequest."""
    if asked is None or asked.mode in (None, NONE):
        return None
    if asked.mode not in (SERVER_KEY, CUSTOMER_KEY):
        raise BadRequest(f"Invalid server-side encryption: the mode is {SERVER_KEY}, {CUSTOMER_KEY} or {NONE}")
    if asked.algorithm != ALGORITHM:
        raise BadRequest(f"Invalid server-side encryption: the algorithm is {ALGORITHM}")
    if asked.mode == CUSTOMER_KEY:
        return parsed_key(asked)
    if asked.customer_key is not None:
        raise BadRequest(f"Invalid server-side encryption: {SERVER_KEY} takes no customer key")
    return STORE_KEY


def customer_key(asked: RequestedEncryption | None) -> CustomerKey | None:
    """The key that the client brings to read a file, or to send a part of one; SSE-B2 needs none."""
    key = encryption_key(asked)
    return key if isinstance(key, CustomerKey) else None


def parsed_key(asked: RequestedEncryption) -> CustomerKey:
    try:
        return parse_customer_key(asked.customer_key or "", asked.customer_key_md5 or "")
    except MalformedCustomerKey as exc:
        raise BadRequest(f"Invalid server-side encryption: {exc}") from exc
