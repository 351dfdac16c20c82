"""The operations on who may do what, in the order of the manual."""

from __future__ import annotations

from calotype.s3.access.acl_operations import GetBucketAcl, GetObjectAcl, PutBucketAcl, PutObjectAcl
from calotype.s3.access.ownership_operations import (
    DeleteBucketOwnershipControls,
    GetBucketOwnershipControls,
    PutBucketOwnershipControls,
)
from calotype.s3.access.policy_operations import (
    DeleteBucketPolicy,
    GetBucketPolicy,
    GetBucketPolicyStatus,
    PutBucketPolicy,
)
from calotype.s3.access.public_access_block_operations import (
    DeletePublicAccessBlock,
    GetPublicAccessBlock,
    PutPublicAccessBlock,
)
from calotype.s3.operation import Operation

ACCESS_OPERATIONS: tuple[type[Operation], ...] = (
    GetBucketAcl,
    PutBucketAcl,
    GetObjectAcl,
    PutObjectAcl,
    GetBucketOwnershipControls,
    PutBucketOwnershipControls,
    DeleteBucketOwnershipControls,
    GetBucketPolicy,
    PutBucketPolicy,
    DeleteBucketPolicy,
    GetBucketPolicyStatus,
    GetPublicAccessBlock,
    PutPublicAccessBlock,
    DeletePublicAccessBlock,
)
