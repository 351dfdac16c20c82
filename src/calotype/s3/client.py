"""A client of the S3 API, ours or anybody's: synchronous, over httpx.

    with S3Client("https://s3.eu-central-003.backblazeb2.com", key_id, secret, region="eu-central-003") as s3:
        with open("cat.png", "rb") as file:
            s3.put_object("photos", "2026/cat.png", file, length=73641)
        for item in s3.list_objects("photos", prefix="2026/"):
            print(item.key, item.size)

Keys are text or bytes. Bodies stream both ways. Errors are those of `errors`; what never reached the server, or broke
off, is `Unreachable`.
"""

from __future__ import annotations

import hashlib
import io
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import urlsplit

import httpx

from calotype.api_client import ApiClient
from calotype.auth.checksums import as_base64
from calotype.auth.sigv4 import UNSIGNED_PAYLOAD, presign, sign_headers
from calotype.http.http_date import parse_http_date
from calotype.http.message import Headers
from calotype.s3.access.canned_acl import CannedAcl
from calotype.s3.addressing import Address, path_of
from calotype.s3.bucket_operations import CreateBucket, DeleteBucket, HeadBucket
from calotype.s3.error_codes import error_from_response
from calotype.s3.errors import BadDigest, NoSuchBucket, NoSuchKey, S3Error
from calotype.s3.listing.listing_operations import ListBuckets, ListObjectsV2
from calotype.s3.objects.copy_operation import CopyObject
from calotype.s3.objects.deletion_operations import DeleteObject, DeleteObjects, ObjectToDelete
from calotype.s3.objects.description import STORED_HEADERS, Description, metadata_from_headers
from calotype.s3.objects.object_operations import Conditions, GetObject, HeadObject, PutObject
from calotype.s3.operation import Operation
from calotype.s3.request import S3Request, encoded_query
from calotype.s3.results import BucketList, BucketSummary, DeleteResult, ObjectList, ObjectSummary

CHUNK_BYTES = 256 * 1024
CONNECT_TIMEOUT_S = 10.0
# An upload is answered once it is durable, which on a busy disk takes its time.
ANSWER_TIMEOUT_S = 120.0

Progress = Callable[[int], None]
Key = str | bytes

_MD5 = re.compile(r"[0-9a-f]{32}")


class Unreachable(S3Error):
    """No answer: the server cannot be reached, or the connection broke."""

    status, code = 0, "Unreachable"


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """What an answer says about an object. `etag` is without quotes, `last_modified` in Unix seconds."""

    length: int
    etag: str
    content_type: str
    last_modified: int | None
    metadata: Mapping[str, str]
    headers: Mapping[str, str]  # STORED_HEADERS, as far as they are there
    version_id: str | None

    @classmethod
    def from_headers(cls, headers: Headers) -> ObjectHead:
        return cls(
            int(headers.get("content-length") or 0),
            (headers.get("etag") or "").strip('"'),
            headers.get("content-type") or "",
            parse_http_date(headers.get("last-modified") or ""),
            metadata_from_headers(headers),
            {name: value for name in STORED_HEADERS if (value := headers.get(name)) is not None},
            headers.get("x-amz-version-id"),
        )


@dataclass(frozen=True, slots=True)
class PutResult:
    etag: str
    version_id: str | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where operations go and who signs them; pure. `url` is `scheme://host[:port]`."""

    url: str
    key_id: str
    secret: str
    region: str
    path_style: bool = True

    def signed(self, asked: S3Request, now: float) -> tuple[str, Headers]:
        """(address, signed header fields) of a request whose payload stays unsigned."""
        url, host, path = self._place(asked)
        query = encoded_query(asked.query)
        headers = sign_headers(
            asked.method,
            host,
            path,
            query,
            asked.headers,
            UNSIGNED_PAYLOAD,
            self.key_id,
            self.secret,
            region=self.region,
            now=now,
        )
        return f"{url}{path}" + (f"?{query}" if query else ""), headers

    def presigned(self, asked: S3Request, *, expires_s: int, now: float) -> str:
        url, host, path = self._place(asked)
        query = presign(
            asked.method,
            host,
            path,
            encoded_query(asked.query),
            self.key_id,
            self.secret,
            expires_s=expires_s,
            region=self.region,
            now=now,
            headers=asked.headers,
        )
        return f"{url}{path}?{query}"

    def _place(self, asked: S3Request) -> tuple[str, str, str]:
        """(scheme and host, host, path) in path style or virtual-host style."""
        parts = urlsplit(self.url)
        host = wire_host(parts.scheme, parts.netloc)
        if not self.path_style and asked.bucket is not None:
            host = f"{asked.bucket}.{host}"
        path = path_of(Address(asked.bucket, asked.key), path_style=self.path_style)
        return f"{parts.scheme}://{host}", host, path


def wire_host(scheme: str, netloc: str) -> str:
    """The host as an HTTP library sends it: lower-case, a default port left out."""
    default = {"http": ":80", "https": ":443"}.get(scheme, "")
    return netloc.lower().removesuffix(default) if default else netloc.lower()


class S3Client(ApiClient):
    """`transport` is for tests and proxies; `clock` gives Unix seconds."""

    def __init__(
        self,
        endpoint: str,
        key_id: str,
        secret: str,
        *,
        region: str = "us-east-1",
        path_style: bool = True,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._endpoint = Endpoint(endpoint.rstrip("/"), key_id, secret, region, path_style)
        self._clock = clock
        self._http = httpx.Client(
            # Reading the trusted certificates costs time and memory that a server spoken to in clear need not.
            verify=endpoint.startswith("https:"),
            timeout=httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            headers={"accept-encoding": "identity"},
            transport=transport,
        )

    def list_buckets(self, *, prefix: str = "") -> tuple[BucketSummary, ...]:
        return BucketList.from_xml(self._call(ListBuckets(prefix)).content).buckets

    def create_bucket(self, bucket: str, *, acl: CannedAcl | None = None, location: str | None = None) -> None:
        """Raises BucketAlreadyExists or BucketAlreadyOwnedByYou."""
        self._call(CreateBucket(bucket, acl, location))

    def has_bucket(self, bucket: str) -> bool:
        """Whether it is there and ours to use; raises AccessDenied when it is somebody else's."""
        try:
            self._call(HeadBucket(bucket))
        except (NoSuchBucket, NoSuchKey):
            return False
        return True

    def delete_bucket(self, bucket: str) -> None:
        self._call(DeleteBucket(bucket))

    def put_object(
        self,
        bucket: str,
        key: Key,
        source: BinaryIO | bytes,
        *,
        length: int | None = None,
        description: Description | None = None,
        conditions: Conditions | None = None,
        on_progress: Progress | None = None,
    ) -> PutResult:
        """Upload `length` bytes of a file, or bytes; `on_progress` is told how many have gone out.

        Raises EOFError when the file ends early, BadDigest when the server answers with another content's MD5.
        """
        if isinstance(source, bytes):
            length = len(source)
            source = io.BytesIO(source)
        if length is None:
            raise TypeError("the length of a file to upload must be given")
        operation = PutObject(bucket, as_bytes(key), description or Description(), conditions or Conditions())
        body = DigestedBody(source, length, on_progress or _ignore)
        response = self._call(operation, content=body, length=length)
        etag = (response.headers.get("etag") or "").strip('"')
        if _is_md5_of_content(etag, response) and etag != body.md5.hexdigest():
            raise BadDigest(f"The server stored other bytes than were sent: their MD5 is {etag}.")
        return PutResult(etag, response.headers.get("x-amz-version-id"))

    @contextmanager
    def get_object(
        self, bucket: str, key: Key, *, range: str | None = None, version_id: str | None = None
    ) -> Iterator[tuple[ObjectHead, Iterator[bytes]]]:
        """What is said of the object, and its content in chunks, inside a `with`."""
        asked = GetObject(bucket, as_bytes(key), version_id, range).to_request()
        url, headers = self._endpoint.signed(asked, self._clock())
        with translated(url), self._http.stream("GET", url, headers=wire_fields(headers)) as response:
            if not response.is_success:
                raise error_from_response(response.status_code, response.read())
            yield ObjectHead.from_headers(headers_of(response)), response.iter_raw(CHUNK_BYTES)

    def head_object(self, bucket: str, key: Key, *, version_id: str | None = None) -> ObjectHead:
        """Raises NoSuchKey, also where the bucket is missing: the answer to a HEAD does not tell."""
        response = self._call(HeadObject(bucket, as_bytes(key), version_id))
        return ObjectHead.from_headers(headers_of(response))

    def delete_object(self, bucket: str, key: Key, *, version_id: str | None = None) -> None:
        self._call(DeleteObject(bucket, as_bytes(key), version_id))

    def delete_objects(self, bucket: str, keys: Iterable[Key]) -> DeleteResult:
        """At most 1,000 keys at once; what failed stands in the result."""
        objects = tuple(ObjectToDelete(as_bytes(key)) for key in keys)
        return DeleteResult.from_xml(self._call(DeleteObjects(bucket, objects)).content)

    def copy_object(self, source: tuple[str, Key], target: tuple[str, Key]) -> None:
        """Copy from (bucket, key) to (bucket, key), metadata included."""
        self._call(CopyObject(target[0], as_bytes(target[1]), source[0], as_bytes(source[1])))

    def list_page(self, asked: ListObjectsV2) -> ObjectList:
        return ObjectList.from_xml(self._call(asked).content)

    def list_objects(self, bucket: str, *, prefix: Key = b"") -> Iterator[ObjectSummary]:
        """Every object whose key begins with `prefix`, by key, page after page."""
        token: str | None = None
        while True:
            asked = ListObjectsV2(bucket, as_bytes(prefix), continuation_token=token, encode_url=True)
            page = self.list_page(asked)
            yield from page.objects
            token = page.next_place
            if token is None:
                return

    def presigned_url(self, operation: Operation, *, expires_s: int) -> str:
        """An address that makes this request for whoever has it, for 1 to 604,800 seconds."""
        return self._endpoint.presigned(operation.to_request(), expires_s=expires_s, now=self._clock())

    def _call(
        self, operation: Operation, *, content: Iterable[bytes] | None = None, length: int | None = None
    ) -> httpx.Response:
        """The answer, read whole; raises the S3Error that it states."""
        asked = with_body_digest(operation.to_request())
        url, headers = self._endpoint.signed(asked, self._clock())
        if content is not None:
            headers = headers.set("content-length", str(length))
        with translated(url):
            response = self._http.request(
                asked.method, url, headers=wire_fields(headers), content=asked.body if content is None else content
            )
        if not response.is_success:
            raise error_from_response(response.status_code, response.content)
        return response


class DigestedBody:
    """Iterates over `length` bytes of a file for one request, and keeps the MD5 of what it gave."""

    def __init__(self, source: BinaryIO, length: int, on_progress: Progress) -> None:
        self.md5 = hashlib.md5(usedforsecurity=False)
        self._source = source
        self._length = length
        self._on_progress = on_progress

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        while sent < self._length:
            chunk = self._source.read(min(CHUNK_BYTES, self._length - sent))
            if not chunk:
                raise EOFError(f"the file ended after {sent} of {self._length} bytes")
            self.md5.update(chunk)
            yield chunk
            sent += len(chunk)
            self._on_progress(sent)


def _is_md5_of_content(etag: str, response: httpx.Response) -> bool:
    """S3's ETag is the MD5 of what came in one request, except where a customer's or KMS's key encrypts it."""
    encryption = response.headers.get("x-amz-server-side-encryption", "AES256")
    return encryption == "AES256" and _MD5.fullmatch(etag) is not None


def with_body_digest(asked: S3Request) -> S3Request:
    """The request with the Content-MD5 that S3 asks of documents which delete."""
    if not asked.body:
        return asked
    digest = hashlib.md5(asked.body, usedforsecurity=False).digest()
    headers = asked.headers.set("content-md5", as_base64(digest))
    return S3Request(asked.method, asked.bucket, asked.key, asked.query, headers, asked.body)


def as_bytes(key: Key) -> bytes:
    return key.encode() if isinstance(key, str) else key


def wire_fields(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The fields as bytes: httpx would write text that is not ASCII in a way that breaks the signature."""
    return headers.to_raw()


def headers_of(response: httpx.Response) -> Headers:
    return Headers.from_raw(response.headers.raw)


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Raises what httpx raises as Unreachable, with the address but not the signature it may hold."""
    try:
        yield
    except httpx.HTTPError as exc:
        raise Unreachable(f"{url.partition('?')[0]} cannot be reached: {exc}") from exc


def _ignore(_sent: int) -> None:
    pass
