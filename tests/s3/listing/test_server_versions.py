"""ListObjectVersions through the S3 server."""

from __future__ import annotations

from typing import Any

import pytest

from calotype.store.model import Bucket, VersionDraft, Versioning


async def with_history(site: Any) -> Bucket:
    """a: two versions; b: one, deleted; c/1 and c/2: one each."""
    bucket: Bucket = await site.bucket(versioning=Versioning.ENABLED)
    for key in ("a", "a", "b", "c/1", "c/2"):
        site.moment_ms[0] += 1000
        assert (await site.send("PUT", f"/photos/{key}", body=b"x")).status == 200
    site.moment_ms[0] += 1000
    await site.send("DELETE", "/photos/b")
    return bucket


WHOLE = [
    ("Version", "a", "true"),
    ("Version", "a", "false"),
    ("DeleteMarker", "b", "true"),
    ("Version", "b", "false"),
    ("Version", "c/1", "true"),
    ("Version", "c/2", "true"),
]


async def listed(site: Any, query: str) -> tuple[list[tuple[str, str | None, str | None]], list[str | None], Any]:
    """(kind, key, is latest) of each row, the common prefixes, and the document."""
    answer = await site.send("GET", f"/photos?versions&{query}")
    assert answer.status == 200
    root = answer.root
    rows = [
        (child.name, child.text_of("Key"), child.text_of("IsLatest"))
        for child in root.children
        if child.name in ("Version", "DeleteMarker")
    ]
    return rows, [prefix.text_of("Prefix") for prefix in root.all("CommonPrefixes")], root


async def test_versions_come_newest_first_with_markers_among_them(site: Any) -> None:
    await with_history(site)
    rows, prefixes, root = await listed(site, "")
    assert (rows, prefixes, root.text_of("IsTruncated")) == (WHOLE, [], "false")
    for child in root.all("Version"):
        got = await site.send("GET", f"/photos/{child.text_of('Key')}?versionId={child.text_of('VersionId')}")
        assert (got.status, got.headers.get("etag")) == (200, child.text_of("ETag"))


async def test_prefix_and_delimiter_choose_versions(site: Any) -> None:
    await with_history(site)
    assert (await listed(site, "prefix=c/"))[0] == WHOLE[4:]
    rows, prefixes, _ = await listed(site, "delimiter=/")
    assert (rows, prefixes) == (WHOLE[:4], ["c/"])
    assert (await listed(site, "max-keys=0"))[0] == []


async def test_what_is_not_finished_is_no_version(site: Any) -> None:
    """A large file in progress, begun over B2: ListMultipartUploads shows it, and AbortMultipartUpload ends it."""
    bucket = await with_history(site)
    file = await site.store.large_files.start(bucket, b"a", VersionDraft())
    assert (await listed(site, ""))[0] == WHOLE
    for method, status in (("GET", 404), ("HEAD", 404), ("DELETE", 204)):
        assert (await site.send(method, f"/photos/a?versionId={file.version_id}")).status == status
    assert await site.store.version(file.version_id) == file


@pytest.mark.parametrize("max_keys", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("delimiter", ["", "&delimiter=/"])
async def test_pages_of_versions_join_to_the_whole(site: Any, max_keys: int, delimiter: str) -> None:
    bucket = await with_history(site)
    for key in (b"0", b"a", b"c/1", b"c/3"):  # large files in progress leave no gap
        await site.store.large_files.start(bucket, key, VersionDraft())
    found: list[tuple[str, str | None, str | None]] = []
    folders: list[str | None] = []
    markers = ""
    while True:
        rows, prefixes, root = await listed(site, f"max-keys={max_keys}{delimiter}{markers}")
        assert 0 < len(rows) + len(prefixes) <= max_keys
        found += rows
        folders += prefixes
        if root.text_of("IsTruncated") == "false":
            break
        markers = f"&key-marker={root.text_of('NextKeyMarker')}"
        if root.text_of("NextVersionIdMarker"):
            markers += f"&version-id-marker={root.text_of('NextVersionIdMarker')}"
    assert (found, folders) == ((WHOLE[:4], ["c/"]) if delimiter else (WHOLE, []))


async def test_a_bucket_without_versions_shows_null_ones(site: Any) -> None:
    await site.bucket()
    for key in ("a", "b"):
        await site.send("PUT", f"/photos/{key}", body=b"x")
    rows, _, root = await listed(site, "max-keys=1")
    assert rows == [("Version", "a", "true")]
    assert root.text_of("NextVersionIdMarker") == "null"
    rows, _, root = await listed(site, "key-marker=a&version-id-marker=null")
    assert (rows, root.text_of("IsTruncated")) == ([("Version", "b", "true")], "false")


async def test_a_bucket_can_be_emptied_page_by_page(site: Any) -> None:
    await with_history(site)
    markers = ""
    while True:
        _, _, root = await listed(site, f"max-keys=2{markers}")
        for row in (*root.all("Version"), *root.all("DeleteMarker")):
            target = f"/photos/{row.text_of('Key')}?versionId={row.text_of('VersionId')}"
            assert (await site.send("DELETE", target)).status == 204
        if root.text_of("IsTruncated") == "false":
            break
        next_version = root.text_of("NextVersionIdMarker")
        markers = f"&key-marker={root.text_of('NextKeyMarker')}&version-id-marker={next_version}"
    assert (await site.send("DELETE", "/photos")).status == 204


async def test_a_page_behind_a_version_that_is_gone_begins_with_what_its_key_has_left(site: Any) -> None:
    await with_history(site)
    _, _, root = await listed(site, "")
    newest, _ = [row.text_of("VersionId") for row in root.all("Version") if row.text_of("Key") == "a"]
    await site.send("DELETE", f"/photos/a?versionId={newest}")
    rows, _, _ = await listed(site, f"key-marker=a&version-id-marker={newest}&max-keys=2")
    assert rows == [("Version", "a", "true"), ("DeleteMarker", "b", "true")]


@pytest.mark.parametrize("query", ["version-id-marker=x", "max-keys=-1", "encoding-type=x"])
async def test_a_bad_marker_is_an_invalid_argument(site: Any, query: str) -> None:
    await with_history(site)
    answer = await site.send("GET", f"/photos?versions&{query}")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
