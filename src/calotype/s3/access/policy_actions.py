"""The actions that a bucket policy may name, and what each of them acts on (S3 "Actions, resources, condition keys").

Those of other kinds of bucket, of access points and of the whole account are not among them: a bucket policy says
nothing of them.
"""

from __future__ import annotations

from functools import lru_cache

from calotype.s3.access.wildcards import Glob

PREFIX = "s3:"


def _actions(names: str) -> frozenset[str]:
    return frozenset(PREFIX + name for name in names.split())


ON_OBJECTS = _actions(
    "AbortMultipartUpload BypassGovernanceRetention DeleteObject DeleteObjectTagging DeleteObjectVersion "
    "DeleteObjectVersionTagging GetObject GetObjectAcl GetObjectAttributes GetObjectLegalHold GetObjectRetention "
    "GetObjectTagging GetObjectTorrent GetObjectVersion GetObjectVersionAcl GetObjectVersionAttributes "
    "GetObjectVersionForReplication GetObjectVersionTagging GetObjectVersionTorrent InitiateReplication "
    "ListMultipartUploadParts ObjectOwnerOverrideToBucketOwner PutObject PutObjectAcl PutObjectLegalHold "
    "PutObjectRetention PutObjectTagging PutObjectVersionAcl PutObjectVersionTagging ReplicateDelete "
    "ReplicateObject ReplicateTags RestoreObject UpdateObjectEncryption"
)

ON_BUCKETS = _actions(
    "CreateBucket CreateBucketMetadataTableConfiguration DeleteBucket DeleteBucketMetadataTableConfiguration "
    "DeleteBucketPolicy DeleteBucketWebsite GetAccelerateConfiguration GetAnalyticsConfiguration GetBucketAbac "
    "GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging GetBucketMetadataTableConfiguration "
    "GetBucketNotification GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy "
    "GetBucketPolicyStatus GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning "
    "GetBucketWebsite GetEncryptionConfiguration GetIntelligentTieringConfiguration GetInventoryConfiguration "
    "GetLifecycleConfiguration GetMetricsConfiguration GetReplicationConfiguration ListBucket "
    "ListBucketMultipartUploads ListBucketVersions PutAccelerateConfiguration PutAnalyticsConfiguration "
    "PutBucketAbac PutBucketAcl PutBucketCORS PutBucketLogging PutBucketNotification "
    "PutBucketObjectLockConfiguration PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock "
    "PutBucketRequestPayment PutBucketTagging PutBucketVersioning PutBucketWebsite PutEncryptionConfiguration "
    "PutIntelligentTieringConfiguration PutInventoryConfiguration PutLifecycleConfiguration "
    "PutMetricsConfiguration PutReplicationConfiguration"
)

KNOWN_ACTIONS = ON_OBJECTS | ON_BUCKETS

_BY_LOWER_CASE = {action.lower(): action for action in KNOWN_ACTIONS}
_PATTERNS_REMEMBERED = 256


@lru_cache(maxsize=_PATTERNS_REMEMBERED)
def actions_matching(pattern: str) -> frozenset[str]:
    """The known actions that a policy means by this text, which may have wildcards and is of any letter case."""
    folded = pattern.lower()
    if folded in _BY_LOWER_CASE:
        return frozenset((_BY_LOWER_CASE[folded],))
    glob = Glob.parse(folded)
    return frozenset(action for lower, action in _BY_LOWER_CASE.items() if glob.matches(lower))
