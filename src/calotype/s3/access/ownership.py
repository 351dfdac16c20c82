"""Object ownership: whose an object is that another account wrote (S3 "Controlling ownership of objects").

Where nothing is configured it is the writer's, and ACLs count: so S3 itself was for most of its life, and so clients
that set ACLs expect it. New buckets of Amazon's own have them switched off instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from calotype.http.message import Headers
from calotype.s3.access.acl import Acl, Grantee
from calotype.s3.access.canned_acl import CannedAcl
from calotype.s3.access.errors import AccessControlListNotSupported
from calotype.s3.access.permissions import AclPermission
from calotype.s3.errors import InvalidArgument

KEPT_AS = "ownership"
"""Where `BucketSettings.more` keeps it."""

HEADER = "x-amz-object-ownership"


class Ownership(StrEnum):
    OBJECT_WRITER = "ObjectWriter"
    BUCKET_OWNER_PREFERRED = "BucketOwnerPreferred"
    BUCKET_OWNER_ENFORCED = "BucketOwnerEnforced"

    @property
    def ignores_acls(self) -> bool:
        return self is Ownership.BUCKET_OWNER_ENFORCED


def ownership_of(headers: Headers) -> Ownership | None:
    """What a new bucket's creator asks for; raises InvalidArgument."""
    text = headers.get(HEADER)
    if not text:
        return None
    try:
        return Ownership(text)
    except ValueError as exc:
        raise InvalidArgument.of(HEADER, text, f"Invalid {HEADER} header") from exc


def ownership_headers(ownership: Ownership | None) -> list[tuple[str, str]]:
    """The header field that `ownership_of` reads back."""
    return [] if ownership is None else [(HEADER, ownership.value)]


def configured_ownership(more: Mapping[str, Any]) -> Ownership | None:
    """What a bucket's `settings.more` says; None when it says nothing."""
    kept = more.get(KEPT_AS)
    return None if kept is None else Ownership(kept)


def ownership_in(more: Mapping[str, Any]) -> Ownership:
    """What holds in the bucket."""
    return configured_ownership(more) or Ownership.OBJECT_WRITER


def owner_of_new_object(ownership: Ownership, *, writer: str, bucket_owner: str, gives_bucket_owner: bool) -> str:
    """The account whose a new object is; `gives_bucket_owner` says that its ACL is `bucket-owner-full-control`.

    What nobody known has written is the bucket owner's, who else could do nothing but delete it.
    """
    if not writer or ownership is Ownership.BUCKET_OWNER_ENFORCED:
        return bucket_owner
    if ownership is Ownership.BUCKET_OWNER_PREFERRED and gives_bucket_owner:
        return bucket_owner
    return writer


def check_acl_is_supported(ownership: Ownership, acl: Acl, bucket_owner: str, canned: CannedAcl | None = None) -> None:
    """Returns when the ACL may be set; without ACLs only one that gives the bucket's owner everything and nobody else.

    By name that is `bucket-owner-full-control` and no other: S3 refuses `private` as well, though it would say the
    same. Raises AccessControlListNotSupported.
    """
    if not ownership.ignores_acls:
        return
    if canned not in (None, CannedAcl.BUCKET_OWNER_FULL_CONTROL) or not gives_bucket_owner_alone(acl, bucket_owner):
        raise AccessControlListNotSupported


def gives_bucket_owner_alone(acl: Acl, bucket_owner: str) -> bool:
    """Whether nobody but the bucket's owner gets anything, as with `private` and `bucket-owner-full-control`."""
    holders = {grant.grantee for grant in acl.grants}
    return holders == {Grantee(bucket_owner)} and acl.allows(AclPermission.FULL_CONTROL, bucket_owner)
