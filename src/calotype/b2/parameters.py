"""The parameters of a call out of a JSON body or a query, and the operation that they make (b2.md §0)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from calotype.b2 import names
from calotype.b2.errors import BadJson, BadRequest
from calotype.b2.operation import Operation
from calotype.http.message import Request
from calotype.http.percent import parse_query


def convert(kind: type[Operation], parameters: Mapping[str, Any], *, strict: bool) -> Operation:
    """The operation; null is absent, and parameters that the call does not have are ignored."""
    given = {name: value for name, value in parameters.items() if value is not None}
    try:
        return msgspec.convert(kind.normalised(given), kind, strict=strict)
    except msgspec.ValidationError as exc:
        raise BadRequest(f"{kind.call}: {exc}") from exc


def json_object(body: bytes) -> dict[str, Any]:
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise BadJson(f"The body is not JSON: {exc}") from exc
    if not isinstance(content, dict):
        raise BadJson("The body is not a JSON object")
    return content


def query_parameters(kind: type[Operation], request: Request) -> dict[str, Any]:
    """The query as parameters: a list is comma-separated, an object is JSON text."""
    types = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    return {name: query_value(value, types.get(name, str)) for name, value in query_pairs(request)}


def query_value(value: str, kind: Any) -> Any:
    if kind in (str, str | None):
        return value
    if value[:1] in ("[", "{"):
        return json_value(value)
    return value.split(",") if "list" in str(kind) else value


def query_pairs(request: Request) -> list[tuple[str, str]]:
    pairs = parse_query(request.query or "")
    for _, value in pairs:
        names.encoded(value, "The query")
    return pairs


def json_value(text: str) -> Any:
    return json_object(b'{"value":' + names.encoded(text, "The query") + b"}")["value"]
