"""The store's keys out of what a request asks for, and how an answer tells of a version's encryption (s3.md §8)."""

from __future__ import annotations

import secrets
from ipaddress import ip_address

from calotype.http.message import Request
from calotype.s3.call import Call
from calotype.s3.errors import InvalidArgument, InvalidRequest, KeyNotFound, OperationNotImplemented
from calotype.s3.objects.encryption import (
    ALGORITHM,
    CUSTOMER_ALGORITHM_HEADER,
    CUSTOMER_KEY_MD5_HEADER,
    HEADER,
    KEY_ID_HEADER,
    KEY_SERVICE,
    CustomerKeyFields,
    NamedKeyAsked,
    RequestedEncryption,
    ServerKeyAsked,
)
from calotype.store.encryption import SERVER_KEY, CustomerKey, EncryptionKey, ServerKey, key_for, parse_customer_key
from calotype.store.errors import MalformedCustomerKey
from calotype.store.model import Bucket, EncryptionScheme, FileVersion


def encryption_key(call: Call, asked: RequestedEncryption | None) -> EncryptionKey | None:
    """The key to encrypt with, None when the request leaves that to the bucket."""
    if isinstance(asked, ServerKeyAsked):
        return SERVER_KEY
    if isinstance(asked, NamedKeyAsked):
        return ServerKey(key_name(call.settings.kms_keys, asked.key_id))
    return customer_key(call, asked)


def key_name(names: tuple[str, ...], key_id: str | None) -> str:
    """The name of the key that a request asks for by name, `alias/` and name, or an ARN that ends in one of them.

    None is the first. Raises OperationNotImplemented where there are no keys, KeyNotFound.
    """
    if not names:
        raise OperationNotImplemented(
            f"Encryption with keys of a key service ({KEY_SERVICE}) is not here: origin.kms_keys names none.",
            Header=HEADER,
        )
    if key_id is None:
        return names[0]
    name = key_id.rpartition(":")[2].removeprefix("key/").removeprefix("alias/")
    if name not in names:
        raise KeyNotFound(f"Key '{key_id}' does not exist")
    return name


def etag_of_new(bucket: Bucket, key: EncryptionKey | None) -> str | None:
    """The ETag of a new object that tells nothing of its content, as under SSE-KMS; None for the usual one."""
    key = key_for(bucket.settings, key)
    return secrets.token_hex(16) if isinstance(key, ServerKey) and key.name else None


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


_BY_OWN_KEY = [(HEADER, ALGORITHM)]


def told_encryption(version: FileVersion) -> list[tuple[str, str]]:
    """How the version is encrypted, as header fields of an answer."""
    encryption = version.encryption
    if encryption is None:
        return []
    if encryption.scheme is EncryptionScheme.SERVER_KEY:
        return [(HEADER, KEY_SERVICE), (KEY_ID_HEADER, encryption.key_name)] if encryption.key_name else [*_BY_OWN_KEY]
    return [(CUSTOMER_ALGORITHM_HEADER, ALGORITHM), (CUSTOMER_KEY_MD5_HEADER, encryption.customer_key_md5)]
