"""A bucket policy as a value, and what it says of a request.

Every statement whose principal, action, resource and conditions all match speaks; one that denies outweighs all that
allow, and where none speaks the policy says nothing (IAM "Policy evaluation logic"). `policy_parsing` makes the value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto

from calotype.s3.access.conditions import Condition
from calotype.s3.access.policy_variables import ContextOf, Pattern

RESOURCE_PREFIX = "arn:aws:s3:::"


class Effect(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks, as policies name somebody: nobody known when `account_id` is empty.

    An application key is a user of its account, by its id or its name; the account's master key is its root.
    """

    account_id: str = ""
    canonical_user_id: str = ""
    key_id: str = ""
    key_name: str = ""
    is_root: bool = False

    @property
    def is_anonymous(self) -> bool:
        return not self.account_id

    @property
    def names(self) -> tuple[str, ...]:
        """What a user of the account may be called: the key, or the account itself, where its ids stand for a user."""
        return self.key_id, self.key_name, self.account_id, self.canonical_user_id


ANONYMOUS_REQUESTER = Requester()


def _says_nothing(_key: str) -> tuple[str, ...] | None:
    return None


@dataclass(frozen=True, slots=True)
class PolicyRequest:
    """`action` in S3's words (`s3:GetObject`), `key` None for the bucket itself.

    `context` gives the values of a condition key, named in lower case (`aws:referer`), or None.
    """

    action: str
    bucket_name: str
    key: bytes | None = None
    requester: Requester = ANONYMOUS_REQUESTER
    context: ContextOf = _says_nothing

    @property
    def resource(self) -> str:
        """The ARN."""
        bucket = RESOURCE_PREFIX + self.bucket_name
        return bucket if self.key is None else f"{bucket}/{self.key.decode('utf-8', 'surrogateescape')}"


class PrincipalKind(Enum):
    EVERYBODY = auto()
    ACCOUNT = auto()
    USER = auto()
    CANONICAL_USER = auto()
    SERVICE = auto()  # of Amazon, or somebody's identity provider: nobody here


@dataclass(frozen=True, slots=True)
class NamedPrincipal:
    """One principal of a statement: `type` and `text` as written, what they mean beside them."""

    type: str  # "AWS", "CanonicalUser", "Service", "Federated", or "*" where `*` stands for the whole element
    text: str
    kind: PrincipalKind = field(compare=False)
    account_id: str = field(default="", compare=False)
    user: str = field(default="", compare=False)
    canonical_user_id: str = field(default="", compare=False)

    def matches(self, requester: Requester) -> bool:
        match self.kind:
            case PrincipalKind.EVERYBODY:
                return True
            case PrincipalKind.ACCOUNT:
                return self.account_id == requester.account_id
            case PrincipalKind.USER:
                return self.account_id == requester.account_id and self.user in requester.names
            case PrincipalKind.CANONICAL_USER:
                return self.canonical_user_id == requester.canonical_user_id
            case _:
                return False


@dataclass(frozen=True, slots=True)
class Principals:
    """The element `Principal`, or `NotPrincipal` when `is_inverted`."""

    named: tuple[NamedPrincipal, ...]
    is_inverted: bool = False

    def matches(self, requester: Requester) -> bool:
        return any(named.matches(requester) for named in self.named) is not self.is_inverted


@dataclass(frozen=True, slots=True)
class Actions:
    """The element `Action`, or `NotAction`: as written, and the names in lower case of all actions that it covers."""

    texts: tuple[str, ...]
    covered: frozenset[str] = field(compare=False, repr=False)
    is_inverted: bool = False

    def matches(self, action: str) -> bool:
        return (action.lower() in self.covered) is not self.is_inverted


@dataclass(frozen=True, slots=True)
class Resources:
    """The element `Resource`, or `NotResource`."""

    patterns: tuple[Pattern, ...]
    is_inverted: bool = False

    def matches(self, resource: str, context: ContextOf) -> bool:
        return any(pattern.matches(resource, context) for pattern in self.patterns) is not self.is_inverted


@dataclass(frozen=True, slots=True)
class Statement:
    effect: Effect
    principals: Principals
    actions: Actions
    resources: Resources
    conditions: tuple[Condition, ...] = ()
    sid: str | None = None

    def applies_to(self, request: PolicyRequest) -> bool:
        return (
            self.actions.matches(request.action)
            and self.principals.matches(request.requester)
            and self.resources.matches(request.resource, request.context)
            and all(condition.holds(request.context) for condition in self.conditions)
        )


@dataclass(frozen=True, slots=True)
class Policy:
    version: str
    statements: tuple[Statement, ...]
    id: str | None = None


def evaluate(policy: Policy, request: PolicyRequest) -> Effect | None:
    """What the policy says of the request; None when it says nothing."""
    said = {statement.effect for statement in policy.statements if statement.applies_to(request)}
    if Effect.DENY in said:
        return Effect.DENY
    return Effect.ALLOW if Effect.ALLOW in said else None
