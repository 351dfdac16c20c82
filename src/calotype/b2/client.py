"""A client of the B2 native API, ours or Backblaze's: version 4, synchronous, over httpx.

    with B2Client("https://api.backblazeb2.com", key_id, application_key) as b2:
        bucket = b2.bucket("photographs")
        with open("cat.png", "rb") as file:
            b2.upload(bucket.bucket_id, "2024/cat.png", file, length=73641)

It authorises at the first call and again when its token dies. Uploads stream in one pass with their digest at the
end of the body; one that fails in a way that asks for it is tried again at a fresh upload URL, when the source can be
rewound. Errors are those of `errors`; what never reached the server is `Unreachable`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, TypeVar

import httpx
import msgspec

from calotype.api_client import ApiClient
from calotype.auth.basic import basic_authorization
from calotype.b2.errors import B2Error, BadAuthToken, ExpiredAuthToken, NotFound
from calotype.b2.file_operations import (
    DeleteFileVersion,
    GetDownloadAuthorization,
    GetFileInfo,
    GetUploadUrl,
    HideFile,
    ListFileNames,
    ListFileVersions,
)
from calotype.b2.json import (
    AccountAuthorization,
    AllowedBucket,
    BucketList,
    BucketObject,
    DeletedVersion,
    DownloadAuthorization,
    FileNameList,
    FileObject,
    FileVersionList,
    KeyList,
    KeyObject,
    StorageApi,
    UploadUrl,
)
from calotype.b2.operation import Operation
from calotype.b2.operations import (
    AuthorizeAccount,
    CreateBucket,
    CreateKey,
    DeleteBucket,
    DeleteKey,
    ListBuckets,
    ListKeys,
    UpdateBucket,
)
from calotype.b2.transfers import (
    AUTO_CONTENT_TYPE,
    HEX_DIGITS_AT_END,
    SHA1_HEX_LENGTH,
    Download,
    DownloadFileById,
    DownloadFileByName,
    UploadFile,
)
from calotype.b2.transport import (
    Progress,
    Unreachable,
    deserves_another_try,
    error_of,
    exchange,
    translated,
    with_digest,
)
from calotype.b2.wire import to_request

PUBLIC, PRIVATE = "allPublic", "allPrivate"
UPLOAD_TRIES = 5
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 16.0
PAGE_ROWS = 1000

__all__ = ["B2Client", "Progress", "Unreachable"]

TIMEOUT = httpx.Timeout(60.0, connect=15.0)

ShapeType = TypeVar("ShapeType")


class B2Client(ApiClient):
    """`realm` is the address that b2_authorize_account is called at. `sleep` waits between tries of an upload;
    listings are fetched `page_rows` at a time."""

    def __init__(
        self,
        realm: str,
        key_id: str,
        application_key: str,
        *,
        http: httpx.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
        page_rows: int = PAGE_ROWS,
    ) -> None:
        self._realm = realm.rstrip("/")
        self._basic = basic_authorization(key_id, application_key)
        self._http = http or httpx.Client(timeout=TIMEOUT)
        self._sleep = sleep
        self._page_rows = page_rows
        self._account: AccountAuthorization | None = None

    # account

    @property
    def account(self) -> AccountAuthorization:
        """What the key is and may do; asks the realm the first time."""
        return self._account or self.authorize()

    @property
    def storage(self) -> StorageApi:
        return self.account.api_info.storage_api

    def authorize(self) -> AccountAuthorization:
        """A fresh account token; raises Unauthorized for a wrong or expired key."""
        content = self._send(self._realm, AuthorizeAccount(), self._basic)
        self._account = msgspec.json.decode(content, type=AccountAuthorization)
        return self._account

    # buckets

    def list_buckets(self) -> list[BucketObject]:
        """The buckets that the key may see, by name. One limited to buckets is asked for each of them."""
        limits = self.storage.allowed.buckets
        if limits is None:
            return self._call(ListBuckets(account_id=self.account.account_id), BucketList).buckets
        found = [bucket for limit in limits for bucket in self._bucket_of(limit)]
        return sorted(found, key=lambda bucket: bucket.bucket_name)

    def _bucket_of(self, limit: AllowedBucket) -> list[BucketObject]:
        if limit.name is None:
            return []
        return self._call(ListBuckets(account_id=self.account.account_id, bucket_id=limit.id), BucketList).buckets

    def bucket(self, name: str) -> BucketObject:
        """The bucket of that name; raises NotFound."""
        asked = ListBuckets(account_id=self.account.account_id, bucket_name=name)
        found = self._call(asked, BucketList).buckets
        if not found:
            raise NotFound(f"Bucket does not exist: {name}")
        return found[0]

    def create_bucket(self, name: str, *, is_public: bool, info: Mapping[str, str] | None = None) -> BucketObject:
        asked = CreateBucket(
            account_id=self.account.account_id,
            bucket_name=name,
            bucket_type=PUBLIC if is_public else PRIVATE,
            bucket_info=dict(info) if info else None,
        )
        return self._call(asked, BucketObject)

    def update_bucket(
        self,
        bucket_id: str,
        *,
        is_public: bool | None = None,
        info: Mapping[str, str] | None = None,
        if_revision_is: int | None = None,
    ) -> BucketObject:
        """Change what is given; `info` replaces all infos. Raises Conflict at another revision."""
        asked = UpdateBucket(
            account_id=self.account.account_id,
            bucket_id=bucket_id,
            bucket_type=None if is_public is None else PUBLIC if is_public else PRIVATE,
            bucket_info=None if info is None else dict(info),
            if_revision_is=if_revision_is,
        )
        return self._call(asked, BucketObject)

    def delete_bucket(self, bucket_id: str) -> BucketObject:
        return self._call(DeleteBucket(account_id=self.account.account_id, bucket_id=bucket_id), BucketObject)

    # keys

    def create_key(
        self,
        name: str,
        capabilities: list[str],
        *,
        bucket_ids: list[str] | None = None,
        name_prefix: str | None = None,
        valid_duration_s: int | None = None,
    ) -> KeyObject:
        """The new key; its `application_key`, the secret, is never told again."""
        asked = CreateKey(
            account_id=self.account.account_id,
            capabilities=capabilities,
            key_name=name,
            bucket_ids=bucket_ids,
            name_prefix=name_prefix,
            valid_duration_in_seconds=valid_duration_s,
        )
        return self._call(asked, KeyObject)

    def list_keys(self) -> Iterator[KeyObject]:
        start: str | None = None
        while True:
            asked = ListKeys(
                account_id=self.account.account_id, max_key_count=self._page_rows, start_application_key_id=start
            )
            page = self._call(asked, KeyList)
            yield from page.keys
            start = page.next_application_key_id
            if start is None:
                return

    def delete_key(self, key_id: str) -> KeyObject:
        return self._call(DeleteKey(application_key_id=key_id), KeyObject)

    # files

    def list_file_names(self, bucket_id: str, *, prefix: str = "", delimiter: str = "") -> Iterator[FileObject]:
        start: str | None = None
        while True:
            asked = ListFileNames(
                bucket_id=bucket_id,
                prefix=prefix or None,
                delimiter=delimiter or None,
                start_file_name=start,
                max_file_count=self._page_rows,
            )
            page = self._call(asked, FileNameList)
            yield from page.files
            start = page.next_file_name
            if start is None:
                return

    def list_file_versions(self, bucket_id: str, *, prefix: str = "") -> Iterator[FileObject]:
        """Every version, markers among them, newest first within a name."""
        start: tuple[str | None, str | None] = (None, None)
        while True:
            asked = ListFileVersions(
                bucket_id=bucket_id,
                prefix=prefix or None,
                start_file_name=start[0],
                start_file_id=start[1],
                max_file_count=self._page_rows,
            )
            page = self._call(asked, FileVersionList)
            yield from page.files
            start = (page.next_file_name, page.next_file_id)
            if page.next_file_name is None:
                return

    def file_info(self, file_id: str) -> FileObject:
        return self._call(GetFileInfo(file_id=file_id), FileObject)

    def hide(self, bucket_id: str, name: str) -> FileObject:
        return self._call(HideFile(bucket_id=bucket_id, file_name=name), FileObject)

    def delete_file_version(self, name: str, file_id: str) -> DeletedVersion:
        return self._call(DeleteFileVersion(file_name=name, file_id=file_id), DeletedVersion)

    def download_authorization(self, bucket_id: str, prefix: str, valid_duration_s: int) -> str:
        """A token that reads the names with a prefix, for `Authorization` or `?Authorization=`."""
        asked = GetDownloadAuthorization(
            bucket_id=bucket_id, file_name_prefix=prefix, valid_duration_in_seconds=valid_duration_s
        )
        return self._call(asked, DownloadAuthorization).authorization_token

    def upload(
        self,
        bucket_id: str,
        name: str,
        source: BinaryIO,
        *,
        length: int,
        content_type: str = AUTO_CONTENT_TYPE,
        info: Mapping[str, str] | None = None,
        on_progress: Progress | None = None,
    ) -> FileObject:
        """Send `length` bytes of `source` as a new version of `name`. `on_progress` gets the bytes sent so far."""
        operation = UploadFile(
            bucket_id=bucket_id,
            file_name=name,
            content_type=content_type,
            content_sha1=HEX_DIGITS_AT_END,
            content_length=length + SHA1_HEX_LENGTH,
            info=dict(info or {}),
        )
        start = source.tell() if source.seekable() else None
        pause_s = FIRST_PAUSE_S
        for tries_left in reversed(range(UPLOAD_TRIES)):
            try:
                return self._upload_once(operation, source, on_progress)
            except B2Error as error:
                if start is None or not tries_left or not deserves_another_try(error):
                    raise
            self._sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            source.seek(start)
        raise AssertionError("the last try returns or raises")

    def _upload_once(self, operation: UploadFile, source: BinaryIO, on_progress: Progress | None) -> FileObject:
        place = self._call(GetUploadUrl(bucket_id=operation.bucket_id), UploadUrl)
        headers = {**dict(to_request(operation).headers), "authorization": place.authorization_token}
        body = with_digest(source, operation.file_length, on_progress or (lambda sent: None))
        content = exchange(self._http, "POST", place.upload_url, headers, body)
        return msgspec.json.decode(content, type=FileObject)

    @contextmanager
    def download(self, operation: Download, headers: Mapping[str, str] | None = None) -> Iterator[httpx.Response]:
        """The streaming response (200 or 206) of a download by name or id; raises NotFound and the like."""
        outgoing = to_request(operation)
        with translated(self._realm):
            request = self._http.build_request(
                outgoing.method,
                self.storage.download_url + outgoing.target,
                headers={**(headers or {}), "authorization": self.account.authorization_token},
            )
            response = self._http.send(request, stream=True)
            try:
                if response.status_code not in (200, 206):
                    raise error_of(response.status_code, response.read())
                yield response
            finally:
                response.close()

    def download_by_name(self, bucket: str, name: str) -> bytes:
        """The whole content of a small file."""
        with self.download(DownloadFileByName(bucket_name=bucket, file_name=name)) as response:
            return response.read()

    def download_by_id(self, file_id: str) -> bytes:
        with self.download(DownloadFileById(file_id=file_id)) as response:
            return response.read()

    # transport

    def _call(self, operation: Operation, shape: type[ShapeType]) -> ShapeType:
        """The answer to a call; with a dead token it authorises once more."""
        try:
            content = self._send(self.storage.api_url, operation, self.account.authorization_token)
        except (BadAuthToken, ExpiredAuthToken):
            self.authorize()
            content = self._send(self.storage.api_url, operation, self.account.authorization_token)
        return msgspec.json.decode(content, type=shape)

    def _send(self, address: str, operation: Operation, authorization: str) -> bytes:
        outgoing = to_request(operation)
        headers = {**dict(outgoing.headers), "authorization": authorization}
        return exchange(self._http, outgoing.method, address + outgoing.target, headers, outgoing.content)
