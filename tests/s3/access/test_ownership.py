"""Whose a new object is, which ACLs a bucket takes, and the ownership controls as XML."""

from __future__ import annotations

import pytest

from calotype.http.message import Headers
from calotype.s3 import errors
from calotype.s3.access.acl import Acl, Grant, Grantee, Group, full_control
from calotype.s3.access.errors import AccessControlListNotSupported
from calotype.s3.access.ownership import (
    Ownership,
    check_acl_is_supported,
    configured_ownership,
    owner_of_new_object,
    ownership_headers,
    ownership_in,
    ownership_of,
)
from calotype.s3.access.ownership_operations import ownership_document, ownership_in_document
from calotype.s3.access.permissions import AclPermission

OWNER, WRITER, NOBODY = "a" * 12, "b" * 12, ""
ENFORCED, PREFERRED = Ownership.BUCKET_OWNER_ENFORCED, Ownership.BUCKET_OWNER_PREFERRED
BY_WRITER = Ownership.OBJECT_WRITER


@pytest.mark.parametrize(
    ("ownership", "writer", "gives_bucket_owner", "owner"),
    [
        # "The AWS account that uploads an object owns the object"
        (BY_WRITER, WRITER, False, WRITER),
        (BY_WRITER, WRITER, True, WRITER),
        # "if an object is uploaded with the bucket-owner-full-control canned ACL, the bucket owner owns it"
        (PREFERRED, WRITER, True, OWNER),
        (PREFERRED, WRITER, False, WRITER),
        # "the bucket owner automatically owns every object"
        (ENFORCED, WRITER, False, OWNER),
        (ENFORCED, WRITER, True, OWNER),
        (BY_WRITER, OWNER, False, OWNER),
        (BY_WRITER, NOBODY, False, OWNER),
        (PREFERRED, NOBODY, False, OWNER),
    ],
)
def test_whose_a_new_object_is(ownership: Ownership, writer: str, gives_bucket_owner: bool, owner: str) -> None:
    made = owner_of_new_object(ownership, writer=writer, bucket_owner=OWNER, gives_bucket_owner=gives_bucket_owner)
    assert made == owner


@pytest.mark.parametrize(
    ("grants", "is_supported"),
    [
        ((full_control(OWNER),), True),
        ((full_control(OWNER), Grant(Grantee(OWNER), AclPermission.READ)), True),
        ((full_control(OWNER), Grant(Group.ALL_USERS, AclPermission.READ)), False),
        ((full_control(OWNER), full_control(WRITER)), False),
        ((full_control(WRITER),), False),
        ((Grant(Grantee(OWNER), AclPermission.READ),), False),
        ((), False),
    ],
)
def test_where_ownership_is_enforced_an_acl_gives_the_bucket_s_owner_everything_or_is_refused(
    grants: tuple[Grant, ...], is_supported: bool
) -> None:
    acl = Acl(OWNER, grants)
    for ownership in (BY_WRITER, PREFERRED):
        check_acl_is_supported(ownership, acl, OWNER)
    if is_supported:
        check_acl_is_supported(ENFORCED, acl, OWNER)
    else:
        with pytest.raises(AccessControlListNotSupported):
            check_acl_is_supported(ENFORCED, acl, OWNER)


def test_nothing_configured_is_the_writer_s() -> None:
    assert (configured_ownership({}), ownership_in({})) == (None, BY_WRITER)
    more = {"ownership": "BucketOwnerEnforced"}
    assert (configured_ownership(more), ownership_in(more)) == (ENFORCED, ENFORCED)


@pytest.mark.parametrize("ownership", Ownership)
def test_ownership_controls_are_read_back(ownership: Ownership) -> None:
    assert ownership_in_document(ownership_document(ownership)) is ownership
    assert ownership_of(Headers(ownership_headers(ownership))) is ownership


RULE = "<Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<OwnershipControls/>",
        f"<OwnershipControls>{RULE}{RULE}</OwnershipControls>",  # one rule and no more
        "<OwnershipControls><Rule/></OwnershipControls>",
        f"<OwnershipControls>{RULE.replace('ObjectWriter', 'Everybody')}</OwnershipControls>",
        f"<OwnershipControls>{RULE.replace('Rule', 'Role')}</OwnershipControls>",
        f"<Ownership>{RULE}</Ownership>",
    ],
)
def test_ownership_controls_that_are_none(content: str) -> None:
    with pytest.raises(errors.MalformedXML):
        ownership_in_document(content.encode())


def test_an_unknown_ownership_of_a_new_bucket() -> None:
    with pytest.raises(errors.InvalidArgument):
        ownership_of(Headers([("x-amz-object-ownership", "Everybody")]))
