"""The four switches that keep a bucket from being public, whatever ACLs and policies say (S3 "Block Public Access")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calotype.s3.access.policy import Policy
from calotype.s3.access.policy_publicity import is_public

KEPT_AS = "public_access_block"
"""Where `BucketSettings.more` keeps the switches."""


@dataclass(frozen=True, slots=True)
class PublicAccessBlock:
    block_public_acls: bool = False
    ignore_public_acls: bool = False
    block_public_policy: bool = False
    restrict_public_buckets: bool = False


def configured_block(more: Mapping[str, Any]) -> PublicAccessBlock | None:
    """What a bucket's `settings.more` says; None when it says nothing."""
    kept = more.get(KEPT_AS)
    return None if kept is None else PublicAccessBlock(**kept)


def block_in(more: Mapping[str, Any]) -> PublicAccessBlock:
    """What holds in the bucket: nothing is blocked where nothing was said."""
    return configured_block(more) or NOTHING_BLOCKED


NOTHING_BLOCKED = PublicAccessBlock()


def refuses_acl(block: PublicAccessBlock, *, is_public_acl: bool) -> bool:
    """Whether an ACL may not be set: it grants something to everybody, or to everybody who has signed in."""
    return block.block_public_acls and is_public_acl


def refuses_policy(block: PublicAccessBlock, policy: Policy) -> bool:
    """Whether a policy may not be set."""
    return block.block_public_policy and is_public(policy)


def restricts_to_owner(block: PublicAccessBlock, policy: Policy | None) -> bool:
    """Whether the policy that is set allows nothing to anybody outside the owner's account."""
    return block.restrict_public_buckets and policy is not None and is_public(policy)
