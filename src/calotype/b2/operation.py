"""What every call of the B2 native API is: a value with a name and a transaction class (b2.md §1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from msgspec import Struct


class TransactionClass(StrEnum):
    A = "A"
    B = "B"
    C = "C"


class Operation(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A call whose parameters travel as JSON, or in the query of a GET."""

    call: ClassVar[str]
    transaction_class: ClassVar[TransactionClass]

    @classmethod
    def normalised(cls, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters as the fields have them, where clients spell one in another way."""
        return parameters
