"""The two doors of the language: a filter from a rule's expression, a value from a rewrite's expression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from calotype.rules.compiler import Compiler
from calotype.rules.errors import ExpressionError
from calotype.rules.parser import parse_condition, parse_value
from calotype.rules.syntax import BoolLiteral
from calotype.rules.values import STRING, Context, Missing, Type


@dataclass(frozen=True, slots=True)
class Filter:
    """A rule's condition, ready to run. `constant` is its answer when that depends on nothing."""

    source: str
    fields: frozenset[str]
    matches: Callable[[Context], bool]
    constant: bool | None = None


@dataclass(frozen=True, slots=True)
class ValueExpression:
    """A value, computed or constant, ready to run; `fields` is empty for a constant."""

    source: str
    type: Type
    fields: frozenset[str]
    evaluate: Callable[[Context], Any | Missing]

    @classmethod
    def of_constant(cls, value: bytes) -> ValueExpression:
        return cls(repr(value), STRING, frozenset(), lambda _: value)


def compile_filter(source: str, *, phase: str) -> Filter:
    """The rule expression checked for the phase and ready to run; raises `ExpressionError`."""
    condition = parse_condition(source)
    compiler = Compiler(source, phase)
    matches = compiler.whole_condition(condition)
    constant = condition.value if isinstance(condition, BoolLiteral) else None
    return Filter(source, frozenset(compiler.fields), matches, constant)


def compile_value(source: str, *, phase: str) -> ValueExpression:
    """The value expression checked for the phase and ready to run; raises `ExpressionError`."""
    node = parse_value(source)
    compiler = Compiler(source, phase)
    compiled = compiler.value(node)
    if compiled.mapped:
        raise ExpressionError("`[*]` cannot stand in a value of its own", source, *node.span)
    return ValueExpression(source, compiled.type, frozenset(compiler.fields), compiled.evaluate)
