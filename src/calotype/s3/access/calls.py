"""Which function answers which operation on who may do what."""

from __future__ import annotations

from collections.abc import Mapping

from calotype.s3.access import acl_calls, ownership_calls, policy_calls, public_access_block_calls
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
from calotype.s3.call import Answer
from calotype.s3.operation import Operation

ACCESS_ANSWERS: Mapping[type[Operation], Answer] = {
    GetBucketAcl: acl_calls.get_bucket_acl,
    PutBucketAcl: acl_calls.put_bucket_acl,
    GetObjectAcl: acl_calls.get_object_acl,
    PutObjectAcl: acl_calls.put_object_acl,
    GetBucketOwnershipControls: ownership_calls.get_bucket_ownership_controls,
    PutBucketOwnershipControls: ownership_calls.put_bucket_ownership_controls,
    DeleteBucketOwnershipControls: ownership_calls.delete_bucket_ownership_controls,
    GetBucketPolicy: policy_calls.get_bucket_policy,
    PutBucketPolicy: policy_calls.put_bucket_policy,
    DeleteBucketPolicy: policy_calls.delete_bucket_policy,
    GetBucketPolicyStatus: policy_calls.get_bucket_policy_status,
    GetPublicAccessBlock: public_access_block_calls.get_public_access_block,
    PutPublicAccessBlock: public_access_block_calls.put_public_access_block,
    DeletePublicAccessBlock: public_access_block_calls.delete_public_access_block,
}
