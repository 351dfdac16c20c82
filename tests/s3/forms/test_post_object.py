"""Uploads by a browser's form, over the whole server (s3.md §7, §9)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

import boto3
import pytest
from botocore.config import Config

from calotype.auth.checksums import CHECKSUMS, as_base64
from calotype.auth.signed_request import CredentialScope
from calotype.auth.sigv4 import amz_date, sign, signing_key
from calotype.s3.server import S3Server
from calotype.s3.settings import S3Settings
from calotype.store.model import Versioning

BOUNDARY = "calotype0123456789"
PICTURE = b"\xff\xd8\xff\xe0 a picture"
TYPE = ("content-type", f"multipart/form-data; boundary={BOUNDARY}")


def body_of(
    fields: Iterable[tuple[str, str]], content: bytes | None = PICTURE, file_name: str = "arles.jpg", tail: bytes = b""
) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields
    ]
    if content is not None:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{file_name}"\r\n'
        parts.append(head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + content + b"\r\n")
    return b"".join(parts) + tail + f"--{BOUNDARY}--\r\n".encode()


def policy_of(*conditions: Any, expiration: str = "2030-01-01T00:00:00Z") -> str:
    return base64.b64encode(json.dumps({"expiration": expiration, "conditions": list(conditions)}).encode()).decode()


def signed_v2(site: Any, fields: Mapping[str, str], *conditions: Any, **changes: str) -> list[tuple[str, str]]:
    """The fields and those of Signature V2 over the conditions; `changes` replace fields at the end."""
    policy = policy_of({"bucket": "photos"}, *conditions)
    digest = hmac.new(site.key.secret.encode(), policy.encode(), "sha1").digest()
    auth = {"AWSAccessKeyId": site.key.key_id, "policy": policy, "signature": base64.b64encode(digest).decode()}
    return list({**fields, **auth, **changes}.items())


def signed_v4(site: Any, fields: Mapping[str, str], *conditions: Any, **changes: str) -> list[tuple[str, str]]:
    timestamp = amz_date(site.moment_ms[0] / 1000)
    scope = CredentialScope(timestamp[:8], "us-east-1", "s3")
    auth = {
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": f"{site.key.key_id}/{scope}",
        "x-amz-date": timestamp,
    }
    policy = policy_of({"bucket": "photos"}, *conditions, *({name: value} for name, value in auth.items()))
    signature = sign(signing_key(site.key.secret, scope), policy)
    renamed = {name.replace("_", "-"): value for name, value in changes.items()}
    return list({**fields, **auth, "policy": policy, "x-amz-signature": signature, **renamed}.items())


SIGNATURES = pytest.mark.parametrize("signed", [signed_v2, signed_v4])
ANY_KEY = ["starts-with", "$key", ""]


async def post(site: Any, fields: Iterable[tuple[str, str]], *args: Any, **kwargs: Any) -> Any:
    return await site.send_as_is(
        "POST", "/photos", [("host", "localhost:9000"), TYPE], body_of(fields, *args, **kwargs)
    )


@pytest.fixture(autouse=True)
async def photos(site: Any) -> None:
    await site.bucket("photos")


@SIGNATURES
async def test_a_signed_form_uploads_and_is_answered_without_content(site: Any, signed: Any) -> None:
    answer = await post(site, signed(site, {"key": "2030/a.jpg"}, ["starts-with", "$key", "2030/"]))

    etag = f'"{hashlib.md5(PICTURE).hexdigest()}"'
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers.get("etag") == etag
    assert answer.headers.get("location") == "http://localhost:9000/photos/2030/a.jpg"
    got = await site.send("GET", "/photos/2030/a.jpg")
    assert (got.status, got.body) == (200, PICTURE)
    assert got.headers.get("content-type") == "binary/octet-stream"


@SIGNATURES
async def test_all_that_a_form_says_of_its_object_is_kept(site: Any, signed: Any) -> None:
    sha256 = as_base64(hashlib.sha256(PICTURE).digest())
    fields = {
        "key": "a",
        "Content-Type": "image/jpeg",
        "Cache-Control": "max-age=60",
        "Content-Disposition": "inline",
        "x-amz-meta-place": "Arles, Café la Nuit",
        "x-amz-storage-class": "STANDARD_IA",
        "x-amz-checksum-sha256": sha256,
        "x-amz-server-side-encryption": "AES256",
    }
    answer = await post(site, signed(site, fields, *({name: value} for name, value in fields.items())))

    assert answer.status == 204, answer.body
    got = await site.send("GET", "/photos/a", [("x-amz-checksum-mode", "ENABLED")])
    told = {name: got.headers.get(name.lower()) for name in fields if name != "key"}
    told["x-amz-meta-place"] = told["x-amz-meta-place"].encode("latin-1").decode()
    assert told == {name: value for name, value in fields.items() if name != "key"}


async def test_names_of_fields_compare_without_case(site: Any) -> None:
    fields = [
        (name.swapcase(), value)
        for name, value in signed_v2(site, {"key": "a", "acl": "private"}, ANY_KEY, ["StArTs-With", "$aCl", ""])
    ]
    assert (await post(site, fields)).status == 204


@pytest.mark.parametrize(
    ("key", "file_name", "expected"),
    [
        ("2030/${filename}", "arles.jpg", b"2030/arles.jpg"),
        ("${filename}-${filename}", "a", b"a-a"),
        ("${filename}", "C:\\Pictures\\arles.jpg", b"arles.jpg"),  # some browsers send the path
        ("${filename}", "/home/v/arles.jpg", b"arles.jpg"),
        ("a/", "ignored", b"a/"),
        ("Café/${filename}", "été.jpg", "Café/été.jpg".encode()),
    ],
)
async def test_the_file_gives_its_name_to_the_key(site: Any, key: str, file_name: str, expected: bytes) -> None:
    answer = await post(site, signed_v4(site, {"key": key}, ANY_KEY), file_name=file_name)
    assert answer.status == 204, answer.body
    assert await site.keys_in("photos") == [expected]


async def test_a_condition_on_the_key_sees_the_name_of_the_file(site: Any) -> None:
    answer = await post(site, signed_v4(site, {"key": "${filename}"}, ["starts-with", "$key", "x"]))
    assert (answer.status, answer.code) == (403, "AccessDenied")


async def test_tags_come_as_a_document(site: Any) -> None:
    tagging = "<Tagging><TagSet><Tag><Key>place</Key><Value>Arles</Value></Tag></TagSet></Tagging>"
    answer = await post(site, signed_v4(site, {"key": "a", "tagging": tagging}, ANY_KEY, {"tagging": tagging}))
    assert answer.status == 204, answer.body
    bucket = await site.store.bucket("photos")
    assert (await site.store.latest(bucket.bucket_id, b"a")).attributes["tags"] == {"place": "Arles"}


async def test_the_form_chooses_the_answer(site: Any) -> None:
    def form(name: str, value: str) -> list[tuple[str, str]]:
        return signed_v4(site, {"key": "Arles & été", name: value}, ANY_KEY, ["starts-with", f"${name}", ""])

    assert (await post(site, form("success_action_status", "200"))).status == 200
    assert (await post(site, form("success_action_status", "404"))).status == 204  # one of three, else as if unsaid
    created = await post(site, form("success_action_status", "201"))
    assert created.status == 201
    assert created.headers.get("content-type") == "application/xml"
    told = {child.name: child.text for child in created.root.children}
    location = "http://localhost:9000/photos/Arles%20%26%20%C3%A9t%C3%A9"
    etag = f'"{hashlib.md5(PICTURE).hexdigest()}"'
    assert told == {"Location": location, "Bucket": "photos", "Key": "Arles & été", "ETag": etag}

    for name in ("success_action_redirect", "redirect"):
        answer = await post(site, form(name, "https://blog.example/done?x=1"))
        assert answer.status == 303
        query = f"bucket=photos&key=Arles%20%26%20%C3%A9t%C3%A9&etag=%22{etag[1:-1]}%22"
        assert answer.headers.get("location") == f"https://blog.example/done?x=1&{query}"
    for wanted in ("javascript:alert(1)", "//blog.example", "http://[", "https://blog.example/\r\nset-cookie: a"):
        assert (await post(site, form("success_action_redirect", wanted))).status == 204, wanted


async def test_a_virtual_host_has_forms_of_its_own(site: Any) -> None:
    host = ("host", "photos.s3.localhost:9000")
    answer = await site.send_as_is("POST", "/", [host, TYPE], body_of(signed_v4(site, {"key": "a"}, ANY_KEY)))
    assert answer.status == 204, answer.body
    assert answer.headers.get("location") == "http://photos.s3.localhost:9000/a"


@pytest.mark.parametrize(
    ("signed", "changes", "status", "code"),
    [
        (signed_v2, {"AWSAccessKeyId": "0" * 25}, 403, "InvalidAccessKeyId"),
        (signed_v2, {"signature": "AAAA"}, 403, "SignatureDoesNotMatch"),
        (signed_v2, {"signature": "é"}, 403, "SignatureDoesNotMatch"),
        (signed_v2, {"signature": ""}, 400, "InvalidArgument"),
        (signed_v2, {"AWSAccessKeyId": ""}, 400, "InvalidArgument"),
        (signed_v2, {"policy": ""}, 400, "InvalidArgument"),
        (signed_v2, {"policy": "e30="}, 403, "SignatureDoesNotMatch"),
        (signed_v4, {"x_amz_signature": "0" * 64}, 403, "SignatureDoesNotMatch"),
        (signed_v4, {"x_amz_signature": ""}, 400, "InvalidArgument"),
        (signed_v4, {"x_amz_algorithm": "AWS4-ECDSA-P256-SHA256"}, 400, "InvalidArgument"),
        (signed_v4, {"x_amz_date": "20200101T000000Z"}, 400, "InvalidArgument"),
        (signed_v4, {"x_amz_credential": "key"}, 400, "InvalidArgument"),
        (signed_v4, {"x_amz_credential": "key/20200101/us-east-1/s3/aws4_request"}, 400, "InvalidArgument"),
        (signed_v4, {"x_amz_credential": "key/20260921/eu-west-1/s3/aws4_request"}, 400, "InvalidArgument"),
        (signed_v4, {"policy": "e30="}, 403, "SignatureDoesNotMatch"),
        (signed_v4, {"key": ""}, 400, "InvalidArgument"),
        (signed_v4, {"x_amz_meta_place": "Arles"}, 403, "AccessDenied"),
    ],
)
async def test_a_form_with_something_wrong_is_told_so_and_nothing_is_kept(
    site: Any, signed: Any, changes: dict[str, str], status: int, code: str
) -> None:
    answer = await post(site, signed(site, {"key": "a"}, ANY_KEY, **changes))
    assert (answer.status, answer.code) == (status, code), answer.body
    assert await site.keys_in("photos") == []


@SIGNATURES
async def test_a_form_without_a_key_is_told_that(site: Any, signed: Any) -> None:
    answer = await post(site, signed(site, {}))
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert "'key'" in answer.root.text_of("Message")


async def test_a_policy_that_is_none_is_refused_only_under_a_true_signature(site: Any) -> None:
    def form(policy: str) -> list[tuple[str, str]]:
        digest = hmac.new(site.key.secret.encode(), policy.encode(), "sha1").digest()
        auth = {"policy": policy, "signature": base64.b64encode(digest).decode()}
        return [("key", "a"), ("AWSAccessKeyId", site.key.key_id), *auth.items()]

    for policy in ("e30=", "!!", base64.b64encode(b"no").decode()):
        answer = await post(site, form(policy))
        assert (answer.status, answer.code) == (400, "InvalidPolicyDocument")


async def test_a_form_is_for_its_bucket_its_time_and_its_length(site: Any) -> None:
    await site.bucket("others")
    fields = signed_v4(site, {"key": "a"}, ANY_KEY, ["content-length-range", 2, 4])
    for content, code in [(b"1", "EntityTooSmall"), (b"12345", "EntityTooLarge"), (b"123", None)]:
        answer = await post(site, fields, content)
        assert (answer.status == 204) if code is None else (answer.status, answer.code) == (400, code)

    elsewhere = await site.send_as_is("POST", "/others", [("host", "localhost:9000"), TYPE], body_of(fields, b"123"))
    assert (elsewhere.status, elsewhere.code) == (403, "AccessDenied")
    site.moment_ms[0] = 1_893_456_000_000
    late = await post(site, fields, b"123")
    assert (late.status, late.code) == (403, "AccessDenied")
    assert "Policy expired" in (late.root.text_of("Message") or "")


async def test_the_content_is_what_the_form_says_it_is(site: Any) -> None:
    crc = CHECKSUMS["CRC32C"]()
    crc.update(b"something else")
    for name, value in [
        ("x-amz-checksum-crc32c", as_base64(crc.digest())),
        ("Content-MD5", as_base64(hashlib.md5(b"something else").digest())),
    ]:
        answer = await post(site, signed_v4(site, {"key": "a", name: value}, ANY_KEY, {name: value}))
        assert (answer.status, answer.code) == (400, "BadDigest")
    malformed = await post(site, signed_v4(site, {"key": "a", "Content-MD5": "x"}, ANY_KEY, {"Content-MD5": "x"}))
    assert (malformed.status, malformed.code) == (400, "InvalidDigest")
    assert await site.keys_in("photos") == []


async def test_what_follows_the_file_is_passed_over(site: Any) -> None:
    tail = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="submit"\r\n\r\nUpload\r\n'.encode()
    answer = await post(site, signed_v4(site, {"key": "a"}, ANY_KEY), tail=tail)
    assert answer.status == 204
    assert (await site.send("GET", "/photos/a")).body == PICTURE


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (body_of([("key", "a")], None), "InvalidArgument"),  # no file
        (body_of([]), "InvalidArgument"),  # no key
        (body_of([("key", "a"), ("key", "b")]), "InvalidArgument"),
        (body_of([("key", "a"), ("x-ignore-me", "x" * 21_000)]), "MaxPostPreDataLengthExceededError"),
        (body_of([(f"x-ignore-{number}", "x" * 100) for number in range(300)]), "MaxPostPreDataLengthExceededError"),
        (body_of([("key", "a")])[:40], "MalformedPOSTRequest"),
        (b"", "MalformedPOSTRequest"),
        (b"not a form at all", "MalformedPOSTRequest"),
        (f"--{BOUNDARY}\r\nno head\r\n\r\n".encode(), "MalformedPOSTRequest"),
        (f"--{BOUNDARY}\r\nContent-Type: a/b\r\n\r\nx\r\n--{BOUNDARY}--".encode(), "MalformedPOSTRequest"),
        (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n'.encode("latin-1"),
            "MalformedPOSTRequest",
        ),
    ],
)
async def test_a_body_that_is_no_form_is_refused(site: Any, body: bytes, code: str) -> None:
    answer = await site.send_as_is("POST", "/photos", [("host", "localhost:9000"), TYPE], body)
    assert (answer.status, answer.code) == (400, code), answer.body
    assert await site.keys_in("photos") == []


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=",
    ],
)
async def test_another_type_of_body_is_no_form(site: Any, content_type: str | None) -> None:
    headers = [("host", "localhost:9000")] + ([("content-type", content_type)] if content_type is not None else [])
    answer = await site.send_as_is("POST", "/photos", headers, b"a=b")
    assert (answer.status, answer.code) == (412, "PreconditionFailed")


async def test_a_form_without_its_end_leaves_nothing(site: Any) -> None:
    whole = body_of(signed_v4(site, {"key": "a"}, ANY_KEY))
    for body in (whole[:-8], whole[: whole.index(PICTURE) + 4]):
        answer = await site.send_as_is("POST", "/photos", [("host", "localhost:9000"), TYPE], body)
        assert (answer.status, answer.code) == (400, "MalformedPOSTRequest")
    assert await site.keys_in("photos") == []


async def test_a_form_comes_in_pieces_of_any_size(site: Any) -> None:
    whole = body_of(signed_v4(site, {"key": "a"}, ANY_KEY))
    headers = [("host", "localhost:9000"), TYPE]
    for size in (1, 2, 3, 7, 61):
        pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
        answer = await site.send_as_is("POST", "/photos", headers, pieces=pieces)
        assert answer.status == 204, answer.body
        assert (await site.send("GET", "/photos/a")).body == PICTURE


async def test_a_form_that_nobody_signed_needs_a_bucket_that_everybody_writes(site: Any) -> None:
    answer = await post(site, [("key", "a")])
    assert (answer.status, answer.code) == (403, "AccessDenied")


async def test_a_key_uploads_by_forms_what_it_may_upload_otherwise(site: Any) -> None:
    bucket = await site.store.bucket("photos")
    site.key = await site.limited_key("writeFiles", bucket_ids=[bucket.bucket_id], name_prefix="2030/")
    assert (await post(site, signed_v4(site, {"key": "2030/a"}, ANY_KEY))).status == 204
    assert (await post(site, signed_v4(site, {"key": "2031/a"}, ANY_KEY))).status == 403
    site.key = await site.limited_key("readFiles")
    assert (await post(site, signed_v4(site, {"key": "a"}, ANY_KEY))).status == 403


async def test_version_2_can_be_switched_off(site: Any) -> None:
    site.server = S3Server(site.store, S3Settings(accepts_version_2_forms=False), clock=lambda: site.moment_ms[0])
    refused = await post(site, signed_v2(site, {"key": "a"}, ANY_KEY))
    assert (refused.status, refused.code) == (400, "InvalidArgument")
    assert (await post(site, signed_v4(site, {"key": "a"}, ANY_KEY))).status == 204


async def test_in_a_bucket_with_versions_the_version_is_told(site: Any) -> None:
    bucket = await site.store.bucket("photos")
    await site.store.update_bucket(bucket.bucket_id, versioning=Versioning.ENABLED)
    answer = await post(site, signed_v4(site, {"key": "a"}, ANY_KEY))
    latest = await site.store.latest(bucket.bucket_id, b"a")
    assert answer.headers.get("x-amz-version-id") == latest.version_id


async def test_a_form_to_a_bucket_that_is_not_there(site: Any) -> None:
    answer = await site.send_as_is("POST", "/nothing", [("host", "localhost:9000"), TYPE], body_of([("key", "a")]))
    assert (answer.status, answer.code) == (404, "NoSuchBucket")


@pytest.mark.parametrize("version", ["s3v4", "s3"])
async def test_a_form_that_boto3_prepared_is_taken(site: Any, version: str) -> None:
    """In both versions of signature: what SDKs make is what stands in the blogs of the world."""
    client = boto3.client(
        "s3",
        endpoint_url="http://localhost:9000",
        aws_access_key_id=site.key.key_id,
        aws_secret_access_key=site.key.secret,
        region_name="us-east-1",
        config=Config(signature_version=version),
    )
    form = client.generate_presigned_post(
        "photos", "2030/${filename}", {"acl": "private"}, [{"acl": "private"}, ["content-length-range", 1, 100]], 600
    )
    site.moment_ms[0] = int(time.time() * 1000)
    assert (await post(site, form["fields"].items())).status == 204
    assert await site.keys_in("photos") == [b"2030/arles.jpg"]
