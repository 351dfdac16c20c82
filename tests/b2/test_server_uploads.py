"""b2_upload_file over the server: what is stored, checked and refused."""

import hashlib

import pytest

from calotype.b2.uploads import receive
from calotype.http.message import Request, one_chunk

HELLO = b"hello"
HELLO_SHA1 = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
HELLO_MD5 = "5d41402abc4b2a76b9719d911017c592"


async def test_an_upload_answers_with_the_whole_file_object(origin):
    bucket_id = await origin.bucket()
    headers = {"x-bz-info-src_last_modified_millis": "1700000000000", "x-bz-info-Author": "Anna+M%C3%BCller"}
    answer = await origin.upload(bucket_id, "2024/é a+b.JPG", HELLO, headers=headers)
    assert answer.status == 200
    file = answer.json
    assert file.pop("fileId").startswith("4_z" + bucket_id)
    assert file == {
        "action": "upload",
        "accountId": origin.account_id,
        "bucketId": bucket_id,
        "fileName": "2024/é a+b.JPG",
        "contentLength": 5,
        "contentSha1": HELLO_SHA1,
        "contentMd5": HELLO_MD5,
        "contentType": "image/jpeg",
        "fileInfo": {"src_last_modified_millis": "1700000000000", "author": "Anna Müller"},
        "fileRetention": {
            "isClientAuthorizedToRead": True,
            "value": {"mode": None, "retainUntilTimestamp": None},
        },
        "legalHold": {"isClientAuthorizedToRead": True, "value": None},
        "serverSideEncryption": {"mode": None, "algorithm": None},
        "uploadTimestamp": origin.now_ms,
    }


async def test_version_1_says_size_as_well(origin):
    bucket_id = await origin.bucket()
    assert (await origin.upload(bucket_id, "a.bin", HELLO, version=1)).json["size"] == 5
    listed = (await origin.call("b2_list_file_names", version=1, bucketId=bucket_id)).json["files"]
    assert (listed[0]["size"], listed[0]["contentLength"]) == (5, 5)
    assert "size" not in (await origin.call("b2_list_file_names", version=2, bucketId=bucket_id)).json["files"][0]


async def test_the_digest_at_the_end_is_checked_and_taken_off(origin):
    bucket_id = await origin.bucket()
    headers = {"x-bz-content-sha1": "hex_digits_at_end"}
    answer = await origin.upload(bucket_id, "a", HELLO + HELLO_SHA1.encode(), headers=headers)
    assert (answer.json["contentLength"], answer.json["contentSha1"]) == (5, HELLO_SHA1)
    got = await origin.send("GET", "/file/photographs/a", {"authorization": await origin.token()})
    assert got.content == HELLO


async def test_a_large_digest_at_the_end_may_be_cut_anywhere_between_chunks(origin):
    class Collected:
        def __init__(self):
            self.content = b""

        async def write(self, chunk):
            self.content += chunk

    body = b"0123456789" + HELLO_SHA1.encode()
    for cut in range(len(body) + 1):
        collected = Collected()

        async def chunks(cut=cut):
            yield body[:cut]
            yield body[cut:]

        assert await receive(collected, chunks(), 10) == HELLO_SHA1.encode()
        assert collected.content == b"0123456789"


async def test_an_empty_file_may_carry_its_digest_at_the_end(origin):
    bucket_id = await origin.bucket()
    digest = hashlib.sha1(b"", usedforsecurity=False).hexdigest()
    answer = await origin.upload(
        bucket_id, "empty", digest.encode(), headers={"x-bz-content-sha1": "hex_digits_at_end"}
    )
    assert (answer.json["contentLength"], answer.json["contentSha1"]) == (0, digest)


async def test_do_not_verify_marks_the_digest_as_unverified(origin):
    bucket_id = await origin.bucket()
    answer = await origin.upload(bucket_id, "a", HELLO, headers={"x-bz-content-sha1": "do_not_verify"})
    assert answer.json["contentSha1"] == f"unverified:{HELLO_SHA1}"


@pytest.mark.parametrize(
    ("content", "sha1"),
    [
        (HELLO, "0" * 40),
        (HELLO + b"0" * 40, "hex_digits_at_end"),
        (HELLO + b"\xff" * 40, "hex_digits_at_end"),
    ],
)
async def test_a_digest_that_does_not_match_refuses_the_upload(origin, content, sha1):
    bucket_id = await origin.bucket()
    answer = await origin.upload(bucket_id, "a", content, headers={"x-bz-content-sha1": sha1})
    assert answer.error == (400, "bad_request", "Sha1 did not match data received")
    assert (await origin.call("b2_list_file_versions", bucketId=bucket_id)).json["files"] == []


async def test_an_upper_case_digest_is_the_same_digest(origin):
    bucket_id = await origin.bucket()
    assert (await origin.upload(bucket_id, "a", HELLO, headers={"x-bz-content-sha1": HELLO_SHA1.upper()})).status == 200


async def test_a_body_shorter_than_announced_stores_nothing(origin):
    bucket_id = await origin.bucket()
    place = (await origin.call("b2_get_upload_url", bucketId=bucket_id)).json
    headers = {
        "host": "b2.example",
        "authorization": place["authorizationToken"],
        "x-bz-file-name": "a",
        "x-bz-content-sha1": "do_not_verify",
        "content-length": "9",
    }
    request = Request.of("POST", place["uploadUrl"].removeprefix("http://b2.example:9000"), headers.items())
    request.body, request.content_length = one_chunk(HELLO), 9
    response = await origin.server.handle(request)
    assert response.status == 400
    assert (await origin.call("b2_list_file_versions", bucketId=bucket_id)).json["files"] == []


async def test_a_file_over_five_gigabytes_is_refused_before_its_bytes(origin):
    bucket_id = await origin.bucket()
    place = (await origin.call("b2_get_upload_url", bucketId=bucket_id)).json

    async def untouched():
        raise AssertionError("the body was read")
        yield b""

    headers = {
        "authorization": place["authorizationToken"],
        "x-bz-file-name": "a",
        "x-bz-content-sha1": "do_not_verify",
        "content-length": "5000000001",
    }
    request = Request.of("POST", place["uploadUrl"].removeprefix("http://b2.example:9000"), headers.items())
    request.body, request.content_length = untouched(), 5_000_000_001
    assert (await origin.server.handle(request)).status == 400


async def test_an_upload_url_takes_only_the_token_given_with_it(origin):
    first, second = await origin.bucket("photographs"), await origin.bucket("drawings")
    place = (await origin.call("b2_get_upload_url", bucketId=first)).json
    answer = await origin.upload(second, "a", HELLO, headers={"authorization": place["authorizationToken"]})
    assert answer.error[:2] == (401, "bad_auth_token")
    assert (await origin.call("b2_list_file_names", bucketId=second)).json["files"] == []


async def test_an_upload_token_ends_after_a_day(origin):
    bucket_id = await origin.bucket()
    place = (await origin.call("b2_get_upload_url", bucketId=bucket_id)).json
    origin.now_ms += 86_400_000
    answer = await origin.upload(bucket_id, "a", HELLO, headers={"authorization": place["authorizationToken"]})
    assert answer.error[:2] == (401, "expired_auth_token")


async def test_a_custom_timestamp_places_the_version_in_time(origin):
    bucket_id = await origin.bucket()
    newer = await origin.put(bucket_id, "a", b"newer")
    older = await origin.upload(bucket_id, "a", b"older", headers={"x-bz-custom-upload-timestamp": "1000"})
    assert older.json["uploadTimestamp"] == 1000
    listed = (await origin.call("b2_list_file_versions", bucketId=bucket_id)).json["files"]
    assert [file["fileId"] for file in listed] == [newer, older.json["fileId"]]


async def test_names_that_look_like_paths_are_only_names(origin):
    bucket_id = await origin.bucket("photographs", "allPublic")
    names = {"a/../b", "./a", "//a", "a%2Fb", "a?b#c", "...", "..a"}
    for name in names:
        await origin.put(bucket_id, name, name.encode())
    listed = (await origin.call("b2_list_file_names", bucketId=bucket_id)).json["files"]
    assert {file["fileName"] for file in listed} == names
    assert (await origin.send("GET", "/file/photographs/a/../b")).content == b"a/../b"
    assert (await origin.send("GET", "/file/photographs/a%252Fb")).content == b"a%2Fb"
    begun = (await origin.call("b2_list_file_names", bucketId=bucket_id, prefix="..")).json["files"]
    assert [file["fileName"] for file in begun] == ["...", "..a"]


@pytest.mark.parametrize("name", ["..", "../../etc/passwd", "a/../../b", "./../a", "a/../.."])
async def test_names_that_climb_above_their_root_are_refused_and_nothing_is_changed(origin, name):
    bucket_id = await origin.bucket("photographs", "allPublic")
    answer = await origin.upload(bucket_id, name, HELLO)
    assert answer.error == (400, "bad_request", "File names must not climb above their root with '..' segments")
    assert (await origin.call("b2_list_file_versions", bucketId=bucket_id)).json["files"] == []


async def test_a_bucket_deleted_during_an_upload_takes_nothing(origin):
    bucket_id = await origin.bucket()
    place = (await origin.call("b2_get_upload_url", bucketId=bucket_id)).json

    async def body():
        yield HELLO[:2]
        await origin.call("b2_delete_bucket", accountId=origin.account_id, bucketId=bucket_id)
        yield HELLO[2:]

    headers = {
        "authorization": place["authorizationToken"],
        "x-bz-file-name": "a",
        "x-bz-content-sha1": HELLO_SHA1,
        "content-length": "5",
    }
    request = Request.of("POST", place["uploadUrl"].removeprefix("http://b2.example:9000"), headers.items())
    request.body, request.content_length = body(), 5
    response = await origin.server.handle(request)
    assert (response.status, b"bad_bucket_id" in response.body) == (400, True)
    assert (await origin.store.fsck()).blobs == 0
    assert (await origin.call("b2_get_upload_url", bucketId=bucket_id)).error[:2] == (400, "bad_bucket_id")


@pytest.mark.parametrize(
    ("announced", "name", "content", "kept"),
    [
        # ShareX sends what Windows does not know as plain bytes (uploaders.md §1.7)
        ("application/octet-stream", "a.avif", b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00", "image/avif"),
        ("application/octet-stream", "a", b"\x89PNG\r\n\x1a\n\x00", "image/png"),
        ("Application/Octet-Stream", "a.jxl", b"\xff\x0a\x00", "image/jxl"),
        ("application/octet-stream", "a.jxl", b"hello", "application/octet-stream"),
        ("application/octet-stream", "a.html", b"<html>", "application/octet-stream"),
        ("application/octet-stream", "a.mp4", b"\x00\x00\x00\x1cftypisom\x00\x00\x00\x00", "application/octet-stream"),
        ("application/octet-stream", "a", b"", "application/octet-stream"),
        # any other type stays as the client states it
        ("text/plain", "a.png", b"\x89PNG\r\n\x1a\n\x00", "text/plain"),
        ("b2/x-auto", "a.bin", b"\x89PNG\r\n\x1a\n\x00", "application/octet-stream"),
        ("b2/X-Auto", "a.PNG", b"hello", "image/png"),
    ],
)
async def test_a_picture_announced_as_plain_bytes_is_kept_as_a_picture(origin, announced, name, content, kept):
    bucket_id = await origin.bucket("photographs", "allPublic")
    answer = await origin.upload(bucket_id, name, content, headers={"content-type": announced})
    assert answer.json["contentType"] == kept
    assert (await origin.send("HEAD", f"/file/photographs/{name}")).headers.get("content-type") == kept


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("a" * 1024, {}),
        ("a", {"x-bz-info-" + "k" * 50: "1"}),
        ("a", {"x-bz-info-k": "v" * 6998}),
        ("a", {f"x-bz-info-k{number}": "1" for number in range(30)}),
        ("a", {"x-bz-custom-upload-timestamp": "9" * 15}),
    ],
)
async def test_names_and_infos_are_taken_up_to_their_limits(origin, name, headers):
    """One past each is refused: see test_operations."""
    assert (await origin.upload(await origin.bucket(), name, HELLO, headers=headers)).status == 200


async def test_a_full_disk_is_a_storage_cap_and_reads_go_on(origin_with_20_bytes_left):
    origin = origin_with_20_bytes_left
    bucket_id = await origin.bucket("photographs", "allPublic")
    await origin.put(bucket_id, "a", HELLO)
    answer = await origin.upload(bucket_id, "b", b"more than there is room for")
    assert answer.error[:2] == (403, "storage_cap_exceeded")
    assert [
        file["fileName"] for file in (await origin.call("b2_list_file_names", bucketId=bucket_id)).json["files"]
    ] == ["a"]
    assert (await origin.send("GET", "/file/photographs/a")).content == HELLO
