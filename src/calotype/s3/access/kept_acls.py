"""The ACLs that buckets and objects have, and whose objects are, out of what is kept with them (S3 "ACL overview")."""

from __future__ import annotations

from typing import Any

from calotype.s3.access.acl import KEPT_AS, Acl, Grant, Group, grants_of_json, grants_to_json, private_acl
from calotype.s3.access.canned_acl import CannedAcl, canned_bucket_acl, canned_object_acl
from calotype.s3.access.ownership import ownership_in
from calotype.s3.access.permissions import AclPermission
from calotype.store.model import Bucket, BucketType, FileVersion

OWNER = "owner"
"""Among the attributes of a version: the account whose it is, where that is not the bucket's."""

EVERYBODY_READS = Grant(Group.ALL_USERS, AclPermission.READ)


def bucket_acl(bucket: Bucket) -> Acl:
    """What the bucket's ACL grants. That of an allPublic bucket says nothing of listing it; see `shown_bucket_acl`."""
    kept = bucket.settings.more.get(KEPT_AS)
    if kept is None or ownership_in(bucket.settings.more).ignores_acls:
        return private_acl(bucket.account_id)
    if isinstance(kept, str):
        return canned_bucket_acl(CannedAcl(kept), bucket.account_id)
    return Acl(bucket.account_id, grants_of_json(kept))


def owner_of_object(bucket: Bucket, version: FileVersion) -> str:
    """The account's id. Where ownership is enforced everything is the bucket owner's, whoever wrote it."""
    owner = version.attributes.get(OWNER)
    if owner is None or ownership_in(bucket.settings.more).ignores_acls:
        return bucket.account_id
    return str(owner)


def object_acl(bucket: Bucket, version: FileVersion) -> Acl:
    kept = version.attributes.get(KEPT_AS)
    owner = owner_of_object(bucket, version)
    if kept is None or ownership_in(bucket.settings.more).ignores_acls:
        return private_acl(owner)
    if isinstance(kept, str):
        return canned_object_acl(CannedAcl(kept), owner, bucket.account_id)
    return Acl(owner, grants_of_json(kept))


def shown_bucket_acl(bucket: Bucket) -> Acl:
    """The ACL as S3 tells it: allPublic, by which everybody reads all objects, shows as public-read (b2.md §8.4)."""
    return shown_acl(bucket, bucket_acl(bucket))


def shown_acl(bucket: Bucket, acl: Acl) -> Acl:
    """An ACL of the bucket or of one of its objects, with what the bucket's type adds to it."""
    if not bucket.is_public or EVERYBODY_READS in acl.grants:
        return acl
    return Acl(acl.owner, (*acl.grants, EVERYBODY_READS))


def kept_form(acl: Acl, canned: CannedAcl | None) -> Any:
    """How the ACL is kept, as a JSON value: None for a private one, which needs no words."""
    if acl == private_acl(acl.owner):
        return None
    return canned.value if canned is not None else grants_to_json(acl.grants)


def type_and_rest(bucket: Bucket, acl: Acl) -> tuple[BucketType, Acl]:
    """What a new ACL of the bucket makes of its type, and what of the ACL is to be kept beside.

    An allPublic bucket stays so for as long as everybody is granted READ, which there means no more than it did:
    who writes back the ACL that was shown changes nothing.
    """
    if not bucket.is_public:
        return bucket.type, acl
    if EVERYBODY_READS not in acl.grants:
        return BucketType.PRIVATE, acl
    return bucket.type, Acl(acl.owner, tuple(grant for grant in acl.grants if grant != EVERYBODY_READS))
