"""A request for every error code that the server knows: the status beside it, XML that names it, and nothing changed.

What only a connection, a full disk or a broken store brings about has its tests elsewhere (`ELSEWHERE`).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.auth.sigv4 import EMPTY_SHA256, sign_headers
from calotype.http.message import Headers as MessageHeaders
from calotype.s3 import xml
from calotype.s3.error_codes import BY_CODE
from calotype.s3.settings import S3Settings
from calotype.store.model import Action, ApplicationKey, BucketSettings, VersionDraft, Versioning
from support.s3_in_process import HOST, Answer, Site
from support.store_contents import contents_of

Headers = Iterable[tuple[str, str]]
ELSEWHERE = {
    "test_over_a_socket.py": {"BadRequest", "IncompleteBody", "RequestHeaderSectionTooLarge", "URITooLong"},
    "test_server_trouble.py": {"InsufficientStorage", "ServiceUnavailable"},
    "forms/test_post_object.py": {"InvalidPolicyDocument", "MalformedPOSTRequest", "MaxPostPreDataLengthExceededError"},
    "test_refusals.py": {"RequestTimeout", "SlowDown"},
    "objects/test_server_key_service.py": {"KMS.NotFoundException"},
}
# What S3 says to one of two writers at once, and our client may hear: here the second waits for the first.
OF_OTHER_SERVERS = {"ConditionalRequestConflict"}


BUCKETS: dict[str, dict[str, Any]] = {
    "photos": {},
    "kept": {"versioning": Versioning.ENABLED},
    "locked": {"settings": BucketSettings(file_lock_enabled=True)},
    "enforced": {"settings": BucketSettings(more={"ownership": "BucketOwnerEnforced"})},
}


class Origin:
    """`photos` keeps no versions, `kept` does, `locked` has object lock; each holds `a`. `theirs` is another's."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.stranger: ApplicationKey

    async def fill(self) -> Origin:
        for name, options in BUCKETS.items():
            bucket = await self.site.bucket(name, **options)
            async with self.site.store.upload(bucket, b"a", expected_length=5) as upload:
                await upload.write(b"hello")
                await upload.commit(VersionDraft())
        other, self.stranger = await self.site.store.create_account_with_key(
            "other", key_name="first", capabilities=ALL_CAPABILITIES
        )
        await self.site.store.create_bucket(other.account_id, "theirs")
        return self

    async def ask(self, line: str, headers: Headers = (), body: bytes | xml.Node = b"", **options: Any) -> Answer:
        """A request of `METHOD /target`; a body that is a node is its document."""
        method, _, target = line.partition(" ")
        content = body if isinstance(body, bytes) else document(body)
        return await self.site.send(method, target, headers, content, **options)

    async def upload_id(self) -> str:
        return (await self.ask("POST /photos/film?uploads")).root.text_of("UploadId") or ""

    async def unsigned(self, line: str, headers: Headers = (), body: bytes = b"") -> Answer:
        method, _, target = line.partition(" ")
        return await self.site.send_as_is(method, target, [("host", HOST), *headers], body)


def document(node: xml.Node) -> bytes:
    name, children = node[0], node[1]
    assert not isinstance(children, str)
    return xml.document(name, *children)


def tagging(*names: str) -> xml.Node:
    return "Tagging", [("TagSet", [("Tag", [("Key", name), ("Value", "")]) for name in names])]


def md5_header(content: bytes) -> tuple[str, str]:
    return "content-md5", base64.b64encode(hashlib.md5(content).digest()).decode()


def completion(*parts: tuple[int, str]) -> xml.Node:
    return "CompleteMultipartUpload", [
        ("Part", [("PartNumber", str(number)), ("ETag", etag)]) for number, etag in parts
    ]


async def complete(origin: Origin, *parts: tuple[int, str], send: tuple[bytes, ...] = (b"1", b"2")) -> Answer:
    upload_id = await origin.upload_id()
    for number, content in enumerate(send, start=1):
        await origin.ask(f"PUT /photos/film?partNumber={number}&uploadId={upload_id}", (), content)
    return await origin.ask(f"POST /photos/film?uploadId={upload_id}", (), completion(*parts))


async def with_a_broken_store(origin: Origin) -> Answer:
    async def broken(*_: object) -> None:
        raise RuntimeError("broken")

    origin.site.store.latest = broken  # type: ignore[assignment, method-assign]
    return await origin.ask("GET /photos/a")


async def by_a_clock_that_is_behind(origin: Origin) -> Answer:
    """Signed a quarter of an hour ago, by the server's clock."""
    server = origin.site.server
    server._clock = lambda: origin.site.moment_ms[0] + 16 * 60 * 1000
    return await origin.ask("GET /photos/a")


async def bucket_of_ones_own_elsewhere(origin: Origin) -> Answer:
    """Only in S3's first region may a bucket be made again."""
    origin.site.server._settings = S3Settings(region="eu-west-1")
    signed = sign_headers(
        "PUT", HOST, "/photos", "", MessageHeaders(), EMPTY_SHA256, origin.site.key.key_id, origin.site.key.secret,
        region="eu-west-1", now=origin.site.moment_ms[0] / 1000,
    )  # fmt: skip
    return await origin.site.send_as_is("PUT", "/photos", signed)


def unknown(key: ApplicationKey) -> ApplicationKey:
    return replace(key, key_id=key.key_id[:-1] + "9")


def with_another_secret(key: ApplicationKey) -> ApplicationKey:
    return replace(key, secret="K001" + "A" * 27)


MD5_OF_1, MD5_OF_2 = (hashlib.md5(content).hexdigest() for content in (b"1", b"2"))
SSE_C = "x-amz-server-side-encryption-customer"

Row = Callable[[Origin], Awaitable[Answer]]
ROWS: list[tuple[str, Row]] = [
    ("AccessControlListNotSupported", lambda o: o.ask("PUT /enforced/a", [("x-amz-acl", "public-read")])),
    ("AccessDenied", lambda o: o.unsigned("GET /photos/a")),
    ("AccessDenied", lambda o: o.ask("GET /photos/a", key=o.stranger)),
    (
        "AccessForbidden",
        lambda o: o.unsigned(
            "OPTIONS /photos/a", [("origin", "https://x.example"), ("access-control-request-method", "GET")]
        ),
    ),
    ("AuthorizationHeaderMalformed", lambda o: o.unsigned("GET /photos", [("authorization", "AWS4-HMAC-SHA256 x")])),
    ("AuthorizationQueryParametersError", lambda o: o.unsigned("GET /photos?X-Amz-Algorithm=AWS4-HMAC-SHA256")),
    ("BadDigest", lambda o: o.ask("PUT /photos/b", [md5_header(b"other")], b"hello")),
    ("BadDigest", lambda o: o.ask("PUT /photos/b", [("x-amz-checksum-crc32", "AAAAAA==")], b"hello")),
    ("BucketAlreadyExists", lambda o: o.ask("PUT /theirs")),
    ("BucketAlreadyOwnedByYou", bucket_of_ones_own_elsewhere),
    ("BucketNotEmpty", lambda o: o.ask("DELETE /photos")),
    (
        "EntityTooLarge",
        lambda o: o.ask(
            "PUT /photos/b",
            [("x-amz-decoded-content-length", str(6 * 2**30))],
            b"",
            payload_hash="STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        ),
    ),
    ("EntityTooSmall", lambda o: complete(o, (1, MD5_OF_1), (2, MD5_OF_2))),
    (
        "IllegalLocationConstraintException",
        lambda o: o.ask("PUT /new-bucket", (), ("CreateBucketConfiguration", [("LocationConstraint", "mars-1")])),
    ),
    (
        "IllegalVersioningConfigurationException",
        lambda o: o.ask("PUT /photos?versioning", (), ("VersioningConfiguration", [])),
    ),
    ("InternalError", with_a_broken_store),
    ("InvalidAccessKeyId", lambda o: o.ask("GET /photos", key=unknown(o.site.key))),
    ("InvalidArgument", lambda o: o.ask("GET /photos?max-keys=many")),
    (
        "InvalidBucketAclWithObjectOwnership",
        lambda o: o.ask(
            "PUT /new-bucket", [("x-amz-acl", "public-read"), ("x-amz-object-ownership", "BucketOwnerEnforced")]
        ),
    ),
    ("InvalidBucketName", lambda o: o.ask("PUT /NO")),
    (
        "InvalidBucketState",
        lambda o: o.ask("PUT /locked?versioning", (), ("VersioningConfiguration", [("Status", "Suspended")])),
    ),
    ("InvalidDigest", lambda o: o.ask("PUT /photos/b", [("content-md5", "x")], b"hello")),
    ("InvalidEncryptionAlgorithmError", lambda o: o.ask("PUT /photos/b", [(f"{SSE_C}-algorithm", "DES")], b"hello")),
    ("InvalidPart", lambda o: complete(o, (7, MD5_OF_1))),
    ("InvalidPartNumber", lambda o: o.ask("GET /photos/a?partNumber=2")),
    ("InvalidPartOrder", lambda o: complete(o, (2, MD5_OF_2), (1, MD5_OF_1))),
    ("InvalidRange", lambda o: o.ask("GET /photos/a", [("range", "bytes=5-")])),
    (
        "InvalidRedirectLocation",
        lambda o: o.ask("PUT /photos/b", [("x-amz-website-redirect-location", "x.example")], b"hello"),
    ),
    ("InvalidRequest", lambda o: o.ask("PUT /photos/a", [("x-amz-copy-source", "/photos/a")])),
    ("InvalidStorageClass", lambda o: o.ask("PUT /photos/b", [("x-amz-storage-class", "ATTIC")], b"hello")),
    ("InvalidTag", lambda o: o.ask("PUT /photos/a?tagging", (), tagging("place", "place"))),
    (
        "InvalidTargetBucketForLogging",
        lambda o: o.ask(
            "PUT /photos?logging",
            (),
            ("BucketLoggingStatus", [("LoggingEnabled", [("TargetBucket", "nowhere"), ("TargetPrefix", "")])]),
        ),
    ),
    ("InvalidURI", lambda o: o.ask("GET /photos/%zz")),
    ("KeyTooLongError", lambda o: o.ask(f"PUT /photos/{'k' * 1025}", (), b"hello")),
    ("MalformedACLError", lambda o: o.ask("PUT /photos?acl", (), ("AccessControlPolicy", []))),
    ("MalformedPolicy", lambda o: o.ask("PUT /photos?policy", (), b"{}")),
    ("MalformedXML", lambda o: o.ask("PUT /photos?versioning", (), b"<Versioning")),
    ("MalformedXML", lambda o: complete(o)),
    ("MaxMessageLengthExceeded", lambda o: o.ask("POST /photos?delete", (), b"<" * (5 * 2**20))),
    ("MetadataTooLarge", lambda o: o.ask("PUT /photos/b", [("x-amz-meta-a", "x" * 2048)], b"hello")),
    ("MetadataConfigurationNotFound", lambda o: o.ask("GET /photos?metadataTable")),
    ("MissingContentLength", lambda o: o.ask("PUT /photos/b", pieces=[b"hello"])),
    ("MissingSecurityHeader", lambda o: o.ask("PUT /photos?acl")),
    ("MethodNotAllowed", lambda o: o.ask("POST /photos/a")),
    ("NoSuchBucket", lambda o: o.ask("GET /nowhere/a")),
    ("NoSuchBucketPolicy", lambda o: o.ask("GET /photos?policy")),
    ("NoSuchCORSConfiguration", lambda o: o.ask("GET /photos?cors")),
    ("NoSuchConfiguration", lambda o: o.ask("GET /photos?analytics&id=a")),
    ("NoSuchKey", lambda o: o.ask("GET /photos/nothing")),
    ("NoSuchLifecycleConfiguration", lambda o: o.ask("GET /photos?lifecycle")),
    ("NoSuchObjectLockConfiguration", lambda o: o.ask("GET /locked/a?retention")),
    ("NoSuchPublicAccessBlockConfiguration", lambda o: o.ask("GET /photos?publicAccessBlock")),
    ("NoSuchTagSet", lambda o: o.ask("GET /photos?tagging")),
    ("NoSuchUpload", lambda o: o.ask("DELETE /photos/film?uploadId=nothing")),
    ("NoSuchVersion", lambda o: o.ask("GET /kept/a?versionId=null")),
    ("NoSuchWebsiteConfiguration", lambda o: o.ask("GET /photos?website")),
    ("NotImplemented", lambda o: o.ask("PUT /photos?website", (), b"<WebsiteConfiguration/>")),
    ("ObjectLockConfigurationNotFoundError", lambda o: o.ask("GET /photos?object-lock")),
    ("OwnershipControlsNotFoundError", lambda o: o.ask("GET /photos?ownershipControls")),
    ("PreconditionFailed", lambda o: o.ask("PUT /photos/a", [("if-none-match", "*")], b"hello")),
    ("ReplicationConfigurationNotFoundError", lambda o: o.ask("GET /photos?replication")),
    ("RequestTimeTooSkewed", by_a_clock_that_is_behind),
    ("ServerSideEncryptionConfigurationNotFoundError", lambda o: o.ask("GET /photos?encryption")),
    ("SignatureDoesNotMatch", lambda o: o.ask("GET /photos", key=with_another_secret(o.site.key))),
    ("UnexpectedContent", lambda o: o.ask("PUT /photos?acl", [("x-amz-acl", "private")], ("AccessControlPolicy", []))),
    (
        "UnresolvableGrantByEmailAddress",
        lambda o: o.ask("PUT /photos?acl", [("x-amz-grant-read", 'emailAddress="nobody@example.com"')]),
    ),
    ("XAmzContentSHA256Mismatch", lambda o: o.ask("PUT /photos/b", (), b"hello", payload_hash="0" * 64)),
]


async def kept_by(site: Site) -> list[Any]:
    """Every bucket with its finished versions; calls are counted, and some rows begin an upload before they fail."""
    contents = await contents_of(site.store)
    return [
        (bucket, [version for version, _ in versions if version.action is not Action.START])
        for _, account in contents.values()
        for bucket, versions in account["buckets"]
    ]


@pytest.mark.parametrize(("code", "row"), ROWS, ids=[f"{number}-{code}" for number, (code, _) in enumerate(ROWS)])
async def test_a_request_that_is_wrong_is_told_the_code_and_changes_nothing(site: Site, code: str, row: Row) -> None:
    origin = await Origin(site).fill()
    before = await kept_by(site)

    answer = await row(origin)

    assert (answer.status, answer.code) == (BY_CODE[code].status, code), answer.body
    assert answer.headers.get("content-type") == "application/xml"
    assert answer.root.name == "Error"
    assert answer.root.text_of("Message")
    assert answer.root.text_of("RequestId") == answer.headers.get("x-amz-request-id")
    assert answer.headers.get("x-amz-id-2")
    assert await kept_by(site) == before


def test_every_code_has_a_request() -> None:
    """Here or elsewhere, and elsewhere its name really stands."""
    here = Path(__file__).parent
    for name, codes in ELSEWHERE.items():
        words = set(re.findall(r"[A-Za-z.]+", (here / name).read_text()))
        assert codes <= words, (name, codes - words)
    tried = {code for code, _ in ROWS} | set().union(*ELSEWHERE.values())
    assert tried | OF_OTHER_SERVERS == set(BY_CODE)
