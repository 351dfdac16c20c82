"""What an upload says about its object, the key and the content apart, in header fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from calotype.auth.checksums import as_base64
from calotype.http.message import Headers
from calotype.s3.access.grants import AskedAcl, acl_headers, acl_of
from calotype.s3.errors import InvalidArgument, InvalidRedirectLocation, InvalidStorageClass, MetadataTooLarge
from calotype.s3.objects.object_lock import NO_LOCK, StatedLock
from calotype.s3.operation import STORAGE_CLASSES, refuse_unsupported_headers, refuse_version_id
from calotype.s3.request import S3Request
from calotype.s3.tags import HEADER as TAGGING_HEADER
from calotype.s3.tags import tags_of_header, tags_to_header

DEFAULT_CONTENT_TYPE = "binary/octet-stream"
MAX_METADATA_BYTES = 2048
USUAL_CLASS = "STANDARD"
REDIRECT_HEADER = "x-amz-website-redirect-location"
_REDIRECT_PREFIXES = ("/", "http://", "https://")
_METADATA_PREFIX = "x-amz-meta-"
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")

STORED_HEADERS = ("cache-control", "content-disposition", "content-encoding", "content-language", "expires")
"""Header fields of an upload that are kept and given back with the object, beside its Content-Type."""


@dataclass(frozen=True, slots=True)
class Description:
    """What an upload says about its object, the key apart. `headers` holds `STORED_HEADERS` as given.

    The metadata (type, `metadata`, `headers`) and the tags of a copy may come from its source instead.
    """

    content_type: str = DEFAULT_CONTENT_TYPE
    metadata: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    acl: AskedAcl | None = None
    storage_class: str = USUAL_CLASS
    tags: Mapping[str, str] = field(default_factory=dict)
    lock: StatedLock = NO_LOCK
    website_redirect: str | None = None

    @classmethod
    def from_request(cls, request: S3Request, *, with_metadata: bool = True, with_tags: bool = True) -> Self:
        """Without metadata, or tags, whatever the request says of them is passed over."""
        refuse_unsupported_headers(request.headers)
        refuse_version_id(request)
        return cls(
            (with_metadata and request.header("content-type")) or DEFAULT_CONTENT_TYPE,
            metadata_from_headers(request.headers) if with_metadata else {},
            _stored_headers(request.headers) if with_metadata else {},
            acl_of(request),
            _storage_class(request),
            tags_of_header(request.header(TAGGING_HEADER) or "") if with_tags else {},
            StatedLock.from_headers(request.headers),
            _website_redirect(request),
        )

    def to_headers(self) -> list[tuple[str, str]]:
        fields = [("content-type", self.content_type), *self.headers.items(), *metadata_to_headers(self.metadata)]
        fields += acl_headers(self.acl)
        if self.storage_class != USUAL_CLASS:
            fields.append(("x-amz-storage-class", self.storage_class))
        if self.tags:
            fields.append((TAGGING_HEADER, tags_to_header(self.tags)))
        if self.website_redirect is not None:
            fields.append((REDIRECT_HEADER, self.website_redirect))
        return [*fields, *self.lock.to_headers()]


def metadata_from_headers(headers: Headers) -> dict[str, str]:
    """The user metadata of `x-amz-meta-*`: names lower-case, values as UTF-8; repeated fields are joined by commas."""
    metadata: dict[str, str] = {}
    for name, value in headers:
        if name.startswith(_METADATA_PREFIX):
            key = name.removeprefix(_METADATA_PREFIX)
            text = _metadata_text(name, value)
            metadata[key] = f"{metadata[key]},{text}" if key in metadata else text
    size = sum(len(key) + len(value.encode()) for key, value in metadata.items())
    if size > MAX_METADATA_BYTES:
        raise MetadataTooLarge(Size=str(size), MaxSizeAllowed=str(MAX_METADATA_BYTES))
    return metadata


def _metadata_text(name: str, value: str) -> str:
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError as exc:
        raise InvalidArgument.of(name, value, "Metadata values must be ASCII or UTF-8.") from exc


def metadata_to_headers(metadata: Mapping[str, str]) -> list[tuple[str, str]]:
    """`x-amz-meta-*` fields whose values go out as raw UTF-8, the way they may come in.

    The B2 API takes line breaks in a file info; what no header field can hold goes out as an RFC 2047 word.
    """
    return [(f"{_METADATA_PREFIX}{key}", _header_value(value)) for key, value in metadata.items()]


def _header_value(text: str) -> str:
    raw = text.encode()
    if _CONTROL_CHARACTER.search(text) or text != text.strip():
        return f"=?UTF-8?B?{as_base64(raw)}?="
    return raw.decode("latin-1")


def _stored_headers(headers: Headers) -> dict[str, str]:
    stored = {name: value for name in STORED_HEADERS if (value := headers.combined(name))}
    encoding = without_aws_chunked(stored.pop("content-encoding", ""))
    return {**stored, "content-encoding": encoding} if encoding else stored


def without_aws_chunked(content_encoding: str) -> str:
    """The codings of the object itself: `aws-chunked` is one of the transfer."""
    codings = [coding.strip() for coding in content_encoding.split(",")]
    return ", ".join(coding for coding in codings if coding and coding.lower() != "aws-chunked")


def _storage_class(request: S3Request) -> str:
    storage_class = request.header("x-amz-storage-class") or USUAL_CLASS
    if storage_class not in STORAGE_CLASSES:
        raise InvalidStorageClass(StorageClassRequested=storage_class)
    return storage_class


def storage_class_in(attributes: Mapping[str, Any]) -> str:
    """The storage class among the attributes of an object, where the usual one is left out."""
    return str(attributes.get("storage_class", USUAL_CLASS))


def _website_redirect(request: S3Request) -> str | None:
    """Where a website would send who asks for the object; kept and told, since there are no websites here."""
    location = request.header(REDIRECT_HEADER)
    if location is not None and not location.startswith(_REDIRECT_PREFIXES):
        raise InvalidRedirectLocation(RedirectLocation=location)
    return location
