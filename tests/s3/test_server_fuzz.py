"""Whatever is asked, the server answers in S3's form and never with an error of its own."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calotype.auth.sigv4 import sign_headers
from calotype.http.message import Headers
from calotype.s3 import xml

METHODS = st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"])
PATHS = st.one_of(
    st.sampled_from(["/", "/photos", "/photos/", "/photos/a", "/photos/none", "/new-bucket"]),
    st.sampled_from(["//", "/photos/%00", "/%ff"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="?#"), max_size=20).map("/".__add__),
)
NAMES = st.sampled_from(
    [
        "list-type",
        "prefix",
        "delimiter",
        "marker",
        "max-keys",
        "continuation-token",
        "start-after",
        "encoding-type",
        "versionId",
        "uploads",
        "uploadId",
        "partNumber",
        "key-marker",
        "upload-id-marker",
        "attributes",
        "delete",
        "tagging",
        "legal-hold",
        "retention",
        "acl",
        "ownershipControls",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "cors",
        "lifecycle",
        "encryption",
        "object-lock",
        "logging",
        "versioning",
        "notification",
        "website",
        "metrics",
        "id",
        "location",
        "response-content-type",
        "X-Amz-Signature",
        "X-Amz-Expires",
        "AWSAccessKeyId",
    ]
)
VALUES = st.one_of(
    st.sampled_from(["", "2", "url", "1", "-1", "%ff", "%00", "MQ==", "null", "%0d%0a", "{upload}"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="&#"), max_size=8),
)
FIELDS = st.sampled_from(
    [
        "range",
        "if-match",
        "if-none-match",
        "if-modified-since",
        "if-range",
        "content-md5",
        "x-amz-acl",
        "x-amz-grant-read",
        "x-amz-object-ownership",
        "x-amz-copy-source",
        "x-amz-copy-source-range",
        "x-amz-object-attributes",
        "x-amz-max-parts",
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-customer-algorithm",
        "x-amz-server-side-encryption-customer-key",
        "x-amz-server-side-encryption-customer-key-md5",
        "x-amz-checksum-algorithm",
        "x-amz-checksum-type",
        "x-amz-mp-object-size",
        "x-amz-metadata-directive",
        "x-amz-meta-a",
        "x-amz-checksum-crc32",
        "x-amz-trailer",
        "x-amz-decoded-content-length",
        "x-amz-storage-class",
        "x-amz-tagging",
        "x-amz-tagging-directive",
        "x-amz-object-lock-mode",
        "x-amz-object-lock-retain-until-date",
        "x-amz-object-lock-legal-hold",
        "x-amz-bypass-governance-retention",
        "x-amz-if-match-size",
        "x-amz-if-match-last-modified-time",
        "x-amz-server-side-encryption-aws-kms-key-id",
        "x-amz-website-redirect-location",
        "x-amz-sdk-checksum-algorithm",
        "expires",
    ]
)
FIELD_VALUES = st.one_of(
    st.sampled_from(["", "*", "bytes=0-0", "bytes=-0", "bytes=9-", '"x"', "AAAAAA==", "AES256", "CRC32"]),
    st.sampled_from(["photos/a", "/photos/a?versionId=1", "REPLACE", "a=b", "aws:kms"]),
    st.sampled_from(["GOVERNANCE", "2030-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "ON", "true"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=8),
)
PAYLOADS = st.sampled_from(
    ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "0" * 64, "x"]
)
BODIES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"<Delete><Object><Key>a</Key></Object></Delete>", b"1\r\na\r\n0\r\n\r\n", b"<a"]),
    st.just(b"<!DOCTYPE a><a/>"),
    st.sampled_from([b"<Tagging><TagSet/></Tagging>", b"<LegalHold><Status>ON</Status></LegalHold>", b"<Retention/>"]),
    st.sampled_from([b'{"Statement": []}', b"<PublicAccessBlockConfiguration/>"]),
    st.sampled_from(
        [b"<AccessControlPolicy><Owner/></AccessControlPolicy>", b"<OwnershipControls><Rule/></OwnershipControls>"]
    ),
    st.just(
        b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>"
    ),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=METHODS,
    path=PATHS,
    query=st.lists(st.tuples(NAMES, VALUES), max_size=3),
    fields=st.lists(st.tuples(FIELDS, FIELD_VALUES), max_size=3),
    payload_hash=PAYLOADS,
    body=BODIES,
    is_signed=st.booleans(),
)
async def test_every_request_has_an_answer_in_s3s_form(
    site: Any,
    method: str,
    path: str,
    query: list[tuple[str, str]],
    fields: list[tuple[str, str]],
    payload_hash: str,
    body: bytes,
    is_signed: bool,
) -> None:
    if not await site.store.list_buckets(site.account_id):
        await site.public_bucket()
        await site.send("PUT", "/photos/a", body=b"negative")
        await site.send("POST", "/photos/a?uploads")
    bucket = await site.store.bucket("photos")
    begun, _ = await site.store.large_files.unfinished(bucket.bucket_id, limit=1)
    upload_id = begun[0].version_id if begun else ""
    text = "&".join(f"{name}={value}" for name, value in query).replace("{upload}", upload_id)
    headers = Headers(fields).set("host", "localhost:9000")
    if is_signed:
        now = site.moment_ms[0] / 1000
        secret = (site.key.key_id, site.key.secret)
        headers = sign_headers(
            method, "localhost:9000", path, text, headers, payload_hash, *secret, region="us-east-1", now=now
        )
    answer = await site.send_as_is(method, f"{path}?{text}" if text else path, headers, body)
    assert answer.status < 500 or answer.status == 501
    assert all(value.isprintable() or not value.isascii() for _, value in answer.headers)
    if method == "HEAD":
        assert answer.body == b""
    elif answer.status >= 400:
        assert answer.root.name == "Error"
        assert answer.code
        assert answer.root.text_of("Message")
    elif answer.headers.get("content-type") == "application/xml" and path in ("/", "/photos", "/photos/"):
        assert xml.parse(answer.body)
