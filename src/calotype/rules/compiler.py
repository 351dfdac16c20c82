"""Checks a parsed expression against the tables and turns it into closures, once, at load.

A value with `[*]` in it is *mapped*: its closure answers with a list of items, and whatever is applied to it is
applied to each. A missing value is never an error: a comparison with it does not hold, a function of it is missing,
and a mapped one has no items, so that `any()` over an absent header is false and `all()` is true.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from calotype.rules import fields, functions
from calotype.rules.comparisons import OPERAND_TYPES, SET_TYPES, compile_membership, compile_test
from calotype.rules.errors import ExpressionError
from calotype.rules.evaluation import (
    JOIN,
    Compiled,
    constant,
    each_present,
    element_wise,
    list_or_empty,
    map_values,
    mapped_call,
    negated,
    pick,
    plain_call,
    present_and_true,
    tested,
    unpacked,
)
from calotype.rules.functions import Function, InvalidArgument
from calotype.rules.syntax import (
    Argument,
    BoolLiteral,
    BytesLiteral,
    Call,
    Compare,
    Condition,
    Each,
    Field,
    Index,
    InList,
    InSet,
    IntLiteral,
    IntRange,
    IpLiteral,
    IpRange,
    Literal,
    Logical,
    Node,
    Not,
    Operator,
    RegexLiteral,
    SetItem,
    StringLiteral,
    Truth,
    ValueNode,
    to_text,
)
from calotype.rules.values import BOOL, INT, IP, STRING, Context, Kind, Type, array
from calotype.rules.wildcard import InvalidPattern

_LITERAL_NODES = (StringLiteral, BytesLiteral, RegexLiteral, IntLiteral, IpLiteral)


class Compiler:
    """Compiles one expression of one phase; `fields` collects what it reads."""

    def __init__(self, source: str, phase: str) -> None:
        self.fields: set[str] = set()
        self._source = source
        self._phase = phase
        self._used_once: set[str] = set()

    # Conditions

    def whole_condition(self, node: Condition | BoolLiteral) -> Callable[[Context], bool]:
        """The rule expression; it must be a Bool, not an array of them."""
        if isinstance(node, BoolLiteral):
            holds = node.value
            return lambda _: holds
        compiled = self.condition(node)
        if compiled.type != BOOL:
            raise self._error("this is an array of conditions: put it in any() or all()", node)
        return compiled.evaluate

    def condition(self, node: Condition) -> Compiled:
        """A Bool, or an Array<Bool> when a value in it is mapped."""
        match node:
            case Compare():
                return self._comparison(node)
            case InSet():
                return self._membership(node)
            case InList(_, list_name):
                raise self._error(f"lists are not available on this edge: ${list_name}", node)
            case Truth(value):
                return self._truth(value)
            case Not(operand):
                return negated(self.condition(operand))
            case Logical():
                return self._logical(node)

    def _comparison(self, node: Compare) -> Compiled:
        if node.operator is Operator.MATCHES:
            raise self._error("regular expressions are not available on this edge; use `wildcard` or contains", node)
        value = self.value(node.value)
        allowed = OPERAND_TYPES[node.operator]
        if value.type not in allowed:
            raise self._mismatch(node.value, value.type, allowed, f"`{node.operator.value}`")
        literal = self._literal_of(node.literal, value.type)
        try:
            return tested(value, compile_test(node.operator, literal))
        except InvalidPattern as error:
            raise self._error(str(error), node.literal) from error

    def _membership(self, node: InSet) -> Compiled:
        value = self.value(node.value)
        if value.type not in SET_TYPES:
            raise self._mismatch(node.value, value.type, SET_TYPES, "`in`")
        items = [self._set_item_of(item, value.type) for item in node.items]
        return tested(value, compile_membership(value.type, items))

    def _truth(self, node: ValueNode) -> Compiled:
        value = self.value(node)
        if value.type == BOOL and not value.mapped:
            return Compiled(BOOL, present_and_true(value.evaluate))
        if value.type == BOOL or value.type == array(BOOL):
            return Compiled(array(BOOL), list_or_empty(value.evaluate))
        raise self._error(f"`{to_text(node)}` is {value.type}: compare it with something", node)

    def _logical(self, node: Logical) -> Compiled:
        operands = [self.condition(operand) for operand in node.operands]
        for operand, compiled in zip(node.operands, operands, strict=True):
            if compiled.type != operands[0].type:
                raise self._error("a condition and an array of conditions cannot be joined", operand)
        parts = [compiled.evaluate for compiled in operands]
        if operands[0].type == BOOL:
            return Compiled(BOOL, JOIN[node.connective](parts))
        return Compiled(array(BOOL), element_wise(node.connective, parts))

    # Values

    def value(self, node: ValueNode | Literal) -> Compiled:
        match node:
            case Field():
                return self._field(node)
            case Call():
                return self._call(node)
            case Index():
                return self._index(node)
            case Each():
                return self._each(node)
            case StringLiteral(value) | BytesLiteral(value):
                return constant(STRING, value)
            case IntLiteral(number):
                return constant(INT, number)
            case IpLiteral(address):
                return constant(IP, address)
            case RegexLiteral():
                raise self._error("regular expressions are not available on this edge", node)

    def _field(self, node: Field) -> Compiled:
        name = node.name
        spec = fields.FIELDS.get(name)
        if spec is None:
            raise self._error(_unknown_field(name), node)
        if self._phase not in spec.phases:
            raise self._error(f"the field `{name}` is not available in phase {self._phase}", node)
        self.fields.add(name)
        return Compiled(spec.type, lambda context: context.field(name))

    def _index(self, node: Index) -> Compiled:
        base, key = self.value(node.value), node.key
        wanted = Kind.ARRAY if isinstance(key, int) else Kind.MAP
        if base.type.kind is not wanted or base.type.item is None:
            index = "a number" if isinstance(key, int) else "a string"
            raise self._error(f"`{to_text(node.value)}` is {base.type} and cannot be indexed by {index}", node)
        return Compiled(base.type.item, each_present(base, functools.partial(pick, key)), base.mapped)

    def _each(self, node: Each) -> Compiled:
        base = self.value(node.value)
        if base.type.item is None:
            raise self._error(f"`{to_text(node.value)}` is {base.type}: `[*]` needs an array or a map", node)
        unpack = map_values if base.type.kind is Kind.MAP else list
        return Compiled(base.type.item, unpacked(base, unpack), mapped=True)

    def _call(self, node: Call) -> Compiled:
        if node.function in functions.QUANTIFIERS:
            return self._quantifier(node)
        function = functions.FUNCTIONS.get(node.function)
        if function is None:
            raise self._error(_unknown_function(node.function), node)
        self._check_available(node, function)
        arguments = [self._argument(argument) for argument in node.arguments]
        self._check_arguments(node, function, arguments)
        call = self._prepared(node, function, arguments)
        result = function.result or arguments[0].type
        if arguments[0].mapped:
            return Compiled(array(result), mapped_call(call, arguments))
        return Compiled(result, plain_call(call, arguments, takes_missing=function.takes_missing))

    def _quantifier(self, node: Call) -> Compiled:
        """`any()` or `all()`: an Array<Bool> made a Bool."""
        if len(node.arguments) != 1:
            raise self._error(f"{node.function}() takes one argument", node)
        argument = node.arguments[0]
        if isinstance(argument, _LITERAL_NODES):
            raise self._error(f"{node.function}() takes an array of conditions", argument)
        is_value = isinstance(argument, Field | Call | Index | Each)
        compiled = self._truth(argument) if is_value else self.condition(argument)  # type: ignore[arg-type]
        if compiled.type != array(BOOL):
            raise self._error(f"{node.function}() takes an array of conditions: `[*]` makes one", argument)
        self._check_one_array(argument)
        evaluate = compiled.evaluate
        if node.function == "any":
            return Compiled(BOOL, lambda context: any(evaluate(context)))
        return Compiled(BOOL, lambda context: all(evaluate(context)))

    def _argument(self, node: Argument) -> Compiled:
        if isinstance(node, Compare | InSet | InList | Not | Logical):
            return self.condition(node)
        return self.value(node)

    # Checks

    def _check_available(self, node: Call, function: Function) -> None:
        if self._phase not in function.where:
            raise self._error(f"the function `{node.function}` is not available in phase {self._phase}", node)
        if function.once and node.function in self._used_once:
            raise self._error(f"`{node.function}` may be used once in an expression", node)
        self._used_once.add(node.function)

    def _check_arguments(self, node: Call, function: Function, arguments: list[Compiled]) -> None:
        most, least = len(function.parameters), len(function.parameters) - function.optional
        if len(arguments) < least or (len(arguments) > most and not function.repeats):
            wanted = f"at least {least}" if function.repeats else str(least) if least == most else f"{least} to {most}"
            raise self._error(f"`{node.function}` takes {wanted} arguments, not {len(arguments)}", node)
        for position, (argument, compiled) in enumerate(zip(node.arguments, arguments, strict=True)):
            parameter = function.parameters[min(position, most - 1)]
            self._check_argument(node, position, argument, compiled, parameter)
            if function.result is None and compiled.type != arguments[0].type:
                raise self._error(f"the arguments of `{node.function}` must be of one type", argument)
        if function.fields_only and to_text(node.arguments[0]) not in function.fields_only:
            raise self._error(
                f"the first argument of `{node.function}` must be {' or '.join(function.fields_only)}",
                node.arguments[0],
            )

    def _check_argument(
        self, node: Call, position: int, argument: Argument, compiled: Compiled, parameter: functions.Parameter
    ) -> None:
        if not parameter.accepts(compiled.type):
            raise self._error(
                f"argument {position + 1} of `{node.function}` must be {parameter}, this is {compiled.type}", argument
            )
        if compiled.mapped and position > 0:
            raise self._error(f"`[*]` may stand only in the first argument of `{node.function}`", argument)
        is_literal = isinstance(argument, _LITERAL_NODES)
        if parameter.literal is not None and parameter.literal != is_literal:
            form = "a literal" if parameter.literal else "a field or a function, not a literal"
            raise self._error(f"argument {position + 1} of `{node.function}` must be {form}", argument)

    def _check_one_array(self, argument: Argument) -> None:
        """`[*]` may stand more than once in one expression only on one array (edge.md §2.3)."""
        unpacked = {to_text(_innermost(node)) for node in _each_nodes(argument)}
        if len(unpacked) > 1:
            raise self._error(f"`[*]` may unpack only one array in an expression: {', '.join(unpacked)}", argument)

    def _prepared(self, node: Call, function: Function, arguments: list[Compiled]) -> functions.Evaluation:
        if function.prepare is None:
            assert function.call is not None
            return function.call
        try:
            return function.prepare([compiled.literal for compiled in arguments])
        except InvalidArgument as error:
            raise self._error(str(error), node.arguments[error.position]) from error

    def _literal_of(self, node: Literal, type_: Type) -> Any:
        """The literal as a value of the type it is compared with."""
        if type_ == STRING and isinstance(node, IpLiteral):
            node = self._pairs_as_bytes(node)
        compiled = self.value(node)
        if compiled.type != type_:
            raise self._error(f"expected {_literal_of_type(type_)}, found {to_text(node)}", node)
        return compiled.literal

    def _set_item_of(self, item: SetItem, type_: Type) -> SetItem:
        if isinstance(item, IntRange | IpRange):
            if type_ != (INT if isinstance(item, IntRange) else IP):
                raise self._error(f"expected {_literal_of_type(type_)}, found {to_text(item)}", item)
            return item
        value = self._literal_of(item, type_)
        return StringLiteral(value, item.span) if type_ == STRING else item

    def _pairs_as_bytes(self, node: IpLiteral) -> Literal:
        """`10.20.30.40` beside a String is four bytes, not an address."""
        text = self._source[slice(*node.span)]
        try:
            return BytesLiteral(bytes.fromhex(text.replace(".", " ").replace(":", " ")), node.span)
        except ValueError:
            return node

    def _mismatch(self, node: Node, found: Type, allowed: tuple[Type, ...], operator: str) -> ExpressionError:
        hint = "; `[*]` inside any() or all() compares each item" if found.item is not None else ""
        names = " or ".join(map(str, allowed))
        return self._error(f"{operator} needs {names}, `{to_text(node)}` is {found}{hint}", node)

    def _error(self, message: str, node: Node) -> ExpressionError:
        return ExpressionError(message, self._source, *node.span)


def _unknown_field(name: str) -> str:
    if fields.is_known_elsewhere(name):
        return f"the field `{name}` is not available on this edge"
    return f"unknown field `{name}`"


def _unknown_function(name: str) -> str:
    if name in functions.ELSEWHERE:
        return f"the function `{name}` is not available on this edge"
    return f"unknown function `{name}`"


def _literal_of_type(type_: Type) -> str:
    return {STRING: "a string in quotes", INT: "a number", IP: "an IP address"}[type_]


# Walking


def _innermost(node: Each) -> ValueNode:
    """What the first `[*]` of a chain such as `lower(map[*])[*]` unpacks."""
    inner: Any = node.value
    while isinstance(inner, Each | Index | Call):
        if isinstance(inner, Each):
            node = inner
        inner = inner.arguments[0] if isinstance(inner, Call) else inner.value
    return node.value


def _each_nodes(node: Any) -> list[Each]:
    match node:
        case Each():
            return [node]
        case Index(value) | Compare(value) | InSet(value) | InList(value) | Truth(value):
            return _each_nodes(value)
        case Not(operand):
            return _each_nodes(operand)
        case Logical(_, operands):
            return [each for operand in operands for each in _each_nodes(operand)]
        case Call(function, arguments) if function not in functions.QUANTIFIERS:
            return [each for argument in arguments for each in _each_nodes(argument)]
        case _:
            return []
