"""The parts of a parsed expression as values, and their text form.

`to_text` writes the English notation with no more parentheses than needed; parsing what it wrote gives an equal
expression. `span` is where a part stood in its source and does not count when parts are compared.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TypeAlias

from calotype.rules.values import Address

Span: TypeAlias = tuple[int, int]


NOWHERE: Span = (0, 0)


# Literals


@dataclass(frozen=True, slots=True)
class StringLiteral:
    value: bytes
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class BytesLiteral:
    """Hex pairs joined by `:`, `-` or `.`."""

    value: bytes
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RegexLiteral:
    pattern: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class IntLiteral:
    value: int
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class IntRange:
    first: int
    last: int
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class IpLiteral:
    address: Address
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class IpRange:
    """Addresses `first` to `last`, both included; `prefix_length` when it was written as CIDR."""

    first: Address
    last: Address
    prefix_length: int | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class BoolLiteral:
    """`true` or `false` as a whole rule expression."""

    value: bool
    span: Span = field(default=NOWHERE, compare=False, repr=False)


Literal: TypeAlias = StringLiteral | BytesLiteral | RegexLiteral | IntLiteral | IpLiteral
SetItem: TypeAlias = Literal | IntRange | IpRange


# Values


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Argument, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Index:
    """`value[0]` or `value["key"]`."""

    value: ValueNode
    key: int | bytes
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Each:
    """`value[*]`."""

    value: ValueNode
    span: Span = field(default=NOWHERE, compare=False, repr=False)


ValueNode: TypeAlias = Field | Call | Index | Each


# Comparisons and logic


class Operator(enum.Enum):
    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    CONTAINS = "contains"
    MATCHES = "matches"
    WILDCARD = "wildcard"
    STRICT_WILDCARD = "strict wildcard"
    BITWISE_AND = "bitwise_and"


class Connective(enum.Enum):
    """In order of precedence, the loosest first."""

    OR = "or"
    XOR = "xor"
    AND = "and"


@dataclass(frozen=True, slots=True)
class Compare:
    value: ValueNode
    operator: Operator
    literal: Literal
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class InSet:
    value: ValueNode
    items: tuple[SetItem, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class InList:
    value: ValueNode
    list_name: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Truth:
    """A value standing as a condition of its own."""

    value: ValueNode
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    operand: Condition
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Logical:
    """Operands joined by one connective; `xor` holds when an odd number of them hold."""

    connective: Connective
    operands: tuple[Condition, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


Condition: TypeAlias = Compare | InSet | InList | Truth | Not | Logical
Argument: TypeAlias = ValueNode | Compare | InSet | InList | Not | Logical | Literal
Node: TypeAlias = Condition | ValueNode | SetItem | BoolLiteral


def to_text(node: Node) -> str:
    """The expression in the English notation."""
    match node:
        case Compare(value, operator, literal):
            return f"{to_text(value)} {operator.value} {to_text(literal)}"
        case InSet(value, items):
            return f"{to_text(value)} in {{{' '.join(map(to_text, items))}}}"
        case InList(value, list_name):
            return f"{to_text(value)} in ${list_name}"
        case Truth(value):
            return to_text(value)
        case Not(operand):
            return f"not {_inside(operand)}"
        case Logical(connective, operands):
            return f" {connective.value} ".join(_operand(connective, operand) for operand in operands)
        case Field(name):
            return name
        case Call(function, arguments):
            return f"{function}({', '.join(map(to_text, arguments))})"
        case Index(value, key):
            return f"{to_text(value)}[{key if isinstance(key, int) else _quoted(key)}]"
        case Each(value):
            return f"{to_text(value)}[*]"
        case _:
            return _literal_text(node)


def _literal_text(node: SetItem | BoolLiteral) -> str:
    match node:
        case StringLiteral(value):
            return _quoted(value)
        case BytesLiteral(value):
            return value.hex(":")
        case RegexLiteral(pattern):
            return _raw_string(pattern)
        case IntLiteral(number):
            return str(number)
        case IntRange(first, last):
            return f"{first}..{last}"
        case IpLiteral(address):
            return str(address)
        case IpRange(first_address, _, prefix_length) if prefix_length is not None:
            return f"{first_address}/{prefix_length}"
        case IpRange(first_address, last_address):
            return f"{first_address}..{last_address}"
        case BoolLiteral(holds):
            return "true" if holds else "false"


def _inside(node: Condition) -> str:
    return f"({to_text(node)})" if isinstance(node, Logical) else to_text(node)


def _operand(connective: Connective, operand: Condition) -> str:
    if not isinstance(operand, Logical):
        return to_text(operand)
    order = list(Connective)
    binds_tighter = order.index(operand.connective) > order.index(connective)
    return to_text(operand) if binds_tighter else f"({to_text(operand)})"


def _quoted(value: bytes) -> str:
    return '"' + "".join(_escaped(byte) for byte in value) + '"'


def _escaped(byte: int) -> str:
    if byte in b'"\\':
        return "\\" + chr(byte)
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"


def _raw_string(text: str) -> str:
    marks = ""
    while f'"{marks}' in text:
        marks += "#"
    return f'r{marks}"{text}"{marks}'
