"""The grammar of the Rules language (edge.md §2.1), from text to the values of `syntax`.

`not` binds tightest, then `and`, `xor`, `or`; operators of one level make one node. A run of operands and operators
is read flat and grouped afterwards, so that the call depth grows only with real nesting.
"""

from __future__ import annotations

import re

from calotype.rules.errors import ExpressionError
from calotype.rules.scanner import Scanner
from calotype.rules.syntax import (
    Argument,
    BoolLiteral,
    Call,
    Compare,
    Condition,
    Connective,
    Each,
    Field,
    Index,
    InList,
    InSet,
    Literal,
    Logical,
    Not,
    Operator,
    SetItem,
    StringLiteral,
    Truth,
    ValueNode,
)

MAX_LENGTH = 4096  # characters, Cloudflare's limit for one expression
MAX_NESTING = 128  # the engine's default; also keeps our own recursion far from Python's limit

_END = r"(?![A-Za-z0-9_.])"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")
_NOT = re.compile(rf"not{_END}|!(?!=)")
_CONNECTIVE = re.compile(rf"(?P<OR>or{_END}|\|\|)|(?P<XOR>xor{_END}|\^\^)|(?P<AND>and{_END}|&&)")
_IN = re.compile(rf"in{_END}")
_LIST_NAME = re.compile(r"\$([a-z0-9_]+(?:\.[a-z0-9_]+)*)")
_INDEX = re.compile(r"(\*)|(0|[1-9][0-9]{0,8})")
_LITERAL_START = re.compile(r'"|r#*"|[0-9]|-')
_OPERATORS = re.compile(
    "|".join(
        f"(?P<{operator.name}>{pattern})"
        for operator, pattern in (
            (Operator.EQ, rf"eq{_END}|=="),
            (Operator.NE, rf"ne{_END}|!="),
            (Operator.LE, rf"le{_END}|<="),
            (Operator.GE, rf"ge{_END}|>="),
            (Operator.LT, rf"lt{_END}|<"),
            (Operator.GT, rf"gt{_END}|>"),
            (Operator.CONTAINS, rf"contains{_END}"),
            (Operator.MATCHES, rf"matches{_END}|~"),
            (Operator.STRICT_WILDCARD, rf"strict[ \r\n]+wildcard{_END}"),
            (Operator.WILDCARD, rf"wildcard{_END}"),
            (Operator.BITWISE_AND, rf"bitwise_and{_END}|&(?!&)"),
        )
    )
)


def parse_condition(source: str) -> Condition | BoolLiteral:
    """The rule expression as a value; raises `ExpressionError`."""
    _check_length(source)
    if source.strip(" \r\n") in ("true", "false"):
        return BoolLiteral(source.strip(" \r\n") == "true")
    parser = _Parser(source)
    condition = parser.condition(depth=0)
    parser.expect_end()
    return condition


def parse_value(source: str) -> ValueNode | Literal:
    """A value expression, as in a rewrite: a literal, a field or a function call; raises `ExpressionError`."""
    _check_length(source)
    parser = _Parser(source)
    argument = parser.argument(depth=0)
    parser.expect_end()
    if isinstance(argument, Compare | InSet | InList | Not | Logical):
        raise ExpressionError("expected a value, found a condition", source, *argument.span)
    return argument


def _check_length(source: str) -> None:
    if len(source) > MAX_LENGTH:
        raise ExpressionError(
            f"an expression may have at most {MAX_LENGTH} characters, this one has {len(source)}", source, MAX_LENGTH
        )


class _Parser:
    def __init__(self, source: str) -> None:
        self._scanner = Scanner(source)

    def expect_end(self) -> None:
        if self._scanner.at_end():
            return
        word = self._scanner.next_word()
        hint = ""
        if word.strip("`").lower() != word.strip("`"):
            hint = " (operators are written in lower case)"
        raise self._scanner.error(f"expected an operator or the end of the expression, found {word}{hint}")

    def condition(self, depth: int) -> Condition:
        start = self._scanner.skip_blanks()
        operands = [self._operand(depth)]
        connectives: list[Connective] = []
        while match := self._scanner.take(_CONNECTIVE):
            connectives.append(Connective[match.lastgroup or ""])
            operands.append(self._operand(depth))
        return _grouped(operands, connectives, tuple(Connective), (start, self._scanner.position))

    def _operand(self, depth: int) -> Condition:
        scanner = self._scanner
        starts: list[int] = []
        while match := scanner.take(_NOT):
            starts.append(match.start())
        self._check_depth(depth + len(starts))
        if scanner.take_symbol("("):
            operand = self.condition(depth + len(starts) + 1)
            scanner.expect_symbol(")", "to close the parenthesis")
        else:
            operand = self._comparison(depth + len(starts))
        for start in reversed(starts):
            operand = Not(operand, (start, scanner.position))
        return operand

    def _comparison(self, depth: int) -> Condition:
        scanner = self._scanner
        value = self._value(depth)
        start = value.span[0]
        if scanner.take(_IN):
            return self._membership(value, start)
        match = scanner.take(_OPERATORS)
        if match is None:
            return Truth(value, value.span)
        operator = Operator[match.lastgroup or ""]
        literal = scanner.regex() if operator is Operator.MATCHES else scanner.literal()
        return Compare(value, operator, literal, (start, scanner.position))

    def _membership(self, value: ValueNode, start: int) -> Condition:
        scanner = self._scanner
        if match := scanner.take(_LIST_NAME):
            return InList(value, match.group(1), (start, match.end()))
        scanner.expect_symbol("{", "or a list name after `in`")
        items: list[SetItem] = []
        while not scanner.take_symbol("}"):
            if scanner.at_end():
                raise scanner.error("this set is not closed by `}`", (start, scanner.position))
            items.append(scanner.set_item())
        if not items:
            raise scanner.error("a set needs at least one item", (start, scanner.position))
        return InSet(value, tuple(items), (start, scanner.position))

    def _value(self, depth: int) -> ValueNode:
        scanner = self._scanner
        name = scanner.take(_NAME)
        if name is None:
            raise scanner.error(f"expected a field or a function, found {scanner.next_word()}")
        value: ValueNode = Field(name.group(), name.span())
        if scanner.take_symbol("("):
            arguments = self._arguments(depth + 1)
            value = Call(name.group(), arguments, (name.start(), scanner.position))
        while scanner.take_symbol("["):
            depth += 1
            self._check_depth(depth)
            value = self._indexed(value)
        return value

    def _arguments(self, depth: int) -> tuple[Argument, ...]:
        scanner = self._scanner
        if scanner.take_symbol(")"):
            return ()
        arguments = [self.argument(depth)]
        while scanner.take_symbol(","):
            arguments.append(self.argument(depth))
        scanner.expect_symbol(")", "or `,` after an argument")
        return tuple(arguments)

    def argument(self, depth: int) -> Argument:
        scanner = self._scanner
        if _LITERAL_START.match(scanner.source, scanner.skip_blanks()):
            return scanner.literal()
        condition = self.condition(depth)
        return condition.value if isinstance(condition, Truth) else condition

    def _indexed(self, value: ValueNode) -> ValueNode:
        scanner = self._scanner
        start = value.span[0]
        key: int | bytes | None = None
        if scanner.at_string():
            literal: StringLiteral = scanner.string()
            key = literal.value
        elif match := scanner.take(_INDEX):
            key = None if match.group(1) else int(match.group(2))
        else:
            raise scanner.error(f"expected a number, a string or `*` as index, found {scanner.next_word()}")
        scanner.expect_symbol("]", "to close the index")
        span = (start, scanner.position)
        return Each(value, span) if key is None else Index(value, key, span)

    def _check_depth(self, depth: int) -> None:
        if depth > MAX_NESTING:
            raise self._scanner.error(f"an expression may be nested at most {MAX_NESTING} deep")


def _grouped(
    operands: list[Condition],
    connectives: list[Connective],
    levels: tuple[Connective, ...],
    span: tuple[int, int],
) -> Condition:
    """The flat run `operands[0] connectives[0] operands[1] …` as nested nodes, the first of `levels` loosest."""
    if len(operands) == 1:
        return operands[0]
    loosest, tighter = levels[0], levels[1:]
    parts: list[Condition] = []
    start = 0
    for stop in [index for index, each in enumerate(connectives) if each is loosest] + [len(connectives)]:
        run = operands[start : stop + 1]
        parts.append(_grouped(run, connectives[start:stop], tighter, (run[0].span[0], run[-1].span[1])))
        start = stop + 1
    return parts[0] if len(parts) == 1 else Logical(loosest, tuple(parts), span)
