"""Whether anybody may read an object without signing in, for those who do not speak S3: the B2 API's downloads."""

from __future__ import annotations

from calotype.auth.principal import ANONYMOUS
from calotype.http.message import Request
from calotype.s3.access.decision import Asked, denial, policy_request
from calotype.s3.access.policy import Effect, evaluate
from calotype.s3.access.policy_context import RequestFacts
from calotype.s3.access.policy_parsing import policy_of
from calotype.store.model import Bucket, FileVersion


def anybody_reads(request: Request, bucket: Bucket, key: bytes, file: FileVersion | None, now_ms: int) -> bool:
    """By bucket type, ACL and policy, as a GetObject that nobody signed; None is a file that is not there.

    That is told to those who may list, and in an allPublic bucket to everybody.
    """
    if not bucket.settings.more and (file is None or not file.attributes):
        return bucket.is_public
    facts = RequestFacts(
        headers=request.headers,
        query=request.parameters,
        client_address=str(request.client[0]),
        is_secure=request.scheme == "https",
        now_ms=now_ms,
        resource_account_id=bucket.account_id,
    )

    def may(action: str) -> bool:
        return denial(Asked(ANONYMOUS, action, bucket, key, file), policy_of(bucket), policy_says) is None

    def policy_says(asked: Asked) -> Effect | None:
        policy = policy_of(bucket)
        return None if policy is None else evaluate(policy, policy_request(asked, facts))

    if file is None and not bucket.is_public:
        return may("s3:ListBucket")
    return may("s3:GetObject")
