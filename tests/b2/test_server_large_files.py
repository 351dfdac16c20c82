"""Large files over the server: parts in any order, listed, resent, finished once, cancelled."""

import asyncio
import hashlib

import pytest

from calotype.http.message import Request
from calotype.store.etags import etag_of_parts

FIRST, SECOND, LAST = b"first part", b"second part", b"end"
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
KEY_MD5 = "tN4T1yiFHl4chTTR4SI/RQ=="


def sha1_of(content):
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def md5_of(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


async def finish(origin, file_id, *parts, key=None):
    return await origin.call(
        "b2_finish_large_file", key=key, fileId=file_id, partSha1Array=[sha1_of(part) for part in parts]
    )


async def names(origin, bucket_id):
    return [file["fileName"] for file in (await origin.call("b2_list_file_names", bucketId=bucket_id)).json["files"]]


async def test_a_large_file_begins_as_a_version_that_nobody_downloads(origin):
    bucket_id = await origin.bucket("photographs", "allPublic")
    info = {"src_last_modified_millis": "1", "Large_File_SHA1": sha1_of(b"")}
    answer = await origin.call(
        "b2_start_large_file", bucketId=bucket_id, fileName="film.MOV", contentType="b2/x-auto", fileInfo=info
    )
    started = dict(answer.json)
    file_id = started.pop("fileId")
    assert file_id.startswith(f"4_z{bucket_id}_f2")
    assert started == {
        "action": "start",
        "accountId": origin.account_id,
        "bucketId": bucket_id,
        "fileName": "film.MOV",
        "contentLength": 0,
        "contentSha1": "none",
        "contentMd5": None,
        "contentType": "video/quicktime",
        "fileInfo": {"src_last_modified_millis": "1", "large_file_sha1": sha1_of(b"")},
        "fileRetention": {"isClientAuthorizedToRead": True, "value": {"mode": None, "retainUntilTimestamp": None}},
        "legalHold": {"isClientAuthorizedToRead": True, "value": None},
        "serverSideEncryption": {"mode": None, "algorithm": None},
        "uploadTimestamp": origin.now_ms,
    }
    assert await origin.versions(bucket_id) == [("start", "film.MOV")]
    assert await names(origin, bucket_id) == []
    assert (await origin.call("b2_get_file_info", fileId=file_id)).json == answer.json
    assert (await origin.send("GET", "/file/photographs/film.MOV")).status == 404
    assert (await origin.send("GET", f"/b2api/v4/b2_download_file_by_id?fileId={file_id}")).status == 404


async def test_parts_come_in_any_order_and_at_once_and_make_one_file(small_parts):
    origin = small_parts
    bucket_id = await origin.bucket("photographs", "allPublic")
    file_id = await origin.start(bucket_id)
    sent = await asyncio.gather(
        *(origin.send_part(file_id, number, part) for number, part in ((3, LAST), (1, FIRST), (2, SECOND)))
    )
    assert sent[1].json == {
        "fileId": file_id,
        "partNumber": 1,
        "contentLength": len(FIRST),
        "contentSha1": sha1_of(FIRST),
        "contentMd5": md5_of(FIRST),
        "serverSideEncryption": {"mode": None, "algorithm": None},
        "uploadTimestamp": origin.now_ms,
    }
    origin.now_ms += 5
    finished = (await finish(origin, file_id, FIRST, SECOND, LAST)).json
    assert (finished["action"], finished["fileId"]) == ("upload", file_id)
    assert (finished["contentLength"], finished["contentSha1"], finished["contentMd5"]) == (24, "none", None)
    assert finished["uploadTimestamp"] == origin.now_ms - 5  # that of the start
    got = await origin.send("GET", "/file/photographs/film.mov")
    assert got.content == FIRST + SECOND + LAST
    assert got.headers.get("etag") == f'"{etag_of_parts([md5_of(each) for each in (FIRST, SECOND, LAST)])}"'
    assert got.headers.get("x-bz-content-sha1") == "none"
    part = await origin.send("GET", "/file/photographs/film.mov", {"range": "bytes=8-22"})
    assert part.content == (FIRST + SECOND + LAST)[8:23]
    assert await origin.versions(bucket_id) == [("upload", "film.mov")]


async def test_version_1_says_size_of_large_files_as_well(small_parts):
    origin = small_parts
    bucket_id = await origin.bucket()
    asked = {"bucketId": bucket_id, "fileName": "a", "contentType": "a/b"}
    assert (await origin.call("b2_start_large_file", version=1, **asked)).json["size"] == 0
    unfinished = await origin.call("b2_list_unfinished_large_files", version=1, bucketId=bucket_id)
    assert unfinished.json["files"][0]["size"] == 0


async def test_a_part_sent_again_replaces_the_first(small_parts):
    origin = small_parts
    bucket_id = await origin.bucket("photographs", "allPublic")
    file_id = await origin.start(bucket_id)
    await origin.send_part(file_id, 1, b"of another length")
    await origin.send_part(file_id, 2, LAST)
    await origin.send_part(file_id, 1, FIRST)
    assert (await finish(origin, file_id, b"of another length", LAST)).error[:2] == (400, "part_sha1_mismatch")
    assert (await finish(origin, file_id, FIRST, LAST)).status == 200
    assert (await origin.send("GET", "/file/photographs/film.mov")).content == FIRST + LAST


async def test_a_part_may_carry_its_digest_at_the_end_or_none(small_parts):
    origin = small_parts
    file_id = await origin.start(await origin.bucket())
    body = FIRST + sha1_of(FIRST).encode()
    sent = await origin.send_part(file_id, 1, body, headers={"x-bz-content-sha1": "hex_digits_at_end"})
    assert (sent.json["contentLength"], sent.json["contentSha1"]) == (len(FIRST), sha1_of(FIRST))
    sent = await origin.send_part(file_id, 2, LAST, headers={"x-bz-content-sha1": "do_not_verify"})
    assert sent.json["contentSha1"] == sha1_of(LAST)


async def test_a_file_in_progress_stands_in_the_order_of_its_start(small_parts):
    origin = small_parts
    bucket_id = await origin.bucket("photographs", "allPublic")
    file_id = await origin.start(bucket_id, "a")
    origin.now_ms += 5
    newer = await origin.put(bucket_id, "a", b"newer")
    await origin.send_part(file_id, 1, FIRST)
    await origin.send_part(file_id, 2, LAST)
    await finish(origin, file_id, FIRST, LAST)
    listed = (await origin.call("b2_list_file_versions", bucketId=bucket_id)).json["files"]
    assert [file["fileId"] for file in listed] == [newer, file_id]
    assert (await origin.send("GET", "/file/photographs/a")).content == b"newer"


async def test_a_custom_timestamp_places_a_large_file_in_time(small_parts):
    origin = small_parts
    bucket_id = await origin.bucket()
    newer = await origin.put(bucket_id, "a", b"newer")
    old = await origin.put_large(bucket_id, "a", FIRST, LAST, custom_upload_timestamp=1000)
    listed = (await origin.call("b2_list_file_versions", bucketId=bucket_id)).json["files"]
    assert [(file["fileId"], file["uploadTimestamp"]) for file in listed] == [(newer, origin.now_ms), (old, 1000)]


# b2_finish_large_file (b2.md §1.7): what is sent as parts, what the client lists, and the answer.
ZERO = b""
NO_UPLOAD = "No active upload for: {}"


@pytest.mark.parametrize(
    ("parts", "listed", "code", "message"),
    [
        ({1: FIRST}, [FIRST], "bad_request", "large files must have at least 2 parts"),
        ({}, [], "bad_request", "large files must have at least 2 parts"),
        ({1: FIRST, 2: LAST}, [FIRST], "bad_request", "large files must have at least 2 parts"),
        ({1: FIRST, 3: LAST}, [FIRST, LAST], "missing_part", "Part number 2 has not been uploaded"),
        ({2: FIRST, 3: LAST}, [FIRST, LAST], "missing_part", "Part number 1 has not been uploaded"),
        ({1: FIRST, 2: LAST}, [FIRST, LAST, LAST], "missing_part", "Part number 3 has not been uploaded"),
        ({1: FIRST, 2: LAST}, [LAST, FIRST], "part_sha1_mismatch", None),  # out of order
        ({1: FIRST, 2: LAST}, [FIRST, SECOND], "part_sha1_mismatch", None),  # changed
        # a part that the client left out would be missing from its file
        (
            {1: FIRST, 2: SECOND, 3: LAST},
            [FIRST, SECOND],
            "part_sha1_mismatch",
            "3 parts are uploaded, partSha1Array has 2",
        ),
        ({1: b"tiny", 2: LAST}, [b"tiny", LAST], "bad_request", "Part number 1 has 4 bytes; all but the last need 5"),
        ({1: FIRST, 2: ZERO}, [FIRST, ZERO], "bad_request", "Part number 2 is empty"),
    ],
)
async def test_a_file_is_finished_only_of_what_is_there(small_parts, parts, listed, code, message):
    origin = small_parts
    bucket_id = await origin.bucket()
    file_id = await origin.start(bucket_id)
    for number, content in parts.items():
        assert (await origin.send_part(file_id, number, content)).status == 200
    status, found, text = (await finish(origin, file_id, *listed)).error
    assert (status, found) == (400, code)
    assert message is None or text == message
    assert await origin.versions(bucket_id) == [("start", "film.mov")]


async def test_parts_are_five_megabytes_unless_they_are_the_last(origin):
    least = bytes(5_000_000)
    bucket_id = await origin.bucket()
    file_id = await origin.start(bucket_id)
    await origin.send_part(file_id, 1, least[:-1])
    await origin.send_part(file_id, 2, b"1")
    refused = (await finish(origin, file_id, least[:-1], b"1")).error
    assert refused[2] == "Part number 1 has 4999999 bytes; all but the last need 5000000"
    await origin.send_part(file_id, 1, least)
    assert (await finish(origin, file_id, least, b"1")).json["contentLength"] == 5_000_001


async def test_upper_case_digests_are_the_same_digests(small_parts):
    origin = small_parts
    file_id = await origin.start(await origin.bucket())
    await origin.send_part(file_id, 1, FIRST)
    await origin.send_part(file_id, 2, LAST)
    sha1s = [sha1_of(FIRST).upper(), sha1_of(LAST).upper()]
    assert (await origin.call("b2_finish_large_file", fileId=file_id, partSha1Array=sha1s)).status == 200


async def test_of_two_finishes_at_once_one_succeeds(small_parts):
    origin = small_parts
    bucket_id = await origin.bucket()
    file_id = await origin.start(bucket_id)
    await origin.send_part(file_id, 1, FIRST)
    await origin.send_part(file_id, 2, LAST)
    token = await origin.token()
    answers = await asyncio.gather(*(finish(origin, file_id, FIRST, LAST) for _ in range(4)))
    assert token
    assert sorted(answer.status for answer in answers) == [200, 400, 400, 400]
    refused = {answer.error for answer in answers if answer.status == 400}
    assert refused == {(400, "bad_request", NO_UPLOAD.format(file_id))}
    assert await origin.versions(bucket_id) == [("upload", "film.mov")]


@pytest.mark.parametrize("end", ["finished", "cancelled", "deleted"])
@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        ("b2_get_upload_part_url", {}),
        ("b2_list_parts", {}),
        ("b2_finish_large_file", {"partSha1Array": []}),
        ("b2_cancel_large_file", {}),
        ("b2_copy_part", {"partNumber": 1}),
    ],
)
async def test_a_file_that_is_no_longer_in_progress_takes_nothing(small_parts, end, call, parameters):
    origin = small_parts
    bucket_id = await origin.bucket()
    source = await origin.put(bucket_id, "source")
    if end == "finished":
        file_id = await origin.put_large(bucket_id, "film.mov", FIRST, LAST)
    else:
        file_id = await origin.start(bucket_id)
    if end == "cancelled":
        await origin.call("b2_cancel_large_file", fileId=file_id)
    if end == "deleted":
        await origin.call("b2_delete_file_version", fileName="film.mov", fileId=file_id)
    given = {"sourceFileId": source, "largeFileId": file_id} if call == "b2_copy_part" else {"fileId": file_id}
    answer = await origin.call(call, **given, **parameters)
    assert answer.error == (400, "bad_request", NO_UPLOAD.format(file_id))


@pytest.mark.parametrize("end", ["finished", "cancelled"])
async def test_a_part_for_a_file_that_ended_meanwhile_is_refused_and_not_kept(small_parts, end):
    origin = small_parts
    bucket_id = await origin.bucket()
    file_id = await origin.start(bucket_id)
    await origin.send_part(file_id, 1, FIRST)
    await origin.send_part(file_id, 2, LAST)
    place = (await origin.call("b2_get_upload_part_url", fileId=file_id)).json

    async def body():
        yield SECOND[:3]
        if end == "finished":
            await finish(origin, file_id, FIRST, LAST)
        else:
            await origin.call("b2_cancel_large_file", fileId=file_id)
        yield SECOND[3:]

    answer = await send_slowly(origin, place, body(), len(SECOND), {"x-bz-part-number": "3"})
    assert answer.error == (400, "bad_request", NO_UPLOAD.format(file_id))
    assert await origin.versions(bucket_id) == ([("upload", "film.mov")] if end == "finished" else [])


async def send_slowly(origin, place, body, length, fields):
    headers = {
        "host": "b2.example",
        "authorization": place["authorizationToken"],
        "x-bz-content-sha1": "do_not_verify",
        "content-length": str(length),
        **fields,
    }
    request = Request.of("POST", place["uploadUrl"].removeprefix("http://b2.example:9000"), headers.items())
    request.body, request.content_length = body, length
    response = await origin.server.handle(request)
    return type(await origin.send("GET", "/"))(response.status, response.headers, response.body)


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({"x-bz-part-number": "0"}, (400, "bad_request", "Part number must be in range 1 - 10000")),
        ({"x-bz-part-number": "10001"}, (400, "bad_request", "Part number must be in range 1 - 10000")),
        ({"x-bz-content-sha1": "0" * 40}, (400, "bad_request", "Sha1 did not match data received")),
        ({"authorization": "4_nonsense_uplg"}, (401, "bad_auth_token", "Invalid authorization token")),
    ],
)
async def test_a_part_that_cannot_be_taken_is_refused(small_parts, headers, error):
    origin = small_parts
    file_id = await origin.start(await origin.bucket())
    assert (await origin.send_part(file_id, 1, FIRST, headers=headers)).error == error
    assert (await origin.call("b2_list_parts", fileId=file_id)).json == {"parts": [], "nextPartNumber": None}


async def test_the_last_part_number_is_10000(small_parts):
    file_id = await small_parts.start(await small_parts.bucket())
    assert (await small_parts.send_part(file_id, 10_000, LAST)).json["partNumber"] == 10_000


async def test_a_part_token_is_for_one_file_and_ends_with_its_time_and_its_key(small_parts):
    origin = small_parts
    bucket_id = await origin.bucket()
    first, second = await origin.start(bucket_id, "a"), await origin.start(bucket_id, "b")
    key = await origin.restricted_key({"writeFiles"})
    place = (await origin.call("b2_get_upload_part_url", key=key, fileId=first)).json
    whole = (await origin.call("b2_get_upload_url", bucketId=bucket_id)).json
    token = {"authorization": place["authorizationToken"]}
    assert (await origin.send_part(second, 1, FIRST, headers=token)).error[:2] == (401, "bad_auth_token")
    for wrong in (whole["authorizationToken"], await origin.token()):
        answer = await origin.send_part(first, 1, FIRST, headers={"authorization": wrong})
        assert answer.error[:2] == (401, "bad_auth_token")
    assert (await origin.upload(bucket_id, "c", headers=token)).error[:2] == (401, "bad_auth_token")
    assert (await origin.send_part(first, 1, FIRST, headers={"authorization": ""})).error[:2] == (401, "unauthorized")
    assert (await origin.send_part(first, 1, FIRST, headers=token)).status == 200
    origin.now_ms += 86_400_000
    assert (await origin.send_part(first, 1, FIRST, headers=token)).error[:2] == (401, "expired_auth_token")
    origin.now_ms -= 86_400_000
    await origin.call("b2_delete_key", applicationKeyId=key.key_id)
    assert (await origin.send_part(first, 1, FIRST, headers=token)).error[:2] == (401, "bad_auth_token")


async def test_a_part_of_more_than_five_gigabytes_is_refused_before_its_bytes(origin):
    file_id = await origin.start(await origin.bucket())
    place = (await origin.call("b2_get_upload_part_url", fileId=file_id)).json

    async def untouched():
        raise AssertionError("the body was read")
        yield b""

    answer = await send_slowly(origin, place, untouched(), 5_000_000_001, {"x-bz-part-number": "1"})
    assert answer.error == (400, "bad_request", "A part sent in one request may have 5000000000 bytes")


async def test_cancelling_gives_the_name_back_and_leaves_nothing(small_parts):
    origin = small_parts
    bucket_id = await origin.bucket()
    file_id = await origin.start(bucket_id)
    await origin.send_part(file_id, 1, FIRST)
    refused = await origin.call("b2_delete_bucket", accountId=origin.account_id, bucketId=bucket_id)
    assert refused.error[:2] == (400, "cannot_delete_non_empty_bucket")
    cancelled = await origin.call("b2_cancel_large_file", fileId=file_id)
    assert cancelled.json == {
        "fileId": file_id,
        "accountId": origin.account_id,
        "bucketId": bucket_id,
        "fileName": "film.mov",
    }
    assert await origin.versions(bucket_id) == []
    deleted = await origin.call("b2_delete_bucket", accountId=origin.account_id, bucketId=bucket_id)
    assert deleted.status == 200


async def test_a_disk_that_fills_in_part_three_leaves_nothing_and_gives_its_space_back(small_parts_on_60_bytes):
    origin = small_parts_on_60_bytes
    bucket_id = await origin.bucket("photographs", "allPublic")
    file_id = await origin.start(bucket_id)
    for number in (1, 2):
        assert (await origin.send_part(file_id, number, bytes(20))).status == 200
    full = await origin.send_part(file_id, 3, bytes(30))
    assert full.error == (
        403,
        "storage_cap_exceeded",
        "Cannot upload files: the disk of this origin is full up to its reserve.",
    )
    listed = (await origin.call("b2_list_parts", fileId=file_id)).json["parts"]
    assert [part["partNumber"] for part in listed] == [1, 2]
    assert (await origin.send("GET", "/file/photographs/film.mov")).status == 404
    assert (await finish(origin, file_id, bytes(20), bytes(20), bytes(30))).error[:2] == (400, "missing_part")
    assert (await origin.call("b2_cancel_large_file", fileId=file_id)).status == 200
    assert await origin.versions(bucket_id) == []
    assert (await origin.store.fsck()).blobs == 0


async def test_the_ledger_counts_the_calls_of_a_large_file(small_parts):
    origin = small_parts
    bucket_id = await origin.bucket()
    file_id = await origin.put_large(bucket_id, "film.mov", FIRST, LAST)
    other = await origin.start(bucket_id)
    await origin.call("b2_list_parts", fileId=other, maxPartCount=2001)
    await origin.call("b2_list_unfinished_large_files", bucketId=bucket_id)
    await origin.call("b2_cancel_large_file", fileId=other)
    assert file_id
    counted = {
        (row.operation, row.transaction_class): (row.count, row.bytes_in)
        for row in await origin.store.ledger()
        if row.bucket_name == "photographs"
    }
    assert counted[("b2_start_large_file", "A")] == (2, 0)
    assert counted[("b2_get_upload_part_url", "A")] == (2, 0)
    assert counted[("b2_upload_part", "A")] == (2, len(FIRST) + len(LAST))
    assert counted[("b2_finish_large_file", "A")] == (1, 0)
    assert counted[("b2_list_parts", "C")] == (3, 0)
    assert counted[("b2_list_unfinished_large_files", "C")] == (1, 0)
    assert counted[("b2_cancel_large_file", "A")] == (1, 0)
