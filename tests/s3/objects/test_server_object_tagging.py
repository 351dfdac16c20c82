"""Tags of objects through the S3 server: put with the object or later, copied, counted, taken away (s3.md §8)."""

from __future__ import annotations

from typing import Any

import pytest

from calotype.s3.tags import tags_document, tags_of_document
from calotype.store.model import Versioning

TAGS = {"kind": "cat", "place": "garden gate"}
IN_HEADER = ("x-amz-tagging", "kind=cat&place=garden%20gate")


async def tagged(site: Any, query: str = "") -> dict[str, str]:
    answer = await site.send("GET", f"/photos/a?tagging{query}")
    assert answer.status == 200, answer.body
    return tags_of_document(answer.body, 10)


async def put_tags(site: Any, tags: dict[str, str], query: str = "", **options: Any) -> Any:
    return await site.send("PUT", f"/photos/a?tagging{query}", body=tags_document(tags), **options)


async def test_an_object_without_tags_has_an_empty_set(site: Any) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", body=b"x")
    assert await tagged(site) == {}
    assert "x-amz-tagging-count" not in (await site.send("GET", "/photos/a")).headers


async def test_tags_take_the_place_of_those_before_and_are_counted(site: Any) -> None:
    await site.bucket()
    put = await site.send("PUT", "/photos/a", [IN_HEADER, ("x-amz-meta-title", "Cat")], b"x")
    assert await tagged(site) == TAGS
    for method in ("GET", "HEAD"):
        assert (await site.send(method, "/photos/a")).headers.get("x-amz-tagging-count") == "2"
    assert (await put_tags(site, {"kind": "dog"})).status == 200
    assert await tagged(site) == {"kind": "dog"}
    deleted = await site.send("DELETE", "/photos/a?tagging")
    assert (deleted.status, deleted.body) == (204, b"")
    assert await tagged(site) == {}
    # The object itself is the same all the time.
    got = await site.send("GET", "/photos/a")
    assert (got.body, got.headers.get("x-amz-meta-title")) == (b"x", "Cat")
    assert got.headers.get("etag") == put.headers.get("etag")


async def test_tags_belong_to_one_version(site: Any) -> None:
    await site.bucket(versioning=Versioning.ENABLED)
    first = (await site.send("PUT", "/photos/a", body=b"1")).headers.get("x-amz-version-id")
    second = (await site.send("PUT", "/photos/a", [IN_HEADER], b"2")).headers.get("x-amz-version-id")
    put = await put_tags(site, {"old": "yes"}, f"&versionId={first}")
    assert (put.status, put.headers.get("x-amz-version-id")) == (200, first)
    assert (await tagged(site, f"&versionId={first}"), await tagged(site)) == ({"old": "yes"}, TAGS)
    got = await site.send("GET", "/photos/a?tagging")
    assert got.headers.get("x-amz-version-id") == second
    deleted = await site.send("DELETE", f"/photos/a?tagging&versionId={first}")
    assert deleted.headers.get("x-amz-version-id") == first
    assert (await tagged(site, f"&versionId={first}"), await tagged(site)) == ({}, TAGS)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_delete_marker_has_no_tags(site: Any, method: str) -> None:
    await site.bucket(versioning=Versioning.ENABLED)
    await site.send("PUT", "/photos/a", body=b"1")
    marker = (await site.send("DELETE", "/photos/a")).headers.get("x-amz-version-id")
    for query in ("", f"&versionId={marker}"):
        answer = await site.send(method, f"/photos/a?tagging{query}", body=tags_document({}))
        assert (answer.status, answer.code) == (405, "MethodNotAllowed")
        assert answer.headers.get("x-amz-delete-marker") == "true"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_what_is_not_there_has_no_tags(site: Any, method: str) -> None:
    await site.bucket()
    answer = await site.send(method, "/photos/a?tagging", body=tags_document({}))
    assert (answer.status, answer.code) == (404, "NoSuchKey")


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({str(number): "" for number in range(11)}, "InvalidTag"),  # 10 at most
        ({"a" * 129: ""}, "InvalidTag"),
        ({"a": "b" * 257}, "InvalidTag"),
    ],
)
async def test_tags_beyond_the_limits_change_nothing(site: Any, tags: dict[str, str], code: str) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", [IN_HEADER], b"x")
    answer = await put_tags(site, tags)
    assert (answer.status, answer.code) == (400, code)
    assert await tagged(site) == TAGS
    at_the_limits = {f"{number:0128}": "b" * 256 for number in range(10)}
    assert (await put_tags(site, at_the_limits)).status == 200
    assert await tagged(site) == at_the_limits


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], TAGS),  # the default directive is COPY
        ([("x-amz-tagging-directive", "COPY"), ("x-amz-tagging", "kind=dog")], TAGS),
        ([("x-amz-tagging-directive", "REPLACE"), ("x-amz-tagging", "kind=dog")], {"kind": "dog"}),
        ([("x-amz-tagging-directive", "REPLACE")], {}),
        ([("x-amz-metadata-directive", "REPLACE")], TAGS),  # that is another directive
    ],
)
async def test_a_copy_has_the_tags_of_its_source_or_others(site: Any, fields: Any, expected: dict[str, str]) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/source", [IN_HEADER], b"x")
    copied = await site.send("PUT", "/photos/a", [("x-amz-copy-source", "photos/source"), *fields])
    assert copied.status == 200
    assert await tagged(site) == expected


async def test_an_upload_in_parts_has_the_tags_that_it_was_created_with(site: Any, uploads: Any) -> None:
    at = uploads.at("/photos/a")
    upload_id = await at.create(IN_HEADER)
    await at.part(upload_id, 1, b"x")
    await at.complete(upload_id, (1, b"x"))
    assert await tagged(site) == TAGS


@pytest.mark.parametrize(
    ("capabilities", "statuses"),
    [
        (["listFiles", "readFiles"], (200, 403, 403)),
        (["listFiles", "writeFiles"], (403, 200, 204)),
    ],
)
async def test_tags_are_read_and_written_by_who_may(site: Any, capabilities: list[str], statuses: Any) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", [IN_HEADER], b"x")
    key = await site.limited_key(*capabilities)
    got = await site.send("GET", "/photos/a?tagging", key=key)
    put = await put_tags(site, TAGS, key=key)
    deleted = await site.send("DELETE", "/photos/a?tagging", key=key)
    assert (got.status, put.status, deleted.status) == statuses


async def test_how_many_tags_there_are_is_not_for_everybody(site: Any) -> None:
    await site.public_bucket()
    await site.send("PUT", "/photos/a", [IN_HEADER], b"x")
    answer = await site.send_as_is("GET", "/photos/a")
    assert (answer.status, answer.headers.get("x-amz-tagging-count")) == (200, None)
    assert (await site.send_as_is("GET", "/photos/a?tagging")).status == 403
