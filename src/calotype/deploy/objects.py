"""What a deployment consists of: named objects with contents, the same whether wanted, found or remembered."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

OWN_PREFIX = "calotype-"  # begins the `ref` of our rules, the comment of our DNS records, the names of our keys


class Kind(IntEnum):
    """In the order of making: what a later one refers to comes before it."""

    BUCKET = 1
    KEY = 2
    ZONE = 3
    RECORD = 4
    SETTING = 5
    SIGNING = 6
    RULE = 7


class ObjectName(NamedTuple):
    """`scope` is the phase of a rule, the type of a DNS record, the bucket of a key
    (the id of an edge's former one), else empty.

    `name` of a rule is its `ref`.
    """

    kind: Kind
    name: str
    scope: str = ""

    def __str__(self) -> str:
        kind = self.kind.name.lower()
        return " ".join(part for part in (kind, self.scope, self.name) if part)


Content: TypeAlias = Mapping[str, Any]  # JSON values; what an object does not mention is left as it is
Objects: TypeAlias = Mapping[ObjectName, Content]
