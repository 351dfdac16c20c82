"""The policy of a browser's form: until when it holds, and what its fields and its file may be (S3 "POST policy").

A policy is JSON with two members, both needed and spelled so:

    {"expiration": "2030-01-01T00:00:00Z",
     "conditions": [{"bucket": "photos"}, ["starts-with", "$key", "2030/"], ["content-length-range", 1, 1048576]]}

Every field of the form must meet all conditions on it and have one at least, but for those that carry the policy itself
and those that are free. Names of fields and of operators compare without case, values as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from calotype.s3.errors import AccessDenied, EntityTooLarge, EntityTooSmall
from calotype.s3.forms.errors import InvalidPolicyDocument

# With fractions of a second or without, always UTC.
_EXPIRATION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z")
_WITHOUT_CONDITION = frozenset({"policy", "signature", "x-amz-signature", "awsaccesskeyid", "file"})
_FREE_PREFIX = "x-ignore-"


@dataclass(frozen=True, slots=True)
class Condition:
    """`field` lower-case, without its `$`. `text` is the condition as its policy has it, for an answer to show."""

    field: str
    value: str
    text: str
    is_prefix: bool = False

    def allows(self, value: str) -> bool:
        if not self.is_prefix:
            return value == self.value
        if self.field == "content-type" and "," in value:  # a list, each of which must begin so
            return all(part.strip().startswith(self.value) for part in value.split(","))
        return value.startswith(self.value)


@dataclass(frozen=True, slots=True)
class PostPolicy:
    """`expires_at` in seconds since the epoch; the file may have `least_bytes` to `most_bytes`, None being no limit."""

    expires_at: float
    conditions: tuple[Condition, ...]
    least_bytes: int = 0
    most_bytes: int | None = None

    def check_fields(self, fields: Mapping[str, str], now: float) -> None:
        """Returns when the form may be sent now; raises AccessDenied. `fields` by lower-case name."""
        if now >= self.expires_at:
            raise _denied("Policy expired.")
        for condition in self.conditions:
            if not condition.allows(fields.get(condition.field, "")):
                raise _denied(f"Policy Condition failed: {condition.text}")
        named = {condition.field for condition in self.conditions}
        extra = sorted(name for name in fields if name not in named and not _needs_no_condition(name))
        if extra:
            raise _denied(f"Extra input fields: {', '.join(extra)}")

    def check_length_so_far(self, length: int) -> None:
        """Raises EntityTooLarge as soon as a file is longer than it may be."""
        if self.most_bytes is not None and length > self.most_bytes:
            raise EntityTooLarge(ProposedSize=str(length), MaxSizeAllowed=str(self.most_bytes))

    def check_length(self, length: int) -> None:
        self.check_length_so_far(length)
        if length < self.least_bytes:
            raise EntityTooSmall(ProposedSize=str(length), MinSizeAllowed=str(self.least_bytes))


def _needs_no_condition(name: str) -> bool:
    return name in _WITHOUT_CONDITION or name.startswith(_FREE_PREFIX)


def _denied(why: str) -> AccessDenied:
    return AccessDenied(f"Invalid according to Policy: {why}")


def parse_post_policy(text: bytes) -> PostPolicy:
    """The policy of a form, its base64 taken off; raises InvalidPolicyDocument."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise _invalid("Invalid JSON.") from exc
    if not isinstance(document, dict):
        raise _invalid("Invalid JSON: the policy is not an object.")
    stated = document.get("conditions")
    if not isinstance(stated, list):
        raise _invalid("Policy missing conditions.")
    ranges = [each for each in stated if _is_length_range(each)]
    conditions = tuple(condition for each in stated if not _is_length_range(each) for condition in _conditions(each))
    least, most = _narrowest([_length_range(each) for each in ranges])
    return PostPolicy(_expiration(document.get("expiration")), conditions, least, most)


def _expiration(stated: Any) -> float:
    if not isinstance(stated, str):
        raise _invalid("Policy missing expiration.")
    try:
        if _EXPIRATION.fullmatch(stated):
            return datetime.fromisoformat(stated).timestamp()
    except (ValueError, OverflowError):
        pass
    raise _invalid(f"Invalid 'expiration' value: '{stated}'")


def _conditions(stated: Any) -> list[Condition]:
    """The conditions of one entry: an object has one for each of its members, a list is one."""
    if isinstance(stated, dict) and stated:
        return [_exact(name, value, stated) for name, value in stated.items()]
    if isinstance(stated, list) and len(stated) == 3:
        return [_with_operator(stated)]
    raise _invalid(f"Invalid Condition: {_shown(stated)}")


def _exact(name: str, value: Any, stated: Any) -> Condition:
    if not isinstance(value, str):
        raise _invalid(f"Invalid Simple-Condition: value must be a string: {_shown(stated)}")
    return Condition(name.lower(), value, _shown(["eq", f"${name}", value]))


def _with_operator(stated: list[Any]) -> Condition:
    operator, field, value = stated
    if not (isinstance(operator, str) and isinstance(field, str) and isinstance(value, str)):
        raise _invalid(f"Invalid Condition: {_shown(stated)}")
    if operator.lower() not in ("eq", "starts-with") or len(field) < 2 or not field.startswith("$"):
        raise _invalid(f"Invalid Condition: {_shown(stated)}")
    return Condition(field[1:].lower(), value, _shown(stated), is_prefix=operator.lower() == "starts-with")


def _is_length_range(stated: Any) -> bool:
    return isinstance(stated, list) and bool(stated) and str(stated[0]).lower() == "content-length-range"


def _length_range(stated: list[Any]) -> tuple[int, int]:
    if len(stated) == 3:
        least, most = (_number_of_bytes(limit) for limit in stated[1:])
        if least is not None and most is not None and least <= most:
            return least, most
    raise _invalid(f"Invalid content-length-range: {_shown(stated)}")


def _number_of_bytes(stated: Any) -> int | None:
    """Some libraries write the numbers as text."""
    if isinstance(stated, str) and stated.isascii() and stated.isdigit() and len(stated) < 20:
        return int(stated)
    return stated if isinstance(stated, int) and not isinstance(stated, bool) and stated >= 0 else None


def _narrowest(ranges: list[tuple[int, int]]) -> tuple[int, int | None]:
    if not ranges:
        return 0, None
    return max(least for least, _ in ranges), min(most for _, most in ranges)


def _shown(stated: Any) -> str:
    return json.dumps(stated)


def _invalid(why: str) -> InvalidPolicyDocument:
    return InvalidPolicyDocument(f"Invalid Policy: {why}")
