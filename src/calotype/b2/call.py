"""One call while it is answered: who asks, at what time, and what the ledger shall say of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from calotype.auth.authorize import Resource, authorize
from calotype.b2.credentials import NOBODY, TOKEN_NEEDED, Credentials, Grant
from calotype.b2.errors import BadBucketId, Unauthorized
from calotype.b2.listed_buckets import ListedBuckets
from calotype.b2.operation import TransactionClass
from calotype.b2.public_reading import AnybodyReads
from calotype.b2.settings import B2Settings, api_url
from calotype.b2.transfers import DownloadFileById, DownloadFileByName
from calotype.http.message import Request
from calotype.store.accounting import Begun
from calotype.store.errors import NoSuchBucket
from calotype.store.model import Bucket
from calotype.store.store import Store

DOWNLOADS = (DownloadFileByName.call, DownloadFileById.call)
CALLS_PER_LISTING = 1000
"""How many items of a listing are one call (b2.md §1.1)."""


class WatchedBody:
    """A request's body that remembers whether reading it failed: then the client is to blame, not the server.

    The request itself keeps its own body, by which the connection knows what is left to read.
    """

    def __init__(self, body: AsyncIterator[bytes]) -> None:
        self._body = body
        self.failed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._body)
        except StopAsyncIteration:
            raise
        except Exception:
            self.failed = True
            raise


@dataclass(slots=True)
class Call:
    """`version` is that of the path and picks the answer's shape. What follows `token` goes to the ledger.

    A download that streams counts itself as its bytes go out; `counts_itself` tells the rest to leave it alone.
    """

    store: Store
    settings: B2Settings
    credentials: Credentials
    request: Request
    body: WatchedBody
    version: int
    name: str
    now_ms: int
    listed_buckets: ListedBuckets
    anybody_reads: AnybodyReads
    grant: Grant = NOBODY
    token: str = ""
    owner_account_id: str = ""  # whose bucket is read, where that is not the caller's
    bucket_name: str = ""
    transaction_class: TransactionClass = TransactionClass.A
    units: int = 1
    counts_itself: bool = False
    is_counted: bool = False
    begun: list[Begun] | None = None  # None until the account's cap was asked

    @property
    def account_id(self) -> str:
        return self.grant.principal.account_id

    @property
    def capabilities(self) -> frozenset[str]:
        return self.grant.principal.capabilities

    @property
    def api_url(self) -> str:
        return api_url(self.settings, self.request)

    def allow(self, capability: str, bucket_id: str | None = None, key: bytes | None = None) -> None:
        """Raises Unauthorized unless the caller may do this on a bucket of the own account, or on the account."""
        self.check(capability, Resource(self.account_id, bucket_id, key))

    def check(self, capability: str, resource: Resource) -> None:
        """Likewise of any resource; for what is allowed the account's cap is used up, which raises CapExceeded."""
        if authorize(self.grant.principal, capability, resource) is not None:
            raise Unauthorized(TOKEN_NEEDED if self.grant.principal.is_anonymous else None)
        self.begin()

    def own_account(self, account_id: str) -> None:
        """Raises Unauthorized when a call names an account that is not the caller's."""
        if account_id != self.account_id:
            raise Unauthorized

    async def bucket(self, bucket_id: str) -> Bucket:
        """The own bucket of that id; raises BadBucketId. Ask `allow` first: it must not tell which buckets exist."""
        try:
            bucket = await self.store.bucket_by_id(bucket_id)
        except NoSuchBucket as exc:
            raise BadBucketId(bucket_id) from exc
        if bucket.account_id != self.account_id:
            raise BadBucketId(bucket_id)
        self.bucket_name = bucket.name
        return bucket

    @property
    def charged_account_id(self) -> str:
        """Whose ledger and caps; empty for a call on no account, which is nobody's."""
        return self.owner_account_id or self.account_id

    def begin(self) -> None:
        """Use the account's cap up, once; raises CapExceeded, after which nothing may be done."""
        if self.begun is None:
            self.begun = []
            self._use(self.units)

    def charge_listing(self, most: int) -> None:
        """Count a listing as one call per started thousand of the items that it asks for; raises CapExceeded."""
        self.begin()
        before, self.units = self.units, max(1, -(-most // CALLS_PER_LISTING))
        self._use(self.units - before)

    def _use(self, calls: int) -> None:
        is_download = self.name in DOWNLOADS
        begun = self.store.accounting.begin_call(
            self.charged_account_id, self.transaction_class, calls, is_download=is_download
        )
        if begun is not None and self.begun is not None:
            self.begun.append(begun)

    def settle(self) -> None:
        """Give back what was used of the cap by a call that is not counted in the end."""
        if self.is_counted or self.counts_itself:
            return
        for begun in self.begun or ():
            begun.take_back()

    def count(self, *, bytes_in: int = 0, bytes_out: int = 0) -> None:
        """Write the call into the ledger, once."""
        if self.is_counted or not self.charged_account_id:
            return
        self.is_counted = True
        if self.begun is None:  # it failed before anybody asked the cap
            self.store.accounting.note_call(self.charged_account_id, self.transaction_class)
        self.store.count(
            self.charged_account_id,
            self.bucket_name,
            self.name,
            self.transaction_class,
            bytes_in=bytes_in,
            bytes_out=bytes_out,
            calls=self.units,
        )
