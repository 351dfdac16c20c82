"""Tests of a value against literals, prepared once: equality, order, containment, wildcards, sets."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from calotype.rules.syntax import (
    BytesLiteral,
    IntLiteral,
    IntRange,
    IpLiteral,
    IpRange,
    Operator,
    SetItem,
    StringLiteral,
)
from calotype.rules.values import INT, IP, STRING, Address, Type
from calotype.rules.wildcard import Wildcard

Test: TypeAlias = Callable[[Any], bool]

_ORDERED: Final = (INT, STRING, IP)

OPERAND_TYPES: Final[dict[Operator, tuple[Type, ...]]] = {
    Operator.EQ: _ORDERED,
    Operator.NE: _ORDERED,
    Operator.LT: _ORDERED,
    Operator.LE: _ORDERED,
    Operator.GT: _ORDERED,
    Operator.GE: _ORDERED,
    Operator.CONTAINS: (STRING,),
    Operator.MATCHES: (STRING,),
    Operator.WILDCARD: (STRING,),
    Operator.STRICT_WILDCARD: (STRING,),
    Operator.BITWISE_AND: (INT,),
}

SET_TYPES: Final = _ORDERED


def compile_test(operator: Operator, literal: Any) -> Test:
    """The test `value operator literal`; raises `InvalidPattern` for a wrong wildcard pattern."""
    match operator:
        case Operator.WILDCARD | Operator.STRICT_WILDCARD:
            return Wildcard.compile(literal, strict=operator is Operator.STRICT_WILDCARD).matches
        case Operator.EQ:
            return lambda value: bool(value == literal)
        case Operator.NE:
            return lambda value: bool(value != literal)
        case Operator.CONTAINS:
            return lambda value: literal in value
        case Operator.BITWISE_AND:
            return lambda value: value & literal != 0
        case _:
            return _ordering(operator, literal)


def _ordering(operator: Operator, literal: Any) -> Test:
    compare: Test = {
        Operator.LT: lambda value: value < literal,
        Operator.LE: lambda value: value <= literal,
        Operator.GT: lambda value: value > literal,
        Operator.GE: lambda value: value >= literal,
    }[operator]
    if isinstance(literal, bytes | int):
        return compare
    # Addresses of two families have no order: nothing but `ne` holds between them.
    return lambda value: value.version == literal.version and compare(value)


def compile_membership(type_: Type, items: Iterable[SetItem]) -> Test:
    """The test `value in {items}`, every item of the type."""
    if type_ == STRING:
        members = frozenset(item.value for item in items if isinstance(item, StringLiteral | BytesLiteral))
        return members.__contains__
    if type_ == INT:
        return _in_ranges(_int_bounds(item) for item in items)
    bounds = [_address_bounds(item) for item in items]
    by_version = {
        version: _in_ranges((int(low), int(high)) for low, high in bounds if low.version == version)
        for version in (4, 6)
    }
    return lambda address: by_version[address.version](int(address))


def _int_bounds(item: SetItem) -> tuple[int, int]:
    if isinstance(item, IntRange):
        return item.first, item.last
    assert isinstance(item, IntLiteral)
    return item.value, item.value


def _address_bounds(item: SetItem) -> tuple[Address, Address]:
    if isinstance(item, IpRange):
        return item.first, item.last
    assert isinstance(item, IpLiteral)
    return item.address, item.address


def _in_ranges(bounds: Iterable[tuple[int, int]]) -> Test:
    """Membership by binary search over the ranges, merged."""
    starts: list[int] = []
    stops: list[int] = []
    for first, last in sorted(bounds):
        if stops and first <= stops[-1] + 1:
            stops[-1] = max(stops[-1], last)
        else:
            starts.append(first)
            stops.append(last)

    def contains(value: int) -> bool:
        position = bisect.bisect_right(starts, value) - 1
        return position >= 0 and value <= stops[position]

    return contains
