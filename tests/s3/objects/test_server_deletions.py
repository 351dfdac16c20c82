"""DeleteObject through the S3 server: what goes, what comes back, and versions that are not there (s3.md §3, §6)."""

from __future__ import annotations

from typing import Any

import pytest

from calotype.store.model import Versioning

GONE = "4_z0123456789abcdef01234567_f1019fad7e3c3f09d3_d20261122_m033607_c001_v0000001_t0002_u00001795319767000"


async def test_deleting_an_unversioned_object_leaves_nothing(site: Any) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", body=b"1")
    await site.send("PUT", "/photos/a", body=b"2")
    deleted = await site.send("DELETE", "/photos/a")
    assert (deleted.status, deleted.body) == (204, b"")
    assert "x-amz-delete-marker" not in deleted.headers
    assert (await site.send("GET", "/photos/a")).code == "NoSuchKey"
    assert (await site.send("DELETE", "/photos/a")).status == 204  # also for a missing key
    assert (await site.send("DELETE", "/photos")).status == 204  # no version is left


async def test_deleting_in_a_versioned_bucket_makes_a_marker_and_deleting_that_brings_the_object_back(
    site: Any,
) -> None:
    await site.bucket(versioning=Versioning.ENABLED)
    first = (await site.send("PUT", "/photos/a", body=b"1")).headers.get("x-amz-version-id")
    second = (await site.send("PUT", "/photos/a", body=b"2")).headers.get("x-amz-version-id")
    assert first != second
    deleted = await site.send("DELETE", "/photos/a")
    marker = deleted.headers.get("x-amz-version-id")
    assert (deleted.status, deleted.headers.get("x-amz-delete-marker")) == (204, "true")
    gone = await site.send("GET", "/photos/a")
    by_marker = await site.send("GET", f"/photos/a?versionId={marker}")
    assert (gone.status, by_marker.status, by_marker.headers.get("allow")) == (404, 405, "DELETE")
    for answer in (gone, by_marker, await site.send("HEAD", "/photos/a")):
        assert answer.headers.get("x-amz-delete-marker") == "true"
        assert answer.headers.get("x-amz-version-id") == marker
    assert (await site.send("GET", f"/photos/a?versionId={first}")).body == b"1"
    undone = await site.send("DELETE", f"/photos/a?versionId={marker}")
    assert (undone.headers.get("x-amz-delete-marker"), undone.headers.get("x-amz-version-id")) == ("true", marker)
    assert (await site.send("GET", "/photos/a")).body == b"2"
    assert (await site.send("DELETE", f"/photos/a?versionId={second}")).status == 204
    assert (await site.send("GET", "/photos/a")).body == b"1"
    assert (await site.send("GET", f"/photos/a?versionId={second}")).code == "NoSuchVersion"
    assert (await site.send("DELETE", f"/photos/a?versionId={second}")).status == 204


@pytest.mark.parametrize(
    ("version_id", "status", "code"),
    [
        ("what", 400, "InvalidArgument"),  # S3: "Invalid version id specified"
        ("", 400, "InvalidArgument"),
        ("null", 404, "NoSuchVersion"),  # an id, which no version here has
        (GONE, 404, "NoSuchVersion"),
    ],
)
async def test_a_version_that_is_not_there(site: Any, version_id: str, status: int, code: str) -> None:
    await site.bucket(versioning=Versioning.ENABLED)
    await site.send("PUT", "/photos/a", body=b"1")
    answer = await site.send("GET", f"/photos/a?versionId={version_id}")
    assert (answer.status, answer.code) == (status, code)
    copied = await site.send("PUT", "/photos/b", [("x-amz-copy-source", f"/photos/a?versionId={version_id}")])
    assert (copied.status, copied.code) == (status, code)
    deleted = await site.send("DELETE", f"/photos/a?versionId={version_id}")
    assert deleted.status == (400 if status == 400 else 204)  # what is gone already is as good as deleted
    assert await site.keys_in("photos") == [b"a"]
