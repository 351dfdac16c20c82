"""Files that the native API encrypted or locked, through the S3 server."""

from __future__ import annotations

from typing import Any

import pytest

from calotype.store.encryption import SERVER_KEY, CustomerKey
from calotype.store.model import (
    BucketSettings,
    EncryptionScheme,
    FileVersion,
    LockMode,
    Retention,
    VersionDraft,
    Versioning,
)

NEEDS_KEY = (
    "The object was stored using a form of Server Side Encryption. "
    "The correct parameters must be provided to retrieve the object."
)


async def put(site: Any, bucket: Any, encryption: Any = None, **fields: Any) -> FileVersion:
    async with site.store.upload(bucket, b"a", expected_length=5, encryption=encryption) as upload:
        await upload.write(b"bytes")
        version: FileVersion = await upload.commit(VersionDraft(**fields))
        return version


async def test_a_file_under_the_origins_key_is_read_as_any_other_and_says_so(site: Any) -> None:
    await put(site, await site.bucket(), SERVER_KEY)
    for method, body in (("GET", b"bytes"), ("HEAD", b"")):
        answer = await site.send(method, "/photos/a")
        assert (answer.status, answer.body) == (200, body)
        assert answer.headers.get("x-amz-server-side-encryption") == "AES256"
    answer = await site.send("GET", "/photos/a", [("range", "bytes=1-2")])
    assert (answer.status, answer.body) == (206, b"yt")


async def test_a_buckets_default_encrypts_what_is_put_and_copied(site: Any) -> None:
    bucket = await site.bucket(settings=BucketSettings(default_encryption=EncryptionScheme.SERVER_KEY))
    put_over_s3 = await site.send("PUT", "/photos/a", body=b"bytes")
    copied = await site.send("PUT", "/photos/b", [("x-amz-copy-source", "/photos/a")])
    for answer in (put_over_s3, copied):
        assert (answer.status, answer.headers.get("x-amz-server-side-encryption")) == (200, "AES256")
    for key in (b"a", b"b"):
        version = await site.store.latest(bucket.bucket_id, key)
        assert all(extent.encryption is not None for extent in version.extents)


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("GET", "/photos/a", []),
        ("HEAD", "/photos/a", []),
        ("PUT", "/photos/b", [("x-amz-copy-source", "/photos/a")]),
    ],
)
async def test_a_file_under_a_customers_key_is_refused_without_it(
    site: Any, method: str, target: str, headers: list[tuple[str, str]]
) -> None:
    await put(site, await site.bucket(), CustomerKey(bytes(32)))
    answer = await site.send(method, target, headers)
    assert answer.status == 400
    if method != "HEAD":
        assert (answer.code, answer.root.text_of("Message")) == ("InvalidRequest", NEEDS_KEY)


async def test_a_locked_version_is_hidden_but_not_deleted(site: Any) -> None:
    bucket = await site.bucket(versioning=Versioning.ENABLED, settings=BucketSettings(file_lock_enabled=True))
    locked = await put(site, bucket, retention=Retention(LockMode.GOVERNANCE, site.moment_ms[0] + 1000))
    target = f"/photos/a?versionId={locked.version_id}"
    answer = await site.send("DELETE", target)
    assert (answer.status, answer.code) == (403, "AccessDenied")
    answer = await site.send("DELETE", "/photos/a")
    assert (answer.status, answer.headers.get("x-amz-delete-marker")) == (204, "true")
    assert (await site.send("GET", target)).body == b"bytes"
    site.moment_ms[0] += 1001
    assert (await site.send("DELETE", target)).status == 204
