"""The store's keys out of what a request asks for, and how an answer tells of a version's encryption (s3.md §8)."""

from __future__ import annotations

from ipaddress import ip_address

from calotype.http.message import Request
from calotype.s3.call import Call
from calotype.s3.encryption import (
    ALGORITHM,
    CUSTOMER_ALGORITHM_HEADER,
    CUSTOMER_KEY_MD5_HEADER,
    HEADER,
    CustomerKeyFields,
    RequestedEncryption,
    ServerKeyAsked,
)
from calotype.s3.errors import InvalidArgument, InvalidRequest
from calotype.store.encryption import SERVER_KEY, CustomerKey, EncryptionKey, parse_customer_key
from calotype.store.errors import MalformedCustomerKey
from calotype.store.model import EncryptionScheme, FileVersion


def encryption_key(call: Call, asked: RequestedEncryption | None) -> EncryptionKey | None:
    """The key to encrypt with, None when the request leaves that to the bucket."""
    if isinstance(asked, ServerKeyAsked):
        return SERVER_KEY
    return customer_key(call, asked)


def customer_key(call: Call, asked: CustomerKeyFields | None) -> CustomerKey | None:
    """The key that the client brings; raises InvalidRequest on an open line, InvalidArgument unless its MD5 fits."""
    if asked is None:
        return None
    if not is_private_line(call.request):
        raise InvalidRequest(
            "Requests specifying Server Side Encryption with Customer provided keys must be made over a secure "
            "connection."
        )
    try:
        return parse_customer_key(asked.key, asked.md5)
    except MalformedCustomerKey as exc:
        raise InvalidArgument.of(f"{HEADER}-customer-key-md5", asked.md5, f"{exc}.") from exc


def is_private_line(request: Request) -> bool:
    """Whether nobody can listen: TLS, or no network in between."""
    address = request.client[0]
    return request.scheme == "https" or not address or ip_address(address.partition("%")[0]).is_loopback


def told_encryption(version: FileVersion) -> list[tuple[str, str]]:
    """How the version is encrypted, as header fields of an answer."""
    encryption = version.encryption
    if encryption is None:
        return []
    if encryption.scheme is EncryptionScheme.SERVER_KEY:
        return [(HEADER, ALGORITHM)]
    return [(CUSTOMER_ALGORITHM_HEADER, ALGORITHM), (CUSTOMER_KEY_MD5_HEADER, encryption.customer_key_md5)]
