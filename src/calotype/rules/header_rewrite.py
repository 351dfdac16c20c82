"""Header rules: `set`, `add` and `remove` of request and response headers (edge.md §3.4).

Our extension: `remove` of a name that ends with `*` removes every header that starts so, since the information
headers of a B2 object (`x-bz-info-…`) cannot be listed beforehand.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final

from calotype.http.message import Headers
from calotype.rules import phases
from calotype.rules.errors import ParameterError
from calotype.rules.expression import ValueExpression
from calotype.rules.parameters import Parameters, value_or_expression
from calotype.rules.values import STRING, Context

MAX_VALUE_BYTES: Final = 4 * 1024

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_STATIC_VALUE = re.compile(r"[A-Za-z0-9 _:;.,\\/\"'?!(){}\[\]@<>=+*#$&`|~^%-]*")
_FORBIDDEN_PREFIXES: Final = ("cf-", "x-cf-")

# What would break the message's framing or tell the origin a false visitor; cookie may only be removed.
_FORBIDDEN_REQUEST_HEADERS: Final = frozenset(
    [
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "true-client-ip",
        "upgrade",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-real-ip",
    ]
)
_REMOVE_ONLY: Final = frozenset({"cookie"})
_REMOVABLE_ANYWAY: Final = frozenset({"cf-connecting-ip"})
_FORBIDDEN_RESPONSE_HEADERS: Final = frozenset(
    [
        "connection",
        "content-length",
        "eh-cache-tag",
        "eh-cdn-cache-control",
        "keep-alive",
        "proxy-connection",
        "server",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)


class HeaderOperation(enum.Enum):
    SET = "set"
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class HeaderChange:
    """One header's change; `name` is lower-case. With `is_prefix` it stands for all names that start with it."""

    name: str
    operation: HeaderOperation
    value: ValueExpression | None = None
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class HeaderRewrite:
    """The changes of one rule."""

    changes: tuple[HeaderChange, ...]

    @property
    def fields(self) -> frozenset[str]:
        return frozenset().union(*(change.value.fields for change in self.changes if change.value is not None))

    def apply(self, headers: Headers, context: Context) -> Headers:
        """The headers after the rule. A `set` to an empty or undefined value removes the header."""
        for change in self.changes:
            headers = _changed(headers, change, context)
        return headers


def _changed(headers: Headers, change: HeaderChange, context: Context) -> Headers:
    if change.is_prefix:
        return headers.without(*(name for name in headers.names() if name.startswith(change.name)))
    value = "" if change.value is None else _text(change.value, context)
    if change.operation is HeaderOperation.ADD:
        return headers.add(change.name, value) if value else headers
    return headers.set(change.name, value) if value else headers.without(change.name)


def _text(value: ValueExpression, context: Context) -> str:
    """The header's value; empty when it is undefined, too long, or would not be a header's value."""
    evaluated = value.evaluate(context)
    if not isinstance(evaluated, bytes) or len(evaluated) > MAX_VALUE_BYTES:
        return ""
    if any((byte < 0x20 and byte != 0x09) or byte == 0x7F for byte in evaluated):
        return ""
    return evaluated.decode("latin-1").strip(" \t")


def read_header_rewrite(headers: Parameters, phase: str) -> HeaderRewrite:
    """The changes of the `headers` object; raises `ParameterError`."""
    if not headers.names():
        raise ParameterError(headers.pointer, "name at least one header")
    return HeaderRewrite(tuple(_read_change(headers, name, phase) for name in headers.names()))


def _read_change(headers: Parameters, name: str, phase: str) -> HeaderChange:
    pointer = headers.at(name)
    parameters = headers.required(name, headers.object(name))
    choices = tuple(operation.value for operation in HeaderOperation)
    operation = HeaderOperation(parameters.required("operation", parameters.one_of("operation", choices)))
    removes = operation is HeaderOperation.REMOVE
    is_prefix = removes and len(name) > 1 and name.endswith("*")
    _check_name(name.removesuffix("*") if is_prefix else name, pointer, phase, removes=removes, is_prefix=is_prefix)
    value = None
    if not removes:
        value = value_or_expression(parameters, phase=phase, check_value=_check_static_value)
        if value.type != STRING:
            raise ParameterError(parameters.at("expression"), f"expected a String, this is {value.type}")
    parameters.finish()
    return HeaderChange(name.removesuffix("*").lower(), operation, value, is_prefix)


def _check_name(name: str, pointer: str, phase: str, *, removes: bool, is_prefix: bool) -> None:
    if not _NAME.fullmatch(name):
        raise ParameterError(pointer, "a header name has letters, digits, - and _ (and, to remove, a * at its end)")
    lower = name.lower()
    if removes and not is_prefix and lower in _REMOVABLE_ANYWAY:
        return
    is_request = phase == phases.REQUEST_HEADERS
    forbidden = _FORBIDDEN_REQUEST_HEADERS if is_request else _FORBIDDEN_RESPONSE_HEADERS
    if lower.startswith(_FORBIDDEN_PREFIXES) or lower in forbidden:
        raise ParameterError(pointer, f"the header {lower} may not be changed (1040)")
    if is_prefix and any(protected.startswith(lower) for protected in (*forbidden, *_FORBIDDEN_PREFIXES)):
        raise ParameterError(pointer, f"{lower}* would remove headers that may not be changed (1040)")
    if is_request and lower in _REMOVE_ONLY and not removes:
        raise ParameterError(pointer, f"the header {lower} may only be removed (1040)")


def _check_static_value(value: str, pointer: str) -> None:
    if len(value) > MAX_VALUE_BYTES:
        raise ParameterError(pointer, f"a header value may have at most {MAX_VALUE_BYTES} bytes (1041)")
    if not _STATIC_VALUE.fullmatch(value):
        raise ParameterError(pointer, "a header value has letters, digits, blanks and common punctuation only (1041)")
