"""Whether a policy makes a bucket public (S3 "The meaning of public").

A statement that allows is public unless it names who is meant: principals, or, where those are `*`, by a condition on
a key that tells callers apart, with values that stand for themselves. A range of addresses names somebody when it is
not broader than /8 (IPv6: /32).
"""

from __future__ import annotations

from ipaddress import IPv4Network

from calotype.s3.access.condition_operators import Network, network_of
from calotype.s3.access.conditions import Condition, Quantifier
from calotype.s3.access.policy import Effect, Policy, PrincipalKind, Statement
from calotype.s3.access.wildcards import Wildcard, tokens_of

SOURCE_IP = "aws:sourceip"
_BROADEST_IPV4, _BROADEST_IPV6 = 8, 32

NAMES_CALLERS = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:username",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)
"""Keys whose fixed value says which callers are meant."""

_COMPARES = frozenset({"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"})


def is_public(policy: Policy) -> bool:
    return any(_is_public(statement) for statement in policy.statements)


def _is_public(statement: Statement) -> bool:
    if statement.effect is not Effect.ALLOW or not _is_for_everybody(statement):
        return False
    return not any(_names_callers(condition) for condition in statement.conditions)


def _is_for_everybody(statement: Statement) -> bool:
    principals = statement.principals
    return principals.is_inverted or any(named.kind is PrincipalKind.EVERYBODY for named in principals.named)


def _names_callers(condition: Condition) -> bool:
    if condition.if_exists or condition.quantifier is Quantifier.ALL:
        return False  # it holds for those who do not have the key
    key = condition.key.lower()
    if key == SOURCE_IP:
        return condition.operator_name == "IpAddress" and all(_is_narrow(value) for value in condition.values)
    if key not in NAMES_CALLERS or condition.operator_name not in _COMPARES:
        return False
    return all(_is_fixed(key, condition.operator_name, value) for value in condition.values)


def _is_narrow(value: str) -> bool:
    network = network_of(value)
    return network is not None and network.prefixlen >= _broadest(network)


def _broadest(network: Network) -> int:
    return _BROADEST_IPV4 if isinstance(network, IPv4Network) else _BROADEST_IPV6


def _is_fixed(key: str, operator_name: str, value: str) -> bool:
    if "${" in value:
        return False
    if operator_name.startswith("StringEquals"):
        return True
    if key == "s3:dataaccesspointarn":  # any access point of one account
        value = value.rpartition(":accesspoint/")[0] or value
    return not any(isinstance(token, Wildcard) for token in tokens_of(value))
