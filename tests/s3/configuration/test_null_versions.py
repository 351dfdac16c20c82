"""Buckets whose versions are kept for a while: the version `null` over both APIs' view of the bucket (s3.md §6)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from calotype.s3.configuration.versioning import PutBucketVersioning
from calotype.store.model import Action, Versioning


async def turn(site: Any, state: Versioning) -> None:
    body = PutBucketVersioning("photos", state).to_request().body
    assert (await site.send("PUT", "/photos?versioning", body=body)).status == 200


async def put(site: Any, content: bytes, key: str = "a") -> str | None:
    """The version's id, as the answer tells it."""
    answer = await site.send("PUT", f"/photos/{key}", body=content)
    assert answer.status == 200
    told: str | None = answer.headers.get("x-amz-version-id")
    return told


async def listed(site: Any) -> list[tuple[str, str | None, str | None]]:
    root = (await site.send("GET", "/photos?versions")).root
    return [
        (row.name, row.text_of("VersionId"), row.text_of("IsLatest"))
        for row in root.children
        if row.name in ("Version", "DeleteMarker")
    ]


async def seen_by_b2(site: Any) -> list[tuple[Action, bool]]:
    """What each version is, newest first, and whether it is the one without an id of S3's."""
    bucket = await site.store.bucket("photos")
    versions = (await site.store.list_versions(bucket.bucket_id)).versions
    assert [version.is_latest for version in versions] == [True, *[False] * (len(versions) - 1)] if versions else True
    return [(version.action, version.is_null) for version in versions]


async def with_null_below(site: Any) -> str:
    """`a` was put while no versions were kept, and again since; the id of the second."""
    await site.bucket()
    assert await put(site, b"first") is None
    await turn(site, Versioning.ENABLED)
    second = await put(site, b"second")
    assert second is not None
    return second


async def test_what_was_there_before_is_the_version_null(site: Any) -> None:
    second = await with_null_below(site)
    assert await listed(site) == [("Version", second, "true"), ("Version", "null", "false")]
    assert await seen_by_b2(site) == [(Action.UPLOAD, False), (Action.UPLOAD, True)]
    for method, body in (("GET", b"first"), ("HEAD", b"")):
        answer = await site.send(method, "/photos/a?versionId=null")
        assert (answer.status, answer.headers.get("x-amz-version-id"), answer.body) == (200, "null", body)
    assert (await site.send("GET", "/photos/a")).body == b"second"


async def test_the_version_null_is_copied_by_its_name(site: Any) -> None:
    await with_null_below(site)
    copy = await site.send("PUT", "/photos/b", [("x-amz-copy-source", "/photos/a?versionId=null")])
    assert copy.status == 200
    assert copy.headers.get("x-amz-copy-source-version-id") == "null"
    assert (await site.send("GET", "/photos/b")).body == b"first"


async def test_the_version_null_is_deleted_by_its_name(site: Any) -> None:
    second = await with_null_below(site)
    answer = await site.send("DELETE", "/photos/a?versionId=null")
    assert (answer.status, answer.headers.get("x-amz-version-id")) == (204, "null")
    assert await listed(site) == [("Version", second, "true")]
    assert (await site.send("GET", "/photos/a?versionId=null")).code == "NoSuchVersion"
    assert (await site.send("DELETE", "/photos/a?versionId=null")).status == 204  # as good as deleted


async def test_the_newer_version_gone_the_null_one_shows_again(site: Any) -> None:
    second = await with_null_below(site)
    await site.send("DELETE", f"/photos/a?versionId={second}")
    answer = await site.send("GET", "/photos/a")
    assert (answer.body, answer.headers.get("x-amz-version-id")) == (b"first", "null")


async def test_suspended_a_put_replaces_the_version_null_alone(site: Any) -> None:
    second = await with_null_below(site)
    await turn(site, Versioning.SUSPENDED)
    assert await put(site, b"third") == "null"
    assert await listed(site) == [("Version", "null", "true"), ("Version", second, "false")]
    assert await put(site, b"fourth") == "null"
    assert await listed(site) == [("Version", "null", "true"), ("Version", second, "false")]
    assert (await site.send("GET", "/photos/a?versionId=null")).body == b"fourth"
    assert (await site.send("GET", f"/photos/a?versionId={second}")).body == b"second"
    assert await seen_by_b2(site) == [(Action.UPLOAD, True), (Action.UPLOAD, False)]


async def test_suspended_a_delete_leaves_a_marker_named_null_in_its_place(site: Any) -> None:
    second = await with_null_below(site)
    await turn(site, Versioning.SUSPENDED)
    for _ in range(2):  # a second marker takes the place of the first
        answer = await site.send("DELETE", "/photos/a")
        told = (answer.headers.get("x-amz-delete-marker"), answer.headers.get("x-amz-version-id"))
        assert (answer.status, *told) == (204, "true", "null")
        assert await listed(site) == [("DeleteMarker", "null", "true"), ("Version", second, "false")]
    assert (await site.send("GET", "/photos/a")).status == 404
    by_name = await site.send("GET", "/photos/a?versionId=null")
    assert (by_name.status, by_name.headers.get("x-amz-delete-marker")) == (405, "true")
    assert await seen_by_b2(site) == [(Action.HIDE, True), (Action.UPLOAD, False)]
    # the marker goes by its name, and the object is back
    gone = await site.send("DELETE", "/photos/a?versionId=null")
    assert (gone.headers.get("x-amz-delete-marker"), gone.headers.get("x-amz-version-id")) == ("true", "null")
    assert (await site.send("GET", "/photos/a")).body == b"second"


async def test_suspended_a_put_takes_the_place_of_the_marker(site: Any) -> None:
    second = await with_null_below(site)
    await turn(site, Versioning.SUSPENDED)
    await site.send("DELETE", "/photos/a")
    assert await put(site, b"third") == "null"
    assert await listed(site) == [("Version", "null", "true"), ("Version", second, "false")]


async def test_enabled_again_the_version_null_stays_and_new_ones_have_ids(site: Any) -> None:
    second = await with_null_below(site)
    await turn(site, Versioning.SUSPENDED)
    await put(site, b"third")
    await turn(site, Versioning.ENABLED)
    fourth = await put(site, b"fourth")
    assert fourth not in (None, "null")
    assert await listed(site) == [
        ("Version", fourth, "true"),
        ("Version", "null", "false"),
        ("Version", second, "false"),
    ]
    marker = await site.send("DELETE", "/photos/a")
    assert marker.headers.get("x-amz-version-id") != "null"


async def test_suspended_copies_and_uploads_in_parts_are_null_as_well(site: Any) -> None:
    await with_null_below(site)
    await turn(site, Versioning.SUSPENDED)
    copy = await site.send("PUT", "/photos/b", [("x-amz-copy-source", "/photos/a")])
    assert copy.headers.get("x-amz-version-id") == "null"
    upload_id = (await site.send("POST", "/photos/b?uploads")).root.text_of("UploadId")
    part = await site.send("PUT", f"/photos/b?partNumber=1&uploadId={upload_id}", body=b"a part")
    completion = (
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>"
        f"<ETag>{part.headers.get('etag').strip(chr(34))}</ETag></Part></CompleteMultipartUpload>"
    )
    done = await site.send("POST", f"/photos/b?uploadId={upload_id}", body=completion.encode())
    assert (done.status, done.headers.get("x-amz-version-id")) == (200, "null")
    assert (await site.send("GET", "/photos/b?versionId=null")).body == b"a part"
    root = (await site.send("GET", "/photos?versions&prefix=b")).root
    assert [row.text_of("VersionId") for row in root.all("Version")] == ["null"]


async def test_an_upload_in_parts_is_what_the_bucket_keeps_when_it_is_completed(site: Any) -> None:
    await site.bucket(versioning=Versioning.ENABLED)
    first = await put(site, b"first")
    upload_id = (await site.send("POST", "/photos/a?uploads")).root.text_of("UploadId")
    part = await site.send("PUT", f"/photos/a?partNumber=1&uploadId={upload_id}", body=b"a part")
    await turn(site, Versioning.SUSPENDED)
    completion = (
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>"
        f"<ETag>{part.headers.get('etag').strip(chr(34))}</ETag></Part></CompleteMultipartUpload>"
    )
    done = await site.send("POST", f"/photos/a?uploadId={upload_id}", body=completion.encode())
    assert (done.status, done.headers.get("x-amz-version-id")) == (200, "null")
    assert await listed(site) == [("Version", "null", "true"), ("Version", first, "false")]


async def test_many_are_deleted_by_the_name_null(site: Any) -> None:
    second = await with_null_below(site)
    body = b"<Delete><Object><Key>a</Key><VersionId>null</VersionId></Object></Delete>"
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    answer = await site.send("POST", "/photos?delete", [("content-md5", digest)], body)
    deleted = answer.root.child("Deleted")
    assert (deleted.text_of("Key"), deleted.text_of("VersionId")) == ("a", "null")
    assert await listed(site) == [("Version", second, "true")]


@pytest.mark.parametrize("state", [Versioning.ENABLED, Versioning.SUSPENDED])
async def test_a_bucket_of_b2_has_no_version_null_until_it_is_suspended(site: Any, state: Versioning) -> None:
    await site.bucket(versioning=Versioning.ENABLED)  # as b2_create_bucket makes it
    first = await put(site, b"first")
    await turn(site, state)
    assert (await site.send("GET", "/photos/a?versionId=null")).code == "NoSuchVersion"
    second = await put(site, b"second")
    assert (second == "null") is (state is Versioning.SUSPENDED)
    assert await listed(site) == [("Version", second, "true"), ("Version", first, "false")]
