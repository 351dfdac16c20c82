"""Types and values of the Rules language.

A String is bytes, an Int is int, a Bool is bool, an IP is an `ipaddress` address, an array is a sequence, a map is
a mapping with bytes keys. `MISSING` stands for an absent key or an index out of range.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final, Protocol, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address


class Missing(enum.Enum):
    MISSING = "missing"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing.MISSING

Scalar: TypeAlias = bytes | int | bool | IPv4Address | IPv6Address
Value: TypeAlias = "Scalar | Sequence[Value] | Mapping[bytes, Value]"


class Context(Protocol):
    """What an expression reads: the fields of one request, or of one response and its request."""

    def field(self, name: str) -> Value | Missing: ...


class Kind(enum.Enum):
    STRING = "String"
    INT = "Int"
    BOOL = "Bool"
    IP = "IP address"
    ARRAY = "Array"
    MAP = "Map"


@dataclass(frozen=True, slots=True)
class Type:
    """A type of the language; `item` is what an array or a map holds."""

    kind: Kind
    item: Type | None = None

    def __str__(self) -> str:
        return self.kind.value if self.item is None else f"{self.kind.value}<{self.item}>"


STRING = Type(Kind.STRING)
INT = Type(Kind.INT)
BOOL = Type(Kind.BOOL)
IP = Type(Kind.IP)


def array(item: Type) -> Type:
    return Type(Kind.ARRAY, item)


def mapping(item: Type) -> Type:
    return Type(Kind.MAP, item)
