"""Where a request points: bucket and key, from path style or virtual-host style (S3 "Virtual hosting of buckets")."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from calotype.http.percent import InvalidPercentEncoding, decode, encode_s3
from calotype.s3.errors import InvalidURI

# Few, since a stranger writes them.
HOSTS_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Address:
    """`bucket` None is the service itself; `key` None is the bucket itself, never an empty key."""

    bucket: str | None = None
    key: bytes | None = None

    @property
    def resource(self) -> str:
        """As an error names it: the decoded path in path style."""
        if self.bucket is None:
            return "/"
        return f"/{self.bucket}" + (f"/{self.key.decode('utf-8', 'replace')}" if self.key is not None else "")


def address_of(host: str | None, path: str, suffixes: tuple[str, ...]) -> Address:
    """The address of a request. A host of `<bucket>.<suffix>` is virtual-host style, any other host path style."""
    bucket = bucket_of_host(host, suffixes)
    if bucket is not None:
        return Address(bucket, decoded(path.removeprefix("/")) or None)
    name, _, key = path.removeprefix("/").partition("/")
    if not name:
        if key:
            raise InvalidURI("Couldn't parse the specified URI: it has an empty bucket name.")
        return Address()
    return Address(_bucket_name(name), decoded(key) or None)


@lru_cache(maxsize=HOSTS_REMEMBERED)
def bucket_of_host(host: str | None, suffixes: tuple[str, ...]) -> str | None:
    """The bucket that a virtual host names, or None for another host. Port and letter case do not matter."""
    name = (host or "").lower()
    if not name.startswith("["):
        name = name.partition(":")[0]
    for suffix in suffixes:
        bucket = name.removesuffix(f".{suffix}")
        if bucket != name:
            return bucket or None
    return None


def decoded(text: str) -> bytes:
    """The bytes of a percent-encoded key; a `+` is a plus."""
    try:
        return decode(text, strict=True)
    except InvalidPercentEncoding as exc:
        raise InvalidURI("Couldn't parse the specified URI: a '%' is not followed by two hexadecimal digits.") from exc


def _bucket_name(text: str) -> str:
    try:
        return decoded(text).decode()
    except UnicodeDecodeError as exc:
        raise InvalidURI("Couldn't parse the specified URI: the bucket name is not UTF-8.") from exc


def path_of(address: Address, *, path_style: bool = True) -> str:
    """The path that a client sends; in virtual-host style the bucket stands in the host instead.

    Dots that a URL library would take for relative segments are encoded, so that every key goes out as it is.
    """
    key = encode_s3(address.key) if address.key is not None else ""
    key = "/".join(_DOT_SEGMENTS.get(segment, segment) for segment in key.split("/"))
    if not path_style or address.bucket is None:
        return f"/{key}"
    return f"/{encode_s3(address.bucket.encode())}" + (f"/{key}" if address.key is not None else "")


_DOT_SEGMENTS = {".": "%2E", "..": "%2E%2E"}
