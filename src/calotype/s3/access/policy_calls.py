"""The policy of a bucket, read, set and taken away."""

from __future__ import annotations

from calotype.http.message import Headers, Response
from calotype.s3.access.errors import NoSuchBucketPolicy
from calotype.s3.access.kept_acls import shown_bucket_acl
from calotype.s3.access.policy import Effect, Policy, PolicyRequest, evaluate
from calotype.s3.access.policy_context import context_of
from calotype.s3.access.policy_operations import (
    DeleteBucketPolicy,
    GetBucketPolicy,
    GetBucketPolicyStatus,
    PutBucketPolicy,
    policy_status_document,
)
from calotype.s3.access.policy_parsing import BINDS_OWNER, KEPT_AS, parse_policy, policy_of
from calotype.s3.access.policy_publicity import is_public
from calotype.s3.access.public_access_block import block_in, refuses_policy
from calotype.s3.call import Call
from calotype.s3.configuration.settings import allowed_bucket, change_settings, keeping
from calotype.s3.errors import AccessDenied, MethodNotAllowed
from calotype.s3.responses import gone, xml_response
from calotype.store.model import Bucket, BucketSettings

_JSON = Headers((("content-type", "application/json"),))


async def get_bucket_policy(call: Call, asked: GetBucketPolicy) -> Response:
    """The policy as it was put, to the letter."""
    bucket = await owners_bucket(call, asked)
    text = bucket.settings.more.get(KEPT_AS)
    if text is None:
        raise NoSuchBucketPolicy(BucketName=bucket.name)
    return Response(200, _JSON, text.encode())


async def put_bucket_policy(call: Call, asked: PutBucketPolicy) -> Response:
    bucket = await owners_bucket(call, asked)
    policy = parse_policy(asked.text, bucket.name)
    if not asked.confirms and locks_out(call, bucket, policy):
        raise AccessDenied(
            "The new bucket policy would not allow you to change bucket policies in the future; "
            "say that this is meant by x-amz-confirm-remove-self-bucket-access."
        )

    binds_owner = asked.confirms and call.facts(bucket).requester.is_root

    def changed(settings: BucketSettings) -> BucketSettings:
        if refuses_policy(block_in(settings.more), policy):
            raise AccessDenied("Access Denied: public policies are blocked by the BlockPublicPolicy setting")
        return keeping(keeping(settings, KEPT_AS, asked.text), BINDS_OWNER, binds_owner or None)

    await change_settings(call, bucket, changed)
    return gone()


async def delete_bucket_policy(call: Call, asked: DeleteBucketPolicy) -> Response:
    """The same answer where there was none."""
    bucket = await owners_bucket(call, asked)
    await change_settings(call, bucket, without_policy)
    return gone()


def without_policy(settings: BucketSettings) -> BucketSettings:
    return keeping(keeping(settings, KEPT_AS, None), BINDS_OWNER, None)


async def get_bucket_policy_status(call: Call, asked: GetBucketPolicyStatus) -> Response:
    """Whether the bucket is public, by its policy or by its ACL."""
    bucket = await allowed_bucket(call, asked)
    policy = policy_of(bucket)
    by_policy = policy is not None and is_public(policy)
    return xml_response(policy_status_document(is_public=by_policy or shown_bucket_acl(bucket).is_public))


async def owners_bucket(call: Call, asked: GetBucketPolicy | PutBucketPolicy | DeleteBucketPolicy) -> Bucket:
    """The bucket of an operation that none but its owner may do, whomever the policy allows it (PutBucketPolicy)."""
    bucket = await allowed_bucket(call, asked)
    if call.principal.account_id != bucket.account_id:
        raise MethodNotAllowed(Method=call.request.method, ResourceType="BUCKETPOLICY")
    return bucket


def locks_out(call: Call, bucket: Bucket, policy: Policy) -> bool:
    """Whether the policy would keep the caller from putting another one; the account's master key always may."""
    facts = call.facts(bucket)
    request = PolicyRequest(PutBucketPolicy.action, bucket.name, None, facts.requester, context_of(facts))
    return not facts.requester.is_root and evaluate(policy, request) is Effect.DENY
