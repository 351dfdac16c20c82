"""The one place that decides whether somebody may do something, for the B2, S3 and admin servers alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from calotype.auth.capabilities import ACCOUNT_WIDE
from calotype.auth.principal import ANONYMOUS, Principal


class Reason(Enum):
    """Why not; each protocol has its own status and code for these."""

    ANONYMOUS = "nobody signed in, and the resource is not public"
    ANOTHER_ACCOUNT = "the resource belongs to another account"
    CAPABILITY_MISSING = "the key lacks the capability"
    BUCKET_NOT_ALLOWED = "the key is limited to other buckets"
    NAME_NOT_ALLOWED = "the key is limited to another name prefix"
    POLICY_DENIES = "the bucket's policy denies it"
    OBJECT_OF_ANOTHER_ACCOUNT = "the object belongs to another account, which does not share it"
    NOTHING_GRANTED = "the access control list grants nothing to anybody"


@dataclass(frozen=True, slots=True)
class Denial:
    reason: Reason
    capability: str

    def __str__(self) -> str:
        return f"{self.reason.value} ({self.capability})"


@dataclass(frozen=True, slots=True)
class Resource:
    """What is acted on. `bucket_id` is None for the account itself; `key` is None for a bucket itself, else the
    object's key, or the prefix of the keys that are listed or shared."""

    account_id: str
    bucket_id: str | None = None
    key: bytes | None = None
    is_public: bool = False


def authorize(principal: Principal | None, capability: str, resource: Resource) -> Denial | None:
    """None when `principal` may use `capability` on `resource`, else why not. None as principal is nobody."""
    if is_public_read(capability, resource):
        return None
    reason = denial_reason(principal or ANONYMOUS, capability, resource)
    return Denial(reason, capability) if reason else None


def is_public_read(capability: str, resource: Resource) -> bool:
    """Whether anybody may do it: reading one object of a public bucket, never listing."""
    return capability == "readFiles" and resource.is_public and resource.key is not None


def denial_reason(principal: Principal, capability: str, resource: Resource) -> Reason | None:
    if principal.is_anonymous:
        return Reason.ANONYMOUS
    if principal.account_id != resource.account_id:
        return Reason.ANOTHER_ACCOUNT
    if capability not in principal.capabilities:
        return Reason.CAPABILITY_MISSING
    if not may_use_bucket(principal, capability, resource):
        return Reason.BUCKET_NOT_ALLOWED
    if not may_use_name(principal, resource):
        return Reason.NAME_NOT_ALLOWED
    return None


def may_use_bucket(principal: Principal, capability: str, resource: Resource) -> bool:
    if principal.bucket_ids is None:
        return True
    if resource.bucket_id is None:
        return capability in ACCOUNT_WIDE
    return resource.bucket_id in principal.bucket_ids


def may_use_name(principal: Principal, resource: Resource) -> bool:
    if not principal.name_prefix or resource.key is None:
        return True
    return resource.key.startswith(principal.name_prefix.encode())
