"""Parts copied from other objects, parts and uploads listed, objects read and told part by part (s3.md §4)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from calotype.store.model import Versioning

FIRST, SECOND, THIRD = b"first part, ", b"second part, ", b"end"


def texts(element: Any, *path: str) -> list[str]:
    """The texts of a name inside all children of another, as in `Upload`, `Key`."""
    outer, inner = path
    return [child.text_of(inner) for child in element.all(outer)]


# parts copied


async def test_a_part_is_copied_from_another_object(site: Any, uploads: Any) -> None:
    await site.send("PUT", "/photos/source", body=b"0123456789")
    upload_id = await uploads.create(("x-amz-checksum-algorithm", "CRC32"))
    await uploads.part(upload_id, 1, FIRST)
    copied = await uploads.copy(upload_id, 2, "/photos/source", ("x-amz-copy-source-range", "bytes=2-4"))
    assert copied.root.name == "CopyPartResult"
    assert copied.root.text_of("ETag") == f'"{hashlib.md5(b"234").hexdigest()}"'
    part = (await uploads.parts(upload_id)).root.child("Part")
    assert copied.root.text_of("ChecksumCRC32") is not None
    assert part is not None
    attempt = await uploads.complete(upload_id, (1, FIRST), (2, b"234"))
    assert attempt.code == "InvalidRequest"  # a composite checksum needs each part's
    plain = await uploads.create()
    await uploads.part(plain, 1, FIRST)
    await uploads.copy(plain, 2, "photos/source")
    assert (await uploads.complete(plain, (1, FIRST), (2, b"0123456789"))).status == 200
    assert (await site.send("GET", "/photos/film")).body == FIRST + b"0123456789"


async def test_a_part_is_copied_from_a_version_of_another_bucket(site: Any, uploads: Any) -> None:
    await site.bucket("kept", versioning=Versioning.ENABLED)
    old = (await site.send("PUT", "/kept/a", body=b"old")).headers.get("x-amz-version-id")
    await site.send("PUT", "/kept/a", body=b"new")
    upload_id = await uploads.create()
    copied = await uploads.copy(upload_id, 1, f"/kept/a?versionId={old}")
    assert copied.headers.get("x-amz-copy-source-version-id") == old
    await uploads.complete(upload_id, (1, b"old"))
    assert (await site.send("GET", "/photos/film")).body == b"old"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ([("x-amz-copy-source-range", "bytes=0-10")], 416, "InvalidRange"),  # the source has ten bytes
        ([("x-amz-copy-source-range", "bytes=10-10")], 416, "InvalidRange"),
        ([("x-amz-copy-source-range", "bytes=5-")], 400, "InvalidArgument"),
        ([("x-amz-copy-source-if-match", '"other"')], 412, "PreconditionFailed"),
        ([("x-amz-copy-source-if-none-match", "*")], 412, "PreconditionFailed"),
        ([("x-amz-copy-source-if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT")], 412, "PreconditionFailed"),
    ],
)
async def test_a_copy_that_cannot_be_is_refused(
    site: Any, uploads: Any, headers: list[tuple[str, str]], status: int, code: str
) -> None:
    await site.send("PUT", "/photos/source", body=b"0123456789")
    upload_id = await uploads.create()
    answer = await uploads.copy(upload_id, 1, "/photos/source", *headers)
    assert (answer.status, answer.code) == (status, code)
    assert list((await uploads.parts(upload_id)).root.all("Part")) == []


@pytest.mark.parametrize(
    ("source", "code"),
    [("/photos/none", "NoSuchKey"), ("/nowhere/a", "NoSuchBucket"), ("photos", "InvalidArgument")],
)
async def test_a_source_that_is_not_there(uploads: Any, source: str, code: str) -> None:
    assert (await uploads.copy(await uploads.create(), 1, source)).code == code


async def test_a_copied_part_needs_the_right_to_read_the_source(site: Any, uploads: Any) -> None:
    await site.send("PUT", "/photos/source", body=b"0123456789")
    upload_id = await uploads.create()
    writer = await site.limited_key("writeFiles")
    assert (await uploads.copy(upload_id, 1, "/photos/source", key=writer)).code == "AccessDenied"
    both = await site.limited_key("writeFiles", "readFiles")
    assert (await uploads.copy(upload_id, 1, "/photos/source", key=both)).status == 200


# parts listed


async def test_parts_are_listed_by_number_in_pages(uploads: Any) -> None:
    upload_id = await uploads.create(("x-amz-storage-class", "GLACIER"))
    for number in (30, 1, 200):
        await uploads.part(upload_id, number, FIRST)
    page = (await uploads.parts(upload_id, "&max-parts=2")).root
    assert texts(page, "Part", "PartNumber") == ["1", "30"]
    assert [page.text_of(name) for name in ("IsTruncated", "MaxParts", "NextPartNumberMarker", "StorageClass")] == [
        "true",
        "2",
        "30",
        "GLACIER",
    ]
    rest = (await uploads.parts(upload_id, "&max-parts=2&part-number-marker=30")).root
    assert (texts(rest, "Part", "PartNumber"), rest.text_of("IsTruncated")) == (["200"], "false")
    part = next(rest.all("Part"))
    assert (part.text_of("Size"), part.text_of("ETag")) == ("12", f'"{hashlib.md5(FIRST).hexdigest()}"')
    assert part.text_of("LastModified") == "2026-09-21T14:13:20.000Z"
    nothing = (await uploads.parts(upload_id, "&max-parts=0")).root
    assert (texts(nothing, "Part", "PartNumber"), nothing.text_of("IsTruncated")) == ([], "false")


@pytest.mark.parametrize("query", ["&max-parts=-1", "&max-parts=x", "&part-number-marker=x"])
async def test_a_bad_page_of_parts(uploads: Any, query: str) -> None:
    assert (await uploads.parts(await uploads.create(), query)).code == "InvalidArgument"


async def test_initiator_and_owner_are_the_account(site: Any, uploads: Any) -> None:
    account = await site.store.default_account()
    upload_id = await uploads.create()
    parts = (await uploads.parts(upload_id)).root
    upload = (await site.send("GET", "/photos?uploads")).root.child("Upload")
    for element in (parts, upload):
        for name in ("Initiator", "Owner"):
            assert element.child(name).text_of("ID") == account.canonical_user_id


# uploads listed


async def pages_of(site: Any, query: str) -> list[list[tuple[str, str]]]:
    """Rows of each page until the last: key and upload id, or a common prefix and nothing."""
    pages, markers = [], ""
    while True:
        root = (await site.send("GET", f"/photos?uploads&{query}{markers}")).root
        rows = [(item.text_of("Key"), item.text_of("UploadId")) for item in root.all("Upload")]
        pages.append(rows + [(item.text_of("Prefix"), "") for item in root.all("CommonPrefixes")])
        if root.text_of("IsTruncated") == "false":
            return pages
        markers = f"&key-marker={root.text_of('NextKeyMarker')}&upload-id-marker={root.text_of('NextUploadIdMarker')}"


async def begun(site: Any, uploads: Any, *keys: str) -> list[tuple[str, str]]:
    started = []
    for key in keys:
        site.moment_ms[0] += 1
        started.append((key, await uploads.at(f"/photos/{key}").create()))
    return started


@pytest.mark.parametrize("size", [1, 2, 3, 10])
async def test_uploads_are_listed_by_key_and_start_in_pages_of_any_size(site: Any, uploads: Any, size: int) -> None:
    started = await begun(site, uploads, "b", "a", "b", "c/1", "b", "c/2")
    pages = await pages_of(site, f"max-uploads={size}")
    rows = [row for page in pages for row in page]
    assert rows == sorted(started, key=lambda row: (row[0], started.index(row)))
    assert all(len(page) <= size for page in pages)


@pytest.mark.parametrize("size", [1, 2, 10])
async def test_keys_fold_at_the_delimiter(site: Any, uploads: Any, size: int) -> None:
    started = await begun(site, uploads, "x", "c/1", "c/2", "c/2", "d/1", "a")
    pages = await pages_of(site, f"delimiter=/&max-uploads={size}")
    rows = sorted(row for page in pages for row in page)
    assert rows == [started[5], ("c/", ""), ("d/", ""), started[0]]
    inside = await pages_of(site, f"prefix=c/&delimiter=/&max-uploads={size}")
    assert [row for page in inside for row in page] == started[1:4]


async def test_a_key_marker_alone_passes_over_the_key(site: Any, uploads: Any) -> None:
    started = await begun(site, uploads, "a", "b", "b", "c")
    assert await pages_of(site, "key-marker=b") == [[started[3]]]
    assert await pages_of(site, f"upload-id-marker={started[2][1]}") == [started]  # alone it means nothing


async def test_odd_keys_are_listed_encoded(site: Any, uploads: Any) -> None:
    await uploads.at("/photos/a%20b%2B%C3%A9").create()
    root = (await site.send("GET", "/photos?uploads&encoding-type=url&prefix=a%20")).root
    assert (texts(root, "Upload", "Key"), root.text_of("Prefix"), root.text_of("EncodingType")) == (
        ["a%20b%2B%C3%A9"],
        "a%20",
        "url",
    )


async def test_an_upload_tells_its_storage_class_and_checksum(site: Any, uploads: Any) -> None:
    await uploads.create(("x-amz-storage-class", "GLACIER"), ("x-amz-checksum-algorithm", "SHA256"))
    upload = (await site.send("GET", "/photos?uploads")).root.child("Upload")
    assert [upload.text_of(name) for name in ("StorageClass", "ChecksumAlgorithm", "ChecksumType", "Initiated")] == [
        "GLACIER",
        "SHA256",
        "COMPOSITE",
        "2026-09-21T14:13:20.000Z",
    ]


@pytest.mark.parametrize("query", ["max-uploads=-1", "max-uploads=x", "encoding-type=xml"])
async def test_a_bad_page_of_uploads(site: Any, uploads: Any, query: str) -> None:
    assert (await site.send("GET", f"/photos?uploads&{query}")).code == "InvalidArgument"


async def test_no_uploads_are_asked_for_and_none_are_given(site: Any, uploads: Any) -> None:
    await uploads.create()
    root = (await site.send("GET", "/photos?uploads&max-uploads=0")).root
    assert (texts(root, "Upload", "Key"), root.text_of("IsTruncated")) == ([], "false")


# parts read


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_part_is_read_by_its_number(site: Any, uploads: Any, method: str) -> None:
    await uploads.whole(FIRST, SECOND, THIRD)
    answer = await site.send(method, "/photos/film?partNumber=2")
    assert (answer.status, answer.body) == (206, SECOND if method == "GET" else b"")
    assert answer.headers.get("content-range") == "bytes 12-24/28"
    assert answer.headers.get("content-length") == "13"
    assert answer.headers.get("x-amz-mp-parts-count") == "3"
    assert answer.headers.get("etag").endswith('-3"')
    assert (await site.send(method, "/photos/film")).headers.get("x-amz-mp-parts-count") is None


async def test_parts_keep_their_numbers(site: Any, uploads: Any) -> None:
    upload_id = await uploads.create()
    for number, content in ((5, FIRST), (10, SECOND)):
        await uploads.part(upload_id, number, content)
    await uploads.complete(upload_id, (5, FIRST), (10, SECOND))
    assert (await site.send("GET", "/photos/film?partNumber=10")).body == SECOND
    answer = await site.send("GET", "/photos/film?partNumber=1")
    assert (answer.status, answer.code) == (416, "InvalidPartNumber")


async def test_an_object_of_one_piece_is_its_own_first_part(site: Any, uploads: Any) -> None:
    await site.send("PUT", "/photos/a", body=FIRST)
    answer = await site.send("GET", "/photos/a?partNumber=1")
    assert (answer.status, answer.body, answer.headers.get("content-range")) == (206, FIRST, "bytes 0-11/12")
    assert answer.headers.get("x-amz-mp-parts-count") is None
    assert (await site.send("GET", "/photos/a?partNumber=2")).status == 416


@pytest.mark.parametrize(
    ("target", "headers", "code"),
    [
        ("/photos/film?partNumber=4", [], "InvalidPartNumber"),
        ("/photos/film?partNumber=0", [], "InvalidArgument"),
        ("/photos/film?partNumber=1", [("range", "bytes=0-1")], "InvalidRequest"),
    ],
)
async def test_a_part_that_cannot_be_read(
    site: Any, uploads: Any, target: str, headers: list[tuple[str, str]], code: str
) -> None:
    await uploads.whole(FIRST, SECOND, THIRD)
    assert (await site.send("GET", target, headers)).code == code


# attributes


async def attributes(site: Any, name: str, wanted: str, *headers: tuple[str, str], **options: Any) -> Any:
    fields = [("x-amz-object-attributes", wanted), *headers]
    return await site.send("GET", f"/photos/{name}{'' if name.endswith('&') else '?'}attributes", fields, **options)


async def test_an_objects_attributes_are_those_asked_for(site: Any, uploads: Any) -> None:
    await site.send("PUT", "/photos/a", [("x-amz-checksum-crc32", "y/Q5Jg==")], b"123456789")
    answer = await attributes(site, "a", "ETag,Checksum,ObjectParts,StorageClass,ObjectSize")
    root = answer.root
    assert (root.text_of("ETag"), root.text_of("ObjectSize")) == ("25f9e794323b453885f5181f1b624d0b", "9")
    assert root.text_of("StorageClass") == "STANDARD"
    checksum = root.child("Checksum")
    assert (checksum.text_of("ChecksumCRC32"), checksum.text_of("ChecksumType")) == ("y/Q5Jg==", "FULL_OBJECT")
    assert root.child("ObjectParts") is None
    assert answer.headers.get("last-modified") == "Mon, 21 Sep 2026 14:13:20 GMT"
    only_size = (await attributes(site, "a", "ObjectSize")).root
    assert [child.name for child in only_size.children] == ["ObjectSize"]


async def test_the_parts_of_an_object_are_told_in_pages(site: Any, uploads: Any) -> None:
    upload_id = await uploads.create(("x-amz-checksum-algorithm", "CRC64NVME"))
    contents = (FIRST, SECOND, THIRD)
    for number, content in enumerate(contents, start=1):
        await uploads.part(upload_id, number, content)
    await uploads.complete(upload_id, *enumerate(contents, start=1))
    first = (await attributes(site, "film", "ObjectParts,Checksum", ("x-amz-max-parts", "2"))).root
    assert first.child("Checksum").text_of("ChecksumType") == "FULL_OBJECT"
    parts = first.child("ObjectParts")
    assert [parts.text_of(name) for name in ("PartsCount", "MaxParts", "IsTruncated", "NextPartNumberMarker")] == [
        "3",
        "2",
        "true",
        "2",
    ]
    assert texts(parts, "Part", "Size") == ["12", "13"]
    assert None not in texts(parts, "Part", "ChecksumCRC64NVME")
    rest = (await attributes(site, "film", "ObjectParts", ("x-amz-part-number-marker", "2"))).root.child("ObjectParts")
    assert (texts(rest, "Part", "PartNumber"), rest.text_of("IsTruncated")) == (["3"], "false")


@pytest.mark.parametrize(
    ("key", "names", "status", "code"),
    [
        ("none", "ETag", 404, "NoSuchKey"),
        ("a", "Colour", 400, "InvalidArgument"),
        ("a", "", 400, "InvalidArgument"),
    ],
)
async def test_attributes_that_cannot_be_told(
    site: Any, uploads: Any, key: str, names: str, status: int, code: str
) -> None:
    await site.send("PUT", "/photos/a", body=FIRST)
    answer = await attributes(site, key, names)
    assert (answer.status, answer.code) == (status, code)


async def test_attributes_need_the_right_to_read(site: Any, uploads: Any) -> None:
    await site.send("PUT", "/photos/a", body=FIRST)
    writer = await site.limited_key("writeFiles")
    assert (await attributes(site, "a", "ETag", key=writer)).status == 403


async def test_attributes_are_those_of_one_version_and_a_delete_marker_has_none(site: Any) -> None:
    await site.bucket(versioning=Versioning.ENABLED)
    first = (await site.send("PUT", "/photos/a", body=FIRST)).headers.get("x-amz-version-id")
    await site.send("PUT", "/photos/a", body=SECOND)
    old = await attributes(site, f"a?versionId={first}&", "ObjectSize")
    assert (old.root.text_of("ObjectSize"), old.headers.get("x-amz-version-id")) == (str(len(FIRST)), first)
    marker = (await site.send("DELETE", "/photos/a")).headers.get("x-amz-version-id")
    gone = await attributes(site, "a", "ObjectSize")
    assert (gone.status, gone.code, gone.headers.get("x-amz-delete-marker")) == (404, "NoSuchKey", "true")
    of_marker = await attributes(site, f"a?versionId={marker}&", "ObjectSize")
    assert (of_marker.status, of_marker.headers.get("x-amz-delete-marker")) == (405, "true")


async def test_attributes_need_both_actions_of_a_policy(site: Any, uploads: Any) -> None:
    await site.send("PUT", "/photos/a", body=FIRST)
    denied = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObjectAttributes",
        "Resource": "arn:aws:s3:::photos/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denied]}).encode()
    assert (await site.send("PUT", "/photos?policy", body=policy)).status == 204
    assert (await site.send("GET", "/photos/a")).status == 200
    assert (await attributes(site, "a", "ETag")).status == 403


# a copy


async def test_the_copy_of_an_object_keeps_its_parts_checksum_and_etag(site: Any, uploads: Any) -> None:
    await uploads.whole(FIRST, SECOND)
    copied = await site.send("PUT", "/photos/copy", [("x-amz-copy-source", "/photos/film")])
    assert copied.root.text_of("ETag").endswith('-2"')
    assert (await site.send("GET", "/photos/copy?partNumber=2")).body == SECOND
