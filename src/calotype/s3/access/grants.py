"""The ACL that a request asks for: a canned one by name, or grants in header fields or XML.

Grantees are named as clients name them, by canonical id, e-mail or group; who that is, the store knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from calotype.s3.access.acl import MOST_GRANTS, Group
from calotype.s3.access.canned_acl import CannedAcl
from calotype.s3.access.permissions import AclPermission
from calotype.s3.errors import InvalidArgument, InvalidRequest
from calotype.s3.request import S3Request

ACL_HEADER = "x-amz-acl"

GRANT_HEADERS: dict[str, AclPermission] = {
    "x-amz-grant-full-control": AclPermission.FULL_CONTROL,
    "x-amz-grant-read": AclPermission.READ,
    "x-amz-grant-write": AclPermission.WRITE,
    "x-amz-grant-read-acp": AclPermission.READ_ACP,
    "x-amz-grant-write-acp": AclPermission.WRITE_ACP,
}
_HEADER_OF = {permission: name for name, permission in GRANT_HEADERS.items()}

# One grantee: id="…", with or without quotes, up to a comma.
_GRANTEE = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"([^"]*)"|([^\s",]+))\s*(?:,|\Z)')


@dataclass(frozen=True, slots=True)
class CanonicalUser:
    canonical_user_id: str


@dataclass(frozen=True, slots=True)
class Email:
    address: str


NamedGrantee = CanonicalUser | Email | Group


@dataclass(frozen=True, slots=True)
class NamedGrant:
    grantee: NamedGrantee
    permission: AclPermission


AskedAcl = CannedAcl | tuple[NamedGrant, ...]


def acl_of(request: S3Request) -> AskedAcl | None:
    """What `x-amz-acl` or the `x-amz-grant-*` fields ask for, None where there are none of them.

    Raises InvalidArgument, and InvalidRequest for both kinds at once.
    """
    text = request.header(ACL_HEADER)
    grants = tuple(_header_grants(request))
    if text is None:
        return grants or None
    if grants:
        raise InvalidRequest("Specifying both Canned ACLs and Header Grants is not allowed")
    return canned_acl_of(text)


def canned_acl_of(text: str) -> CannedAcl:
    try:
        return CannedAcl(text)
    except ValueError as exc:
        raise InvalidArgument.of(ACL_HEADER, text, "The canned ACL is not known.") from exc


def _header_grants(request: S3Request) -> Iterator[NamedGrant]:
    """At most as many as an ACL may have."""
    count = 0
    for name, value in request.headers:
        if (permission := GRANT_HEADERS.get(name)) is None:
            continue
        for grantee in _grantees(name, value):
            count += 1
            check_number_of_grants(count)
            yield NamedGrant(grantee, permission)


def check_number_of_grants(count: int) -> None:
    if count > MOST_GRANTS:
        raise InvalidRequest(f"The ACL has more than {MOST_GRANTS} grants.")


def _grantees(name: str, text: str) -> Iterator[NamedGrantee]:
    """The grantees of one header field: `id="…", emailAddress="…", uri="…"`."""
    position = 0
    while position < len(text):
        found = _GRANTEE.match(text, position)
        if found is None:
            raise InvalidArgument.of(name, text, "Argument format not recognized")
        yield _grantee(name, text, found[1].lower(), found[2] if found[2] is not None else found[3])
        position = found.end()


def _grantee(name: str, text: str, kind: str, value: str) -> NamedGrantee:
    match kind:
        case "id":
            return CanonicalUser(value)
        case "emailaddress":
            return Email(value)
        case "uri":
            return group_of(value)
        case _:
            raise InvalidArgument.of(name, text, "Argument format not recognized")


def group_of(uri: str) -> Group:
    try:
        return Group(uri)
    except ValueError as exc:
        raise InvalidArgument.of("uri", uri, "Invalid group uri") from exc


def acl_headers(acl: AskedAcl | None) -> list[tuple[str, str]]:
    """The header fields that `acl_of` reads back."""
    if acl is None:
        return []
    if isinstance(acl, CannedAcl):
        return [(ACL_HEADER, acl.value)]
    return [(_HEADER_OF[grant.permission], _grantee_text(grant.grantee)) for grant in acl]


def _grantee_text(grantee: NamedGrantee) -> str:
    match grantee:
        case CanonicalUser(canonical_user_id):
            return f'id="{canonical_user_id}"'
        case Email(address):
            return f'emailAddress="{address}"'
        case Group():
            return f'uri="{grantee.value}"'
