"""One call while it is answered: who asks, what for, and what the answerers need of the store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from calotype.auth.authorize import Denial, Resource, authorize
from calotype.auth.principal import ANONYMOUS, Principal
from calotype.auth.signed_request import SignedRequest
from calotype.http.message import Headers, Request, Response
from calotype.s3.access.decision import Asked, denial, policy_request
from calotype.s3.access.permissions import capability_for
from calotype.s3.access.policy import Effect, evaluate
from calotype.s3.access.policy_context import RequestFacts, requester_of
from calotype.s3.access.policy_parsing import policy_of
from calotype.s3.errors import AccessDenied, NoSuchBucket
from calotype.s3.operation import Operation
from calotype.s3.settings import S3Settings
from calotype.store import errors as store_errors
from calotype.store.accounting import Begun
from calotype.store.model import Bucket, FileVersion
from calotype.store.store import Store

DOWNLOADS = ("GetObject", "HeadObject")
FORM = "PostObject"

Answer = Callable[["Call", Any], Awaitable[Response]]


@dataclass(slots=True)
class Call:
    """`signed` and `secret` are None for an anonymous request; `headers` include those hoisted into a presigned query.

    `bucket_owner` and `bucket_name` say in whose ledger the call counts, once the bucket is known. `tags` and
    `condition_values` are what a document or a form says that conditions of a policy may ask for; see RequestFacts.
    """

    store: Store
    settings: S3Settings
    request: Request
    body: AsyncIterator[bytes]  # the request's, its failures as S3's errors; the connection watches `request.body`
    operation: type[Operation]
    headers: Headers
    now_ms: int
    signed: SignedRequest | None = None
    secret: str = ""
    principal: Principal = ANONYMOUS
    bucket_owner: str = ""
    bucket_name: str = ""
    bytes_in: int = 0
    counts_itself: bool = False  # the answer is a stream, which counts what was taken of it
    is_counted: bool = False
    has_begun: bool = False
    begun: Begun | None = None
    tags: Mapping[str, str] | None = None
    condition_values: dict[str, tuple[str, ...]] = field(default_factory=dict)

    async def bucket(self, name: str) -> Bucket:
        """The bucket, whoever owns it; raises NoSuchBucket, AccessDenied when its owner is not the one expected."""
        bucket = await self._bucket_of(name, "x-amz-expected-bucket-owner")
        self.bucket_owner, self.bucket_name = bucket.account_id, bucket.name
        return bucket

    async def source_bucket(self, name: str) -> Bucket:
        """The bucket that a copy comes from, which the call does not count for; raises as `bucket` does."""
        return await self._bucket_of(name, "x-amz-source-expected-bucket-owner")

    async def _bucket_of(self, name: str, expecting: str) -> Bucket:
        try:
            bucket = await self.store.bucket(name)
        except store_errors.NoSuchBucket as exc:
            raise NoSuchBucket(BucketName=name) from exc
        expected_owner = self.headers.get(expecting)
        if expected_owner is not None and not self._is_owner(bucket, expected_owner):
            raise AccessDenied
        return bucket

    def _is_owner(self, bucket: Bucket, named: str) -> bool:
        """By account id as S3 has it, or by the canonical user id, which many programs know better."""
        owner = self.store.accounts_directory.by_id(bucket.account_id)
        return named == bucket.account_id or (owner is not None and named == owner.canonical_user_id)

    def denial(
        self,
        action: str,
        bucket: Bucket,
        key: bytes | None = None,
        *,
        version: FileVersion | None = None,
        version_id: str | None = None,
    ) -> Denial | None:
        """Why the caller may not; `version` and `version_id` as in Asked."""
        asked = Asked(self.principal, action, bucket, key, version, version_id)
        return denial(asked, policy_of(bucket), self._policy_says)

    def _policy_says(self, asked: Asked) -> Effect | None:
        """What the bucket's policy says; None where there is none, or where it says nothing."""
        policy = policy_of(asked.bucket)
        if policy is None:
            return None
        facts = self.facts(asked.bucket)
        if asked.principal is not self.principal:  # what could anybody do?
            facts = replace(facts, requester=requester_of(asked.principal, None))
        return evaluate(policy, policy_request(asked, facts))

    def allow(
        self,
        action: str,
        bucket: Bucket,
        key: bytes | None = None,
        *,
        version: FileVersion | None = None,
        version_id: str | None = None,
    ) -> None:
        """Returns when the caller may; raises AccessDenied with the reason when it holds a key, without otherwise.

        For what is allowed the cap of the bucket's owner is used up, which raises the store's CapExceeded.
        """
        reason = self.denial(action, bucket, key, version=version, version_id=version_id)
        if reason is not None:
            raise self.access_denied(reason)
        self.begin()

    def facts(self, bucket: Bucket) -> RequestFacts:
        """What the conditions of the bucket's policy may ask about."""
        return RequestFacts(
            headers=self.headers,
            query=self.request.parameters,
            requester=requester_of(self.principal, self.store.accounts_directory.by_id(self.principal.account_id)),
            client_address=str(self.request.client[0]),
            is_secure=self.request.scheme == "https",
            now_ms=self.now_ms,
            region=self.settings.region,
            resource_account_id=bucket.account_id,
            signed=self.signed,
            is_form=self.operation.name == FORM,
            tags=self.tags,
            more=self.condition_values,
        )

    def allow_on_account(self, action: str, capability: str | None = None) -> None:
        """The same for what is done on the account; `capability` where another one than the action's will do."""
        wanted = capability or capability_for(action)
        reason = authorize(self.principal, wanted, Resource(self.principal.account_id))
        if reason is not None:
            raise self.access_denied(reason)
        self.begin()

    def access_denied(self, reason: Denial) -> AccessDenied:
        return AccessDenied() if self.principal.is_anonymous else AccessDenied(f"Access Denied: {reason}")

    @property
    def charged_account_id(self) -> str:
        """Whose ledger and caps: the bucket's owner's. Where no bucket is meant, or a stranger was not let in, the
        caller's: nobody uses up another's caps with requests that make no sense."""
        return self.bucket_owner if self.counts_for_bucket else self.principal.account_id

    @property
    def counts_for_bucket(self) -> bool:
        is_let_in = self.has_begun or self.bucket_owner == self.principal.account_id
        return is_let_in and bool(self.bucket_owner)

    def begin(self) -> None:
        """Use the account's cap up, once; raises CapExceeded, after which nothing may be done."""
        if self.has_begun:
            return
        self.has_begun = True
        self.begun = self.store.accounting.begin_call(
            self.charged_account_id, self.operation.transaction_class, is_download=self.operation.name in DOWNLOADS
        )

    def settle(self) -> None:
        """Give back what was used of the cap by a call that is not counted in the end."""
        if self.begun is not None and not self.is_counted and not self.counts_itself:
            self.begun.take_back()

    def count(self, *, bytes_out: int = 0) -> None:
        """Write the call into the ledger, once."""
        if self.is_counted or not self.charged_account_id:
            return
        self.is_counted = True
        if not self.has_begun:  # it failed before anybody asked the cap
            self.store.accounting.note_call(self.charged_account_id, self.operation.transaction_class)
        self.store.count(
            self.charged_account_id,
            self.bucket_name if self.counts_for_bucket else "",
            self.operation.name,
            self.operation.transaction_class,
            bytes_in=self.bytes_in,
            bytes_out=bytes_out,
        )
