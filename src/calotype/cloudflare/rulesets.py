"""Rulesets: each phase of a zone has one, its entry point. A write is checked whole before anything changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec
from msgspec import UNSET

from calotype.cloudflare import answers
from calotype.cloudflare.errors import InvalidRequest, InvalidRule, NoSuchRule, NoSuchRuleset, NotImplementedCall
from calotype.cloudflare.json import ResultInfo
from calotype.cloudflare.operations import (
    CreateRule,
    DeleteRule,
    EditRule,
    GetPhase,
    GetRuleset,
    ListRulesets,
    RuleBody,
    UpdatePhase,
)
from calotype.cloudflare.outcome import Outcome, Stamp, stored_only, zone_of
from calotype.edge.configuration import Configuration, ZoneConfiguration
from calotype.rules.errors import ParameterError
from calotype.rules.phases import CACHE_SETTINGS, CONFIG_SETTINGS, PHASES, RULES_RUN_HERE
from calotype.rules.ruleset import Rule, Ruleset, compile_rules

MAX_RULES: Final = 300  # of a phase, Cloudflare's largest (edge.md §3.10)
MAX_TEXT: Final = 500  # characters of a description or a ref

# Parameters that are read strictly and kept, and that the edge does nothing with yet.
STORED_ONLY: Final[dict[str, frozenset[str]]] = {
    CONFIG_SETTINGS: frozenset({"polish", "hotlink_protection"}),
    CACHE_SETTINGS: frozenset(
        {"respect_strong_etags", "origin_cache_control", "additional_cacheable_ports", "read_timeout"}
    ),
}


def list_rulesets(configuration: Configuration, operation: ListRulesets, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    listed = [msgspec.structs.replace(answer_of(each), rules=UNSET) for each in zone.rulesets.values()]
    return Outcome(configuration, listed, ResultInfo(cursors={}))


def get_ruleset(configuration: Configuration, operation: GetRuleset, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    return Outcome(configuration, answer_of(_ruleset_of(zone, operation.ruleset_id)))


def get_phase(configuration: Configuration, operation: GetPhase, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    ruleset = zone.rulesets.get(_known_phase(operation.phase))
    if ruleset is None:
        raise NoSuchRuleset(f"could not find entrypoint ruleset in the {operation.phase} phase")
    return Outcome(configuration, answer_of(ruleset))


def update_phase(configuration: Configuration, operation: UpdatePhase, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    phase = _known_phase(operation.phase)
    if phase not in RULES_RUN_HERE:
        raise NotImplementedCall(f"rules of the phase {phase} are not implemented on this edge")
    known = zone.rulesets.get(phase) or Ruleset(id=stamp.new_id(), phase=phase, version="0")
    rules = [_written(body, known.rules, stamp) for body in operation.rules]
    ruleset = _next_version(known, rules, stamp)
    if operation.description is not UNSET:
        ruleset = replace(ruleset, description=operation.description)
    if operation.name is not UNSET:
        ruleset = replace(ruleset, name=operation.name)
    return _stored(configuration, zone, ruleset, stamp, dry_run=operation.dry_run, pointer="/rules")


def create_rule(configuration: Configuration, operation: CreateRule, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    known = _ruleset_of(zone, operation.ruleset_id)
    body = RuleBody(
        action=operation.action,
        expression=operation.expression,
        action_parameters=operation.action_parameters,
        description=operation.description,
        enabled=operation.enabled,
        ref=operation.ref,
    )
    rule = _written(body, (), stamp)
    rules = _placed(known.rules, rule, operation.position, otherwise=len(known.rules))
    return _stored(configuration, zone, _next_version(known, rules, stamp), stamp, dry_run=operation.dry_run)


def edit_rule(configuration: Configuration, operation: EditRule, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    known = _ruleset_of(zone, operation.ruleset_id)
    index = _index_of(known, operation.rule_id)
    given = {
        name: value
        for name in ("action", "expression", "action_parameters", "description", "enabled", "ref")
        if (value := getattr(operation, name)) is not UNSET
    }
    rule = replace(known.rules[index], **given)
    if rule != known.rules[index]:
        rule = replace(rule, version=_incremented(rule.version), last_updated=stamp.time)
    others = known.rules[:index] + known.rules[index + 1 :]
    rules = _placed(others, rule, operation.position, otherwise=index)
    return _stored(configuration, zone, _next_version(known, rules, stamp), stamp, dry_run=operation.dry_run)


def delete_rule(configuration: Configuration, operation: DeleteRule, stamp: Stamp) -> Outcome:
    zone = zone_of(configuration, operation.zone_id)
    known = _ruleset_of(zone, operation.ruleset_id)
    index = _index_of(known, operation.rule_id)
    rules = known.rules[:index] + known.rules[index + 1 :]
    return _stored(configuration, zone, _next_version(known, rules, stamp), stamp, dry_run=operation.dry_run)


def answer_of(ruleset: Ruleset) -> answers.Ruleset:
    return answers.Ruleset(
        id=ruleset.id,
        phase=ruleset.phase,
        name=ruleset.name,
        description=ruleset.description,
        kind=ruleset.kind,
        version=ruleset.version,
        last_updated=ruleset.last_updated,
        rules=[_rule_answer(rule) for rule in ruleset.rules],
    )


def _rule_answer(rule: Rule) -> answers.Rule:
    return answers.Rule(
        id=rule.id,
        version=rule.version,
        ref=rule.ref,
        action=rule.action,
        expression=rule.expression,
        description=rule.description,
        enabled=rule.enabled,
        last_updated=rule.last_updated,
        action_parameters=rule.action_parameters or UNSET,
    )


def _known_phase(phase: str) -> str:
    if phase not in PHASES:
        raise InvalidRequest(f"unknown phase {phase!r}; the phases are {', '.join(PHASES)}")
    return phase


def _ruleset_of(zone: ZoneConfiguration, ruleset_id: str) -> Ruleset:
    for ruleset in zone.rulesets.values():
        if ruleset.id == ruleset_id:
            return ruleset
    raise NoSuchRuleset(f"could not find ruleset {ruleset_id}")


def _index_of(ruleset: Ruleset, rule_id: str) -> int:
    for index, rule in enumerate(ruleset.rules):
        if rule.id == rule_id:
            return index
    raise NoSuchRule(f"could not find rule {rule_id} in ruleset {ruleset.id}")


def _written(body: RuleBody, known: Sequence[Rule], stamp: Stamp) -> Rule:
    """The rule as it will stand: with the identity of the known rule it replaces, a higher version if it differs."""
    previous = next((rule for rule in known if rule.id == body.id or rule.ref == body.ref), None)
    rule_id = previous.id if previous is not None else stamp.new_id()
    rule = Rule(
        id=rule_id,
        expression=body.expression,
        action=body.action,
        action_parameters=_given(body.action_parameters, {}),
        ref=_given(body.ref, previous.ref if previous is not None else rule_id),
        description=_given(body.description, ""),
        enabled=_given(body.enabled, True),
        last_updated=stamp.time,
    )
    if previous is None:
        return rule
    same = replace(rule, version=previous.version, last_updated=previous.last_updated)
    return same if same == previous else replace(rule, version=_incremented(previous.version))


def _given(value: Any, otherwise: Any) -> Any:
    return otherwise if value is UNSET else value


def _placed(rules: Sequence[Rule], rule: Rule, position: Any, *, otherwise: int) -> list[Rule]:
    """The rules with this one put in: `{"index": n}` from 1, `{"before": id}`, `{"after": id}`; "" means an end."""
    index = otherwise if position is UNSET else _index_for(rules, position)
    return [*rules[:index], rule, *rules[index:]]


def _index_for(rules: Sequence[Rule], position: dict[str, Any]) -> int:
    ids = [rule.id for rule in rules]
    if len(position) == 1:
        match position:
            case {"index": int(index)} if not isinstance(index, bool) and 1 <= index <= len(rules) + 1:
                return index - 1
            case {"before": str(rule_id)} if rule_id in ids or not rule_id:
                return ids.index(rule_id) if rule_id else 0
            case {"after": str(rule_id)} if rule_id in ids or not rule_id:
                return ids.index(rule_id) + 1 if rule_id else len(rules)
    raise InvalidRequest(
        f'a position is {{"before": id}}, {{"after": id}} or {{"index": 1 to {len(rules) + 1}}}', pointer="/position"
    )


def _next_version(ruleset: Ruleset, rules: Sequence[Rule], stamp: Stamp) -> Ruleset:
    return replace(ruleset, rules=tuple(rules), version=_incremented(ruleset.version), last_updated=stamp.time)


def _incremented(version: str) -> str:
    return str(int(version) + 1)


def _stored(
    configuration: Configuration,
    zone: ZoneConfiguration,
    ruleset: Ruleset,
    stamp: Stamp,
    *,
    dry_run: bool,
    pointer: str = "",
) -> Outcome:
    _check(ruleset, whole=bool(pointer))
    messages = [stored_only(f"The parameter {name} of phase {ruleset.phase}") for name in _stored_only(ruleset)]
    if dry_run:
        return Outcome(configuration, answer_of(ruleset), messages=messages)
    changed = replace(zone, rulesets={**zone.rulesets, ruleset.phase: ruleset}, modified_on=stamp.time)
    return Outcome(configuration.with_zone(changed), answer_of(ruleset), messages=messages)


def _stored_only(ruleset: Ruleset) -> list[str]:
    given = {name for rule in ruleset.rules for name in rule.action_parameters}
    return sorted(given & STORED_ONLY.get(ruleset.phase, frozenset()))


def _check(ruleset: Ruleset, *, whole: bool) -> None:
    """Raises InvalidRule for the first rule that could not run, or for two rules of one `ref`.

    With `whole` the request held all rules, and the pointer counts them; otherwise it held the one that is wrong.
    """
    if len(ruleset.rules) > MAX_RULES:
        raise InvalidRule(f"a phase may have at most {MAX_RULES} rules", pointer="/rules" if whole else None)
    seen: set[str] = set()
    for position, rule in enumerate(ruleset.rules):
        start = f"/rules/{position}" if whole else ""
        _check_texts(rule, start)
        for name in {rule.ref, rule.id}:
            if name in seen:
                raise InvalidRule(f"two rules have the ref or id {name!r}", pointer=f"{start}/ref")
            seen.add(name)
        try:
            compile_rules([rule], ruleset.phase)
        except ParameterError as error:
            pointer = start + error.pointer.removeprefix("/rules/0")
            raise InvalidRule(error.message, pointer=pointer or "/rules") from error


def _check_texts(rule: Rule, start: str) -> None:
    for name, text in (("description", rule.description), ("ref", rule.ref)):
        if len(text) > MAX_TEXT:
            raise InvalidRule(f"{name} may have at most {MAX_TEXT} characters", pointer=f"{start}/{name}")
