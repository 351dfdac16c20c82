"""Which policies make a bucket public, and what the four switches do about it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from calotype.s3.access.policy import Policy
from calotype.s3.access.policy_parsing import parse_policy
from calotype.s3.access.policy_publicity import is_public
from calotype.s3.access.public_access_block import (
    PublicAccessBlock,
    configured_block,
    refuses_acl,
    refuses_policy,
    restricts_to_owner,
)

BOB = "0000000000bb"


def policy(principal: Any = "*", effect: str = "Allow", **conditions: Any) -> Policy:
    whole = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": effect,
            "Principal": principal,
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::photos/*",
            "Condition": conditions,
        },
    }
    return parse_policy(json.dumps(whole), "photos")


@pytest.mark.parametrize(
    ("of", "public"),
    [
        (policy(), True),
        (policy({"AWS": "*"}), True),
        (policy({"AWS": [BOB, "*"]}), True),
        (policy({"AWS": BOB}), False),  # a fixed principal
        (policy({"CanonicalUser": "b" * 64}), False),
        (policy({"Service": "cloudfront.amazonaws.com"}), False),
        (policy(effect="Deny"), False),  # grants nothing
        (policy(StringEquals={"aws:Referer": "https://example.com/"}), True),  # anybody can send that
        (policy(StringEquals={"aws:UserAgent": "x"}), True),
        (policy(Bool={"aws:SecureTransport": "true"}), True),
        (policy(IpAddress={"aws:SourceIp": "192.0.2.0/24"}), False),  # a set of addresses
        (policy(IpAddress={"aws:SourceIp": ["192.0.2.0/24", "2001:db8::/32"]}), False),
        (policy(IpAddress={"aws:SourceIp": "10.0.0.0/8"}), False),
        (policy(IpAddress={"aws:SourceIp": "0.0.0.0/1"}), True),  # a very broad one
        (policy(IpAddress={"aws:SourceIp": "0.0.0.0/0"}), True),
        (policy(IpAddress={"aws:SourceIp": ["192.0.2.0/24", "10.0.0.0/7"]}), True),
        (policy(IpAddress={"aws:SourceIp": "2001::/16"}), True),
        (policy(NotIpAddress={"aws:SourceIp": "192.0.2.0/24"}), True),  # all but some
        (policy(StringEquals={"aws:SourceIp": "192.0.2.1"}), True),  # not how addresses are compared
        (policy(StringEquals={"aws:SourceVpc": "vpc-91237329"}), False),
        (policy(StringLike={"aws:SourceVpc": "vpc-91237329"}), False),
        (policy(StringLike={"aws:SourceVpc": "vpc-*"}), True),  # no fixed value
        (policy(StringEquals={"aws:SourceVpce": "vpce-1"}), False),
        (policy(StringNotEquals={"aws:SourceVpc": "vpc-91237329"}), True),
        (policy(StringEqualsIfExists={"aws:SourceVpc": "vpc-91237329"}), True),  # who has none passes
        (policy(**{"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}), True),
        (policy(StringEquals={"aws:PrincipalOrgID": "o-1"}), False),
        (policy(StringEquals={"aws:PrincipalOrgID": "${aws:PrincipalOrgID}"}), True),  # a variable
        (policy(ArnEquals={"aws:SourceArn": "arn:aws:s3:::photos"}), False),
        (policy(ArnLike={"aws:SourceArn": "arn:aws:s3:::*"}), True),
        (policy(StringEquals={"aws:userid": "AIDA1234"}), False),
        (policy(StringLike={"aws:userid": "AROA1234:*"}), True),
        (policy(StringEquals={"aws:SourceAccount": BOB}), False),
        (policy(StringEquals={"s3:x-amz-server-side-encryption-aws-kms-key-id": "key"}), False),
        (policy(ArnLike={"s3:DataAccessPointArn": f"arn:aws:s3:us-east-1:{BOB}:accesspoint/*"}), False),
        (policy(ArnLike={"s3:DataAccessPointArn": "arn:aws:s3:us-east-1:*:accesspoint/*"}), True),
        # One condition that says who is meant is enough.
        (policy(StringEquals={"aws:Referer": "x", "aws:SourceAccount": BOB}), False),
    ],
)  # fmt: skip
def test_the_meaning_of_public(of: Policy, public: bool) -> None:
    assert is_public(of) is public


def test_one_public_statement_makes_a_policy_public() -> None:
    both = Policy("2012-10-17", (*policy({"AWS": BOB}).statements, *policy().statements))
    assert is_public(both)


def test_each_switch_does_its_own() -> None:
    public, private = policy(), policy({"AWS": BOB})
    assert refuses_acl(PublicAccessBlock(block_public_acls=True), is_public_acl=True)
    assert not refuses_acl(PublicAccessBlock(block_public_acls=True), is_public_acl=False)
    assert not refuses_acl(PublicAccessBlock(False, True, True, True), is_public_acl=True)
    assert refuses_policy(PublicAccessBlock(block_public_policy=True), public)
    assert not refuses_policy(PublicAccessBlock(block_public_policy=True), private)
    assert not refuses_policy(PublicAccessBlock(True, True, False, True), public)
    assert restricts_to_owner(PublicAccessBlock(restrict_public_buckets=True), public)
    assert not restricts_to_owner(PublicAccessBlock(restrict_public_buckets=True), private)
    assert not restricts_to_owner(PublicAccessBlock(restrict_public_buckets=True), None)
    assert not restricts_to_owner(PublicAccessBlock(True, True, True, False), public)


def test_a_bucket_keeps_its_switches_as_json() -> None:
    block = PublicAccessBlock(True, False, True, False)
    assert configured_block({"public_access_block": json.loads(json.dumps(asdict(block)))}) == block
    assert configured_block({}) is None
