"""SSE-S3 and SSE-C over the S3 API: asked for in header fields, really done, told in answers (s3.md §8)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from calotype.auth.checksums import composite
from calotype.http.message import Request
from calotype.store.encryption import CustomerKey
from calotype.store.model import BucketSettings, EncryptionScheme
from support.checksums import checksum

CONTENT = b"in clear, " * 10
FIRST, SECOND = b"first part, ", b"second part"
AES256 = ("x-amz-server-side-encryption", "AES256")


def customer(letter: bytes, prefix: str = "x-amz-server-side-encryption") -> list[tuple[str, str]]:
    """The three fields of a key of 32 times that letter."""
    key = letter * 32
    return [
        (f"{prefix}-customer-algorithm", "AES256"),
        (f"{prefix}-customer-key", base64.b64encode(key).decode()),
        (f"{prefix}-customer-key-md5", base64.b64encode(hashlib.md5(key).digest()).decode()),
    ]


def of_source(letter: bytes) -> list[tuple[str, str]]:
    return customer(letter, "x-amz-copy-source-server-side-encryption")


KEY, OTHER = customer(b"k"), customer(b"o")
KEY_MD5 = dict(KEY)["x-amz-server-side-encryption-customer-key-md5"]


def told(answer: Any) -> tuple[str | None, str | None, str | None]:
    """What an answer says of the object's encryption: SSE-S3, SSE-C and its key's MD5."""
    prefix = "x-amz-server-side-encryption"
    names = (prefix, f"{prefix}-customer-algorithm", f"{prefix}-customer-key-md5")
    return tuple(answer.headers.get(name) for name in names)  # type: ignore[return-value]


BY_SERVER, BY_CUSTOMER, NOT_AT_ALL = ("AES256", None, None), (None, "AES256", KEY_MD5), (None, None, None)


@pytest.mark.parametrize(
    ("asked", "for_reads", "expected"), [([AES256], [], BY_SERVER), (KEY, KEY, BY_CUSTOMER), ([], [], NOT_AT_ALL)]
)
async def test_an_object_is_encrypted_as_asked_and_says_so(
    site: Any, asked: list[tuple[str, str]], for_reads: list[tuple[str, str]], expected: Any
) -> None:
    await site.bucket()
    put = await site.send("PUT", "/photos/a", asked, CONTENT)
    got = await site.send("GET", "/photos/a", for_reads)
    head = await site.send("HEAD", "/photos/a", for_reads)
    assert (told(put), told(got), told(head)) == (expected, expected, expected)
    assert got.body == CONTENT
    assert (await site.send("GET", "/photos/a", [*for_reads, ("range", "bytes=3-12")])).body == CONTENT[3:13]
    assert (CONTENT in await site.on_disk()) == (expected == NOT_AT_ALL)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("written_with", "read_with", "status", "code"),
    [
        (KEY, [], 400, "InvalidRequest"),
        (KEY, OTHER, 403, "AccessDenied"),
        ([], KEY, 400, "InvalidRequest"),
        ([AES256], KEY, 400, "InvalidRequest"),
        ([AES256], [AES256], 400, "InvalidArgument"),
        (KEY, KEY[:2], 400, "InvalidRequest"),
        (KEY, [*KEY[:2], OTHER[2]], 400, "InvalidArgument"),  # the MD5 of another key
        (KEY, [KEY[0], (KEY[1][0], "c2hvcnQ="), KEY[2]], 400, "InvalidArgument"),
        (KEY, [KEY[0], (KEY[1][0], "not base64!"), KEY[2]], 400, "InvalidArgument"),
    ],
)
async def test_a_read_without_the_right_key_is_refused(
    site: Any, method: str, written_with: Any, read_with: Any, status: int, code: str
) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", written_with, CONTENT)
    answer = await site.send(method, "/photos/a", read_with)
    assert answer.status == status
    assert KEY[1][1].encode() not in answer.body
    if method == "GET":
        assert answer.code == code


@pytest.mark.parametrize(
    ("source", "asked", "for_reads", "expected"),
    [
        ([], [AES256], [], BY_SERVER),
        ([], KEY, KEY, BY_CUSTOMER),
        (OTHER, [*of_source(b"o"), *KEY], KEY, BY_CUSTOMER),
        (OTHER, of_source(b"o"), [], NOT_AT_ALL),
        ([AES256], [], [], NOT_AT_ALL),  # the source's encryption does not go along
    ],
)
async def test_a_copy_is_encrypted_as_asked(site: Any, source: Any, asked: Any, for_reads: Any, expected: Any) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", source, CONTENT)
    copied = await site.send("PUT", "/photos/b", [("x-amz-copy-source", "/photos/a"), *asked])
    assert (copied.status, told(copied)) == (200, expected)
    assert (await site.send("GET", "/photos/b", for_reads)).body == CONTENT


async def test_a_copy_to_itself_may_change_the_encryption(site: Any) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", body=CONTENT)
    copied = await site.send("PUT", "/photos/a", [("x-amz-copy-source", "/photos/a"), AES256])
    assert told(copied) == BY_SERVER
    assert CONTENT not in await site.on_disk()
    assert (await site.send("GET", "/photos/a")).body == CONTENT


@pytest.mark.parametrize("headers", [[], of_source(b"k")])
async def test_the_source_of_a_copy_needs_its_key(site: Any, headers: list[tuple[str, str]]) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", OTHER, CONTENT)
    answer = await site.send("PUT", "/photos/b", [("x-amz-copy-source", "/photos/a"), *headers])
    assert (answer.status, answer.code) == ((403, "AccessDenied") if headers else (400, "InvalidRequest"))
    assert await site.keys_in("photos") == [b"a"]


@pytest.mark.parametrize(("asked", "with_parts", "expected"), [([AES256], [], BY_SERVER), (KEY, KEY, BY_CUSTOMER)])
async def test_an_upload_is_encrypted_part_by_part(
    site: Any, uploads: Any, asked: Any, with_parts: Any, expected: Any
) -> None:
    await site.send("PUT", "/photos/source", body=SECOND)
    created = await site.send("POST", "/photos/film?uploads", asked)
    upload_id = created.root.text_of("UploadId")
    sent = await uploads.part(upload_id, 1, FIRST, *with_parts)
    copied = await uploads.copy(upload_id, 2, "/photos/source", *with_parts)
    await site.send("DELETE", "/photos/source")
    completed = await uploads.complete(upload_id, (1, FIRST), (2, SECOND))
    assert [told(answer) for answer in (created, sent, copied, completed)] == [expected] * 4
    got = await site.send("GET", "/photos/film", with_parts)
    assert (got.body, told(got)) == (FIRST + SECOND, expected)
    assert FIRST not in await site.on_disk()
    by_number = await site.send("GET", "/photos/film?partNumber=2", with_parts)
    assert by_number.body == SECOND
    attributes = [("x-amz-object-attributes", "ObjectSize"), *with_parts]
    assert (await site.send("GET", "/photos/film?attributes", attributes)).root.text_of("ObjectSize") == "23"


@pytest.mark.parametrize(("asked", "with_part"), [(KEY, []), (KEY, OTHER), ([], KEY), ([AES256], KEY)])
async def test_a_part_needs_the_key_of_its_upload(uploads: Any, asked: Any, with_part: Any) -> None:
    upload_id = await uploads.create(*asked)
    answer = await uploads.part(upload_id, 1, FIRST, *with_part)
    assert (answer.status, answer.code) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    ("algorithm", "value", "of_shared", "of_rewritten"),
    [
        ("CRC32", checksum("CRC32", FIRST), "FULL_OBJECT", "FULL_OBJECT"),
        ("SHA256", composite("SHA256", [checksum("SHA256", FIRST)]), "COMPOSITE", None),
    ],
)
async def test_a_composite_checksum_goes_along_as_long_as_the_parts_do(
    site: Any, uploads: Any, algorithm: str, value: str, of_shared: str, of_rewritten: str | None
) -> None:
    upload_id = await uploads.create()
    await uploads.part(upload_id, 1, FIRST, (f"x-amz-checksum-{algorithm.lower()}", checksum(algorithm, FIRST)))
    declared = [(f"x-amz-checksum-{algorithm.lower()}", value)]
    assert (await uploads.complete(upload_id, (1, FIRST), headers=declared)).status == 200
    for encryption, kind in ([], of_shared), ([AES256], of_rewritten):
        await site.send("PUT", "/photos/b", [("x-amz-copy-source", "/photos/film"), *encryption])
        head = await site.send("HEAD", "/photos/b", [("x-amz-checksum-mode", "ENABLED")])
        assert head.headers.get("x-amz-checksum-type") == kind


async def test_a_buckets_default_encrypts_the_parts(site: Any, uploads: Any) -> None:
    await site.bucket("sealed", settings=BucketSettings(default_encryption=EncryptionScheme.SERVER_KEY))
    sealed = uploads.at("/sealed/film")
    await sealed.whole(FIRST, SECOND)
    got = await site.send("GET", "/sealed/film")
    assert (got.body, told(got)) == (FIRST + SECOND, BY_SERVER)


async def test_the_native_api_reads_what_s3_encrypted(site: Any) -> None:
    bucket = await site.bucket()
    await site.send("PUT", "/photos/a", KEY, CONTENT)
    version = await site.store.latest(bucket.bucket_id, b"a")
    chunks = site.store.read(version, customer_key=CustomerKey(b"k" * 32))
    assert b"".join([chunk async for chunk in chunks]) == CONTENT


@pytest.mark.parametrize(
    ("client", "scheme", "status"),
    [
        ("127.0.0.1", "http", 200),
        ("::1", "http", 200),
        ("", "http", 200),  # a Unix socket
        ("192.0.2.7", "https", 200),
        ("192.0.2.7", "http", 400),
        ("2001:db8::1", "http", 400),
    ],
)
async def test_a_customers_key_comes_only_where_nobody_listens(
    site: Any, monkeypatch: pytest.MonkeyPatch, client: str, scheme: str, status: int
) -> None:
    await site.bucket()
    plain = Request.of

    def from_there(*arguments: Any, **options: Any) -> Request:
        request = plain(*arguments, **options)
        request.client, request.scheme = (client, 1234), scheme
        return request

    monkeypatch.setattr(Request, "of", from_there)
    assert (await site.send("PUT", "/photos/a", KEY, CONTENT)).status == status
    assert (await site.send("PUT", "/photos/a", [AES256], CONTENT)).status == 200
