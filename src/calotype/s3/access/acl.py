"""Access control lists as values: who owns a bucket or an object, and what is granted to whom (S3 "ACL overview").

Accounts stand in them by their id, so that deciding looks nobody up. In JSON an ACL is the name of a canned one or a
list of grants; the owners are kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from calotype.s3.access.permissions import AclPermission

KEPT_AS = "acl"
"""Where `BucketSettings.more` and the attributes of a version keep an ACL; without one it is private."""

MOST_GRANTS = 100


class Group(StrEnum):
    """Groups to which one may grant, by S3's URI."""

    ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
    AUTHENTICATED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
    LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"

    def holds(self, account_id: str) -> bool:
        """Whether the caller is among them; the empty id is nobody known. Nothing here delivers logs."""
        match self:
            case Group.ALL_USERS:
                return True
            case Group.AUTHENTICATED_USERS:
                return bool(account_id)
            case Group.LOG_DELIVERY:
                return False


PUBLIC_GROUPS = frozenset({Group.ALL_USERS, Group.AUTHENTICATED_USERS})
"""A grant to one of these makes an ACL public (S3 "The meaning of public")."""


@dataclass(frozen=True, slots=True)
class Grantee:
    """An account, by its id."""

    account_id: str

    def holds(self, account_id: str) -> bool:
        return account_id == self.account_id


@dataclass(frozen=True, slots=True)
class Grant:
    grantee: Grantee | Group
    permission: AclPermission

    @property
    def is_public(self) -> bool:
        return self.grantee in PUBLIC_GROUPS

    def allows(self, permission: AclPermission, account_id: str) -> bool:
        return self.permission in (permission, AclPermission.FULL_CONTROL) and self.grantee.holds(account_id)


@dataclass(frozen=True, slots=True)
class Acl:
    """`owner` is an account's id."""

    owner: str
    grants: tuple[Grant, ...]

    def allows(self, permission: AclPermission, account_id: str) -> bool:
        """Whether a grant says so; the empty id is nobody known."""
        return any(grant.allows(permission, account_id) for grant in self.grants)

    @property
    def is_public(self) -> bool:
        return any(grant.is_public for grant in self.grants)

    @property
    def is_private(self) -> bool:
        """Whether the owner alone has anything from it."""
        return all(grant.grantee == Grantee(self.owner) for grant in self.grants)

    def without_public_grants(self) -> Acl:
        return Acl(self.owner, tuple(grant for grant in self.grants if not grant.is_public))


def private_acl(owner: str) -> Acl:
    """What everything has that was made without a word on its ACL."""
    return Acl(owner, (full_control(owner),))


def full_control(account_id: str) -> Grant:
    return Grant(Grantee(account_id), AclPermission.FULL_CONTROL)


def grants_to_json(grants: Sequence[Grant]) -> list[dict[str, str]]:
    return [_grant_to_json(grant) for grant in grants]


def _grant_to_json(grant: Grant) -> dict[str, str]:
    if isinstance(grant.grantee, Group):
        return {"group": grant.grantee.value, "permission": grant.permission.value}
    return {"account": grant.grantee.account_id, "permission": grant.permission.value}


def grants_of_json(grants: Sequence[Mapping[str, Any]]) -> tuple[Grant, ...]:
    return tuple(_grant_of_json(grant) for grant in grants)


def _grant_of_json(grant: Mapping[str, Any]) -> Grant:
    grantee = Group(grant["group"]) if "group" in grant else Grantee(grant["account"])
    return Grant(grantee, AclPermission(grant["permission"]))
