"""Objects inside a call's parameters, such as the rules of a bucket, as structs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from calotype.b2.errors import BadRequest

ShapeType = TypeVar("ShapeType", bound=msgspec.Struct)


def converted(given: Mapping[str, Any], kind: type[ShapeType], subject: str) -> ShapeType:
    """The struct; null is absent, and what it does not have is ignored. Raises BadRequest, which names the subject."""
    try:
        return msgspec.convert({name: value for name, value in given.items() if value is not None}, kind)
    except msgspec.ValidationError as exc:
        raise BadRequest(f"Invalid {subject}: {exc}") from exc
