"""Strict reading of JSON parameters: every member must be known and of the right type, and errors name its pointer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from calotype.rules.errors import ExpressionError, ParameterError
from calotype.rules.expression import ValueExpression, compile_value

T = TypeVar("T")


class Parameters:
    """A JSON object being read; each `take…` answers with a member and marks it as known."""

    def __init__(self, value: Any, pointer: str) -> None:
        if not isinstance(value, dict):
            raise ParameterError(pointer, f"expected an object, found {_kind(value)}")
        self.pointer = pointer
        self._members: dict[str, Any] = value
        self._known: set[str] = set()

    def has(self, name: str) -> bool:
        return name in self._members

    def names(self) -> list[str]:
        return list(self._members)

    def at(self, name: str) -> str:
        """The JSON pointer of a member."""
        return f"{self.pointer}/{escaped(name)}"

    def take(self, name: str) -> Any:
        """The member as it is, or None when absent."""
        self._known.add(name)
        return self._members.get(name)

    def boolean(self, name: str) -> bool | None:
        return self._optional(name, as_boolean)

    def integer(self, name: str, *, low: int | None = None, high: int | None = None) -> int | None:
        return self._optional(name, lambda value, at: as_integer(value, at, low=low, high=high))

    def text(self, name: str) -> str | None:
        return self._optional(name, as_text)

    def one_of(self, name: str, choices: tuple[str, ...]) -> str | None:
        return self._optional(name, lambda value, at: as_choice(value, at, choices))

    def object(self, name: str) -> Parameters | None:
        return self._optional(name, lambda value, at: Parameters(value, at))

    def items(self, name: str, read: Callable[[Any, str], T]) -> tuple[T, ...] | None:
        """The member as a list, each item read with its own pointer."""
        return self._optional(name, lambda value, at: as_items(value, at, read))

    def finish(self) -> None:
        """Raises for the first member that nothing has taken."""
        for name in self._members:
            if name not in self._known:
                known = ", ".join(sorted(self._known))
                raise ParameterError(self.at(name), f"unknown parameter; known here: {known}")

    def _optional(self, name: str, read: Callable[[Any, str], T]) -> T | None:
        value = self.take(name)
        return None if value is None else read(value, self.at(name))

    def required(self, name: str, value: T | None) -> T:
        """`value`, which was read from `name`; raises when it is absent."""
        if value is None:
            raise ParameterError(self.at(name), "this parameter is required")
        return value


def escaped(name: str) -> str:
    """A member's name as a part of a JSON pointer (RFC 6901 §3)."""
    return name.replace("~", "~0").replace("/", "~1")


def as_boolean(value: Any, pointer: str) -> bool:
    if not isinstance(value, bool):
        raise ParameterError(pointer, f"expected true or false, found {_kind(value)}")
    return value


def as_integer(value: Any, pointer: str, *, low: int | None = None, high: int | None = None) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ParameterError(pointer, f"expected a whole number, found {_kind(value)}")
    if (low is not None and value < low) or (high is not None and value > high):
        limits = f"at least {low}" if high is None else f"between {low} and {high}"
        raise ParameterError(pointer, f"expected a number {limits}, found {value}")
    return value


def as_text(value: Any, pointer: str) -> str:
    if not isinstance(value, str):
        raise ParameterError(pointer, f"expected a string, found {_kind(value)}")
    return value


def as_choice(value: Any, pointer: str, choices: tuple[str, ...]) -> str:
    if as_text(value, pointer) not in choices:
        raise ParameterError(pointer, f"expected one of {', '.join(choices)}, found {value!r}")
    return str(value)


def as_items(value: Any, pointer: str, read: Callable[[Any, str], T]) -> tuple[T, ...]:
    if not isinstance(value, list):
        raise ParameterError(pointer, f"expected a list, found {_kind(value)}")
    return tuple(read(item, f"{pointer}/{position}") for position, item in enumerate(value))


def value_or_expression(
    parameters: Parameters, *, phase: str, check_value: Callable[[str, str], None] | None = None
) -> ValueExpression:
    """Exactly one of `value` (static) and `expression` (dynamic), as one thing to evaluate."""
    value, expression = parameters.text("value"), parameters.text("expression")
    if (value is None) == (expression is None):
        raise ParameterError(parameters.pointer, "give exactly one of `value` and `expression`")
    if value is not None:
        if check_value is not None:
            check_value(value, parameters.at("value"))
        return ValueExpression.of_constant(value.encode())
    try:
        return compile_value(expression or "", phase=phase)
    except ExpressionError as error:
        raise ParameterError(parameters.at("expression"), str(error)) from error


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"
