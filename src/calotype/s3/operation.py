"""What every operation is: a frozen value that is read from a request, and can be written into one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum, StrEnum, auto
from typing import ClassVar, Self

from calotype.http.message import Headers
from calotype.s3.errors import InvalidArgument, InvalidRequest, OperationNotImplemented
from calotype.s3.request import S3Request


class TransactionClass(StrEnum):
    """What a call counts as in the ledger (b2.md §5)."""

    A = "A"
    B = "B"
    C = "C"


class Scope(Enum):
    """What the path of a request names."""

    SERVICE = auto()
    BUCKET = auto()
    OBJECT = auto()

    @classmethod
    def of(cls, request: S3Request) -> Scope:
        if request.bucket is None:
            return cls.SERVICE
        return cls.BUCKET if request.key is None else cls.OBJECT


class Operation(ABC):
    """`sub_resource` is the query parameter that, beside method and scope, tells operations apart.

    `action` is what a caller must be allowed, a key of `access.permissions`; `has_document` says that the body is XML;
    `tells_checksum_of_object` that a checksum in a header is not that of the body.
    """

    __slots__ = ()

    name: ClassVar[str]
    method: ClassVar[str]
    scope: ClassVar[Scope]
    sub_resource: ClassVar[str | None] = None
    transaction_class: ClassVar[TransactionClass]
    action: ClassVar[str]
    has_document: ClassVar[bool] = False
    tells_checksum_of_object: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def from_request(cls, request: S3Request) -> Self:
        """The operation that a request of its method, scope and sub-resource asks for; raises S3Error."""

    @abstractmethod
    def to_request(self) -> S3Request:
        """The request that asks for this."""


def bucket_of(request: S3Request) -> str:
    assert request.bucket is not None, "dispatch gives bucket and object operations a bucket"
    return request.bucket


def key_of(request: S3Request) -> bytes:
    assert request.key is not None, "dispatch gives object operations a key"
    return request.key


def header_fields(**fields: str | None) -> Headers:
    """The fields that are not None; underscores stand for hyphens."""
    return Headers((name.replace("_", "-"), value) for name, value in fields.items() if value is not None)


MOST_PARTS = 10_000


def part_number_of(request: S3Request) -> int | None:
    """The parameter `partNumber`, None when there is none."""
    text = request.parameter("partNumber")
    if text is None:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0
    if not 1 <= number <= MOST_PARTS:
        raise InvalidArgument.of(
            "partNumber", text, f"Part number must be an integer between 1 and {MOST_PARTS}, inclusive"
        )
    return number


def size_of(name: str, text: str) -> int:
    """A parameter, header field or element that counts bytes; raises InvalidArgument."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise InvalidArgument.of(name, text, "The size must be a number of bytes.")
    return int(text)


# Header fields that ask for something a client would miss if it were passed over.
_UNSUPPORTED_NAMES = frozenset(
    {
        "x-amz-write-offset-bytes",
        "x-amz-server-side-encryption-context",
    }
)


def refuse_unsupported_headers(headers: Headers) -> None:
    """Returns when no header field asks for what is not here; raises OperationNotImplemented naming the field."""
    for name in headers.names():
        if name in _UNSUPPORTED_NAMES:
            raise OperationNotImplemented(
                f"A header you provided implies functionality that is not implemented: {name}", Header=name
            )


def refuse_version_id(request: S3Request) -> None:
    """Returns when a new version is not asked to be an old one, which would then not be what was written."""
    version_id = request.parameter("versionId")
    if version_id is not None:
        raise InvalidArgument.of("versionId", version_id, "This operation does not accept a version-id.")


STORAGE_CLASSES = frozenset(
    {
        "STANDARD",
        "REDUCED_REDUNDANCY",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER",
        "GLACIER_IR",
        "DEEP_ARCHIVE",
        "EXPRESS_ONEZONE",
    }
)


def yes_or_no(name: str, text: str | None) -> bool:
    """A header field or element that is `true` or `false`; absent is no."""
    lowered = (text or "false").lower()
    if lowered not in ("true", "false"):
        raise InvalidRequest(f"{name} must be true or false, not {text!r}.")
    return lowered == "true"
