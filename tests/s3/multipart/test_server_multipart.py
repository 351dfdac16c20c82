"""Multipart uploads through the server, from their creation to their end (s3.md §4)."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from calotype.s3.settings import S3Settings
from calotype.store.model import BucketSettings, EventType, NotificationRule, VersionDraft, Versioning

FIRST, SECOND = b"first part, ", b"second part"  # no part but the last may be shorter than the second


async def test_parts_in_any_order_become_one_object(site: Any, uploads: Any) -> None:
    upload_id = await uploads.create(("content-type", "video/mp4"), ("x-amz-meta-title", "A cat"))
    for number, content in ((2, SECOND), (1, FIRST)):
        sent = await uploads.part(upload_id, number, content)
        assert (sent.status, sent.headers.get("etag")) == (200, f'"{hashlib.md5(content).hexdigest()}"')
    assert await site.keys_in("photos") == []  # nothing shows before the completion
    completed = await uploads.complete(upload_id, (1, FIRST), (2, SECOND))
    md5s = hashlib.md5(FIRST).digest() + hashlib.md5(SECOND).digest()
    etag = f'"{hashlib.md5(md5s).hexdigest()}-2"'
    assert completed.root.name == "CompleteMultipartUploadResult"
    assert [completed.root.text_of(name) for name in ("Bucket", "Key", "ETag", "Location")] == [
        "photos",
        "film",
        etag,
        "http://localhost:9000/photos/film",
    ]
    got = await site.send("GET", "/photos/film")
    assert (got.body, got.headers.get("etag")) == (FIRST + SECOND, etag)
    assert (got.headers.get("content-type"), got.headers.get("x-amz-meta-title")) == ("video/mp4", "A cat")
    assert (await site.send("GET", "/photos/film", [("range", "bytes=10-14")])).body == (FIRST + SECOND)[10:15]


async def test_a_part_sent_again_takes_the_place_of_the_earlier_one(site: Any, uploads: Any) -> None:
    upload_id = await uploads.create()
    await uploads.part(upload_id, 1, SECOND)
    await uploads.part(upload_id, 1, FIRST)
    assert (await uploads.complete(upload_id, (1, SECOND))).code == "InvalidPart"
    assert (await uploads.complete(upload_id, (1, FIRST))).status == 200
    assert (await site.send("GET", "/photos/film")).body == FIRST


async def test_an_upload_of_one_empty_part_is_an_empty_object(site: Any, uploads: Any) -> None:
    await uploads.whole(b"")
    got = await site.send("GET", "/photos/film")
    assert (got.status, got.body, got.headers.get("etag")[-3:]) == (200, b"", '-1"')
    by_number = await site.send("GET", "/photos/film?partNumber=1")
    assert (by_number.status, by_number.headers.get("x-amz-mp-parts-count")) == (200, "1")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")], "BadDigest"),
        ([("x-amz-checksum-crc32", "AAAAAA==")], "BadDigest"),
        ([("x-amz-checksum-crc32", "AAAA")], "InvalidRequest"),
        ([("x-amz-checksum-sha1", "2jmj7l5rSw0yVb/vlWAYkK/YBwk=")], "InvalidRequest"),  # not the upload's algorithm
    ],
)
async def test_a_part_is_what_was_announced(uploads: Any, headers: list[tuple[str, str]], code: str) -> None:
    upload_id = await uploads.create(("x-amz-checksum-algorithm", "CRC32"))
    answer = await uploads.part(upload_id, 1, FIRST, *headers)
    assert (answer.status, answer.code) == (400, code)
    assert list((await uploads.parts(upload_id)).root.all("Part")) == []


async def test_checksums_are_told_of_upload_parts_and_object(site: Any, uploads: Any) -> None:
    algorithm = [("x-amz-checksum-algorithm", "CRC64NVME")]
    created = await site.send("POST", "/photos/film?uploads", algorithm)
    assert created.headers.get("x-amz-checksum-algorithm") == "CRC64NVME"
    assert created.headers.get("x-amz-checksum-type") == "FULL_OBJECT"
    upload_id = created.root.text_of("UploadId")
    sent = await uploads.part(upload_id, 1, b"1234")  # computed also when the client says nothing
    listed = (await uploads.parts(upload_id)).root
    assert (listed.text_of("ChecksumAlgorithm"), listed.text_of("ChecksumType")) == ("CRC64NVME", "FULL_OBJECT")
    assert listed.child("Part").text_of("ChecksumCRC64NVME") == sent.headers.get("x-amz-checksum-crc64nvme")
    site.server._settings = S3Settings(minimum_part_size_bytes=4)
    await uploads.part(upload_id, 2, b"56789")
    whole = "rosUhgp5mIg="  # the catalogue's check value, of the nine digits
    declared = [("x-amz-checksum-crc64nvme", whole), ("x-amz-mp-object-size", "9")]
    completed = await uploads.complete(upload_id, (1, b"1234"), (2, b"56789"), headers=declared)
    assert completed.root.text_of("ChecksumCRC64NVME") == whole
    assert completed.root.text_of("ChecksumType") == "FULL_OBJECT"
    head = await site.send("HEAD", "/photos/film", [("x-amz-checksum-mode", "ENABLED")])
    assert head.headers.get("x-amz-checksum-crc64nvme") == whole
    part = await site.send("GET", "/photos/film?partNumber=1", [("x-amz-checksum-mode", "ENABLED")])
    assert part.headers.get("x-amz-checksum-crc64nvme") == sent.headers.get("x-amz-checksum-crc64nvme")


async def test_a_completion_that_comes_again_is_answered_again(site: Any, uploads: Any) -> None:
    upload_id = await uploads.whole(FIRST, SECOND)
    again = await uploads.complete(upload_id, (1, FIRST), (2, SECOND))
    head = await site.send("HEAD", "/photos/film")
    assert (again.status, again.root.text_of("ETag")) == (200, head.headers.get("etag"))
    # Its condition held the first time, and that is over.
    condition = [("if-none-match", "*")]
    assert (await uploads.complete(upload_id, (1, FIRST), (2, SECOND), headers=condition)).status == 200
    other = await uploads.complete(upload_id, (1, FIRST))
    assert (other.status, other.code) == (404, "NoSuchUpload")


async def test_completions_at_once_make_one_object_and_answer_alike(site: Any, uploads: Any) -> None:
    upload_id = await uploads.create()
    await uploads.part(upload_id, 1, FIRST)
    answers = await asyncio.gather(*(uploads.complete(upload_id, (1, FIRST)) for _ in range(5)))
    assert {(answer.status, answer.body) for answer in answers} == {(200, answers[0].body)}


@pytest.mark.parametrize("ended_by", ["completion", "abort", "nobody: it never was"])
async def test_an_upload_that_is_over_is_no_such_upload(site: Any, uploads: Any, ended_by: str) -> None:
    upload_id = await uploads.create()
    await uploads.part(upload_id, 1, FIRST)
    match ended_by:
        case "completion":
            await uploads.complete(upload_id, (1, FIRST))
        case "abort":
            assert (await uploads.abort(upload_id)).status == 204
        case _:
            upload_id = "2~unknown"
    for answer in (
        await uploads.part(upload_id, 2, SECOND),
        await uploads.copy(upload_id, 2, "/photos/film"),
        await uploads.parts(upload_id),
        await uploads.abort(upload_id),
        await uploads.complete(upload_id, (1, SECOND)),
    ):
        assert (answer.status, answer.code) == (404, "NoSuchUpload")


async def test_an_upload_belongs_to_its_key_and_bucket(site: Any, uploads: Any) -> None:
    await site.bucket("other")
    upload_id = await uploads.create()
    for target in ("/photos/other", "/other/film"):
        answer = await uploads.at(target).part(upload_id, 1, FIRST)
        assert answer.code == "NoSuchUpload"


async def test_the_id_of_an_object_is_no_upload(site: Any, uploads: Any) -> None:
    await site.send("PUT", "/photos/film", body=FIRST)
    version = await site.store.latest((await site.store.bucket("photos")).bucket_id, b"film")
    for answer in (
        await uploads.abort(version.version_id),
        await uploads.complete(version.version_id, (1, FIRST)),
    ):
        assert answer.code == "NoSuchUpload"
    assert (await site.send("GET", "/photos/film")).body == FIRST


@pytest.mark.parametrize(
    ("before", "headers", "status"),
    [
        (None, [("if-none-match", "*")], 200),
        (b"x", [("if-none-match", "*")], 412),
        (b"x", [("if-match", '"9dd4e461268c8034f5c8564e155c67a6"')], 200),
        (b"y", [("if-match", '"9dd4e461268c8034f5c8564e155c67a6"')], 412),
        (None, [("if-match", "*")], 404),
    ],
)
async def test_a_completion_may_have_a_condition(
    site: Any, uploads: Any, before: bytes | None, headers: list[tuple[str, str]], status: int
) -> None:
    upload_id = await uploads.create()
    await uploads.part(upload_id, 1, FIRST)
    if before is not None:
        await site.send("PUT", "/photos/film", body=before)
    assert (await uploads.complete(upload_id, (1, FIRST), headers=headers)).status == status
    got = await site.send("GET", "/photos/film")
    assert got.body == FIRST if status == 200 else got.body != FIRST
    if status != 200:  # the parts are still there
        assert (await uploads.complete(upload_id, (1, FIRST))).status == 200


async def test_a_completion_replaces_what_an_unversioned_bucket_has(site: Any, uploads: Any) -> None:
    await site.send("PUT", "/photos/film", body=b"old")
    await uploads.whole(FIRST)
    bucket = await site.store.bucket("photos")
    assert len((await site.store.list_versions(bucket.bucket_id)).versions) == 1


async def test_where_versions_are_kept_the_upload_id_is_the_versions(site: Any, uploads: Any) -> None:
    await site.bucket("kept", versioning=Versioning.ENABLED)
    kept = uploads.at("/kept/film")
    upload_id = await kept.create()
    await kept.part(upload_id, 1, FIRST)
    completed = await kept.complete(upload_id, (1, FIRST))
    assert completed.headers.get("x-amz-version-id") == upload_id
    assert (await site.send("GET", f"/kept/film?versionId={upload_id}")).body == FIRST


async def test_a_small_part_counts_when_the_upload_is_completed(uploads: Any) -> None:
    upload_id = await uploads.create()
    await uploads.part(upload_id, 1, b"small")
    await uploads.part(upload_id, 2, SECOND)
    answer = await uploads.complete(upload_id, (1, b"small"), (2, SECOND))
    assert (answer.status, answer.code) == (400, "EntityTooSmall")
    await uploads.part(upload_id, 1, FIRST)
    assert (await uploads.complete(upload_id, (1, FIRST), (2, SECOND))).status == 200


def test_the_least_size_of_a_part_is_s3s() -> None:
    assert S3Settings().minimum_part_size_bytes == 5 * 1024 * 1024


async def test_ten_thousand_parts_are_completed_and_listed_by_pages(site: Any, uploads: Any) -> None:
    site.server._settings = S3Settings(minimum_part_size_bytes=1)
    upload_id = await uploads.create()
    file = await site.store.version(upload_id)

    async def send(number: int) -> None:
        async with site.store.large_files.upload_part(file, number) as body:
            await body.write(b"x")
            await body.commit()

    await asyncio.gather(*(send(number) for number in range(1, 10_001)))
    page = (await uploads.parts(upload_id)).root
    assert (page.text_of("IsTruncated"), page.text_of("NextPartNumberMarker")) == ("true", "1000")
    completed = await uploads.complete(upload_id, *((number, b"x") for number in range(1, 10_001)))
    assert completed.root.text_of("ETag").endswith('-10000"')
    assert (await site.send("HEAD", "/photos/film")).headers.get("content-length") == "10000"


async def test_a_public_object_may_be_made_of_parts(site: Any, uploads: Any) -> None:
    upload_id = await uploads.create(("x-amz-acl", "public-read"), ("x-amz-storage-class", "GLACIER"))
    await uploads.part(upload_id, 1, FIRST)
    await uploads.complete(upload_id, (1, FIRST))
    got = await site.send_as_is("GET", "/photos/film")
    assert (got.status, got.headers.get("x-amz-storage-class")) == (200, "GLACIER")


async def test_the_completion_is_told_as_one_of_parts(site: Any, uploads: Any) -> None:
    rule = NotificationRule("all", ("b2:ObjectCreated:*",), "", b"")
    bucket = await site.bucket("told", settings=BucketSettings(notification_rules=(rule,)))
    told = uploads.at("/told/film")
    await told.whole(FIRST)
    events = await site.store.metadata.read(
        lambda transaction: transaction.events(bucket.bucket_id, "all", site.moment_ms[0] + 1, 10)
    )
    assert [event.type for event in events] == [EventType.MULTIPART_UPLOADED]


async def test_the_b2_side_sends_a_part_and_sees_the_same_file(site: Any, uploads: Any) -> None:
    upload_id = await uploads.create()
    await uploads.part(upload_id, 1, FIRST)
    bucket = await site.store.bucket("photos")
    (file,), _ = await site.store.large_files.unfinished(bucket.bucket_id)
    assert file.version_id == upload_id
    async with site.store.large_files.upload_part(file, 2) as body:
        await body.write(SECOND)
        await body.commit()
    assert (await uploads.complete(upload_id, (1, FIRST), (2, SECOND))).status == 200
    native = await site.store.large_files.start(bucket, b"native", VersionDraft())
    at_native = uploads.at("/photos/native")
    await at_native.part(native.version_id, 1, FIRST)
    assert (await at_native.complete(native.version_id, (1, FIRST))).status == 200


# access


async def test_every_call_needs_its_capability(site: Any, uploads: Any) -> None:
    reader = await site.limited_key("readFiles")
    upload_id = await uploads.create()
    answers = [
        await site.send("POST", "/photos/film?uploads", key=reader),
        await uploads.part(upload_id, 1, FIRST, key=reader),
        await uploads.copy(upload_id, 1, "/photos/film", key=reader),
        await uploads.complete(upload_id, (1, FIRST), key=reader),
        await uploads.abort(upload_id, key=reader),
        await uploads.parts(upload_id, key=reader),
        await site.send("GET", "/photos?uploads", key=reader),
    ]
    assert {(answer.status, answer.code) for answer in answers} == {(403, "AccessDenied")}
    assert (await uploads.part(upload_id, 1, FIRST)).status == 200


async def test_nobody_uploads_parts_without_a_signature(site: Any, uploads: Any) -> None:
    await site.public_bucket("public")
    for method, target in [("POST", "/public/a?uploads"), ("PUT", "/public/a?partNumber=1&uploadId=u")]:
        assert (await site.send_as_is(method, target)).status == 403


async def test_a_part_may_come_by_a_presigned_address(site: Any, uploads: Any) -> None:
    upload_id = await uploads.create()
    answer = await site.send_presigned("PUT", "/photos/film", f"partNumber=1&uploadId={upload_id}", FIRST)
    assert answer.status == 200
    assert (await uploads.complete(upload_id, (1, FIRST))).status == 200
