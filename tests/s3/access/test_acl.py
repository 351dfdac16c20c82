"""ACLs as values: whom they let do what, the canned ones, and their JSON."""

from __future__ import annotations

import json

import pytest

from calotype.s3.access.acl import (
    Acl,
    Grant,
    Grantee,
    Group,
    full_control,
    grants_of_json,
    grants_to_json,
    private_acl,
)
from calotype.s3.access.canned_acl import CannedAcl, canned_bucket_acl, canned_object_acl
from calotype.s3.access.permissions import AclPermission

OWNER, WRITER, FRIEND, NOBODY = "a" * 12, "b" * 12, "c" * 12, ""
READ, WRITE, READ_ACP = AclPermission.READ, AclPermission.WRITE, AclPermission.READ_ACP
WRITE_ACP, FULL = AclPermission.WRITE_ACP, AclPermission.FULL_CONTROL
EVERYBODY, SIGNED_IN, LOGS = Group.ALL_USERS, Group.AUTHENTICATED_USERS, Group.LOG_DELIVERY


@pytest.mark.parametrize(
    ("grant", "permission", "account_id", "is_allowed"),
    [
        (Grant(Grantee(FRIEND), READ), READ, FRIEND, True),
        (Grant(Grantee(FRIEND), READ), READ, WRITER, False),
        (Grant(Grantee(FRIEND), READ), READ_ACP, FRIEND, False),  # reading the content is not reading the ACL
        (Grant(Grantee(FRIEND), WRITE), READ, FRIEND, False),
        # FULL_CONTROL is the four others together
        (Grant(Grantee(FRIEND), FULL), READ, FRIEND, True),
        (Grant(Grantee(FRIEND), FULL), WRITE, FRIEND, True),
        (Grant(Grantee(FRIEND), FULL), READ_ACP, FRIEND, True),
        (Grant(Grantee(FRIEND), FULL), WRITE_ACP, FRIEND, True),
        (Grant(EVERYBODY, READ), READ, NOBODY, True),
        (Grant(EVERYBODY, READ), READ, FRIEND, True),
        (Grant(SIGNED_IN, READ), READ, FRIEND, True),  # any account whatever
        (Grant(SIGNED_IN, READ), READ, NOBODY, False),
        (Grant(LOGS, READ), READ, FRIEND, False),
    ],
)
def test_a_grant_allows_its_permission_to_its_grantee(
    grant: Grant, permission: AclPermission, account_id: str, is_allowed: bool
) -> None:
    assert Acl(OWNER, (grant,)).allows(permission, account_id) is is_allowed


@pytest.mark.parametrize(
    ("grants", "is_public"),
    [
        ((full_control(OWNER),), False),
        ((Grant(Grantee(FRIEND), FULL),), False),
        ((Grant(LOGS, WRITE),), False),
        ((full_control(OWNER), Grant(EVERYBODY, READ)), True),
        ((Grant(SIGNED_IN, READ_ACP),), True),  # "the meaning of public": everybody who has signed in is the public
    ],
)
def test_an_acl_is_public_that_grants_something_to_everybody(grants: tuple[Grant, ...], is_public: bool) -> None:
    acl = Acl(OWNER, grants)
    assert acl.is_public is is_public
    assert not acl.without_public_grants().is_public


TO_GROUPS = {
    CannedAcl.PRIVATE: (),
    CannedAcl.PUBLIC_READ: (Grant(EVERYBODY, READ),),
    CannedAcl.PUBLIC_READ_WRITE: (Grant(EVERYBODY, READ), Grant(EVERYBODY, WRITE)),
    CannedAcl.AUTHENTICATED_READ: (Grant(SIGNED_IN, READ),),
    CannedAcl.AWS_EXEC_READ: (),  # Amazon's EC2 has no account here
}


@pytest.mark.parametrize("canned", CannedAcl)
def test_a_canned_acl_of_a_bucket_adds_to_what_the_owner_has(canned: CannedAcl) -> None:
    more = {**TO_GROUPS, CannedAcl.LOG_DELIVERY_WRITE: (Grant(LOGS, WRITE), Grant(LOGS, READ_ACP))}
    assert canned_bucket_acl(canned, OWNER) == Acl(OWNER, (full_control(OWNER), *more.get(canned, ())))


@pytest.mark.parametrize("canned", CannedAcl)
def test_a_canned_acl_of_an_object_speaks_of_its_writer_and_the_bucket_s_owner(canned: CannedAcl) -> None:
    more = {
        **TO_GROUPS,
        CannedAcl.BUCKET_OWNER_READ: (Grant(Grantee(OWNER), READ),),
        CannedAcl.BUCKET_OWNER_FULL_CONTROL: (full_control(OWNER),),
    }
    assert canned_object_acl(canned, WRITER, OWNER) == Acl(WRITER, (full_control(WRITER), *more.get(canned, ())))
    # Where both are one account there is nothing to add.
    own = canned_object_acl(canned, OWNER, OWNER)
    assert own == Acl(OWNER, (full_control(OWNER), *TO_GROUPS.get(canned, ())))


def test_grants_go_through_json() -> None:
    grants = (full_control(OWNER), Grant(EVERYBODY, READ), Grant(LOGS, WRITE), Grant(Grantee(FRIEND), WRITE_ACP))
    assert grants_of_json(json.loads(json.dumps(grants_to_json(grants)))) == grants
    assert grants_of_json([]) == ()


def test_a_private_acl_gives_its_owner_everything_and_nobody_else_anything() -> None:
    acl = private_acl(OWNER)
    assert all(acl.allows(permission, OWNER) for permission in AclPermission)
    assert not any(acl.allows(permission, FRIEND) for permission in AclPermission)
