"""What the creation of a bucket says of how it is set up."""

from __future__ import annotations

from typing import Any

import pytest

from calotype.auth.sigv4 import sign_headers
from calotype.http.message import Headers
from calotype.s3.server import S3Server
from calotype.s3.settings import S3Settings
from calotype.store.model import Versioning
from support.s3_in_process import HOST

LOCK = ("x-amz-bucket-object-lock-enabled", "true")


async def test_a_bucket_made_with_object_lock_keeps_versions(site: Any) -> None:
    assert (await site.send("PUT", "/photos", [LOCK])).status == 200
    bucket = await site.store.bucket("photos")
    assert (bucket.versioning, bucket.settings.file_lock_enabled) == (Versioning.ENABLED, True)
    assert (await site.send("GET", "/photos?versioning")).root.text_of("Status") == "Enabled"
    assert (await site.send("GET", "/photos?object-lock")).root.text_of("ObjectLockEnabled") == "Enabled"


@pytest.mark.parametrize(("value", "status"), [("false", 200), ("perhaps", 400)])
async def test_a_word_on_the_lock_is_true_or_false(site: Any, value: str, status: int) -> None:
    assert (await site.send("PUT", "/photos", [(LOCK[0], value)])).status == status
    if status == 200:
        assert not (await site.store.bucket("photos")).settings.file_lock_enabled


async def test_a_lock_needs_the_capability_for_locks(site: Any) -> None:
    key = await site.limited_key("writeBuckets")
    assert (await site.send("PUT", "/photos", [LOCK], key=key)).status == 403
    assert (await site.send("PUT", "/photos", key=key)).status == 200


async def test_making_ones_bucket_again_changes_nothing(site: Any) -> None:
    await site.send("PUT", "/photos")
    await site.send("PUT", "/photos/a", body=b"content")
    before = await site.store.bucket("photos")
    again = await site.send("PUT", "/photos", [LOCK, ("x-amz-acl", "public-read")])
    assert again.status == 200
    assert await site.store.bucket("photos") == before
    assert (await site.send("GET", "/photos/a")).body == b"content"


@pytest.mark.parametrize(
    ("region", "document", "status"),
    [
        ("eu-west-1", "<CreateBucketConfiguration/>", 200),
        (
            "eu-west-1",
            "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>",
            200,
        ),
        # the old name of Ireland's region
        (
            "eu-west-1",
            "<CreateBucketConfiguration><LocationConstraint>EU</LocationConstraint></CreateBucketConfiguration>",
            200,
        ),
        (
            "us-east-1",
            "<CreateBucketConfiguration><LocationConstraint>EU</LocationConstraint></CreateBucketConfiguration>",
            400,
        ),
        ("us-east-1", "<CreateBucketConfiguration>", 400),
    ],
)
async def test_a_bucket_is_made_in_the_servers_region(site: Any, region: str, document: str, status: int) -> None:
    site.server = S3Server(site.store, S3Settings(region=region), clock=lambda: site.moment_ms[0])
    now = site.moment_ms[0] / 1000
    key = site.key
    signed = sign_headers(
        "PUT", HOST, "/photos", "", Headers(), "UNSIGNED-PAYLOAD", key.key_id, key.secret, region=region, now=now
    )
    answer = await site.send_as_is("PUT", "/photos", signed, document.encode())
    assert answer.status == status, answer.body
