"""Who may do what through the S3 server: signatures, keys with limits, public buckets, and wrong input."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from typing import Any

import pytest
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum

from calotype.auth.aws_chunked import ChunkSigner
from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.auth.signed_request import parse_authorization
from calotype.auth.sigv4 import presign, sign_headers, signing_key
from calotype.http.message import Headers, Request
from calotype.store.model import ApplicationKey

UNSIGNED = "UNSIGNED-PAYLOAD"


CREDENTIAL = (
    "AWS4-HMAC-SHA256 Credential=001nobody/20260921/us-east-1/s3/aws4_request, "
    f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
)


def another(key: ApplicationKey, **changes: str) -> ApplicationKey:
    return replace(key, **changes)


async def test_an_unknown_key_id_is_refused(site: Any) -> None:
    await site.public_bucket()
    answer = await site.send("PUT", "/photos/a", body=b"x", key=another(site.key, key_id="001nobody"))
    assert (answer.status, answer.code) == (403, "InvalidAccessKeyId")
    assert answer.root.text_of("AWSAccessKeyId") == "001nobody"
    assert await site.keys_in("photos") == []


async def test_a_wrong_secret_is_refused_even_where_everybody_may_read(site: Any) -> None:
    await site.public_bucket()
    await site.send("PUT", "/photos/a", body=b"x")
    for method in ("GET", "PUT", "DELETE"):
        answer = await site.send(method, "/photos/a", key=another(site.key, secret="K001wrong"))
        assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
        assert answer.root.text_of("StringToSign").startswith("AWS4-HMAC-SHA256\n")
        assert site.key.secret.encode() not in answer.body
    assert await site.keys_in("photos") == [b"a"]


async def test_sharex_is_told_the_likely_cause(site: Any) -> None:
    answer = await site.send(
        "PUT", "/photos/a", [("user-agent", "ShareX/17.0")], key=another(site.key, secret="K001wrong")
    )
    assert "Endpoint" in answer.root.text_of("Message")


@pytest.mark.parametrize(("offset_ms", "status"), [(-899_000, 200), (899_000, 200), (-902_000, 403), (902_000, 403)])
async def test_a_clock_more_than_fifteen_minutes_off_is_refused(site: Any, offset_ms: int, status: int) -> None:
    await site.bucket()
    request = Request.of("PUT", "/photos/a", signed_headers(site, "PUT", "/photos/a"))
    site.moment_ms[0] += offset_ms
    answer = await site.send_as_is(request.method, request.target, request.headers)
    assert answer.status == status
    if status == 403:
        assert answer.code == "RequestTimeTooSkewed"
        assert answer.root.text_of("MaxAllowedSkewMilliseconds") == "900000"
        assert await site.keys_in("photos") == []


def signed_headers(site: Any, method: str, path: str, **more: str) -> Headers:
    fields = Headers((name.replace("_", "-"), value) for name, value in more.items())
    return sign_headers(
        method,
        "localhost:9000",
        path,
        "",
        fields,
        more.get("x_amz_content_sha256", UNSIGNED),
        site.key.key_id,
        site.key.secret,
        region="us-east-1",
        now=site.moment_ms[0] / 1000,
    )


async def test_another_region_is_answered_with_the_right_one(site: Any) -> None:
    headers = sign_headers(
        "GET",
        "h",
        "/",
        "",
        Headers(),
        UNSIGNED,
        site.key.key_id,
        site.key.secret,
        region="eu-west-1",
        now=1_790_000_000,
    )
    answer = await site.send_as_is("GET", "/", headers)
    assert (answer.status, answer.code) == (400, "AuthorizationHeaderMalformed")
    assert answer.root.text_of("Region") == "us-east-1"


@pytest.mark.parametrize(
    ("target", "headers", "status", "code"),
    [
        ("/photos/a", [("authorization", "AWS key:signature")], 400, "InvalidRequest"),
        ("/photos/a", [("authorization", "AWS nonsense")], 400, "InvalidArgument"),
        ("/photos/a", [("authorization", "Bearer token")], 400, "InvalidArgument"),
        ("/photos/a", [("authorization", "")], 404, "NoSuchKey"),  # everybody may read there
        ("/photos/a", [("authorization", CREDENTIAL)], 403, "AccessDenied"),  # without any date
        ("/photos/a", [("authorization", CREDENTIAL), ("date", "soon")], 403, "AccessDenied"),
        ("/photos/a", [("authorization", CREDENTIAL), ("x-amz-date", "20260921T141320Z")], 400, "InvalidRequest"),
        ("/photos/a", [("authorization", "AWS4-HMAC-SHA256 nonsense")], 400, "AuthorizationHeaderMalformed"),
        ("/photos/a?AWSAccessKeyId=a&Signature=b&Expires=1", [], 400, "InvalidRequest"),
        ("/photos/a?X-Amz-Algorithm=AWS4-HMAC-SHA256", [], 400, "AuthorizationQueryParametersError"),
        (
            "/photos/a?X-Amz-Algorithm=AWS4-HMAC-SHA256",
            [("authorization", "AWS4-HMAC-SHA256 x")],
            400,
            "InvalidArgument",
        ),
    ],
)
async def test_authentication_that_cannot_be_read_is_refused(
    site: Any, target: str, headers: list[tuple[str, str]], status: int, code: str
) -> None:
    await site.public_bucket()
    answer = await site.send_as_is("GET", target, [("host", "localhost:9000"), *headers])
    assert (answer.status, answer.code) == (status, code)


async def test_a_presigned_address_reads_and_writes_until_it_expires(site: Any) -> None:
    await site.bucket()
    assert (await site.send_presigned("PUT", "/photos/a", body=b"x")).status == 200
    assert (await site.send_presigned("GET", "/photos/a")).body == b"x"
    hoisted = await site.send_presigned("PUT", "/photos/b", "x-amz-meta-title=Cat&x-amz-acl=public-read", b"y")
    assert hoisted.status == 200
    got = await site.send_as_is("GET", "/photos/b")
    assert (got.body, got.headers.get("x-amz-meta-title")) == (b"y", "Cat")


async def test_a_checksum_in_a_presigned_query_says_nothing_of_the_body(site: Any) -> None:
    # The SDK for JavaScript presigns an upload with the checksum of no bytes; S3 does not look at it.
    await site.bucket()
    query = "x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32"
    assert (await site.send_presigned("PUT", "/photos/a", query, b"y")).status == 200


async def test_an_expired_presigned_address_is_refused(site: Any) -> None:
    await site.bucket()
    query = presign(
        "GET",
        "localhost:9000",
        "/photos/a",
        "",
        site.key.key_id,
        site.key.secret,
        expires_s=60,
        region="us-east-1",
        now=site.moment_ms[0] / 1000,
    )
    site.moment_ms[0] += 62_000
    answer = await site.send_as_is("GET", f"/photos/a?{query}")
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert answer.root.text_of("Message") == "Request has expired"


async def test_everybody_may_read_objects_of_a_public_bucket_and_nothing_more(site: Any) -> None:
    await site.public_bucket()
    await site.send("PUT", "/photos/a", body=b"x")
    assert (await site.send_as_is("GET", "/photos/a")).body == b"x"
    assert (await site.send_as_is("HEAD", "/photos/a")).status == 200
    assert (await site.send_as_is("GET", "/photos/none")).code == "NoSuchKey"
    for method, target in [
        ("GET", "/"),
        ("GET", "/photos"),
        ("GET", "/photos?list-type=2"),
        ("GET", "/photos?location"),
        ("PUT", "/photos/b"),
        ("DELETE", "/photos/a"),
        ("DELETE", "/photos"),
        ("PUT", "/more"),
        ("GET", "/photos?acl"),
        ("GET", "/photos/a?acl"),
    ]:
        answer = await site.send_as_is(method, target)
        assert (answer.status, answer.code) == (403, "AccessDenied")
    assert await site.keys_in("photos") == [b"a"]


async def test_nobody_reads_a_private_bucket_unsigned_nor_learns_what_is_there(site: Any) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", body=b"x")
    for target in ("/photos/a", "/photos/none"):
        answer = await site.send_as_is("GET", target)
        assert (answer.status, answer.code) == (403, "AccessDenied")


async def test_an_object_put_as_public_read_is_readable_alone(site: Any) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/shared", [("x-amz-acl", "public-read")], b"x")
    await site.send("PUT", "/photos/kept", [("x-amz-acl", "private")], b"y")
    assert (await site.send_as_is("GET", "/photos/shared")).body == b"x"
    assert (await site.send_as_is("GET", "/photos/kept")).status == 403


async def test_a_key_for_one_bucket_and_prefix_stays_inside_them(site: Any) -> None:
    photos = await site.bucket("photos")
    await site.bucket("private")
    key = await site.limited_key(
        "readFiles", "writeFiles", "deleteFiles", "listFiles", bucket_ids=[photos.bucket_id], name_prefix="2026/"
    )
    assert (await site.send("PUT", "/photos/2026/a", body=b"x", key=key)).status == 200
    assert (await site.send("GET", "/photos/2026/a", key=key)).body == b"x"
    assert (await site.send("GET", "/photos?prefix=2026%2F", key=key)).status == 200
    await site.send("PUT", "/photos/a", body=b"x")
    await site.send("PUT", "/private/2026/a", body=b"x")
    for method, target in [
        ("PUT", "/photos/b"),
        ("GET", "/photos/a"),
        ("DELETE", "/photos/a"),
        ("GET", "/photos"),
        ("GET", "/photos?prefix=20"),
        ("PUT", "/private/2026/b"),
        ("GET", "/private/2026/a"),
        ("PUT", "/more"),
        ("DELETE", "/photos"),
        ("GET", "/"),
    ]:
        answer = await site.send(method, target, key=key)
        assert (answer.status, answer.code) == (403, "AccessDenied"), (method, target)
    copied = await site.send("PUT", "/photos/2026/c", [("x-amz-copy-source", "private/2026/a")], key=key)
    assert copied.code == "AccessDenied"
    assert await site.keys_in("photos") == [b"2026/a", b"a"]
    assert await site.keys_in("private") == [b"2026/a"]


async def test_each_capability_is_needed(site: Any) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", body=b"x")
    for capability, method, target in [
        ("readFiles", "GET", "/photos/a"),
        ("readFiles", "HEAD", "/photos/a"),
        ("listFiles", "GET", "/photos?list-type=2"),
        ("listFiles", "GET", "/photos"),
        ("listBuckets", "HEAD", "/photos"),
        ("listBuckets", "GET", "/photos?location"),
        ("writeFiles", "PUT", "/photos/b"),
        ("deleteFiles", "DELETE", "/photos/a"),
        ("writeBuckets", "PUT", "/more"),
        ("deleteBuckets", "DELETE", "/more"),
    ]:
        others = await site.limited_key(*(ALL_CAPABILITIES - {capability}))
        assert (await site.send(method, target, key=others)).status == 403, (capability, target)
        alone = await site.limited_key(capability)
        assert (await site.send(method, target, key=alone)).status in (200, 204), (capability, target)


async def test_a_key_that_may_not_list_does_not_learn_that_a_key_is_missing(site: Any) -> None:
    await site.bucket()
    assert (await site.send("GET", "/photos/none", key=await site.limited_key("readFiles"))).code == "AccessDenied"
    reader = await site.limited_key("readFiles", "listFiles")
    assert (await site.send("GET", "/photos/none", key=reader)).code == "NoSuchKey"


async def test_an_expired_or_deleted_key_stops(site: Any) -> None:
    await site.bucket()
    key = await site.limited_key("listFiles", valid_ms=1000)
    assert (await site.send("GET", "/photos", key=key)).status == 200
    site.moment_ms[0] += 1000
    assert (await site.send("GET", "/photos", key=key)).code == "InvalidAccessKeyId"
    gone = await site.limited_key("listFiles")
    await site.store.delete_key(site.account_id, gone.key_id)
    assert (await site.send("GET", "/photos", key=gone)).code == "InvalidAccessKeyId"


async def test_a_bucket_of_another_expected_owner_is_denied(site: Any) -> None:
    await site.bucket()
    assert (await site.send("GET", "/photos", [("x-amz-expected-bucket-owner", site.account_id)])).status == 200
    owner = site.store.accounts_directory.by_id(site.account_id)
    by_user_id = [("x-amz-expected-bucket-owner", owner.canonical_user_id)]
    assert (await site.send("GET", "/photos", by_user_id)).status == 200
    answer = await site.send("GET", "/photos", [("x-amz-expected-bucket-owner", "111122223333")])
    assert answer.code == "AccessDenied"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/photos/" + "a" * 1025, 400, "KeyTooLongError"),
        ("/photos/..%2F..%2Fetc%2Fpasswd", 400, "InvalidArgument"),
        ("/photos/../a", 400, "InvalidArgument"),
        ("/photos/a%ff", 400, "InvalidURI"),
        ("/photos/a%", 400, "InvalidURI"),
        ("/photos/a%zz", 400, "InvalidURI"),
        ("//a", 400, "InvalidURI"),
        ("/nowhere/a", 404, "NoSuchBucket"),
    ],
)
async def test_a_key_that_cannot_be_is_refused_and_nothing_is_made(
    site: Any, path: str, status: int, code: str
) -> None:
    await site.bucket()
    answer = await site.send("PUT", path, body=b"x")
    assert (answer.status, answer.code) == (status, code)
    assert await site.keys_in("photos") == []
    rows = await site.store.list_versions((await site.store.bucket("photos")).bucket_id)
    assert rows.versions == ()


async def test_an_error_of_a_head_has_the_status_alone(site: Any) -> None:
    await site.bucket()
    for target, status in [("/photos/none", 404), ("/nowhere", 404), ("/photos/a%", 400)]:
        answer = await site.send("HEAD", target)
        assert (answer.status, answer.body) == (status, b"")
    assert (await site.send_as_is("HEAD", "/photos")).status == 403


@pytest.mark.parametrize(
    ("line", "operation"),
    [
        ("POST /photos/a?restore", "RestoreObject"),
        ("PUT /photos?website", "PutBucketWebsite"),
        ("GET /photos/a?torrent", "GetObjectTorrent"),
    ],
)
async def test_what_is_not_implemented_is_named(site: Any, line: str, operation: str) -> None:
    await site.bucket()
    method, _, target = line.partition(" ")
    answer = await site.send(method, target)
    assert (answer.status, answer.code) == (501, "NotImplemented")
    assert answer.root.text_of("Operation") == operation
    assert operation in answer.root.text_of("Message")


CONTENT = b"negative " * 1000


async def send_trailing(site: Any, body: bytes, content: bytes = CONTENT, *extra: tuple[str, str]) -> Any:
    """CONTENT as current SDKs send it over TLS: unsigned chunks, the checksum in a trailer."""
    headers = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", str(len(content))),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
        *extra,
    ]
    pieces = [body[start : start + 1000] for start in range(0, len(body), 1000)]
    return await site.send(
        "PUT", "/photos/a", headers, payload_hash="STREAMING-UNSIGNED-PAYLOAD-TRAILER", pieces=pieces
    )


def trailing_body(content: bytes = CONTENT) -> bytes:
    body: bytes = AwsChunkedWrapper(io.BytesIO(content), Crc32Checksum, "x-amz-checksum-crc32", chunk_size=4096).read()
    return body


async def test_unsigned_chunks_with_a_trailing_checksum_are_decoded_and_verified(site: Any) -> None:
    await site.bucket()
    answer = await send_trailing(site, trailing_body())
    assert (answer.status, answer.headers.get("x-amz-checksum-crc32") is not None) == (200, True)
    got = await site.send("GET", "/photos/a")
    assert (got.body, got.headers.get("content-encoding")) == (CONTENT, None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (trailing_body()[:-20], "IncompleteBody"),
        (trailing_body()[:100], "IncompleteBody"),
        (trailing_body(CONTENT[:-1]), "IncompleteBody"),
        (trailing_body(CONTENT + b"x"), "InvalidRequest"),
        (trailing_body().replace(b"negative", b"positive"), "BadDigest"),
        (trailing_body().replace(b"x-amz-checksum-crc32:", b"x-amz-checksum-crc33:"), "InvalidRequest"),
        (trailing_body().replace(b"\r\n0\r\n", b"\r\nzero\r\n"), "InvalidRequest"),
        (CONTENT, "InvalidRequest"),
    ],
)
async def test_a_chunked_body_that_is_cut_or_changed_leaves_nothing(site: Any, body: bytes, code: str) -> None:
    await site.bucket()
    answer = await send_trailing(site, body)
    assert (answer.status, answer.code) == (400, code)
    assert await site.keys_in("photos") == []


async def test_a_streaming_upload_needs_its_decoded_length(site: Any) -> None:
    await site.bucket()
    answer = await site.send(
        "PUT", "/photos/a", payload_hash="STREAMING-UNSIGNED-PAYLOAD-TRAILER", pieces=[trailing_body()]
    )
    assert answer.code == "MissingContentLength"
    unknown = await site.send("PUT", "/photos/a", payload_hash="STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")
    assert unknown.status == 501


async def send_signed_chunks(site: Any, *chunks: bytes, spoil: bytes = b"", by: bytes = b"") -> Any:
    payload_hash = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    headers = signed_headers(
        site,
        "PUT",
        "/photos/a",
        x_amz_content_sha256=payload_hash,
        x_amz_decoded_content_length=str(sum(map(len, chunks))),
    )
    signed = parse_authorization(Request.of("PUT", "/photos/a", headers))
    assert signed is not None
    signer = ChunkSigner(signing_key(site.key.secret, signed.scope), signed.timestamp, signed.scope, signed.signature)
    body = b""
    for chunk in (*chunks, b""):
        signature = signer.sign_chunk(hashlib.sha256(chunk).hexdigest()).encode()
        body += b"%x;chunk-signature=%s\r\n%s\r\n" % (len(chunk), signature, chunk)
    return await site.send_as_is("PUT", "/photos/a", headers, pieces=[body.replace(spoil, by) if spoil else body])


async def test_signed_chunks_are_verified_one_by_one(site: Any) -> None:
    await site.bucket()
    assert (await send_signed_chunks(site, b"hello ", b"negative")).status == 200
    assert (await site.send("GET", "/photos/a")).body == b"hello negative"
    spoilt = await send_signed_chunks(site, b"hello ", b"negative", spoil=b"negative", by=b"positive")
    assert (spoilt.status, spoilt.code) == (403, "SignatureDoesNotMatch")
    assert (await site.send("GET", "/photos/a")).body == b"hello negative"
