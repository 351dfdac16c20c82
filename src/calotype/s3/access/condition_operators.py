"""The operators of conditions: how one value of a request compares with one of the policy (IAM "Condition operators").

Each makes a test out of a policy's value once, when the policy is read, and raises InvalidValue for a value that it
cannot compare with. A value of the request that is of another kind equals nothing.
"""

from __future__ import annotations

import base64
import binascii
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from calotype.s3.access.policy_variables import ContextOf, InvalidVariable, Pattern

Test = Callable[[str, ContextOf], bool]
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII
)
_COLON = re.compile(r":(?![^{}]*\})")  # between the parts of an ARN, not inside a variable
ARN_PARTS = 6


class InvalidValue(ValueError):
    """A value that the operator cannot compare with."""


@dataclass(frozen=True, slots=True)
class Operator:
    """`test` makes the test from a policy's value and whether it may hold variables.

    A negated operator holds when the one without the negation does not, so also where the key is missing.
    """

    test: Callable[[str, bool], Test]
    is_negated: bool = False


def _equal_text(value: str, has_variables: bool) -> Test:
    return _pattern(value, has_variables, has_wildcards=False).matches


def _like(value: str, has_variables: bool) -> Test:
    return _pattern(value, has_variables, has_wildcards=True).matches


def _equal_ignoring_case(value: str, has_variables: bool) -> Test:
    folded = _pattern(value.lower(), has_variables, has_wildcards=False)
    return lambda text, context: folded.matches(text.lower(), lambda key: _lowered(context(key)))


def _lowered(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(value.lower() for value in values)


def _arn(value: str, has_variables: bool) -> Test:
    """ARNs match part by part: a wildcard reaches no further than the colon, but in the last part."""
    if value == "*":
        return lambda _text, _context: True
    parts = _COLON.split(value, ARN_PARTS - 1)
    if parts[0] not in ("arn", "*"):
        raise InvalidValue(value)
    patterns = [_pattern(part, has_variables, has_wildcards=True) for part in parts]

    def matches(text: str, context: ContextOf) -> bool:
        given = text.split(":", ARN_PARTS - 1)
        if len(given) != len(patterns):
            return False
        return all(pattern.matches(part, context) for pattern, part in zip(patterns, given, strict=True))

    return matches


def _pattern(value: str, has_variables: bool, *, has_wildcards: bool) -> Pattern:
    try:
        return Pattern.parse(value, has_variables=has_variables, has_wildcards=has_wildcards)
    except InvalidVariable as exc:
        raise InvalidValue(value) from exc


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def seconds_of(text: str) -> float | None:
    """Seconds since the epoch, from themselves or from one of the W3C's forms of ISO 8601."""
    if text.isascii() and text.isdigit() and len(text) != 4:  # four digits are a year
        return float(text) if len(text) <= 15 else None
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    *numbers, fraction, zone = match.groups()
    year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
    try:
        moment = datetime(year, month or 1, day or 1, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return moment.timestamp() + float(fraction or 0) - _offset_s(zone)


def _offset_s(zone: str | None) -> int:
    if zone is None or zone == "Z":
        return 0
    seconds = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
    return -seconds if zone[0] == "-" else seconds


def _bool(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _binary(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def network_of(text: str) -> Network | None:
    """An address or a range of them; bits beyond the range's own length are passed over."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def address_of(text: str) -> Address | None:
    """An address; one of IPv4 that came by way of IPv6 is the one of IPv4."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _in_network(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network


def _compared(
    read: Callable[[str], Any], compare: Callable[[Any, Any], bool], read_value: Callable[[str], Any] | None = None
) -> Callable[[str, bool], Test]:
    """An operator that reads both sides as something other than text; variables stand in text alone."""

    def test(value: str, _has_variables: bool) -> Test:
        expected = (read_value or read)(value)
        if expected is None:
            raise InvalidValue(value)

        def holds(text: str, _context: ContextOf) -> bool:
            given = read(text)
            return given is not None and compare(given, expected)

        return holds

    return test


def _ordered(kind: str, read: Callable[[str], Any]) -> dict[str, Operator]:
    equals = _compared(read, operator.eq)
    return {
        f"{kind}Equals": Operator(equals),
        f"{kind}NotEquals": Operator(equals, is_negated=True),
        f"{kind}LessThan": Operator(_compared(read, operator.lt)),
        f"{kind}LessThanEquals": Operator(_compared(read, operator.le)),
        f"{kind}GreaterThan": Operator(_compared(read, operator.gt)),
        f"{kind}GreaterThanEquals": Operator(_compared(read, operator.ge)),
    }


_within = _compared(address_of, _in_network, network_of)

OPERATORS: dict[str, Operator] = {
    "StringEquals": Operator(_equal_text),
    "StringNotEquals": Operator(_equal_text, is_negated=True),
    "StringEqualsIgnoreCase": Operator(_equal_ignoring_case),
    "StringNotEqualsIgnoreCase": Operator(_equal_ignoring_case, is_negated=True),
    "StringLike": Operator(_like),
    "StringNotLike": Operator(_like, is_negated=True),
    **_ordered("Numeric", _number),
    **_ordered("Date", seconds_of),
    "Bool": Operator(_compared(_bool, operator.is_)),
    "BinaryEquals": Operator(_compared(_binary, operator.eq)),
    "IpAddress": Operator(_within),
    "NotIpAddress": Operator(_within, is_negated=True),
    "ArnEquals": Operator(_arn),
    "ArnLike": Operator(_arn),
    "ArnNotEquals": Operator(_arn, is_negated=True),
    "ArnNotLike": Operator(_arn, is_negated=True),
}
"""All but `Null`, which asks whether there is a value at all."""
