"""The examples that Amazon publishes for Signature Version 4 on S3 ("Authenticating requests", header and query)."""

from __future__ import annotations

from calendar import timegm
from hashlib import sha256

import pytest

from calotype.auth.sigv4 import parse_authorization, presign, sign_headers, verify
from calotype.http.message import Headers, Request

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
HOST = "examplebucket.s3.amazonaws.com"
NOW = float(timegm((2013, 5, 24, 0, 0, 0)))
EMPTY = sha256(b"").hexdigest()
SCOPE = "20130524/us-east-1/s3/aws4_request"


@pytest.mark.parametrize(
    ("method", "target", "fields", "content", "signature"),
    [
        (
            "GET",
            "/test.txt",
            [("range", "bytes=0-9")],
            b"",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test%24file.text",
            [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            b"Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        ("GET", "/?lifecycle", [], b"", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("GET", "/?max-keys=2&prefix=J", [], b"", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_a_published_request_verifies(
    method: str, target: str, fields: list[tuple[str, str]], content: bytes, signature: str
) -> None:
    signed = [("host", HOST), *fields, ("x-amz-content-sha256", sha256(content).hexdigest())]
    signed.append(("x-amz-date", "20130524T000000Z"))
    names = ";".join(sorted(name for name, _ in signed))
    authorization = f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{SCOPE},SignedHeaders={names},Signature={signature}"
    request = Request.of(method, target, [*signed, ("authorization", authorization)])

    claimed = parse_authorization(request)

    assert claimed is not None
    assert claimed.key_id == KEY_ID
    verify(request, claimed, SECRET, region="us-east-1", now=NOW)


def test_the_published_requests_without_fields_of_their_own_are_signed_alike() -> None:
    for query, signature in [
        ("lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ]:
        headers = sign_headers("GET", HOST, "/", query, Headers(), EMPTY, KEY_ID, SECRET, region="us-east-1", now=NOW)
        assert (headers.get("authorization") or "").endswith(f"Signature={signature}")


def test_the_published_address_is_presigned_alike_and_verifies() -> None:
    query = presign("GET", HOST, "/test.txt", None, KEY_ID, SECRET, expires_s=86400, region="us-east-1", now=NOW)
    assert query.endswith("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")

    request = Request.of("GET", f"/test.txt?{query}", [("host", HOST)])
    claimed = parse_authorization(request)
    assert claimed is not None
    verify(request, claimed, SECRET, region="us-east-1", now=NOW + 86_399)
