"""One call while it is answered: who asks, what for, and what the answerers need of the store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from calotype.auth.authorize import Denial, Resource, authorize
from calotype.auth.principal import ANONYMOUS, Principal
from calotype.auth.signed_request import SignedRequest
from calotype.http.message import Headers, Request, Response
from calotype.s3.access.permissions import capability_for
from calotype.s3.errors import AccessDenied, NoSuchBucket
from calotype.s3.operation import CannedAcl, Operation
from calotype.s3.settings import S3Settings
from calotype.store import errors as store_errors
from calotype.store.accounting import Begun
from calotype.store.model import Bucket, FileVersion
from calotype.store.store import Store

DOWNLOADS = ("GetObject", "HeadObject")

Answer = Callable[["Call", Any], Awaitable[Response]]


@dataclass(slots=True)
class Call:
    """`signed` and `secret` are None for an anonymous request; `headers` include those hoisted into a presigned query.

    `bucket_owner` and `bucket_name` say in whose ledger the call counts, once the bucket is known.
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

    async def bucket(self, name: str) -> Bucket:
        """The bucket, whoever owns it; raises NoSuchBucket, AccessDenied when its owner is not the one expected."""
        try:
            bucket = await self.store.bucket(name)
        except store_errors.NoSuchBucket as exc:
            raise NoSuchBucket(BucketName=name) from exc
        self.bucket_owner, self.bucket_name = bucket.account_id, bucket.name
        expected_owner = self.headers.get("x-amz-expected-bucket-owner")
        if expected_owner is not None and expected_owner != bucket.account_id:
            raise AccessDenied
        return bucket

    def denial(
        self, action: str, bucket: Bucket, key: bytes | None = None, *, version: FileVersion | None = None
    ) -> Denial | None:
        """Why the caller may not; `version` is the object that is acted on, where there is one already."""
        is_public = bucket.is_public or (version is not None and version.attributes.get("acl") == CannedAcl.PUBLIC_READ)
        resource = Resource(bucket.account_id, bucket.bucket_id, key, is_public)
        return authorize(self.principal, capability_for(action, bucket), resource)

    def allow(
        self, action: str, bucket: Bucket, key: bytes | None = None, *, version: FileVersion | None = None
    ) -> None:
        """Returns when the caller may; raises AccessDenied with the reason when it holds a key, without otherwise.

        For what is allowed the cap of the bucket's owner is used up, which raises the store's CapExceeded.
        """
        denial = self.denial(action, bucket, key, version=version)
        if denial is not None:
            raise self.access_denied(denial)
        self.begin()

    def allow_on_account(self, action: str, capability: str | None = None) -> None:
        """The same for what is done on the account; `capability` where another one than the action's will do."""
        wanted = capability or capability_for(action)
        denial = authorize(self.principal, wanted, Resource(self.principal.account_id))
        if denial is not None:
            raise self.access_denied(denial)
        self.begin()

    def access_denied(self, denial: Denial) -> AccessDenied:
        return AccessDenied() if self.principal.is_anonymous else AccessDenied(f"Access Denied: {denial}")

    @property
    def charged_account_id(self) -> str:
        """Whose ledger and caps: the bucket's owner's, or the caller's where no bucket is meant."""
        return self.bucket_owner or self.principal.account_id

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
            self.bucket_name,
            self.operation.name,
            self.operation.transaction_class,
            bytes_in=self.bytes_in,
            bytes_out=bytes_out,
        )
