"""CopyObject through the S3 server: where a source is, what goes along, and what is refused (s3.md §3)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from calotype.auth.checksums import CHECKSUMS, HEADERS
from calotype.http.http_date import format_http_date
from calotype.s3.objects import copy_calls
from calotype.store.model import Versioning
from support.checksums import checksum

CONTENT = b"a picture"
ETAG = f'"{hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()}"'
AT = 1_790_000_000  # when the source is uploaded, in Unix seconds
REPLACE = ("x-amz-metadata-directive", "REPLACE")


def of(source: str) -> tuple[str, str]:
    return ("x-amz-copy-source", source)


async def with_source(site: Any, target: str = "/photos/a", *fields: tuple[str, str], **settings: Any) -> Any:
    await site.bucket(**settings)
    return await site.send("PUT", target, fields, CONTENT)


@pytest.mark.parametrize(
    ("target", "source"),
    [
        ("/photos/a", "photos/a"),
        ("/photos/a", "/photos/a"),  # a slash in front is as good
        ("/photos/a%20b%2Bc", "photos/a%20b%2Bc"),
        ("/photos/a%2Bb", "photos/a+b"),  # a plus is a plus, as in every path here
        ("/photos/a/b", "photos%2Fa%2Fb"),  # the slash between bucket and key may be encoded
        ("/photos/%E5%86%99.png", "photos/%E5%86%99.png"),
        ("/photos/a%3Fb", "photos/a%3Fb"),
        ("/photos/a%3Fb", "photos/a?b"),  # not encoded, but no version id either
        ("/photos/a%3FversionId%3Db", "photos/a%3FversionId%3Db"),
    ],
)
async def test_a_source_is_named_as_in_an_address(site: Any, target: str, source: str) -> None:
    await with_source(site, target)
    copied = await site.send("PUT", "/photos/copy", [of(source)])
    assert (copied.status, copied.root.text_of("ETag")) == (200, ETAG)
    assert (await site.send("GET", "/photos/copy")).body == CONTENT


@pytest.mark.parametrize(
    ("source", "status", "code"),
    [
        ("photos/none", 404, "NoSuchKey"),
        ("nowhere/a", 404, "NoSuchBucket"),
        ("photos", 400, "InvalidArgument"),
        ("photos/", 400, "InvalidArgument"),
        ("/", 400, "InvalidArgument"),
        ("photos/a?versionId=what", 400, "InvalidArgument"),
        ("photos/a?versionId=", 400, "InvalidArgument"),
        ("photos/a%zz", 400, "InvalidURI"),
    ],
)
async def test_a_source_that_is_not_there_or_not_named(site: Any, source: str, status: int, code: str) -> None:
    await with_source(site)
    answer = await site.send("PUT", "/photos/copy", [of(source)])
    assert (answer.status, answer.code) == (status, code)
    assert await site.keys_in("photos") == [b"a"]


async def test_a_copy_into_a_bucket_that_is_not_there(site: Any) -> None:
    await with_source(site)
    answer = await site.send("PUT", "/nowhere/copy", [of("photos/a")])
    assert (answer.status, answer.code) == (404, "NoSuchBucket")


async def test_a_source_whose_latest_version_is_a_delete_marker_is_not_there(site: Any) -> None:
    first = await with_source(site, versioning=Versioning.ENABLED)
    marker = (await site.send("DELETE", "/photos/a")).headers.get("x-amz-version-id")
    assert (await site.send("PUT", "/photos/b", [of("photos/a")])).code == "NoSuchKey"
    of_marker = await site.send("PUT", "/photos/b", [of(f"photos/a?versionId={marker}")])
    assert (of_marker.status, of_marker.code) == (400, "InvalidRequest")
    version_id = first.headers.get("x-amz-version-id")
    copied = await site.send("PUT", "/photos/b", [of(f"photos/a?versionId={version_id}")])
    assert copied.headers.get("x-amz-copy-source-version-id") == version_id
    assert copied.headers.get("x-amz-version-id") not in (None, version_id)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([("if-match", ETAG)], 200),
        ([("if-match", '"other"')], 412),
        ([("if-none-match", ETAG)], 412),
        ([("if-none-match", '"other"')], 200),
        ([("if-modified-since", format_http_date(AT))], 412),
        ([("if-modified-since", format_http_date(AT - 1))], 200),
        ([("if-unmodified-since", format_http_date(AT))], 200),
        ([("if-unmodified-since", format_http_date(AT - 1))], 412),
        # A tag that matches comes before the date, and so does one that must not (S3 "CopyObject").
        ([("if-match", ETAG), ("if-unmodified-since", format_http_date(AT - 1))], 200),
        ([("if-none-match", ETAG), ("if-modified-since", format_http_date(AT - 1))], 412),
    ],
)
async def test_conditions_on_the_source(site: Any, fields: list[tuple[str, str]], status: int) -> None:
    await with_source(site)
    conditions = [(f"x-amz-copy-source-{name}", value) for name, value in fields]
    answer = await site.send("PUT", "/photos/b", [of("photos/a"), *conditions])
    assert answer.status == status
    if status == 412:
        assert answer.code == "PreconditionFailed"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([], 400),
        ([("x-amz-storage-class", "STANDARD")], 400),  # it has that one already
        ([("x-amz-meta-a", "passed over")], 400),
        ([REPLACE], 200),
        ([("x-amz-storage-class", "STANDARD_IA")], 200),
        ([("x-amz-server-side-encryption", "AES256")], 200),
        ([("x-amz-website-redirect-location", "/b")], 200),
        ([("x-amz-checksum-algorithm", "SHA256")], 200),
        ([("x-amz-tagging-directive", "REPLACE")], 200),
    ],
)
@pytest.mark.parametrize("versioning", [Versioning.UNVERSIONED, Versioning.ENABLED])
async def test_a_copy_to_itself_needs_a_change(
    site: Any, versioning: Versioning, fields: list[tuple[str, str]], status: int
) -> None:
    await with_source(site, versioning=versioning)
    answer = await site.send("PUT", "/photos/a", [of("photos/a"), *fields])
    assert answer.status == status
    if status == 400:
        assert answer.code == "InvalidRequest"
    assert (await site.send("GET", "/photos/a")).body == CONTENT


async def test_an_older_version_is_brought_back_by_a_copy(site: Any) -> None:
    first = await with_source(site, versioning=Versioning.ENABLED)
    await site.send("PUT", "/photos/a", body=b"worse")
    back = await site.send("PUT", "/photos/a", [of(f"photos/a?versionId={first.headers.get('x-amz-version-id')}")])
    assert back.status == 200
    assert (await site.send("GET", "/photos/a")).body == CONTENT


STORED = [("content-type", "image/png"), ("cache-control", "max-age=5"), ("x-amz-meta-title", "Cat")]


async def test_what_is_replaced_is_replaced_altogether(site: Any) -> None:
    await with_source(site, "/photos/a", *STORED)
    await site.send("PUT", "/photos/b", [of("photos/a"), REPLACE, ("x-amz-meta-other", "1")])
    got = await site.send("GET", "/photos/b")
    assert got.headers.get("content-type") == "binary/octet-stream"
    assert (got.headers.get("cache-control"), got.headers.get("x-amz-meta-title")) == (None, None)
    assert got.headers.get("x-amz-meta-other") == "1"


async def test_metadata_beside_the_directive_copy_are_passed_over(site: Any) -> None:
    await with_source(site, "/photos/a", *STORED)
    fields = [("x-amz-metadata-directive", "COPY"), ("x-amz-meta-other", "1"), ("content-type", "text/plain")]
    await site.send("PUT", "/photos/b", [of("photos/a"), *fields])
    got = await site.send("GET", "/photos/b")
    assert all(got.headers.get(name) == value for name, value in STORED)
    assert "x-amz-meta-other" not in got.headers


async def test_acl_storage_class_and_redirect_are_not_copied(site: Any) -> None:
    own = [("x-amz-acl", "public-read"), ("x-amz-storage-class", "STANDARD_IA")]
    await with_source(site, "/photos/a", *own, ("x-amz-website-redirect-location", "/elsewhere"))
    assert (await site.send("HEAD", "/photos/a")).headers.get("x-amz-website-redirect-location") == "/elsewhere"
    await site.send("PUT", "/photos/b", [of("photos/a")])
    got = await site.send("GET", "/photos/b")
    assert "x-amz-storage-class" not in got.headers
    assert "x-amz-website-redirect-location" not in got.headers
    assert (await site.send_as_is("GET", "/photos/b")).status == 403


@pytest.mark.parametrize("algorithm", CHECKSUMS)
@pytest.mark.parametrize("source", ["CRC32", "SHA256", None])
async def test_a_copy_computes_the_checksum_that_it_is_asked_for(site: Any, algorithm: str, source: str | None) -> None:
    declared = [] if source is None else [(HEADERS[source], checksum(source, CONTENT))]
    await with_source(site, "/photos/a", *declared)
    copied = await site.send("PUT", "/photos/b", [of("photos/a"), ("x-amz-checksum-algorithm", algorithm)])
    assert copied.root.text_of(f"Checksum{algorithm}") == checksum(algorithm, CONTENT)
    assert copied.root.text_of("ChecksumType") == "FULL_OBJECT"
    head = await site.send("HEAD", "/photos/b", [("x-amz-checksum-mode", "ENABLED")])
    assert head.headers.get(HEADERS[algorithm]) == checksum(algorithm, CONTENT)


async def test_the_copy_of_an_object_made_of_parts_computes_a_checksum_of_the_whole(site: Any, uploads: Any) -> None:
    await uploads.whole(b"first part, ", b"second part")
    for algorithm in CHECKSUMS:
        fields = [of("photos/film"), ("x-amz-checksum-algorithm", algorithm)]
        copied = await site.send("PUT", "/photos/b", fields)
        assert copied.root.text_of(f"Checksum{algorithm}") == checksum(algorithm, b"first part, second part")


async def test_a_source_of_more_than_five_gibibytes_is_copied_part_by_part(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_source(site)
    monkeypatch.setattr(copy_calls, "MAX_OBJECT_BYTES", len(CONTENT) - 1)
    answer = await site.send("PUT", "/photos/b", [of("photos/a")])
    assert (answer.status, answer.code) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    ("header", "owner", "status"),
    [
        ("x-amz-source-expected-bucket-owner", "own", 200),
        ("x-amz-source-expected-bucket-owner", "123456789012", 403),
        ("x-amz-expected-bucket-owner", "own", 200),
        ("x-amz-expected-bucket-owner", "123456789012", 403),
    ],
)
async def test_the_owner_expected_of_source_and_target(site: Any, header: str, owner: str, status: int) -> None:
    await with_source(site)
    await site.bucket("archive")
    expected = site.account_id if owner == "own" else owner
    answer = await site.send("PUT", "/archive/b", [of("photos/a"), (header, expected)])
    assert answer.status == status


async def test_who_may_not_read_the_source_may_not_copy_it(site: Any) -> None:
    await with_source(site)
    archive = await site.bucket("archive")
    key = await site.limited_key("listFiles", "readFiles", "writeFiles", bucket_ids=[archive.bucket_id])
    answer = await site.send("PUT", "/archive/b", [of("photos/a")], key=key)
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert await site.keys_in("archive") == []


async def test_a_copy_takes_content_and_metadata_along(site: Any) -> None:
    await site.bucket()
    await site.bucket("archive")
    fields = [("content-type", "image/png"), ("x-amz-meta-title", "Cat"), ("cache-control", "max-age=5")]
    await site.send("PUT", "/photos/a b.png", fields, CONTENT)
    for source in ("photos/a%20b.png", "%2Fphotos%2Fa%20b.png"):  # with and without the slash, which may be encoded
        assert (await site.send("PUT", "/archive/c.png", [("x-amz-copy-source", source)])).status == 200
    copied = await site.send("PUT", "/archive/c.png", [("x-amz-copy-source", "/photos/a%20b.png")])
    assert (copied.status, copied.root.text_of("ETag")) == (200, ETAG)
    got = await site.send("GET", "/archive/c.png")
    assert got.body == CONTENT
    assert all(got.headers.get(name) == value for name, value in fields)


async def test_a_copy_can_replace_the_metadata_of_the_object_itself(site: Any) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", [("x-amz-meta-a", "1")], CONTENT)
    unchanged = await site.send("PUT", "/photos/a", [("x-amz-copy-source", "photos/a")])
    assert (unchanged.status, unchanged.code) == (400, "InvalidRequest")
    fields = [("x-amz-copy-source", "photos/a"), ("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-b", "2")]
    assert (await site.send("PUT", "/photos/a", fields)).status == 200
    got = await site.send("GET", "/photos/a")
    assert (got.body, got.headers.get("x-amz-meta-a"), got.headers.get("x-amz-meta-b")) == (CONTENT, None, "2")


async def test_a_copy_needs_its_source_and_the_conditions_on_it(site: Any) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", body=CONTENT)
    for fields, code in [
        ([("x-amz-copy-source", "photos/none")], "NoSuchKey"),
        ([("x-amz-copy-source", "nowhere/a")], "NoSuchBucket"),
        ([("x-amz-copy-source", "photos/a"), ("x-amz-copy-source-if-match", '"x"')], "PreconditionFailed"),
        ([("x-amz-copy-source", "photos/a"), ("x-amz-copy-source-if-none-match", ETAG)], "PreconditionFailed"),
    ]:
        assert (await site.send("PUT", "/photos/b", fields)).code == code
    assert await site.keys_in("photos") == [b"a"]
