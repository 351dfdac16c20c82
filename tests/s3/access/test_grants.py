"""The ACL that a request asks for, in header fields and in XML."""

from __future__ import annotations

import pytest
from hypothesis import given

from calotype.http.message import Headers
from calotype.s3 import errors, xml
from calotype.s3.access.acl import Group
from calotype.s3.access.acl_documents import AccessControlPolicy, acl_document
from calotype.s3.access.acl_operations import acl_to_put
from calotype.s3.access.canned_acl import CannedAcl
from calotype.s3.access.errors import MalformedACLError
from calotype.s3.access.grants import AskedAcl, CanonicalUser, Email, NamedGrant, acl_headers, acl_of
from calotype.s3.access.permissions import AclPermission
from calotype.s3.request import S3Request
from calotype.s3.results import Owner
from support.access_operations import ASKED_ACLS, POLICIES

READ, WRITE, FULL = AclPermission.READ, AclPermission.WRITE, AclPermission.FULL_CONTROL
ALL = "http://acs.amazonaws.com/groups/global/AllUsers"
ID = "ab" * 32


def asked(*fields: tuple[str, str], body: bytes = b"") -> S3Request:
    return S3Request("PUT", "photos", b"cat.png", headers=Headers(fields), body=body)


@pytest.mark.parametrize(
    ("fields", "acl"),
    [
        ([], None),
        ([("x-amz-acl", "")], None),
        ([("x-amz-acl", "public-read-write")], CannedAcl.PUBLIC_READ_WRITE),
        ([("x-amz-grant-read", f'id="{ID}"')], (NamedGrant(CanonicalUser(ID), READ),)),
        ([("x-amz-grant-read", f"id={ID}")], (NamedGrant(CanonicalUser(ID), READ),)),  # as the aws CLI sends it
        ([("x-amz-grant-write", 'emailAddress="a@b.org"')], (NamedGrant(Email("a@b.org"), WRITE),)),
        ([("x-amz-grant-write", "emailaddress=a@b.org")], (NamedGrant(Email("a@b.org"), WRITE),)),
        # "a list of grantees, separated by commas"
        (
            [("x-amz-grant-full-control", f'uri="{ALL}",  id="{ID}" , emailAddress="a@b.org"')],
            (
                NamedGrant(Group.ALL_USERS, FULL),
                NamedGrant(CanonicalUser(ID), FULL),
                NamedGrant(Email("a@b.org"), FULL),
            ),
        ),
        (
            [("x-amz-grant-read-acp", f"uri={ALL}"), ("x-amz-grant-write-acp", f"uri={ALL}")],
            (NamedGrant(Group.ALL_USERS, AclPermission.READ_ACP), NamedGrant(Group.ALL_USERS, AclPermission.WRITE_ACP)),
        ),
    ],
)
def test_an_acl_in_header_fields(fields: list[tuple[str, str]], acl: AskedAcl | None) -> None:
    assert acl_of(asked(*fields)) == acl


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ([("x-amz-acl", "open-to-all")], errors.InvalidArgument),
        ([("x-amz-acl", "Private")], errors.InvalidArgument),
        ([("x-amz-acl", "private"), ("x-amz-grant-read", f"id={ID}")], errors.InvalidRequest),
        ([("x-amz-grant-read", "uri=http://acs.amazonaws.com/groups/global/Friends")], errors.InvalidArgument),
        ([("x-amz-grant-read", ID)], errors.InvalidArgument),
        ([("x-amz-grant-read", f'id="{ID}')], errors.InvalidArgument),
        ([("x-amz-grant-read", f"name={ID}")], errors.InvalidArgument),
        ([("x-amz-grant-read", ", ".join([f"id={ID}"] * 101))], errors.InvalidRequest),  # at most 100 grants
    ],
)
def test_an_acl_in_header_fields_that_is_none(fields: list[tuple[str, str]], error: type[Exception]) -> None:
    with pytest.raises(error):
        acl_of(asked(*fields))


@given(acl=ASKED_ACLS)
def test_header_fields_are_read_back(acl: AskedAcl) -> None:
    assert acl_of(asked(*acl_headers(acl))) == acl


@given(policy=POLICIES)
def test_a_document_is_read_back(policy: AccessControlPolicy) -> None:
    assert AccessControlPolicy.from_xml(policy.to_xml()) == policy


def test_a_document_names_the_type_of_each_grantee() -> None:
    grants = [(NamedGrant(CanonicalUser(ID), FULL), "ana"), (NamedGrant(Group.ALL_USERS, READ), "")]
    assert (
        acl_document(Owner(ID, "ana"), grants)
        == (
            f"{xml.DECLARATION}"
            f'<AccessControlPolicy xmlns="{xml.NAMESPACE}"><Owner><ID>{ID}</ID><DisplayName>ana</DisplayName></Owner>'
            "<AccessControlList>"
            '<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">'
            f"<ID>{ID}</ID><DisplayName>ana</DisplayName></Grantee><Permission>FULL_CONTROL</Permission></Grant>"
            '<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group">'
            f"<URI>{ALL}</URI></Grantee><Permission>READ</Permission></Grant>"
            "</AccessControlList></AccessControlPolicy>"
        ).encode()
    )


XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
GRANT = f"<Grant><Grantee><ID>{ID}</ID></Grantee><Permission>READ</Permission></Grant>"


def policy(grants: str = "", owner: str = f"<Owner><ID>{ID}</ID></Owner>") -> bytes:
    content = f"{owner}<AccessControlList>{grants}</AccessControlList>"
    return f"<AccessControlPolicy>{content}</AccessControlPolicy>".encode()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<AccessControlPolicy>", MalformedACLError),
        (b"<Policy/>", MalformedACLError),
        (b"<AccessControlPolicy/>", MalformedACLError),
        (policy(owner=""), MalformedACLError),
        (policy(owner="<Owner/>"), MalformedACLError),
        (f"<AccessControlPolicy><Owner><ID>{ID}</ID></Owner></AccessControlPolicy>".encode(), MalformedACLError),
        (policy("<Deny/>"), MalformedACLError),
        (policy("<Grant/>"), MalformedACLError),
        (policy(GRANT.replace("READ", "OWN")), MalformedACLError),
        (policy(GRANT.replace("READ", "read")), MalformedACLError),
        (policy(GRANT.replace(f"<ID>{ID}</ID>", "")), MalformedACLError),
        # a type, and something of another
        (policy(GRANT.replace("<Grantee>", f'<Grantee {XSI} xsi:type="Group">')), MalformedACLError),
        (policy(GRANT.replace("<Grantee>", f'<Grantee {XSI} xsi:type="Friend">')), MalformedACLError),
        (policy(GRANT.replace(f"<ID>{ID}</ID>", "<URI>urn:friends</URI>")), errors.InvalidArgument),
        (policy(GRANT * 101), errors.InvalidRequest),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + policy(), MalformedACLError),
    ],
)
def test_a_document_that_is_no_acl(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        AccessControlPolicy.from_xml(body)


def test_a_put_has_its_acl_in_one_place() -> None:
    assert acl_to_put(asked(body=policy(GRANT))) == AccessControlPolicy(ID, (NamedGrant(CanonicalUser(ID), READ),))
    assert acl_to_put(asked(("x-amz-acl", "private"))) is CannedAcl.PRIVATE
    with pytest.raises(errors.UnexpectedContent):
        acl_to_put(asked(("x-amz-acl", "private"), body=policy()))
    with pytest.raises(errors.MissingSecurityHeader):
        acl_to_put(asked())
