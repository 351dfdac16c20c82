"""Objects through the S3 server: what goes in comes out, and what is wrong changes nothing."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from calotype.auth.checksums import CHECKSUMS, HEADERS, as_base64
from calotype.http.http_date import format_http_date
from calotype.s3.addressing import Address, path_of
from calotype.store.model import BucketSettings, VersionDraft
from support.checksums import checksum

PICTURE = bytes(range(256)) * 300  # 76,800 bytes
MD5 = hashlib.md5(PICTURE, usedforsecurity=False)
ETAG = f'"{MD5.hexdigest()}"'


async def test_an_object_comes_back_as_it_was_put(site: Any) -> None:
    await site.bucket()
    put = await site.send("PUT", "/photos/2026/cat.png", [("content-type", "image/png")], PICTURE)
    assert (put.status, put.headers.get("etag"), put.body) == (200, ETAG, b"")
    got = await site.send("GET", "/photos/2026/cat.png")
    assert (got.status, got.body) == (200, PICTURE)
    assert got.headers.get("content-type") == "image/png"
    assert got.headers.get("content-length") == str(len(PICTURE))
    assert got.headers.get("etag") == ETAG
    assert got.headers.get("accept-ranges") == "bytes"
    assert got.headers.get("last-modified") == format_http_date(1_790_000_000)
    assert got.headers.get("x-content-type-options") == "nosniff"
    assert "content-security-policy" not in got.headers
    assert "x-amz-version-id" not in got.headers
    head = await site.send("HEAD", "/photos/2026/cat.png")
    assert (head.status, head.body) == (200, b"")
    assert head.headers.get("content-length") == str(len(PICTURE))


async def test_every_answer_has_the_ids_of_its_request(site: Any) -> None:
    await site.bucket()
    answers = [await site.send("GET", "/photos/nothing"), await site.send("HEAD", "/photos")]
    ids = [answer.headers.get("x-amz-request-id") for answer in answers]
    assert all(len(request_id) == 16 for request_id in ids)
    assert len(set(ids)) == 2
    assert all(answer.headers.get("x-amz-id-2") for answer in answers)
    assert answers[0].root.text_of("RequestId") == ids[0]


async def test_an_empty_object_is_an_object(site: Any) -> None:
    await site.bucket()
    assert (await site.send("PUT", "/photos/empty")).status == 200
    got = await site.send("GET", "/photos/empty")
    assert (got.status, got.body, got.headers.get("content-length")) == (200, b"", "0")
    assert got.headers.get("content-type") == "binary/octet-stream"


async def test_metadata_and_stored_headers_come_back(site: Any) -> None:
    await site.bucket()
    fields = [
        ("cache-control", "max-age=60"),
        ("content-disposition", 'inline; filename="a.png"'),
        ("content-language", "de"),
        ("expires", "Thu, 01 Dec 2030 16:00:00 GMT"),
        ("content-encoding", "aws-chunked,gzip"),
        ("x-amz-meta-title", "K\xc3\xa4se"),  # raw UTF-8, as bytes on the wire
        ("x-amz-meta-word", "=?UTF-8?B?w6k=?="),
        ("x-amz-meta-empty", ""),
    ]
    assert (await site.send("PUT", "/photos/a", fields, b"x")).status == 200
    got = await site.send("GET", "/photos/a")
    for name, value in fields:
        assert got.headers.get(name) == value.replace("aws-chunked,", "")
    latest = await site.store.latest((await site.store.bucket("photos")).bucket_id, b"a")
    assert latest.info["title"] == "Käse"


async def test_metadata_that_no_header_can_hold_goes_out_as_an_encoded_word(site: Any) -> None:
    bucket = await site.bucket()
    async with site.store.upload(bucket, b"a", expected_length=0) as upload:
        await upload.commit(VersionDraft(info={"note": "two\r\nx-evil: lines"}))
    got = await site.send("GET", "/photos/a")
    word = got.headers.get("x-amz-meta-note")
    assert base64.b64decode(word.removeprefix("=?UTF-8?B?").removesuffix("?=")) == b"two\r\nx-evil: lines"


@pytest.mark.parametrize(
    "key",
    ["a b+c", "a%2Fb", "写真/📷.png", "a//b", "/a", "a/", "a/../b", "a?b#c&d=e", "~!$&'()*,;=:@", "..."],
)
async def test_any_key_comes_back_under_its_own_name(site: Any, key: str) -> None:
    await site.bucket()
    target = path_of(Address("photos", key.encode()))
    assert (await site.send("PUT", target, body=b"x")).status == 200
    assert await site.keys_in("photos") == [key.encode()]
    assert (await site.send("GET", target)).body == b"x"


@pytest.mark.parametrize("host", ["photos.s3.localhost:9000", "PHOTOS.S3.LOCALHOST"])
async def test_virtual_host_style_names_the_bucket_in_the_host(site: Any, host: str) -> None:
    await site.bucket()
    assert (await site.send("PUT", "/a/b.png", body=b"x", host=host)).status == 200
    assert (await site.send("GET", "/photos/a/b.png")).body == b"x"
    listing = await site.send("GET", "/?list-type=2", host=host)
    assert listing.root.text_of("KeyCount") == "1"


async def test_svg_and_html_leave_under_a_sandboxing_policy(site: Any) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a.svg", [("content-type", "image/svg+xml")], b"<svg/>")
    got = await site.send("GET", "/photos/a.svg")
    assert "sandbox" in got.headers.get("content-security-policy")
    await site.send("PUT", "/photos/b.png", [("content-type", "image/png")], b"x")
    overridden = await site.send("GET", "/photos/b.png?response-content-type=text%2Fhtml")
    assert "sandbox" in overridden.headers.get("content-security-policy")


@pytest.mark.parametrize(
    ("header", "status", "part", "content_range"),
    [
        ("bytes=0-3", 206, slice(0, 4), "bytes 0-3/76800"),
        ("bytes=76796-", 206, slice(76796, None), "bytes 76796-76799/76800"),
        ("bytes=-4", 206, slice(-4, None), "bytes 76796-76799/76800"),
        ("bytes=76000-99999999", 206, slice(76000, None), "bytes 76000-76799/76800"),  # past the end is clipped
        ("bytes=-99999999", 206, slice(None), "bytes 0-76799/76800"),
        ("bytes=0-1,5-6", 200, slice(None), None),  # several are answered whole
        ("bytes=5-1", 200, slice(None), None),  # malformed is ignored
        ("chunks=0-1", 200, slice(None), None),
    ],
)
async def test_a_range_gives_the_part_asked_for(
    site: Any, header: str, status: int, part: slice, content_range: str | None
) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", body=PICTURE)
    got = await site.send("GET", "/photos/a", [("range", header)])
    assert (got.status, got.body, got.headers.get("content-range")) == (status, PICTURE[part], content_range)
    head = await site.send("HEAD", "/photos/a", [("range", header)])
    assert (head.status, head.headers.get("content-range")) == (status, content_range)


@pytest.mark.parametrize("header", ["bytes=76800-", "bytes=-0"])
async def test_a_range_outside_the_object_is_not_satisfiable(site: Any, header: str) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", body=PICTURE)
    got = await site.send("GET", "/photos/a", [("range", header)])
    assert (got.status, got.code, got.headers.get("content-range")) == (416, "InvalidRange", "bytes */76800")
    assert got.root.text_of("ActualObjectSize") == "76800"


async def test_a_large_object_streams_and_its_bytes_are_counted(site: Any) -> None:
    await site.bucket()
    content = PICTURE * 20
    assert (await site.send("PUT", "/photos/big", body=content)).status == 200
    got = await site.send("GET", "/photos/big")
    assert got.body == content
    rows = {row.operation: row for row in await site.store.ledger()}
    assert (rows["GetObject"].transaction_class, rows["GetObject"].count) == ("B", 1)
    assert rows["GetObject"].bytes_out == len(content)
    assert (rows["PutObject"].transaction_class, rows["PutObject"].bytes_in) == ("A", len(content))
    assert rows["GetObject"].bucket_name == "photos"


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (("if-match", ETAG), 200),
        (("if-match", MD5.hexdigest()), 200),  # unquoted, as some clients send it
        (("if-match", '"other"'), 412),
        (("if-none-match", ETAG), 304),
        (("if-none-match", '"other"'), 200),
        (("if-modified-since", format_http_date(1_790_000_000)), 304),
        (("if-modified-since", format_http_date(1_789_999_999)), 200),
        (("if-unmodified-since", format_http_date(1_789_999_999)), 412),
        (("if-unmodified-since", format_http_date(1_790_000_000)), 200),
    ],
)
async def test_a_conditional_read(site: Any, condition: tuple[str, str], status: int) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", [("cache-control", "max-age=1")], PICTURE)
    for method in ("GET", "HEAD"):
        got = await site.send(method, "/photos/a", [condition])
        assert got.status == status
        if status == 304:
            assert got.body == b""
            assert (got.headers.get("etag"), got.headers.get("cache-control")) == (ETAG, "max-age=1")


async def test_if_match_comes_before_if_unmodified_since(site: Any) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", body=PICTURE)
    old = ("if-unmodified-since", format_http_date(1_700_000_000))
    assert (await site.send("GET", "/photos/a", [("if-match", ETAG), old])).status == 200


async def test_if_range_with_another_tag_gives_the_whole(site: Any) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", body=PICTURE)
    assert (await site.send("GET", "/photos/a", [("range", "bytes=0-1"), ("if-range", ETAG)])).status == 206
    assert (await site.send("GET", "/photos/a", [("range", "bytes=0-1"), ("if-range", '"x"')])).status == 200


async def test_a_conditional_write_of_a_new_key_only(site: Any) -> None:
    await site.bucket()
    assert (await site.send("PUT", "/photos/a", [("if-none-match", "*")], b"1")).status == 200
    again = await site.send("PUT", "/photos/a", [("if-none-match", "*")], b"2")
    assert (again.status, again.code) == (412, "PreconditionFailed")
    assert (await site.send("GET", "/photos/a")).body == b"1"


async def test_a_conditional_write_over_a_known_version_only(site: Any) -> None:
    await site.bucket()
    missing = await site.send("PUT", "/photos/a", [("if-match", '"x"')], b"1")
    assert (missing.status, missing.code) == (404, "NoSuchKey")
    etag = (await site.send("PUT", "/photos/a", body=b"1")).headers.get("etag")
    assert (await site.send("PUT", "/photos/a", [("if-match", '"x"')], b"2")).status == 412
    assert (await site.send("PUT", "/photos/a", [("if-match", etag)], b"2")).status == 200
    assert (await site.send("DELETE", "/photos/a", [("if-match", etag)])).status == 412
    assert await site.keys_in("photos") == [b"a"]


async def test_the_buckets_cache_control_is_the_default(site: Any) -> None:
    await site.bucket(info={"Cache-Control": "max-age=720000"})
    await site.send("PUT", "/photos/a", body=b"x")
    await site.send("PUT", "/photos/b", [("cache-control", "no-store")], b"x")
    assert (await site.send("GET", "/photos/a")).headers.get("cache-control") == "max-age=720000"
    assert (await site.send("GET", "/photos/b")).headers.get("cache-control") == "no-store"


async def test_response_overrides_are_for_signed_requests(site: Any) -> None:
    await site.public_bucket()
    await site.send("PUT", "/photos/a", body=b"x")
    query = "response-content-type=text%2Fplain&response-cache-control=no-cache&response-content-disposition=attachment"
    got = await site.send("GET", f"/photos/a?{query}")
    assert (got.headers.get("content-type"), got.headers.get("cache-control")) == ("text/plain", "no-cache")
    assert got.headers.get("content-disposition") == "attachment"
    assert (await site.send_presigned("GET", "/photos/a", query)).headers.get("cache-control") == "no-cache"
    anonymous = await site.send_as_is("GET", f"/photos/a?{query}")
    assert (anonymous.status, anonymous.code) == (400, "InvalidRequest")
    split = await site.send("GET", "/photos/a?response-content-type=a%0d%0ab")
    assert (split.status, split.code) == (400, "InvalidArgument")


@pytest.mark.parametrize("algorithm", CHECKSUMS)
async def test_a_checksum_is_verified_kept_and_given_back(site: Any, algorithm: str) -> None:
    await site.bucket()
    value = checksum(algorithm, PICTURE)
    named = ("x-amz-sdk-checksum-algorithm", algorithm)
    put = await site.send("PUT", "/photos/a", [(HEADERS[algorithm], value), named], PICTURE)
    assert (put.status, put.headers.get(HEADERS[algorithm])) == (200, value)
    plain = await site.send("HEAD", "/photos/a")
    assert HEADERS[algorithm] not in plain.headers
    asked = await site.send("HEAD", "/photos/a", [("x-amz-checksum-mode", "ENABLED")])
    assert asked.headers.get(HEADERS[algorithm]) == value
    assert asked.headers.get("x-amz-checksum-type") == "FULL_OBJECT"
    part = await site.send("GET", "/photos/a", [("x-amz-checksum-mode", "ENABLED"), ("range", "bytes=0-1")])
    assert HEADERS[algorithm] not in part.headers

    wrong = await site.send("PUT", "/photos/b", [(HEADERS[algorithm], checksum(algorithm, b"other"))], PICTURE)
    assert (wrong.status, wrong.code) == (400, "BadDigest")
    assert await site.keys_in("photos") == [b"a"]


def md5_of(content: bytes) -> str:
    return as_base64(hashlib.md5(content, usedforsecurity=False).digest())


SHA1 = ("x-amz-checksum-sha1", checksum("SHA1", PICTURE))


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([("content-md5", md5_of(b"other"))], "BadDigest"),
        ([("content-md5", "not base64")], "InvalidDigest"),
        ([("content-md5", "AAAA")], "InvalidDigest"),
        ([("x-amz-checksum-crc32", "AAAA")], "InvalidRequest"),
        ([("x-amz-trailer", "x-amz-checksum-crc32")], "InvalidRequest"),  # announced, but the payload has none
        ([("x-amz-sdk-checksum-algorithm", "CRC32")], "InvalidRequest"),  # named, but not there
        ([("x-amz-sdk-checksum-algorithm", "CRC32"), SHA1], "InvalidRequest"),  # another one is there
        ([("x-amz-sdk-checksum-algorithm", "MD4"), SHA1], "InvalidRequest"),
        ([("x-amz-meta-a", "x" * 2100)], "MetadataTooLarge"),
    ],
)
async def test_an_upload_with_a_wrong_digest_or_header_changes_nothing(
    site: Any, headers: list[tuple[str, str]], code: str
) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", [("content-md5", md5_of(b"old"))], b"old")
    answer = await site.send("PUT", "/photos/a", headers, PICTURE)
    assert (answer.status, answer.code) == (400, code)
    assert (await site.send("GET", "/photos/a")).body == b"old"


async def test_a_body_that_is_not_the_signed_one_is_refused(site: Any) -> None:
    await site.bucket()
    answer = await site.send("PUT", "/photos/a", body=PICTURE, payload_hash=hashlib.sha256(b"other").hexdigest())
    assert (answer.status, answer.code) == (400, "XAmzContentSHA256Mismatch")
    assert await site.keys_in("photos") == []
    bad_form = await site.send("PUT", "/photos/a", body=PICTURE, payload_hash="abc")
    assert (bad_form.status, bad_form.code) == (400, "InvalidArgument")


async def test_a_body_without_a_length_is_refused(site: Any) -> None:
    await site.bucket()
    answer = await site.send("PUT", "/photos/a", payload_hash="UNSIGNED-PAYLOAD", pieces=[b"x"])
    assert (answer.status, answer.code) == (411, "MissingContentLength")
    assert await site.keys_in("photos") == []


async def test_an_object_beyond_five_gibibytes_is_refused_before_it_is_read(site: Any) -> None:
    await site.bucket()
    answer = await site.send(
        "PUT",
        "/photos/a",
        [("x-amz-decoded-content-length", str(5 * 1024**3 + 1)), ("x-amz-trailer", "x-amz-checksum-crc32")],
        payload_hash="STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        pieces=unread(),
    )
    assert (answer.status, answer.code) == (400, "EntityTooLarge")


def unread() -> Any:
    raise AssertionError("the body was read")
    yield b""


async def test_what_nobody_signs_may_come_in_chunks_with_a_trailer(site: Any) -> None:
    """As the SDKs send it over TLS, to a bucket that everybody may write to."""
    await site.bucket(settings=BucketSettings(more={"acl": "public-read-write"}))
    value = checksum("CRC32", b"bytes")
    for sent, status in (value, 200), (checksum("CRC32", b"other"), 400):
        body = f"5\r\nbytes\r\n0\r\nx-amz-checksum-crc32:{sent}\r\n\r\n".encode()
        fields = [
            ("host", "localhost:9000"),
            ("content-encoding", "aws-chunked"),
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("x-amz-decoded-content-length", "5"),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
        ]
        assert (await site.send_as_is("PUT", "/photos/a", fields, body)).status == status
    got = await site.send("GET", "/photos/a", [("x-amz-checksum-mode", "ENABLED")])
    assert (got.body, got.headers.get("x-amz-checksum-crc32")) == (b"bytes", value)
    assert "content-encoding" not in got.headers
