"""Conditions: the operators, and what a missing key means to each."""

from __future__ import annotations

import pytest

from calotype.s3.access.condition_operators import OPERATORS, InvalidValue
from calotype.s3.access.conditions import Condition, UnknownOperator


def holds(operator: str, policy_values: object, *given: str, key: str = "aws:x", **others: tuple[str, ...]) -> bool:
    """Whether the condition holds in a request that gives the key these values; without any it is missing."""
    values = policy_values if isinstance(policy_values, tuple) else (policy_values,)
    condition = Condition.parse(operator, key, values, has_variables=True)  # type: ignore[arg-type]
    context = {key.lower(): given, **{f"aws:{name}": value for name, value in others.items()}}
    return condition.holds(context.get)


@pytest.mark.parametrize(
    ("operator", "value", "given", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),  # exact, with letter case
        ("StringEquals", "a*", "ab", False),  # no wildcards
        ("StringEquals", ("a", "b"), "b", True),  # values are alternatives
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", ("a", "b"), "b", False),  # negated: none of them
        ("StringEqualsIgnoreCase", "Ab", "aB", True),
        ("StringNotEqualsIgnoreCase", "Ab", "aB", False),
        ("StringLike", "http*://example.com/*", "https://example.com/page", True),
        ("StringLike", "*.example.com/*", "https://evil.com/?x", False),
        ("StringLike", "a?c", "abc", True),
        ("StringNotLike", "a*", "abc", False),
        ("NumericEquals", "10", "10.0", True),
        ("NumericEquals", "10", "ten", False),  # a value that is no number equals none
        ("NumericNotEquals", "10", "ten", True),
        ("NumericLessThan", "10", "9.99", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericGreaterThan", "-1", "0", True),
        ("NumericGreaterThanEquals", "1", "1", True),
        ("DateEquals", "2026-01-01T00:00:00Z", "1767225600", True),  # seconds of the epoch are dates too
        ("DateNotEquals", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", True),
        ("DateLessThan", "2026-06-01", "2026-05-31T23:59:59Z", True),
        ("DateLessThanEquals", "2026-06-01T00:00:00+02:00", "2026-05-31T22:00:00Z", True),
        ("DateGreaterThan", "2026", "2026-01-01T00:00:00.5Z", True),  # a year, and fractions
        ("DateGreaterThanEquals", "2026-06", "2026-06-01T00:00:00Z", True),
        ("DateGreaterThan", "2026", "yesterday", False),
        ("Bool", "true", "true", True),
        ("Bool", "TRUE", "true", True),
        ("Bool", "false", "true", False),
        ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
        ("BinaryEquals", "QmluYXJ5", "QmluYXJ6", False),
        ("IpAddress", "192.0.2.0/24", "192.0.2.77", True),
        ("IpAddress", "192.0.2.0/24", "192.0.3.1", False),
        ("IpAddress", "192.0.2.9/24", "192.0.2.77", True),  # the host's bits do not count
        ("IpAddress", "192.0.2.9", "192.0.2.9", True),  # an address alone
        ("IpAddress", "192.0.2.0/24", "::ffff:192.0.2.77", True),  # of IPv4 by way of IPv6
        ("IpAddress", "2001:db8::/32", "2001:db8:0:1::7", True),
        ("IpAddress", "0.0.0.0/0", "2001:db8::1", False),  # neither kind is in a range of the other
        ("IpAddress", ("192.0.2.0/24", "2001:db8::/32"), "2001:db8::1", True),
        ("NotIpAddress", "192.0.2.0/24", "192.0.3.1", True),
        ("NotIpAddress", "192.0.2.0/24", "192.0.2.1", False),
        ("IpAddress", "192.0.2.0/24", "nonsense", False),
        ("ArnEquals", "arn:aws:s3:::photos/*", "arn:aws:s3:::photos/a:b", True),  # the last part holds colons
        ("ArnLike", "arn:aws:iam::*:user/a?", "arn:aws:iam::001122334455:user/ab", True),
        ("ArnLike", "arn:aws:*", "arn:aws:iam::001122334455:user/ab", False),
        ("ArnLike", "arn:aws:iam:*:user/ab", "arn:aws:iam::001122334455:user/ab", False),  # no wildcard spans parts
        ("ArnNotEquals", "arn:aws:s3:::photos", "arn:aws:s3:::other", True),
        ("ArnNotLike", "arn:aws:s3:::p*", "arn:aws:s3:::photos", False),
        ("ArnLike", "*", "arn:aws:s3:::photos", True),
        ("Null", "false", "x", True),
        ("Null", "true", "x", False),
    ],
)  # fmt: skip
def test_an_operator_compares_what_the_request_says(operator: str, value: object, given: str, expected: bool) -> None:
    assert holds(operator, value, given) is expected


@pytest.mark.parametrize("name", [name for name in OPERATORS if "Equals" in name or "Like" in name or "Ip" in name])
def test_a_missing_key_satisfies_negated_operators_alone(name: str) -> None:
    value = {"Num": "1", "Dat": "2026", "Bin": "QQ==", "IpA": "::/0", "Not": "::/0", "Arn": "*"}.get(name[:3], "x")
    assert holds(name, value) is ("Not" in name)
    assert holds(f"{name}IfExists", value)


@pytest.mark.parametrize(
    ("operator", "values", "given", "expected"),
    [
        ("ForAnyValue:StringEquals", ("a", "b"), ("x", "a"), True),
        ("ForAnyValue:StringEquals", ("a", "b"), ("x",), False),
        ("ForAnyValue:StringEquals", ("a",), (), False),  # a missing key has not any value
        ("ForAnyValue:StringNotEquals", ("a",), ("a", "x"), True),
        ("ForAnyValue:StringNotEquals", ("a",), ("a",), False),
        ("ForAnyValue:StringNotEquals", ("a",), (), False),
        ("ForAllValues:StringEquals", ("a", "b"), ("a", "b"), True),
        ("ForAllValues:StringEquals", ("a", "b"), ("a", "x"), False),
        ("ForAllValues:StringEquals", ("a",), (), True),  # nor one that differs
        ("ForAllValues:StringNotLike", ("a*",), ("b", "c"), True),
        ("ForAllValues:StringNotLike", ("a*",), ("b", "ab"), False),
        ("ForAnyValue:StringEqualsIfExists", ("a",), (), True),
        ("StringEquals", ("a",), ("x", "a"), True),
        ("StringNotEquals", ("a",), ("x", "a"), False),
        ("Null", ("true",), (), True),
        ("Null", ("false",), (), False),
        ("Null", ("true", "false"), (), True),
    ],
)  # fmt: skip
def test_keys_of_several_values(operator: str, values: tuple[str, ...], given: tuple[str, ...], expected: bool) -> None:
    assert holds(operator, values, *given) is expected


def test_variables_stand_in_texts() -> None:
    assert holds("StringEquals", "home/${aws:username}", "home/a", username=("a",))
    assert not holds("StringEquals", "home/${aws:username}", "home/a")
    assert holds("StringLike", "${aws:username}/*", "a/b", username=("a",))
    assert not holds("StringLike", "${aws:username}", "ab", username=("*",))
    assert holds("StringEqualsIgnoreCase", "${aws:username}", "ALICE", username=("Alice",))
    assert holds("ArnLike", "arn:aws:s3:::photos/${aws:username}/*", "arn:aws:s3:::photos/a/b", username=("a",))
    assert holds("ArnEquals", "arn:aws:iam::${aws:y}:root", "arn:aws:iam::001122334455:root", y=("001122334455",))


@pytest.mark.parametrize(
    "operator",
    ["stringEquals", "StringEquals ", "NullIfExists", "StringLikeIfExistsIfExists", "ForSomeValues:Bool", "Is", ""],
)
def test_an_operator_that_does_not_exist_is_refused(operator: str) -> None:
    with pytest.raises(UnknownOperator):
        holds(operator, "x")


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("NumericEquals", "ten"),
        ("NumericEquals", "1e5"),
        ("NumericEquals", "NaN"),
        ("NumericEquals", "1" * 40),
        ("DateEquals", "tomorrow"),
        ("DateEquals", "2026-13-01"),
        ("Bool", "yes"),
        ("Null", "maybe"),
        ("BinaryEquals", "!"),
        ("IpAddress", "192.0.2.0/33"),
        ("IpAddress", "example.com"),
        ("ArnEquals", "photos"),
        ("StringLike", "${"  "}"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_compared_with_is_refused(operator: str, value: str) -> None:
    with pytest.raises(InvalidValue):
        holds(operator, value)
