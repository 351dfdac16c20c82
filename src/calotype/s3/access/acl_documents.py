"""An ACL as XML: `AccessControlPolicy`, which is read from requests and written into answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from calotype.s3 import xml
from calotype.s3.access.acl import Group
from calotype.s3.access.errors import MalformedACLError
from calotype.s3.access.grants import CanonicalUser, Email, NamedGrant, NamedGrantee, check_number_of_grants, group_of
from calotype.s3.access.permissions import AclPermission
from calotype.s3.results import Owner

_SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True, slots=True)
class AccessControlPolicy:
    """`owner_id` is canonical."""

    owner_id: str
    grants: tuple[NamedGrant, ...]

    @classmethod
    def from_xml(cls, content: bytes) -> Self:
        """Raises MalformedACLError; InvalidArgument for a group that there is not."""
        try:
            root = xml.parse(content)
        except xml.XMLError as exc:
            raise _malformed(str(exc)) from exc
        return cls.from_element(root)

    @classmethod
    def from_element(cls, root: xml.Element) -> Self:
        owner, grants = root.child("Owner"), root.child("AccessControlList")
        owner_id = owner.text_of("ID") if owner is not None else None
        if root.name != "AccessControlPolicy" or not owner_id or grants is None:
            raise _malformed("an AccessControlPolicy has an Owner with an ID, and an AccessControlList")
        if any(child.name != "Grant" for child in grants.children):
            raise _malformed("an AccessControlList has elements Grant and no other")
        check_number_of_grants(len(grants.children))
        return cls(owner_id, tuple(_grant_of(grant) for grant in grants.children))

    def to_xml(self) -> bytes:
        """As a client writes it: without display names."""
        return acl_document(Owner(self.owner_id), [(grant, "") for grant in self.grants])


def acl_document(owner: Owner, grants: Sequence[tuple[NamedGrant, str]]) -> bytes:
    """The document; beside each grant the display name of its grantee, if any."""
    nodes: list[xml.Node] = [("Grant", _grant_nodes(grant, name)) for grant, name in grants]
    return xml.document("AccessControlPolicy", owner.to_node(), ("AccessControlList", nodes))


def _grant_nodes(grant: NamedGrant, display_name: str) -> list[xml.Node]:
    kind, content = _grantee_content(grant.grantee, display_name)
    grantee = xml.Tag("Grantee", {"xmlns:xsi": _SCHEMA, "xsi:type": kind})
    return [(grantee, content), ("Permission", grant.permission.value)]


def _grantee_content(grantee: NamedGrantee, display_name: str) -> tuple[str, list[xml.Node]]:
    match grantee:
        case CanonicalUser(canonical_user_id):
            name: list[xml.Node] = [("DisplayName", display_name)] if display_name else []
            return "CanonicalUser", [("ID", canonical_user_id), *name]
        case Email(address):
            return "AmazonCustomerByEmail", [("EmailAddress", address)]
        case Group():
            return "Group", [("URI", grantee.value)]


def _grant_of(element: xml.Element) -> NamedGrant:
    grantee, permission = element.child("Grantee"), element.text_of("Permission")
    if grantee is None or permission not in set(AclPermission):
        raise _malformed("a Grant has a Grantee, and as Permission one of " + ", ".join(AclPermission))
    return NamedGrant(_grantee_of(grantee), AclPermission(permission))


def _grantee_of(element: xml.Element) -> NamedGrantee:
    """The grantee, by what it says of itself; its type, where there is one, must agree."""
    kind = element.attributes.get("type")
    if kind in ("CanonicalUser", None) and (user_id := element.text_of("ID")):
        return CanonicalUser(user_id)
    if kind in ("AmazonCustomerByEmail", None) and (address := element.text_of("EmailAddress")):
        return Email(address)
    if kind in ("Group", None) and (uri := element.text_of("URI")):
        return group_of(uri)
    raise _malformed("a Grantee has an ID, an EmailAddress or a URI, as its type says")


def _malformed(why: str) -> MalformedACLError:
    return MalformedACLError(f"{MalformedACLError.default_message}: {why}")
