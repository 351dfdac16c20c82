"""Every operation on who may do what, as hypothesis makes them up."""

from __future__ import annotations

from hypothesis import strategies as st

from calotype.s3.access.acl import Group
from calotype.s3.access.acl_documents import AccessControlPolicy
from calotype.s3.access.acl_operations import GetBucketAcl, GetObjectAcl, PutBucketAcl, PutObjectAcl
from calotype.s3.access.canned_acl import CannedAcl
from calotype.s3.access.grants import CanonicalUser, Email, NamedGrant
from calotype.s3.access.ownership import Ownership
from calotype.s3.access.ownership_operations import (
    DeleteBucketOwnershipControls,
    GetBucketOwnershipControls,
    PutBucketOwnershipControls,
)
from calotype.s3.access.permissions import AclPermission
from calotype.s3.access.policy_operations import (
    DeleteBucketPolicy,
    GetBucketPolicy,
    GetBucketPolicyStatus,
    PutBucketPolicy,
)
from calotype.s3.access.public_access_block import PublicAccessBlock
from calotype.s3.access.public_access_block_operations import (
    DeletePublicAccessBlock,
    GetPublicAccessBlock,
    PutPublicAccessBlock,
)
from calotype.s3.operation import Operation

BUCKETS = st.from_regex(r"[a-z0-9]{3,20}", fullmatch=True)
KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).map(str.encode)
VERSION_IDS = st.one_of(st.none(), st.from_regex(r"[A-Za-z0-9_.-]{1,20}", fullmatch=True))

GRANTEES = st.one_of(
    st.builds(CanonicalUser, st.from_regex(r"[0-9a-f]{64}", fullmatch=True)),
    st.builds(Email, st.from_regex(r"[a-z.+]{1,10}@[a-z]{1,10}\.org", fullmatch=True)),
    st.sampled_from(Group),
)
GRANTS = st.lists(st.builds(NamedGrant, GRANTEES, st.sampled_from(AclPermission)), min_size=1, max_size=6).map(tuple)
POLICIES = st.builds(
    AccessControlPolicy, st.from_regex(r"[0-9a-f]{64}", fullmatch=True), st.one_of(st.just(()), GRANTS)
)
ASKED_ACLS = st.one_of(st.sampled_from(CannedAcl), GRANTS)
ACLS_TO_PUT = st.one_of(ASKED_ACLS, POLICIES)
OWNERSHIPS = st.sampled_from(Ownership)

ACCESS_STRATEGIES: dict[type[Operation], st.SearchStrategy[Operation]] = {
    GetBucketAcl: st.builds(GetBucketAcl, BUCKETS),
    PutBucketAcl: st.builds(PutBucketAcl, BUCKETS, ACLS_TO_PUT),
    GetObjectAcl: st.builds(GetObjectAcl, BUCKETS, KEYS, VERSION_IDS),
    PutObjectAcl: st.builds(PutObjectAcl, BUCKETS, KEYS, ACLS_TO_PUT, VERSION_IDS),
    GetBucketOwnershipControls: st.builds(GetBucketOwnershipControls, BUCKETS),
    PutBucketOwnershipControls: st.builds(PutBucketOwnershipControls, BUCKETS, OWNERSHIPS),
    DeleteBucketOwnershipControls: st.builds(DeleteBucketOwnershipControls, BUCKETS),
    GetBucketPolicy: st.builds(GetBucketPolicy, BUCKETS),
    PutBucketPolicy: st.builds(
        PutBucketPolicy, BUCKETS, st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.booleans()
    ),
    DeleteBucketPolicy: st.builds(DeleteBucketPolicy, BUCKETS),
    GetBucketPolicyStatus: st.builds(GetBucketPolicyStatus, BUCKETS),
    GetPublicAccessBlock: st.builds(GetPublicAccessBlock, BUCKETS),
    PutPublicAccessBlock: st.builds(
        PutPublicAccessBlock, BUCKETS, st.builds(PublicAccessBlock, *[st.booleans()] * len(PublicAccessBlock.__slots__))
    ),
    DeletePublicAccessBlock: st.builds(DeletePublicAccessBlock, BUCKETS),
}
