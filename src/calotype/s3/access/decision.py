"""May the caller do it? Key, policy, ownership and ACLs in one answer (S3 "How Amazon S3 authorizes a request").

1. What the bucket's policy denies is denied, to its owner as well; but with the account's master key the owner gets
   at the policy itself, unless it was put with the word that it may lock the owner out.
2. The bucket's owner may do everything that the application key may, but get at the content and the ACL of an object
   that another account wrote and keeps to itself.
3. Anybody else may do what the policy allows or an ACL grants. A key needs the capability for it as for the own
   buckets, and one that is limited to some buckets gets at nothing else.
4. What everybody may do who has not signed in, everybody may do who has, whatever the key.

The public access block takes away from 3 and 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from calotype.auth.authorize import Denial, Reason, Resource, denial_reason
from calotype.auth.principal import ANONYMOUS, Principal
from calotype.s3.access.acl import KEPT_AS as ACL
from calotype.s3.access.acl import Acl
from calotype.s3.access.initiators import initiator_of
from calotype.s3.access.kept_acls import OWNER, bucket_acl, object_acl
from calotype.s3.access.permissions import PERMISSIONS, AclOf, AclPermission, Permission, capability_for
from calotype.s3.access.policy import Effect, Policy, PolicyRequest
from calotype.s3.access.policy_actions import ON_OBJECTS
from calotype.s3.access.policy_context import RequestFacts, context_of
from calotype.s3.access.policy_parsing import BINDS_OWNER
from calotype.s3.access.policy_parsing import KEPT_AS as POLICY
from calotype.s3.access.public_access_block import PublicAccessBlock, block_in, restricts_to_owner
from calotype.store.ids import master_key_id
from calotype.store.model import Bucket, FileVersion

_READS_CONTENT = (AclOf.OBJECT, AclPermission.READ)
_OWNERS_RIGHTS = frozenset({AclPermission.READ_ACP, AclPermission.WRITE_ACP})
_ON_POLICY = frozenset({"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"})
_OF_NEW_OBJECTS = frozenset({"s3:PutObjectAcl", "s3:PutObjectTagging"})
_OF_INITIATOR = frozenset({"s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"})


@dataclass(frozen=True, slots=True)
class Asked:
    """`version` is the object that is acted on, where there is one already; `key` None for the bucket itself.

    `version_id` is what the request calls the version, where it names one.
    """

    principal: Principal
    action: str
    bucket: Bucket
    key: bytes | None = None
    version: FileVersion | None = None
    version_id: str | None = None

    @property
    def permission(self) -> Permission:
        return PERMISSIONS[self.action]

    @property
    def is_of_new_object(self) -> bool:
        """Whether it is about what a new object gets beside its content."""
        return self.version is None and self.action in _OF_NEW_OBJECTS

    @property
    def granted_by(self) -> tuple[AclOf, AclPermission] | None:
        """Which ACL may grant it, and how. Who may write into a bucket may give what is written an ACL and tags."""
        if self.is_of_new_object:
            return AclOf.BUCKET, AclPermission.WRITE
        return self.permission.acl

    @property
    def capability(self) -> str:
        return capability_for(self.action, self.bucket)

    @property
    def is_owners(self) -> bool:
        """Whether the bucket's owner asks."""
        return self.principal.account_id == self.bucket.account_id


PolicySays = Callable[[Asked], Effect | None]


def policy_request(asked: Asked, facts: RequestFacts) -> PolicyRequest:
    """The same question as a policy understands it: of a listing the bucket is the resource, whatever its prefix."""
    action = asked.permission.policy_action or asked.action
    tags = asked.version.attributes.get("tags") if asked.version is not None else None
    context = context_of(facts, tags, version_id=asked.version_id)
    key = asked.key if action in ON_OBJECTS else None
    return PolicyRequest(action, asked.bucket.name, key, facts.requester, context)


def denial(asked: Asked, policy: Policy | None, policy_says: PolicySays) -> Denial | None:
    """None when the caller may, else why not."""
    if _is_plain(asked) and _limit_of_key(asked) is None:
        return None
    effect = _effect(asked, policy_says)
    if effect is Effect.DENY and not _is_owner_at_policy(asked):
        return Denial(Reason.POLICY_DENIES, asked.capability)
    own = _denial_in_person(asked, effect, policy)
    if own is None or asked.principal.is_anonymous:
        return own
    anybody = replace(asked, principal=ANONYMOUS)
    effect = _effect(anybody, policy_says)
    if effect is not Effect.DENY and _denial_in_person(anybody, effect, policy) is None:
        return None
    return own


def _effect(asked: Asked, policy_says: PolicySays) -> Effect | None:
    """What the policy says; the account that it lets write may give what it writes an ACL and tags, unless it denies.

    So the policies of S3's manual mean it, which allow PutObject on condition of an ACL; and the ACL of what it has
    written a writer may put anyhow. For whoever has not signed in the object would be the bucket owner's.
    """
    effect = policy_says(asked)
    if effect is not None or not asked.is_of_new_object or asked.principal.is_anonymous:
        return effect
    is_let_write = policy_says(replace(asked, action="s3:PutObject")) is Effect.ALLOW
    return Effect.ALLOW if is_let_write else None


def _is_owner_at_policy(asked: Asked) -> bool:
    """Whether the owner wants to see or change the policy itself, and has not given that up when putting it."""
    is_root = asked.principal.key_id == master_key_id(asked.bucket.account_id)
    return is_root and asked.action in _ON_POLICY and BINDS_OWNER not in asked.bucket.settings.more


def _is_plain(asked: Asked) -> bool:
    """Whether the key alone decides, as for nearly every call there is: the owner's, where nobody said anything."""
    more, version = asked.bucket.settings.more, asked.version
    if not asked.is_owners or POLICY in more or ACL in more:
        return False
    return version is None or not (OWNER in version.attributes or ACL in version.attributes)


def _denial_in_person(asked: Asked, effect: Effect | None, policy: Policy | None) -> Denial | None:
    """Why this caller may not, where the policy does not deny it."""
    reason = None if asked.principal.is_anonymous else _limit_of_key(asked)
    if reason is None:
        reason = _refusal_of_owner(asked, effect) if asked.is_owners else _refusal_of_others(asked, effect, policy)
    return Denial(reason, asked.capability) if reason else None


def _limit_of_key(asked: Asked) -> Reason | None:
    """What keeps the key from it, whosever the bucket is."""
    resource = Resource(asked.principal.account_id, asked.bucket.bucket_id, asked.key)
    return denial_reason(asked.principal, asked.capability, resource)


def _refusal_of_owner(asked: Asked, effect: Effect | None) -> Reason | None:
    if effect is Effect.ALLOW or asked.granted_by is None:
        return None
    whose, permission = asked.granted_by
    acl = _acl(asked, whose)
    if acl is None:
        return None
    if acl.owner != asked.bucket.account_id:
        return None if _grants(asked, acl, permission) else Reason.OBJECT_OF_ANOTHER_ACCOUNT
    is_locked_away = not acl.grants and permission not in _OWNERS_RIGHTS
    return Reason.NOTHING_GRANTED if is_locked_away else None


def _refusal_of_others(asked: Asked, effect: Effect | None, policy: Policy | None) -> Reason | None:
    if effect is Effect.ALLOW and not restricts_to_owner(_block(asked.bucket), policy):
        return None
    if _is_initiator(asked) or _is_read_of_public_bucket(asked) or _is_granted(asked):
        return None
    return Reason.ANONYMOUS if asked.principal.is_anonymous else Reason.ANOTHER_ACCOUNT


def _is_initiator(asked: Asked) -> bool:
    """Whoever began an upload may look at its parts and give it up."""
    if asked.action not in _OF_INITIATOR or asked.version is None or asked.principal.is_anonymous:
        return False
    return initiator_of(asked.version) == asked.principal.account_id


def _is_read_of_public_bucket(asked: Asked) -> bool:
    """B2's allPublic: everybody may read every object (b2.md §8.1); for S3 it is the bucket's public ACL."""
    is_public = asked.bucket.is_public and not _block(asked.bucket).ignore_public_acls
    return is_public and asked.granted_by == _READS_CONTENT


def _is_granted(asked: Asked) -> bool:
    if asked.granted_by is None:
        return False
    whose, permission = asked.granted_by
    acl = _acl(asked, whose)
    return acl is not None and _grants(asked, acl, permission)


def _acl(asked: Asked, whose: AclOf) -> Acl | None:
    """The ACL that counts; None of an object that is not there."""
    if whose is AclOf.BUCKET:
        return bucket_acl(asked.bucket)
    return object_acl(asked.bucket, asked.version) if asked.version is not None else None


def _grants(asked: Asked, acl: Acl, permission: AclPermission) -> bool:
    """Whether the caller has the permission: by a grant, or as the owner, who always gets at the ACL itself."""
    account_id = asked.principal.account_id
    if account_id == acl.owner and permission in _OWNERS_RIGHTS:
        return True
    if _block(asked.bucket).ignore_public_acls:
        acl = acl.without_public_grants()
    return acl.allows(permission, account_id)


def _block(bucket: Bucket) -> PublicAccessBlock:
    return block_in(bucket.settings.more)
