"""Rulesets and rules as values, and a phase's rules made ready to run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from calotype.rules.actions import Action, compile_action
from calotype.rules.errors import ExpressionError, ParameterError
from calotype.rules.expression import Filter, compile_filter


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as written. `ref` is the caller's stable name for it; the id when none was given."""

    id: str
    expression: str
    action: str
    action_parameters: dict[str, Any] = field(default_factory=dict)
    ref: str = ""
    description: str = ""
    enabled: bool = True
    version: str = "1"
    last_updated: str = ""


@dataclass(frozen=True, slots=True)
class Ruleset:
    """The rules of one phase of a zone, in order; its entry point ruleset."""

    id: str
    phase: str
    name: str = "default"
    description: str = ""
    kind: str = "zone"
    version: str = "1"
    last_updated: str = ""
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready to run: when `filter` matches, `action` applies."""

    ref: str
    filter: Filter
    action: Action

    @property
    def fields(self) -> frozenset[str]:
        """Every field that the rule reads, in its expression or in its action."""
        return self.filter.fields | self.action.fields


def compile_rule(rule: Rule, phase: str, *, pointer: str = "") -> CompiledRule:
    """The rule made ready; raises `ParameterError` whose pointer starts with `pointer`."""
    try:
        condition = compile_filter(rule.expression, phase=phase)
    except ExpressionError as error:
        raise ParameterError(f"{pointer}/expression", str(error)) from error
    action = compile_action(phase, rule.action, rule.action_parameters, pointer=pointer)
    return CompiledRule(rule.ref or rule.id, condition, action)


def compile_rules(rules: Iterable[Rule], phase: str) -> tuple[CompiledRule, ...]:
    """The enabled rules in order, ready to run; each rule, enabled or not, must be right."""
    compiled = [(rule, compile_rule(rule, phase, pointer=f"/rules/{position}")) for position, rule in enumerate(rules)]
    return tuple(ready for rule, ready in compiled if rule.enabled)
