"""A bucket policy from its text, and back; everything that S3 refuses about one is refused with its own words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from calotype.s3.access.condition_keys import is_known
from calotype.s3.access.condition_operators import InvalidValue
from calotype.s3.access.conditions import Condition, UnknownOperator
from calotype.s3.access.errors import MalformedPolicy
from calotype.s3.access.policy import (
    RESOURCE_PREFIX,
    Actions,
    Effect,
    NamedPrincipal,
    Policy,
    Principals,
    Resources,
    Statement,
)
from calotype.s3.access.policy_actions import ON_BUCKETS, ON_OBJECTS, actions_matching
from calotype.s3.access.policy_principals import EVERYBODY, InvalidPrincipal, named_principal
from calotype.s3.access.policy_variables import InvalidVariable, Pattern
from calotype.store.model import Bucket

KEPT_AS = "policy"
"""Where `BucketSettings.more` keeps the text of the policy, as it was put."""

BINDS_OWNER = "policy_binds_owner"
"""Kept beside it: the policy was put with the word that it may lock the owner out of it."""

MAX_POLICY_BYTES = 20 * 1024
FIRST_VERSION, VERSION_WITH_VARIABLES = "2008-10-17", "2012-10-17"
_POLICIES_REMEMBERED = 128  # each at most 20 KB of text

_POLICY_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)

Part = TypeVar("Part")


@lru_cache(maxsize=_POLICIES_REMEMBERED)
def parse_policy(text: str, bucket_name: str) -> Policy:
    """The policy; raises MalformedPolicy. It may speak of this bucket and what is in it, and of nothing else."""
    document = _json_object(text)
    _refuse_unknown(document, _POLICY_ELEMENTS)
    version = _version(document)
    statements = document.get("Statement")
    if statements is None:
        raise MalformedPolicy("Missing required field Statement")
    listed = statements if isinstance(statements, list) else [statements]
    if not listed:
        raise MalformedPolicy("Could not parse the policy: Statement is empty!")
    reader = _StatementReader(bucket_name, has_variables=version == VERSION_WITH_VARIABLES)
    return Policy(version, tuple(reader.statement(each) for each in listed), _text(document, "Id"))


def policy_of(bucket: Bucket) -> Policy | None:
    """The policy of a bucket, None when it has none."""
    text = bucket.settings.more.get(KEPT_AS)
    return None if text is None else parse_policy(text, bucket.name)


def _json_object(text: str) -> dict[str, Any]:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_POLICY_BYTES:
        raise MalformedPolicy(
            f"Normalized policy document exceeds the maximum allowed size of {MAX_POLICY_BYTES} bytes"
        )
    if not text.startswith("{"):
        raise MalformedPolicy("Policies must be valid JSON and the first byte must be '{'")
    try:
        document = json.loads(text, object_pairs_hook=_without_repetition, parse_constant=_no_constant)
        json.dumps(document, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError) as exc:
        raise MalformedPolicy("This policy contains invalid Json") from exc
    assert isinstance(document, dict)
    return document


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An element that stands there twice would mean what the reader's library makes of it."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("an element is repeated")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _refuse_unknown(members: Mapping[str, Any], known: frozenset[str]) -> None:
    for name in members:
        if name not in known:
            raise MalformedPolicy(f"Unknown field {name}")


def _version(document: dict[str, Any]) -> str:
    version = document.get("Version", FIRST_VERSION)
    if version not in (FIRST_VERSION, VERSION_WITH_VARIABLES):
        raise MalformedPolicy("The policy must contain a valid version string")
    return str(version)


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise MalformedPolicy
    return value


def _texts(value: Any) -> tuple[str, ...]:
    """One text, or a list of at least one."""
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(each, str) for each in listed):
        raise MalformedPolicy
    return tuple(listed)


class _StatementReader:
    def __init__(self, bucket_name: str, *, has_variables: bool) -> None:
        self._bucket = RESOURCE_PREFIX + bucket_name
        self._has_variables = has_variables

    def statement(self, members: Any) -> Statement:
        if not isinstance(members, dict):
            raise MalformedPolicy
        _refuse_unknown(members, _STATEMENT_ELEMENTS)
        statement = Statement(
            _effect(members),
            _either(members, "Principal", _principals),
            _either(members, "Action", _actions),
            _either(members, "Resource", self._resources),
            self._conditions(members.get("Condition", {})),
            _text(members, "Sid"),
        )
        if statement.principals.is_inverted and statement.effect is Effect.ALLOW:
            raise MalformedPolicy("Allow with NotPrincipal is not allowed.")
        self._check_that_actions_apply(statement)
        return statement

    def _resources(self, value: Any, is_inverted: bool) -> Resources:
        patterns = tuple(self._resource(text) for text in _texts(value))
        return Resources(patterns, is_inverted)

    def _resource(self, text: str) -> Pattern:
        try:
            pattern = Pattern.parse(text, has_variables=self._has_variables)
        except InvalidVariable as exc:
            raise MalformedPolicy("Policy has invalid resource") from exc
        is_resource = text == "*" or text.startswith("arn:")
        if not is_resource or not (self._is_the_bucket(pattern) or self._is_inside(pattern)):
            raise MalformedPolicy("Policy has invalid resource")
        return pattern

    def _is_the_bucket(self, pattern: Pattern) -> bool:
        return pattern.at_its_widest().matches(self._bucket)

    def _is_inside(self, pattern: Pattern) -> bool:
        return pattern.at_its_widest().may_begin_with(f"{self._bucket}/")

    def _check_that_actions_apply(self, statement: Statement) -> None:
        """Each action needs a resource of its kind; what is left out of everything may be of any kind."""
        if statement.actions.is_inverted or statement.resources.is_inverted:
            return
        applicable: frozenset[str] = frozenset()
        if any(self._is_the_bucket(pattern) for pattern in statement.resources.patterns):
            applicable |= ON_BUCKETS
        if any(self._is_inside(pattern) for pattern in statement.resources.patterns):
            applicable |= ON_OBJECTS
        if any(actions_matching(text).isdisjoint(applicable) for text in statement.actions.texts):
            raise MalformedPolicy("Action does not apply to any resource(s) in statement")

    def _conditions(self, blocks: Any) -> tuple[Condition, ...]:
        if not isinstance(blocks, dict) or not all(isinstance(keys, dict) for keys in blocks.values()):
            raise MalformedPolicy
        return tuple(
            self._condition(operator, key, values) for operator, keys in blocks.items() for key, values in keys.items()
        )

    def _condition(self, operator: str, key: str, values: Any) -> Condition:
        if not is_known(key):
            raise MalformedPolicy("Policy has an invalid condition key")
        listed = values if isinstance(values, list) else [values]
        texts = tuple(_value_text(value) for value in listed)
        try:
            return Condition.parse(operator, key, texts, has_variables=self._has_variables)
        except UnknownOperator as exc:
            raise MalformedPolicy(f"Invalid Condition type : {operator}") from exc
        except InvalidValue as exc:
            raise MalformedPolicy(f"Invalid value {exc} for {operator} of {key}") from exc


def _either(members: Mapping[str, Any], name: str, read: Callable[[Any, bool], Part]) -> Part:
    """What stands under the name or, inverted, under `Not…`; never under both."""
    inverted = f"Not{name}"
    if name in members and inverted in members:
        raise MalformedPolicy
    if inverted in members:
        return read(members[inverted], True)
    if name not in members:
        raise MalformedPolicy(f"Missing required field {name}")
    return read(members[name], False)


def _effect(members: Mapping[str, Any]) -> Effect:
    value = members.get("Effect")
    if value is None:
        raise MalformedPolicy("Missing required field Effect")
    if not isinstance(value, str) or value not in list(Effect):
        raise MalformedPolicy(f"Invalid effect: {value}")
    return Effect(value)


def _principals(value: Any, is_inverted: bool) -> Principals:
    if value == "*":
        return Principals((EVERYBODY,), is_inverted)
    if not isinstance(value, dict) or not value:
        raise MalformedPolicy("Invalid principal in policy")
    return Principals(tuple(_named(value)), is_inverted)


def _named(members: Mapping[str, Any]) -> Iterable[NamedPrincipal]:
    for type_, texts in members.items():
        for text in _texts(texts):
            try:
                yield named_principal(type_, text)
            except InvalidPrincipal as exc:
                raise MalformedPolicy("Invalid principal in policy") from exc


def _actions(value: Any, is_inverted: bool) -> Actions:
    texts = _texts(value)
    if not all(actions_matching(text) for text in texts):
        raise MalformedPolicy("Policy has invalid action")
    covered = frozenset(action.lower() for text in texts for action in actions_matching(text))
    return Actions(texts, covered, is_inverted)


def _value_text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
    raise MalformedPolicy


def policy_text(policy: Policy) -> str:
    """The policy as JSON; parsed again it is the same."""
    document: dict[str, Any] = {"Version": policy.version}
    if policy.id is not None:
        document["Id"] = policy.id
    document["Statement"] = [_statement_members(statement) for statement in policy.statements]
    return json.dumps(document, ensure_ascii=False)


def _statement_members(statement: Statement) -> dict[str, Any]:
    members: dict[str, Any] = {} if statement.sid is None else {"Sid": statement.sid}
    members["Effect"] = statement.effect.value
    members[_name("Principal", statement.principals.is_inverted)] = _principal_members(statement.principals)
    members[_name("Action", statement.actions.is_inverted)] = list(statement.actions.texts)
    members[_name("Resource", statement.resources.is_inverted)] = [
        pattern.text for pattern in statement.resources.patterns
    ]
    blocks: dict[str, dict[str, list[str]]] = {}
    for condition in statement.conditions:
        blocks.setdefault(condition.operator_text, {})[condition.key] = list(condition.values)
    return {**members, "Condition": blocks} if blocks else members


def _name(name: str, is_inverted: bool) -> str:
    return f"Not{name}" if is_inverted else name


def _principal_members(principals: Principals) -> str | dict[str, list[str]]:
    if principals.named == (EVERYBODY,):
        return "*"
    members: dict[str, list[str]] = {}
    for named in principals.named:
        members.setdefault(named.type, []).append(named.text)
    return members
