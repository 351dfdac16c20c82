"""The checksum of an object made of parts: of which algorithm, and of what it is made (s3.md §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from calotype.auth.checksums import CHECKSUMS, COMBINABLE
from calotype.s3.errors import InvalidRequest
from calotype.s3.request import S3Request


class ChecksumType(StrEnum):
    """Of an object made of parts: over the parts' checksums, or over the bytes."""

    COMPOSITE = "COMPOSITE"
    FULL_OBJECT = "FULL_OBJECT"


@dataclass(frozen=True, slots=True)
class ChecksumPlan:
    """Which checksum an upload's parts are verified by, and how the object's is made of theirs."""

    algorithm: str
    type: ChecksumType

    @classmethod
    def of(cls, algorithm: str, type_name: str | None) -> Self:
        """The plan, by default the only type of an algorithm or else COMPOSITE; raises InvalidRequest."""
        check_algorithm(algorithm)
        default = ChecksumType.FULL_OBJECT if algorithm == "CRC64NVME" else ChecksumType.COMPOSITE
        kind = default if type_name is None else checksum_type_of(type_name)
        whole_only = kind is ChecksumType.COMPOSITE and algorithm == "CRC64NVME"
        if whole_only or (kind is ChecksumType.FULL_OBJECT and algorithm not in COMBINABLE):
            raise InvalidRequest(
                f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
            )
        return cls(algorithm, kind)


def check_algorithm(algorithm: str) -> None:
    if algorithm not in CHECKSUMS:
        raise InvalidRequest(
            "Checksum algorithm provided is unsupported. "
            f"Please try again with any of the valid types: [{', '.join(CHECKSUMS)}]"
        )


def checksum_algorithm_of(request: S3Request) -> str | None:
    """S3's name of the algorithm that a request asks for; raises InvalidRequest."""
    text = request.header("x-amz-checksum-algorithm")
    if text is None:
        return None
    check_algorithm(text.upper())
    return text.upper()


def type_of(checksum: Mapping[str, str]) -> ChecksumType:
    """The type of a checksum as kept among the attributes of an object; unstated it is of the whole."""
    return ChecksumType(checksum.get("type", ChecksumType.FULL_OBJECT))


def checksum_type_of(text: str) -> ChecksumType:
    try:
        return ChecksumType(text)
    except ValueError as exc:
        raise InvalidRequest("Value for x-amz-checksum-type header is invalid.") from exc


def checksum_plan_of(request: S3Request) -> ChecksumPlan | None:
    """The plan of a new upload's two header fields, None when they say nothing."""
    algorithm, type_name = checksum_algorithm_of(request), request.header("x-amz-checksum-type")
    if algorithm is not None:
        return ChecksumPlan.of(algorithm, type_name)
    if type_name is not None:
        raise InvalidRequest(
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
        )
    return None
