"""The ACLs that have a name (S3 "Canned ACL")."""

from __future__ import annotations

from enum import StrEnum

from calotype.s3.access.acl import Acl, Grant, Grantee, Group, full_control
from calotype.s3.access.permissions import AclPermission


class CannedAcl(StrEnum):
    PRIVATE = "private"
    PUBLIC_READ = "public-read"
    PUBLIC_READ_WRITE = "public-read-write"
    AUTHENTICATED_READ = "authenticated-read"
    BUCKET_OWNER_READ = "bucket-owner-read"
    BUCKET_OWNER_FULL_CONTROL = "bucket-owner-full-control"
    LOG_DELIVERY_WRITE = "log-delivery-write"
    AWS_EXEC_READ = "aws-exec-read"


_TO_GROUPS: dict[CannedAcl, tuple[Grant, ...]] = {
    CannedAcl.PUBLIC_READ: (Grant(Group.ALL_USERS, AclPermission.READ),),
    CannedAcl.PUBLIC_READ_WRITE: (
        Grant(Group.ALL_USERS, AclPermission.READ),
        Grant(Group.ALL_USERS, AclPermission.WRITE),
    ),
    CannedAcl.AUTHENTICATED_READ: (Grant(Group.AUTHENTICATED_USERS, AclPermission.READ),),
}

_ON_BUCKETS: dict[CannedAcl, tuple[Grant, ...]] = {
    CannedAcl.LOG_DELIVERY_WRITE: (
        Grant(Group.LOG_DELIVERY, AclPermission.WRITE),
        Grant(Group.LOG_DELIVERY, AclPermission.READ_ACP),
    ),
}

_TO_BUCKET_OWNER: dict[CannedAcl, AclPermission] = {
    CannedAcl.BUCKET_OWNER_READ: AclPermission.READ,
    CannedAcl.BUCKET_OWNER_FULL_CONTROL: AclPermission.FULL_CONTROL,
}


def canned_bucket_acl(canned: CannedAcl, owner: str) -> Acl:
    """The ACL of a bucket; what speaks of a bucket's owner adds nothing to what the owner has.

    So does `aws-exec-read`, since Amazon's EC2 has no account here.
    """
    return Acl(owner, (full_control(owner), *_TO_GROUPS.get(canned, ()), *_ON_BUCKETS.get(canned, ())))


def canned_object_acl(canned: CannedAcl, owner: str, bucket_owner: str) -> Acl:
    """The ACL of an object, whose owner may be another account than the bucket's."""
    grants = (full_control(owner), *_TO_GROUPS.get(canned, ()))
    permission = _TO_BUCKET_OWNER.get(canned)
    if permission is None or bucket_owner == owner:
        return Acl(owner, grants)
    return Acl(owner, (*grants, Grant(Grantee(bucket_owner), permission)))
