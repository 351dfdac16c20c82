"""Server-side encryption as requests ask for it and answers tell it, in header fields (s3.md §8).

SSE-S3 uses the origin's own key. SSE-C uses one that the client sends with every request on the object; it is never
kept, and stays out of every text that could reach a log. SSE-KMS uses one of the keys that the operator gave names to
(`[origin] kms_keys`); there is no key service beside that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from calotype.http.message import Headers
from calotype.s3.errors import InvalidArgument, InvalidEncryptionAlgorithm, InvalidRequest, OperationNotImplemented

ALGORITHM = "AES256"
HEADER = "x-amz-server-side-encryption"
COPY_SOURCE_HEADER = "x-amz-copy-source-server-side-encryption"
CUSTOMER_ALGORITHM_HEADER = f"{HEADER}-customer-algorithm"
CUSTOMER_KEY_MD5_HEADER = f"{HEADER}-customer-key-md5"
KEY_ID_HEADER = f"{HEADER}-aws-kms-key-id"
KEY_SERVICE = "aws:kms"
_OTHER_SERVICES = frozenset({"aws:kms:dsse", "aws:fsx"})


@dataclass(frozen=True, slots=True)
class ServerKeyAsked:
    """SSE-S3: with the origin's own key."""


@dataclass(frozen=True, slots=True)
class NamedKeyAsked:
    """SSE-KMS: with one of the origin's named keys; None is the first of them."""

    key_id: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerKeyFields:
    """SSE-C: key and MD5 in base64, as they came; whether they fit is for `encryption_key` to see."""

    key: str = field(repr=False)
    md5: str


RequestedEncryption = ServerKeyAsked | NamedKeyAsked | CustomerKeyFields


def encryption_of(headers: Headers) -> RequestedEncryption | None:
    """What a write asks for, None when it leaves that to the bucket."""
    customer_key = customer_key_of(headers)
    asked, key_id = headers.get(HEADER), headers.get(KEY_ID_HEADER)
    if key_id is not None and asked != KEY_SERVICE:
        raise InvalidArgument.of(
            HEADER,
            asked or "null",
            f"Server Side Encryption with AWS KMS managed key requires HTTP header {HEADER} : {KEY_SERVICE}",
        )
    if asked is None:
        return customer_key
    if asked in _OTHER_SERVICES:
        raise OperationNotImplemented(f"Encryption by {asked} is not here.", Header=HEADER)
    if asked not in (ALGORITHM, KEY_SERVICE):
        raise InvalidArgument.of(HEADER, asked, "The encryption method specified is not supported")
    if customer_key is not None:
        raise InvalidArgument.of(
            HEADER, asked, "Server Side Encryption with Customer provided key is incompatible with the encryption "
            "method specified"
        )  # fmt: skip
    return ServerKeyAsked() if asked == ALGORITHM else NamedKeyAsked(key_id or None)


def customer_key_of(headers: Headers, prefix: str = HEADER) -> CustomerKeyFields | None:
    """The key that comes with a request on an object; raises InvalidRequest unless its three fields come together."""
    algorithm = headers.get(f"{prefix}-customer-algorithm")
    key, md5 = headers.get(f"{prefix}-customer-key"), headers.get(f"{prefix}-customer-key-md5")
    if algorithm is None and key is None and md5 is None:
        return None
    if not algorithm:
        raise _incomplete("a valid encryption algorithm")
    if algorithm != ALGORITHM:
        raise InvalidEncryptionAlgorithm
    if not key:
        raise _incomplete("an appropriate secret key")
    if not md5:
        raise _incomplete("the client calculated MD5 of the secret key")
    return CustomerKeyFields(key, md5)


def _incomplete(what: str) -> InvalidRequest:
    return InvalidRequest(
        f"Requests specifying Server Side Encryption with Customer provided keys must provide {what}."
    )


def refuse_encryption_of_a_read(headers: Headers) -> None:
    """A read needs no word on SSE-S3 and SSE-KMS, and S3 takes none."""
    for name in (HEADER, KEY_ID_HEADER):
        asked = headers.get(name)
        if asked is not None:
            raise InvalidArgument.of(name, asked, f"{name} header is not supported for this operation.")


def encryption_headers(asked: RequestedEncryption | None) -> list[tuple[str, str]]:
    """The header fields that `encryption_of` reads back."""
    if isinstance(asked, ServerKeyAsked):
        return [(HEADER, ALGORITHM)]
    if isinstance(asked, NamedKeyAsked):
        key_id = [] if asked.key_id is None else [(KEY_ID_HEADER, asked.key_id)]
        return [(HEADER, KEY_SERVICE), *key_id]
    return customer_key_headers(asked)


def customer_key_headers(asked: CustomerKeyFields | None, prefix: str = HEADER) -> list[tuple[str, str]]:
    """The header fields that `customer_key_of` reads back."""
    if asked is None:
        return []
    return [
        (f"{prefix}-customer-algorithm", ALGORITHM),
        (f"{prefix}-customer-key", asked.key),
        (f"{prefix}-customer-key-md5", asked.md5),
    ]
