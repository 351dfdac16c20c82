"""The functions of the Rules language (edge.md §2.5): parameters, result, phases, and what they do.

To add a function: a row in `FUNCTIONS`. A function whose literal arguments need checking or preparing has a `prepare`
that gets them at load and answers with the call; the others are plain.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import unquote_to_bytes

from calotype.rules import phases
from calotype.rules.values import BOOL, INT, IP, MISSING, STRING, Kind, Missing, Type, array
from calotype.rules.wildcard import InvalidPattern, Wildcard, compile_replacement

Evaluation: TypeAlias = Callable[..., Any]

MAX_DECODE_ROUNDS: Final = 16  # "%252525…" needs one round for each "25": unbounded, a long URL would cost its square


class InvalidArgument(ValueError):
    """A literal argument that the function cannot take; `position` counts from 0."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True)
class Parameter:
    """What an argument may be; `types` None means an array or a map of anything, or what the others are."""

    types: tuple[Type, ...]
    any_array: bool = False
    any_map: bool = False
    literal: bool | None = None  # True: must be one; False: must not; None: may be

    def accepts(self, type_: Type) -> bool:
        if type_ in self.types:
            return True
        return (self.any_array and type_.kind is Kind.ARRAY) or (self.any_map and type_.kind is Kind.MAP)

    def __str__(self) -> str:
        names = [str(type_) for type_ in self.types]
        names += ["Array"] * self.any_array + ["Map"] * self.any_map
        return " or ".join(names)


@dataclass(frozen=True, slots=True)
class Function:
    """A row of the table. `prepare` gets each argument's literal value, or MISSING where it is computed."""

    parameters: tuple[Parameter, ...]
    result: Type | None  # None: the type of the first argument
    call: Evaluation | None = None
    prepare: Callable[[Sequence[Any]], Evaluation] | None = None
    optional: int = 0
    repeats: bool = False  # the last parameter may be given any number of times more
    takes_missing: bool = False
    once: bool = False  # at most one such call in an expression
    fields_only: tuple[str, ...] = ()  # the first argument must be one of these
    where: frozenset[str] = phases.EVERYWHERE


_STRING = Parameter((STRING,))
_COMPUTED_STRING = Parameter((STRING,), literal=False)
_LITERAL_STRING = Parameter((STRING,), literal=True)
_INT = Parameter((INT,))

_CACHE_RESPONSE: Final = frozenset({phases.CACHE_RESPONSE})
_CUSTOM_ERRORS: Final = frozenset({phases.CUSTOM_ERRORS})
_REDIRECT: Final = frozenset({phases.DYNAMIC_REDIRECT})


def _concat(*parts: Any) -> Any:
    present = [part for part in parts if part is not MISSING]
    if present and not isinstance(present[0], bytes):
        return [item for part in present for item in part]
    return b"".join(present)


def _substring(value: bytes, start: int, stop: int | None = None) -> bytes:
    return value[start:stop]


def _prepare_split(literals: Sequence[Any]) -> Evaluation:
    separator, limit = literals[1], literals[2]
    if not separator:
        raise InvalidArgument(1, "the separator of split must not be empty")
    if not 1 <= limit <= 128:
        raise InvalidArgument(2, "the limit of split goes from 1 to 128")
    return lambda value, *_: value.split(separator, limit - 1)


def _prepare_wildcard_replace(literals: Sequence[Any]) -> Evaluation:
    flag = literals[3] if len(literals) > 3 else b""
    if flag not in (b"", b"s"):
        raise InvalidArgument(3, 'the flag of wildcard_replace is "s", for case-sensitive')
    try:
        wildcard = Wildcard.compile(literals[1], strict=flag == b"s")
    except InvalidPattern as error:
        raise InvalidArgument(1, str(error)) from error
    try:
        replacement = compile_replacement(literals[2], len(wildcard.pieces) - 1)
    except InvalidPattern as error:
        raise InvalidArgument(2, str(error)) from error

    def replace(value: bytes, *_: Any) -> bytes:
        captured = wildcard.captures(value)
        return value if captured is None else replacement(captured)

    return replace


def _prepare_remove_query_args(literals: Sequence[Any]) -> Evaluation:
    removed = frozenset(literals[1:])

    def remove(query: bytes, *_: Any) -> bytes:
        return b"&".join(pair for pair in query.split(b"&") if pair.partition(b"=")[0] not in removed)

    return remove


def _prepare_url_decode(literals: Sequence[Any]) -> Evaluation:
    flags = literals[1] if len(literals) > 1 else b""
    if flags not in (b"", b"r", b"u", b"ur", b"ru"):
        raise InvalidArgument(1, 'the options of url_decode are "r", "u" and "ur"')
    decode = _decode_with_unicode if b"u" in flags else _decode_once
    if b"r" not in flags:
        return lambda value, *_: decode(value)
    return lambda value, *_: _repeated(decode, value)


def _decode_once(value: bytes) -> bytes:
    return unquote_to_bytes(value.replace(b"+", b" "))


def _decode_with_unicode(value: bytes) -> bytes:
    first, *parts = value.split(b"%u")
    decoded = [_decode_once(first)]
    for part in parts:
        try:
            character = chr(int(part[:4].decode("ascii"), 16)) if part[:4].isalnum() and len(part) >= 4 else None
        except ValueError:
            character = None
        if character is None:
            decoded.append(b"%u" + _decode_once(part))
        else:
            decoded.append(character.encode("utf-8", "replace") + _decode_once(part[4:]))
    return b"".join(decoded)


def _repeated(decode: Callable[[bytes], bytes], value: bytes) -> bytes:
    for _ in range(MAX_DECODE_ROUNDS):
        decoded = decode(value)
        if decoded == value:
            break
        value = decoded
    return value


def _to_string(value: Any) -> bytes:
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return str(value).encode()


def _prepare_encode_base64(literals: Sequence[Any]) -> Evaluation:
    flags = literals[1] if len(literals) > 1 else b""
    if flags not in (b"", b"u", b"p", b"up", b"pu"):
        raise InvalidArgument(1, 'the options of encode_base64 are "u" and "p"')
    encode = base64.urlsafe_b64encode if b"u" in flags else base64.b64encode
    if b"p" in flags:
        return lambda value, *_: encode(value)
    return lambda value, *_: encode(value).rstrip(b"=")


def _decode_base64(value: bytes) -> bytes | Missing:
    try:
        return base64.b64decode(value + b"=" * (-len(value) % 4), validate=True)
    except binascii.Error:
        return MISSING


def _remove_bytes(value: bytes, removed: bytes) -> bytes:
    return value.translate(None, removed)


FUNCTIONS: Final[dict[str, Function]] = {
    "concat": Function(
        (Parameter((STRING,), any_array=True),) * 2, None, call=_concat, repeats=True, takes_missing=True
    ),
    "lower": Function((_STRING,), STRING, call=bytes.lower),
    "upper": Function((_STRING,), STRING, call=bytes.upper),
    "len": Function((Parameter((STRING,), any_array=True, any_map=True),), INT, call=len),
    "starts_with": Function((_COMPUTED_STRING, _STRING), BOOL, call=bytes.startswith),
    "ends_with": Function((_COMPUTED_STRING, _STRING), BOOL, call=bytes.endswith),
    "substring": Function((_COMPUTED_STRING, _INT, _INT), STRING, call=_substring, optional=1),
    "split": Function(
        (_COMPUTED_STRING, _LITERAL_STRING, Parameter((INT,), literal=True)),
        array(STRING),
        prepare=_prepare_split,
        where=frozenset({phases.RESPONSE_HEADERS}) | _CUSTOM_ERRORS | _CACHE_RESPONSE,
    ),
    "join": Function(
        (Parameter((array(STRING),)), _STRING),
        STRING,
        call=lambda items, separator: separator.join(items),
        where=phases.TRANSFORM | phases.FIREWALL | _CUSTOM_ERRORS,
    ),
    "wildcard_replace": Function(
        (_COMPUTED_STRING, _LITERAL_STRING, _LITERAL_STRING, _LITERAL_STRING),
        STRING,
        prepare=_prepare_wildcard_replace,
        optional=1,
        once=True,
        where=frozenset({phases.URL_REWRITE}) | _REDIRECT | _CACHE_RESPONSE,
    ),
    "remove_query_args": Function(
        (_COMPUTED_STRING, _LITERAL_STRING),
        STRING,
        prepare=_prepare_remove_query_args,
        repeats=True,
        fields_only=("http.request.uri.query", "raw.http.request.uri.query"),
        where=phases.TRANSFORM | _CACHE_RESPONSE,
    ),
    "remove_bytes": Function((_COMPUTED_STRING, _LITERAL_STRING), STRING, call=_remove_bytes),
    "url_decode": Function((_COMPUTED_STRING, _LITERAL_STRING), STRING, prepare=_prepare_url_decode, optional=1),
    "to_string": Function(
        (Parameter((INT, BOOL, IP), literal=False),),
        STRING,
        call=_to_string,
        where=phases.TRANSFORM | _REDIRECT | _CACHE_RESPONSE,
    ),
    "encode_base64": Function(
        (_STRING, _LITERAL_STRING),
        STRING,
        prepare=_prepare_encode_base64,
        optional=1,
        where=frozenset({phases.REQUEST_HEADERS, phases.RESPONSE_HEADERS}),
    ),
    "decode_base64": Function(
        (_COMPUTED_STRING,), STRING, call=_decode_base64, where=phases.TRANSFORM | phases.FIREWALL | _CACHE_RESPONSE
    ),
}

QUANTIFIERS: Final = ("any", "all")

ELSEWHERE: Final = frozenset(
    {
        "bit_slice",
        "cidr",
        "cidr6",
        "has_key",
        "has_value",
        "is_timed_hmac_valid_v0",
        "lookup_json_integer",
        "lookup_json_string",
        "regex_replace",
        "sha256",
        "uuidv4",
    }
)
"""Functions of Cloudflare that this edge does not have, so that the error says so."""
