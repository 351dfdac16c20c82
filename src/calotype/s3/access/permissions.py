"""What each action of S3 needs: a capability of the application key, and what an ACL must grant to anybody else.

Actions are named as bucket policies name them (S3 "Actions, resources and condition keys"), capabilities as B2 does
(b2.md §8.8).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

from calotype.store.model import Bucket, Versioning


class AclPermission(StrEnum):
    """What a grant of an ACL allows (S3 "ACL overview")."""

    READ = "READ"
    WRITE = "WRITE"
    READ_ACP = "READ_ACP"
    WRITE_ACP = "WRITE_ACP"
    FULL_CONTROL = "FULL_CONTROL"


class AclOf(Enum):
    """Whose ACL grants an action."""

    BUCKET = "bucket"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class Permission:
    """`acl` is whose ACL may grant the action, and by which grant; None where only the owner and policies allow it.

    `policy_action` is the name that a policy has for it, where that is another one.
    """

    capability: str
    acl: tuple[AclOf, AclPermission] | None = None
    policy_action: str | None = None


_LISTS = (AclOf.BUCKET, AclPermission.READ)
_WRITES = (AclOf.BUCKET, AclPermission.WRITE)
_READS = (AclOf.OBJECT, AclPermission.READ)

PERMISSIONS: dict[str, Permission] = {
    # the service and its buckets
    "s3:ListAllMyBuckets": Permission("listAllBucketNames"),
    "s3:CreateBucket": Permission("writeBuckets"),
    "s3:DeleteBucket": Permission("deleteBuckets"),
    "s3:HeadBucket": Permission("listBuckets", _LISTS, "s3:ListBucket"),  # B2 tells it from a listing, S3 does not
    "s3:GetBucketLocation": Permission("listBuckets"),
    "s3:ListBucket": Permission("listFiles", _LISTS),
    "s3:ListBucketVersions": Permission("listFiles", _LISTS),
    "s3:ListBucketMultipartUploads": Permission("listFiles", _LISTS),
    # objects
    "s3:GetObject": Permission("readFiles", _READS),
    "s3:GetObjectVersion": Permission("readFiles", _READS),
    "s3:GetObjectAttributes": Permission("readFiles", _READS),
    "s3:GetObjectVersionAttributes": Permission("readFiles", _READS),
    "s3:PutObject": Permission("writeFiles", _WRITES),
    "s3:ListMultipartUploadParts": Permission("writeFiles"),
    "s3:AbortMultipartUpload": Permission("writeFiles"),
    "s3:DeleteObject": Permission("deleteFiles", _WRITES),
    "s3:DeleteObjectVersion": Permission("deleteFiles"),
    "s3:BypassGovernanceRetention": Permission("bypassGovernance"),
    "s3:GetObjectAcl": Permission("readFiles", (AclOf.OBJECT, AclPermission.READ_ACP)),
    "s3:GetObjectVersionAcl": Permission("readFiles", (AclOf.OBJECT, AclPermission.READ_ACP)),
    "s3:PutObjectAcl": Permission("writeFiles", (AclOf.OBJECT, AclPermission.WRITE_ACP)),
    "s3:PutObjectVersionAcl": Permission("writeFiles", (AclOf.OBJECT, AclPermission.WRITE_ACP)),
    "s3:GetObjectTagging": Permission("readFiles"),
    "s3:GetObjectVersionTagging": Permission("readFiles"),
    "s3:PutObjectTagging": Permission("writeFiles"),
    "s3:PutObjectVersionTagging": Permission("writeFiles"),
    "s3:DeleteObjectTagging": Permission("writeFiles"),
    "s3:DeleteObjectVersionTagging": Permission("writeFiles"),
    "s3:GetObjectLegalHold": Permission("readFileLegalHolds"),
    "s3:PutObjectLegalHold": Permission("writeFileLegalHolds"),
    "s3:GetObjectRetention": Permission("readFileRetentions"),
    "s3:PutObjectRetention": Permission("writeFileRetentions"),
    # what a bucket is set up to do
    "s3:GetBucketAcl": Permission("readBuckets", (AclOf.BUCKET, AclPermission.READ_ACP)),
    "s3:PutBucketAcl": Permission("writeBuckets", (AclOf.BUCKET, AclPermission.WRITE_ACP)),
    "s3:GetBucketPolicy": Permission("readBuckets"),
    "s3:PutBucketPolicy": Permission("writeBuckets"),
    "s3:DeleteBucketPolicy": Permission("writeBuckets"),
    "s3:GetBucketPolicyStatus": Permission("readBuckets"),
    "s3:GetBucketPublicAccessBlock": Permission("readBuckets"),
    "s3:PutBucketPublicAccessBlock": Permission("writeBuckets"),
    "s3:GetBucketOwnershipControls": Permission("readBuckets"),
    "s3:PutBucketOwnershipControls": Permission("writeBuckets"),
    "s3:GetBucketVersioning": Permission("listBuckets"),
    "s3:PutBucketVersioning": Permission("writeBuckets"),
    "s3:GetBucketCORS": Permission("readBuckets"),
    "s3:PutBucketCORS": Permission("writeBuckets"),
    "s3:GetBucketTagging": Permission("readBuckets"),
    "s3:PutBucketTagging": Permission("writeBuckets"),
    "s3:GetLifecycleConfiguration": Permission("readBucketLifecycleRules"),
    "s3:PutLifecycleConfiguration": Permission("writeBucketLifecycleRules"),
    "s3:GetEncryptionConfiguration": Permission("readBucketEncryption"),
    "s3:PutEncryptionConfiguration": Permission("writeBucketEncryption"),
    "s3:GetBucketObjectLockConfiguration": Permission("readBucketRetentions"),
    "s3:PutBucketObjectLockConfiguration": Permission("writeBucketRetentions"),
    "s3:GetBucketNotification": Permission("readBucketNotifications"),
    "s3:PutBucketNotification": Permission("writeBucketNotifications"),
    "s3:GetBucketLogging": Permission("readBucketLogging"),
    "s3:PutBucketLogging": Permission("writeBucketLogging"),
    "s3:GetReplicationConfiguration": Permission("readBucketReplications"),
    "s3:PutReplicationConfiguration": Permission("writeBucketReplications"),
    "s3:GetBucketRequestPayment": Permission("readBuckets"),
    "s3:PutBucketRequestPayment": Permission("writeBuckets"),
    "s3:GetAccelerateConfiguration": Permission("readBuckets"),
    "s3:PutAccelerateConfiguration": Permission("writeBuckets"),
    "s3:GetBucketWebsite": Permission("readBuckets"),
    "s3:PutBucketWebsite": Permission("writeBuckets"),
    "s3:DeleteBucketWebsite": Permission("writeBuckets"),
    "s3:GetAnalyticsConfiguration": Permission("readBuckets"),
    "s3:PutAnalyticsConfiguration": Permission("writeBuckets"),
    "s3:GetInventoryConfiguration": Permission("readBuckets"),
    "s3:PutInventoryConfiguration": Permission("writeBuckets"),
    "s3:GetMetricsConfiguration": Permission("readBuckets"),
    "s3:PutMetricsConfiguration": Permission("writeBuckets"),
    "s3:GetBucketMetadataTableConfiguration": Permission("readBuckets"),
    "s3:DeleteBucketMetadataTableConfiguration": Permission("writeBuckets"),
    "s3:GetIntelligentTieringConfiguration": Permission("readBuckets"),
    "s3:PutIntelligentTieringConfiguration": Permission("writeBuckets"),
}


def action_on_version(action: str, version_id: str | None) -> str:
    """The action on an object, which has another name where a version is named: `s3:GetObjectVersion`."""
    return action if version_id is None else action.replace("Object", "ObjectVersion")


def capability_for(action: str, bucket: Bucket | None = None) -> str:
    """What an application key of the bucket's owner must hold.

    A delete marker is a write; what is gone for good needs more (b2.md §8.5).
    """
    if action == "s3:DeleteObject" and bucket is not None and bucket.versioning is not Versioning.UNVERSIONED:
        return "writeFiles"
    return PERMISSIONS[action].capability
