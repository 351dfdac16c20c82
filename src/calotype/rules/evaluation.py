"""The closures that compiled expressions are made of; everything here runs per request.

A closure takes the context. That of a mapped value answers with a list, and with an empty one where it is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from calotype.rules.comparisons import Test
from calotype.rules.syntax import Connective
from calotype.rules.values import BOOL, MISSING, Context, Missing, Type, array

Evaluate: TypeAlias = Callable[[Context], Any]
Evaluation: TypeAlias = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A value of `type`, or, when `mapped`, a list of such; `literal` is its value when it is known at load."""

    type: Type
    evaluate: Evaluate
    mapped: bool = False
    literal: Any = MISSING


def constant(type_: Type, value: Any) -> Compiled:
    return Compiled(type_, lambda _: value, literal=value)


def tested(value: Compiled, test: Test) -> Compiled:
    evaluate = value.evaluate
    if value.mapped:
        return Compiled(array(BOOL), lambda context: [test(item) for item in evaluate(context)])

    def holds(context: Context) -> bool:
        found = evaluate(context)
        return found is not MISSING and test(found)

    return Compiled(BOOL, holds)


def present_and_true(evaluate: Evaluate) -> Evaluate:
    return lambda context: evaluate(context) is True


def list_or_empty(evaluate: Evaluate) -> Evaluate:
    def items(context: Context) -> Any:
        found = evaluate(context)
        return [] if found is MISSING else found

    return items


def negated(operand: Compiled) -> Compiled:
    evaluate = operand.evaluate
    if operand.type == BOOL:
        return Compiled(BOOL, lambda context: not evaluate(context))
    return Compiled(operand.type, lambda context: [not holds for holds in evaluate(context)])


def conjunction(parts: list[Evaluate]) -> Evaluate:
    def all_hold(context: Context) -> bool:
        for part in parts:  # noqa: SIM110  (a loop costs half of all() with a generator, and this runs per request)
            if not part(context):
                return False
        return True

    return all_hold


def disjunction(parts: list[Evaluate]) -> Evaluate:
    def one_holds(context: Context) -> bool:
        for part in parts:  # noqa: SIM110
            if part(context):
                return True
        return False

    return one_holds


def parity(parts: list[Evaluate]) -> Evaluate:
    return lambda context: sum(part(context) for part in parts) % 2 == 1


JOIN = {Connective.AND: conjunction, Connective.OR: disjunction, Connective.XOR: parity}

JOIN_COLUMN: dict[Connective, Callable[[tuple[bool, ...]], bool]] = {
    Connective.AND: all,
    Connective.OR: any,
    Connective.XOR: lambda column: sum(column) % 2 == 1,
}


def element_wise(connective: Connective, parts: list[Evaluate]) -> Evaluate:
    """The connective item by item, cut to the shortest array."""
    join = JOIN_COLUMN[connective]
    return lambda context: [join(column) for column in zip(*(part(context) for part in parts), strict=False)]


def pick(key: int | bytes, container: Any) -> Any:
    try:
        return container[key]
    except (KeyError, IndexError):
        return MISSING


def each_present(base: Compiled, pick: Callable[[Any], Any]) -> Evaluate:
    evaluate = base.evaluate
    if base.mapped:
        return lambda context: [found for item in evaluate(context) if (found := pick(item)) is not MISSING]

    def picked(context: Context) -> Any:
        container = evaluate(context)
        return MISSING if container is MISSING else pick(container)

    return picked


def unpacked(base: Compiled, unpack: Callable[[Any], list[Any]]) -> Evaluate:
    evaluate = base.evaluate
    if base.mapped:
        return lambda context: [item for container in evaluate(context) for item in unpack(container)]

    def items(context: Context) -> list[Any]:
        container = evaluate(context)
        return [] if container is MISSING else unpack(container)

    return items


def map_values(container: Any) -> list[Any]:
    return list(container.values())


def plain_call(call: Evaluation, arguments: list[Compiled], *, takes_missing: bool) -> Evaluate:
    parts = [argument.evaluate for argument in arguments]

    def called(context: Context) -> Any:
        values = [part(context) for part in parts]
        if not takes_missing and MISSING in values:
            return MISSING
        return call(*values)

    return called


def mapped_call(call: Evaluation, arguments: list[Compiled]) -> Evaluate:
    first, *others = [argument.evaluate for argument in arguments]

    def called(context: Context) -> Any:
        values = [part(context) for part in others]
        if MISSING in values:
            return MISSING
        results = (call(item, *values) for item in first(context))
        return [result for result in results if not isinstance(result, Missing)]

    return called
