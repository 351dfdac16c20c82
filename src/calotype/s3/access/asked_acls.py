"""What a request's ACL makes of a bucket or an object, with everything that may keep it from being set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from calotype.s3.access.acl import KEPT_AS, Acl, private_acl
from calotype.s3.access.acl_documents import AccessControlPolicy
from calotype.s3.access.acl_operations import AclToPut
from calotype.s3.access.canned_acl import CannedAcl, canned_bucket_acl, canned_object_acl
from calotype.s3.access.errors import InvalidBucketAclWithObjectOwnership
from calotype.s3.access.grants import AskedAcl, NamedGrant
from calotype.s3.access.kept_acls import OWNER, kept_form, object_acl
from calotype.s3.access.named_grantees import grants_of
from calotype.s3.access.ownership import KEPT_AS as OWNERSHIP
from calotype.s3.access.ownership import (
    Ownership,
    check_acl_is_supported,
    gives_bucket_owner_alone,
    owner_of_new_object,
    ownership_in,
)
from calotype.s3.access.public_access_block import block_in, refuses_acl
from calotype.s3.errors import AccessDenied
from calotype.store.account_directory import AccountDirectory
from calotype.store.model import Bucket, FileVersion


@dataclass(frozen=True, slots=True)
class NewAcl:
    """`canned` is the name of the ACL where it has one, by which it is kept."""

    acl: Acl
    canned: CannedAcl | None = None

    @property
    def kept_form(self) -> Any:
        return kept_form(self.acl, self.canned)


def new_bucket_acl(asked: AclToPut, bucket: Bucket, accounts: AccountDirectory) -> NewAcl:
    """The bucket's ACL to be; raises AccessDenied, AccessControlListNotSupported and what `grants_of` raises."""
    made = _acl_for_bucket(asked, bucket.account_id, accounts)
    _check(made, bucket)
    return made


def _acl_for_bucket(asked: AclToPut, owner: str, accounts: AccountDirectory) -> NewAcl:
    if isinstance(asked, CannedAcl):
        return NewAcl(canned_bucket_acl(asked, owner), asked)
    return NewAcl(_listed_acl(asked, owner, accounts))


def settings_of_new_bucket(
    asked: AskedAcl | None, ownership: Ownership | None, owner: str, accounts: AccountDirectory
) -> dict[str, Any]:
    """What `BucketSettings.more` keeps of both; raises InvalidBucketAclWithObjectOwnership, and as `grants_of`."""
    more: dict[str, Any] = {} if ownership is None else {OWNERSHIP: ownership.value}
    if asked is None:
        return more
    new = _acl_for_bucket(asked, owner, accounts)
    if ownership is not None and ownership.ignores_acls and not gives_bucket_owner_alone(new.acl, owner):
        raise InvalidBucketAclWithObjectOwnership
    return more if new.kept_form is None else {**more, KEPT_AS: new.kept_form}


def new_acl_of_object(asked: AclToPut, bucket: Bucket, version: FileVersion, accounts: AccountDirectory) -> NewAcl:
    """The ACL to be of an object that is there; raises likewise."""
    owner = object_acl(bucket, version).owner
    return _acl_for_object(asked, bucket, owner, accounts)


def _acl_for_object(asked: AclToPut, bucket: Bucket, owner: str, accounts: AccountDirectory) -> NewAcl:
    if isinstance(asked, CannedAcl):
        made = NewAcl(canned_object_acl(asked, owner, bucket.account_id), asked)
    else:
        made = NewAcl(_listed_acl(asked, owner, accounts))
    _check(made, bucket)
    return made


def _listed_acl(asked: tuple[NamedGrant, ...] | AccessControlPolicy, owner: str, accounts: AccountDirectory) -> Acl:
    """Grants one by one. A document names the owner, who cannot be changed by it: AccessDenied."""
    if not isinstance(asked, AccessControlPolicy):
        return Acl(owner, grants_of(asked, accounts))
    named = accounts.by_canonical_id(asked.owner_id)
    if named is None or named.account_id != owner:
        raise AccessDenied("The owner of an access control list cannot be changed.")
    return Acl(owner, grants_of(asked.grants, accounts))


def _check(new: NewAcl, bucket: Bucket) -> None:
    """Returns when the bucket takes such an ACL, on itself or an object."""
    more = bucket.settings.more
    check_acl_is_supported(ownership_in(more), new.acl, bucket.account_id, new.canned)
    if refuses_acl(block_in(more), is_public_acl=new.acl.is_public):
        raise AccessDenied("Access Denied: the bucket's public access block refuses public access control lists")


def new_object_attributes(
    asked: AskedAcl | None, bucket: Bucket, writer: str, accounts: AccountDirectory
) -> dict[str, Any]:
    """Whose a new object is and who gets at it, as attributes; nothing where both go without saying.

    `writer` is the caller's account id, empty for nobody known. Raises as `new_bucket_acl` does.
    """
    if asked is None and writer == bucket.account_id:
        return {}
    owner = owner_of_new_object(
        ownership_in(bucket.settings.more),
        writer=writer,
        bucket_owner=bucket.account_id,
        gives_bucket_owner=asked is CannedAcl.BUCKET_OWNER_FULL_CONTROL,
    )
    new = NewAcl(private_acl(owner)) if asked is None else _acl_for_object(asked, bucket, owner, accounts)
    kept = {KEPT_AS: new.kept_form} if new.kept_form is not None else {}
    return kept if owner == bucket.account_id else {**kept, OWNER: owner}
