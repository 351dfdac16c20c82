"""Encryption at rest: whose key, and how the bytes then lie on disk.

A blob is encrypted with a data key of its own, 32 random bytes. The data key lies in the rows of the versions that
use the blob, sealed by the master key (SSE-B2, S3's SSE-S3), by a key of a name that is made out of it (S3's SSE-KMS,
SSE-B2 to the B2 API) or by the key that the client sent (SSE-C), and bound to the blob's id. A customer's key is kept
nowhere, only its MD5.

The bytes are cut into chunks of 64 KiB, so that a range can be read without the rest:

    | chunk 0: 65,536 bytes + tag of 16 | chunk 1 | … | last chunk: 1 to 65,536 bytes + tag of 16 |

Each chunk is AES-256-GCM under the data key with its number as the nonce. A data key serves one blob, which is
written once, so no nonce comes twice; and a chunk that was changed, cut or moved to another place does not open. That
none is missing at the end shows by the extents, which count clear bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from calotype.store.errors import CustomerKeyNeeded, CustomerKeyNotApplicable, MalformedCustomerKey, WrongCustomerKey
from calotype.store.model import BucketSettings, EncryptionScheme, ServerSideEncryption

CHUNK_BYTES = 64 * 1024
TAG_BYTES = 16
SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
KEY_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class ServerKey:
    """A key of the origin: its own, SERVER_KEY, or one that its operator gave a name."""

    name: str = ""


@dataclass(frozen=True)
class CustomerKey:
    """A key that came with a request; never kept and never shown."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) != KEY_BYTES:
            raise MalformedCustomerKey(f"the customer key must have {KEY_BYTES} bytes")

    @cached_property
    def md5(self) -> str:
        """In base64."""
        return base64.b64encode(hashlib.md5(self.key, usedforsecurity=False).digest()).decode()


EncryptionKey = ServerKey | CustomerKey
SERVER_KEY = ServerKey()


def parse_customer_key(key: str, md5: str) -> CustomerKey:
    """The key of two base64 texts, as both protocols send them; raises MalformedCustomerKey, which shows neither."""
    try:
        parsed = CustomerKey(base64.b64decode(key, validate=True))
    except (ValueError, binascii.Error) as error:
        raise MalformedCustomerKey("the customer key is not valid base64") from error
    if not _same(md5, parsed.md5):
        raise MalformedCustomerKey("the customer key's MD5 does not match the key")
    return parsed


def key_for(settings: BucketSettings, stated: EncryptionKey | None) -> EncryptionKey | None:
    """What a new file of the bucket is encrypted with: as stated, else by the bucket's default (b2.md §6.5)."""
    if stated is None and settings.default_encryption is EncryptionScheme.SERVER_KEY:
        return ServerKey(settings.default_key_name)
    return stated


def described(key: EncryptionKey | None) -> ServerSideEncryption | None:
    """How a version that is encrypted with this key tells it."""
    match key:
        case None:
            return None
        case ServerKey(name):
            return ServerSideEncryption(EncryptionScheme.SERVER_KEY, key_name=name)
        case CustomerKey():
            return ServerSideEncryption(EncryptionScheme.CUSTOMER_KEY, key.md5)


def check_customer_key(encryption: ServerSideEncryption | None, key: CustomerKey | None) -> None:
    """Raises CustomerKeyNeeded, WrongCustomerKey or CustomerKeyNotApplicable when the key does not fit the file."""
    if encryption is None or encryption.scheme is not EncryptionScheme.CUSTOMER_KEY:
        if key is not None:
            raise CustomerKeyNotApplicable
        return
    if key is None:
        raise CustomerKeyNeeded
    if not _same(encryption.customer_key_md5, key.md5):
        raise WrongCustomerKey


def key_of_part(encryption: ServerSideEncryption | None, key: CustomerKey | None) -> EncryptionKey | None:
    """What a part of a large file started with `encryption` is encrypted with; raises like `check_customer_key`."""
    check_customer_key(encryption, key)
    if encryption is not None and encryption.scheme is EncryptionScheme.SERVER_KEY:
        return ServerKey(encryption.key_name)
    return key


def chunk_cipher(data_key: bytes) -> AESGCM:
    return AESGCM(data_key)


def seal_chunk(cipher: AESGCM, number: int, clear: bytes | bytearray | memoryview) -> bytes:
    return cipher.encrypt(_nonce(number), clear, None)


def open_chunk(cipher: AESGCM, number: int, sealed: bytes | memoryview) -> bytes | None:
    """The clear bytes, or None when they are not those that were sealed as this chunk with this key."""
    if len(sealed) <= TAG_BYTES:
        return None
    try:
        return cipher.decrypt(_nonce(number), sealed, None)
    except InvalidTag:
        return None


def sealed_length(clear_length: int) -> int:
    """How long the encrypted blob of that many clear bytes is."""
    return clear_length + -(-clear_length // CHUNK_BYTES) * TAG_BYTES


def clear_length(length_on_disk: int) -> int:
    """How many clear bytes an encrypted blob of that length holds."""
    whole, rest = divmod(length_on_disk, SEALED_CHUNK_BYTES)
    return whole * CHUNK_BYTES + max(rest - TAG_BYTES, 0)


def sealed_span(start: int, stop: int) -> tuple[int, int]:
    """The chunks, first and last (exclusive), that hold the clear bytes `start` to `stop` (exclusive)."""
    return start // CHUNK_BYTES, -(-stop // CHUNK_BYTES)


def _nonce(number: int) -> bytes:
    return number.to_bytes(_NONCE_BYTES, "big")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())
