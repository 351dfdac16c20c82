"""An object that everybody may read answers alike over S3 and by its friendly address of the B2 API."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from calotype.b2.server import B2Server
from calotype.b2.settings import B2Settings
from calotype.http.message import Request, read_body
from calotype.s3.access.public_reading import anybody_reads
from calotype.store.model import BucketType
from s3.access.conftest import NOBODY, OWNER

REFERER = ("referer", "https://ours.example/page")


def policy(*statements: tuple[str, dict[str, Any]]) -> bytes:
    listed = [
        {"Effect": effect, "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*", **more}
        for effect, more in statements
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": listed}).encode()


HOTLINKED = {"Condition": {"StringNotLike": {"aws:Referer": "https://ours.example/*"}}}
IGNORED = b"<PublicAccessBlockConfiguration><IgnorePublicAcls>true</IgnorePublicAcls></PublicAccessBlockConfiguration>"


async def b2_status(household: Any, path: str, *headers: tuple[str, str]) -> int:
    site = household.site
    server = B2Server(
        site.store,
        B2Settings(),
        clock=lambda: site.moment_ms[0],
        random_bytes=os.urandom,
        anybody_reads=anybody_reads,
    )
    response = await server.handle(Request.of("GET", f"/file{path}", [("host", "localhost"), *headers]))
    await read_body(response.body, 1 << 20)
    return response.status


@pytest.mark.parametrize("bucket_type", BucketType)
@pytest.mark.parametrize("object_acl", ["private", "public-read", "authenticated-read"])
@pytest.mark.parametrize(
    ("configured", "headers"),
    [
        (None, []),
        (("policy", policy(("Allow", {}))), []),
        (("policy", policy(("Deny", {}))), []),
        (("policy", policy(("Allow", {}), ("Deny", HOTLINKED))), []),
        (("policy", policy(("Allow", {}), ("Deny", HOTLINKED))), [REFERER]),
        (("publicAccessBlock", IGNORED), []),
    ],
)
async def test_both_addresses_let_the_same_people_read(
    household: Any,
    bucket_type: BucketType,
    object_acl: str,
    configured: tuple[str, bytes] | None,
    headers: list[tuple[str, str]],
) -> None:
    bucket = await household.site.store.bucket("photos")
    await household.site.store.update_bucket(bucket.bucket_id, type=bucket_type)
    await household.done(OWNER, "PUT /photos/cat", [("x-amz-acl", object_acl)], b"cat")
    if configured is not None:
        await household.done(OWNER, f"PUT /photos?{configured[0]}", body=configured[1])
    by_s3 = await household.may(NOBODY, "GET /photos/cat", headers)
    assert await b2_status(household, "/photos/cat", *headers) == (200 if by_s3 else 401)
    assert await b2_status(household, "/photos//cat", *headers) == (200 if by_s3 else 401)
    is_told = (
        bucket_type is BucketType.PUBLIC and (await household.ask(NOBODY, "GET /photos/none", headers)).status == 404
    )
    assert await b2_status(household, "/photos/none", *headers) == (404 if is_told else 401)


async def test_a_list_of_a_bucket_tells_what_is_missing_there(household: Any) -> None:
    await household.done(OWNER, "PUT /photos?acl", [("x-amz-acl", "public-read")])
    await household.done(OWNER, "PUT /photos/cat", body=b"cat")
    assert await b2_status(household, "/photos/none") == 404
    assert await b2_status(household, "/photos/cat") == 401
