"""A condition of a statement: an operator, a key of the request, and the values that it is compared with.

    operator            a key that is there                       a key that is not
    plain               some value equals one of the policy's     does not hold
    negated             no value equals any of the policy's       holds
    …IfExists           as without                                holds
    ForAnyValue:        as plain; negated: some value equals none does not hold
    ForAllValues:       every value equals one (negated: none)    holds
    Null                does not hold for "true"                  holds for "true"

(IAM "Condition operators", "Multivalued context keys".)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from calotype.s3.access.condition_operators import OPERATORS, InvalidValue, Test
from calotype.s3.access.policy_variables import ContextOf

IF_EXISTS = "IfExists"
NULL = "Null"


class UnknownOperator(ValueError):
    """Nothing compares so."""


class Quantifier(StrEnum):
    """How the values of a key with several of them count."""

    ANY = "ForAnyValue:"
    ALL = "ForAllValues:"


@dataclass(frozen=True, slots=True)
class Condition:
    """`operator_text`, `key` and `values` as written; the rest is what they mean."""

    operator_text: str
    key: str
    values: tuple[str, ...]
    operator_name: str = field(compare=False)
    is_negated: bool = field(compare=False)
    quantifier: Quantifier | None = field(compare=False)
    if_exists: bool = field(compare=False)
    tests: tuple[Test, ...] = field(compare=False, repr=False)

    @classmethod
    def parse(cls, operator_text: str, key: str, values: tuple[str, ...], *, has_variables: bool) -> Condition:
        """Raises UnknownOperator, InvalidValue."""
        quantifier = next((each for each in Quantifier if operator_text.startswith(each)), None)
        rest = operator_text.removeprefix(quantifier or "")
        name = rest.removesuffix(IF_EXISTS)
        if name == NULL and rest == name:
            if any(value.lower() not in ("true", "false") for value in values):
                raise InvalidValue(values[0])
            return cls(operator_text, key, values, NULL, False, quantifier, False, ())
        operator = OPERATORS.get(name)
        if operator is None:
            raise UnknownOperator(operator_text)
        tests = tuple(operator.test(value, has_variables) for value in values)
        return cls(operator_text, key, values, name, operator.is_negated, quantifier, rest != name, tests)

    def holds(self, context: ContextOf) -> bool:
        given = context(self.key.lower()) or ()
        if self.operator_name == NULL:
            return any((value.lower() == "true") is not bool(given) for value in self.values)
        if not given:
            return self._holds_without_value()
        if self.quantifier is Quantifier.ALL:
            return all(self._equals(value, context) is not self.is_negated for value in given)
        if self.quantifier is Quantifier.ANY:
            return any(self._equals(value, context) is not self.is_negated for value in given)
        return any(self._equals(value, context) for value in given) is not self.is_negated

    def _holds_without_value(self) -> bool:
        if self.if_exists or self.quantifier is Quantifier.ALL:
            return True
        return self.is_negated and self.quantifier is None

    def _equals(self, value: str, context: ContextOf) -> bool:
        return any(test(value, context) for test in self.tests)
