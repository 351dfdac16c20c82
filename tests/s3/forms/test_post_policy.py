"""Policies of forms: which documents are policies, and which forms keep to them (s3.md §7)."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.s3.errors import AccessDenied, EntityTooLarge, EntityTooSmall
from calotype.s3.forms.errors import InvalidPolicyDocument
from calotype.s3.forms.post_policy import parse_post_policy

EXPIRATION = "2030-01-01T00:00:00.000Z"
EXPIRES_AT = 1_893_456_000.0
NOW = EXPIRES_AT - 60


def policy_of(*conditions: Any, **members: Any) -> bytes:
    return json.dumps({"expiration": EXPIRATION, "conditions": list(conditions), **members}).encode()


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[" * 100_000,
        b"[]",
        b'"policy"',
        b"{}",
        b'{"conditions": []}',
        b'{"expiration": "2030-01-01T00:00:00Z"}',
        b'{"EXPIRATION": "2030-01-01T00:00:00Z", "conditions": []}',  # members are spelled as they are
        b'{"expiration": "2030-01-01T00:00:00Z", "CONDITIONS": []}',
        policy_of(expiration=1_893_456_000),
        policy_of(expiration="2030-01-01 00:00:00+00:00"),
        policy_of(expiration="2030-01-01T00:00:00+02:00"),  # always UTC
        policy_of(expiration="2030-13-01T00:00:00Z"),
        policy_of(expiration=""),
        policy_of(conditions={}),
        policy_of(None),
        policy_of("bucket"),
        policy_of({}),
        policy_of({"bucket": 7}),
        policy_of([]),
        policy_of(["eq", "$key"]),
        policy_of(["eq", "$key", "a", "b"]),
        policy_of(["eq", "key", "a"]),  # a field is named with its $
        policy_of(["eq", "$", "a"]),
        policy_of(["eq", "$key", 7]),
        policy_of(["matches", "$key", "a"]),
        policy_of([7, "$key", "a"]),
        policy_of(["content-length-range"]),
        policy_of(["content-length-range", 0]),
        policy_of(["content-length-range", -1, 0]),
        policy_of(["content-length-range", 2, 1]),
        policy_of(["content-length-range", 0, 1.5]),
        policy_of(["content-length-range", 0, True]),
        policy_of(["content-length-range", "", "x"]),
        policy_of(["content-length-range", "0", "9" * 5000]),
    ],
)
def test_what_is_no_policy_is_refused(document: bytes) -> None:
    with pytest.raises(InvalidPolicyDocument, match="Invalid Policy"):
        parse_post_policy(document)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_conditions_are_either_a_policy_or_refused(conditions: Any) -> None:
    with contextlib.suppress(InvalidPolicyDocument):
        parse_post_policy(json.dumps({"expiration": EXPIRATION, "conditions": conditions}).encode())


@pytest.mark.parametrize(
    ("conditions", "fields", "refusal"),
    [
        ([{"key": "a"}], {"key": "a"}, None),
        ([["eq", "$key", "a"]], {"key": "a"}, None),
        ([["starts-with", "$key", "2030/"]], {"key": "2030/a"}, None),
        ([["starts-with", "$key", ""]], {"key": "anything"}, None),
        # names and operators without case, values with it
        ([["StArTs-WiTh", "$KeY", "a"], {"AcL": "private"}], {"key": "a", "acl": "private"}, None),
        ([{"key": "a"}], {"key": "A"}, 'Policy Condition failed: ["eq", "$key", "a"]'),
        ([["starts-with", "$key", "a"]], {"key": "b"}, 'Policy Condition failed: ["starts-with", "$key", "a"]'),
        # a backslash is one of the characters
        ([["starts-with", "$key", "\\$a"]], {"key": "\\$a.txt"}, None),
        # each condition, and each member of an object, has to hold
        ([{"key": "a", "acl": "private"}], {"key": "a", "acl": "public-read"}, "Policy Condition failed"),
        ([{"key": "a"}, ["starts-with", "$key", "b"]], {"key": "a"}, "Policy Condition failed"),
        # a missing field is an empty one
        ([{"key": "a"}, {"acl": "private"}], {"key": "a"}, "Policy Condition failed"),
        ([{"key": "a"}, ["starts-with", "$acl", ""]], {"key": "a"}, None),
        # a field that no condition names
        ([{"key": "a"}], {"key": "a", "x-amz-meta-place": "Arles"}, "Extra input fields: x-amz-meta-place"),
        ([], {"key": "a", "bucket": "photos"}, "Extra input fields: bucket, key"),
        # save those that carry the policy, and the free ones
        (
            [{"key": "a"}],
            {"key": "a", "policy": "", "signature": "", "awsaccesskeyid": "", "x-amz-signature": "", "x-ignore-me": ""},
            None,
        ),
        ([{"key": "a"}], {"key": "a", "x-amz-date": ""}, "Extra input fields: x-amz-date"),
        # a list of types, each of which must begin so
        ([["starts-with", "$Content-Type", "image/"]], {"content-type": "image/png, image/jpeg"}, None),
        ([["starts-with", "$Content-Type", "image/"]], {"content-type": "image/png,text/html"}, "Condition failed"),
    ],
)
def test_a_form_keeps_to_its_policy_or_is_told_where_not(
    conditions: list[Any], fields: dict[str, str], refusal: str | None
) -> None:
    policy = parse_post_policy(policy_of(*conditions))

    if refusal is None:
        policy.check_fields(fields, NOW)
    else:
        with pytest.raises(AccessDenied) as refused:
            policy.check_fields(fields, NOW)
        assert refusal in refused.value.message
        assert refused.value.message.startswith("Invalid according to Policy: ")


@pytest.mark.parametrize(
    ("now", "is_valid"), [(EXPIRES_AT - 0.001, True), (EXPIRES_AT, False), (EXPIRES_AT + 1, False)]
)
def test_a_policy_ends_when_it_says(now: float, is_valid: bool) -> None:
    policy = parse_post_policy(policy_of())
    if is_valid:
        policy.check_fields({}, now)
    else:
        with pytest.raises(AccessDenied, match="Policy expired"):
            policy.check_fields({}, now)


@pytest.mark.parametrize(
    ("ranges", "length", "error"),
    [
        ([], 1 << 40, None),
        ([["content-length-range", 2, 4]], 1, EntityTooSmall),
        ([["content-length-range", 2, 4]], 2, None),
        ([["content-length-range", "2", "4"]], 4, None),
        ([["Content-Length-Range", 2, 4]], 5, EntityTooLarge),
        ([["content-length-range", 0, 0]], 0, None),
        ([["content-length-range", 0, 0]], 1, EntityTooLarge),
        ([["content-length-range", 0, 9], ["content-length-range", 3, 20]], 2, EntityTooSmall),  # both hold
        ([["content-length-range", 0, 9], ["content-length-range", 3, 20]], 10, EntityTooLarge),
    ],
)
def test_a_file_has_a_length_in_the_range(ranges: list[Any], length: int, error: type[Exception] | None) -> None:
    policy = parse_post_policy(policy_of(*ranges))
    if error is None:
        policy.check_length(length)
    else:
        with pytest.raises(error):
            policy.check_length(length)
