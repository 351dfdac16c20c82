"""Large files over the server: listed in pages, what makes no sense, and who may not."""

import hashlib

import pytest

from calotype.auth.capabilities import ALL_CAPABILITIES

FIRST = b"first part"
NO_UPLOAD = "No active upload for: {}"
UNKNOWN = "4_z{}_f20000000000000000_d20240101_m000000_c001_v0000000_t0000_u00000000000000000"


def sha1_of(content):
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


async def test_parts_are_listed_by_number_in_pages(small_parts):
    origin = small_parts
    file_id = await origin.start(await origin.bucket())
    for number in (7, 1, 3):
        await origin.send_part(file_id, number, FIRST)
    page = (await origin.call("b2_list_parts", fileId=file_id, maxPartCount=2)).json
    assert [part["partNumber"] for part in page["parts"]] == [1, 3]
    assert page["nextPartNumber"] == 7
    rest = (await origin.call("b2_list_parts", fileId=file_id, startPartNumber=page["nextPartNumber"])).json
    assert [part["partNumber"] for part in rest["parts"]] == [7]
    assert rest["nextPartNumber"] is None
    assert rest["parts"][0]["contentSha1"] == sha1_of(FIRST)


@pytest.mark.parametrize(
    ("call", "parameters", "code"),
    [
        ("b2_list_parts", {"maxPartCount": -1}, "out_of_range"),
        ("b2_list_parts", {"maxPartCount": 10_001}, "out_of_range"),
        ("b2_list_parts", {"startPartNumber": 0}, "out_of_range"),
        ("b2_list_parts", {"startPartNumber": 10_001}, "out_of_range"),
        ("b2_list_parts", {"fileId": "nonsense"}, "invalid_file_id"),
        ("b2_list_unfinished_large_files", {"maxFileCount": -1}, "out_of_range"),
        ("b2_list_unfinished_large_files", {"maxFileCount": 101}, "out_of_range"),
        ("b2_list_unfinished_large_files", {"startFileId": "nonsense"}, "bad_request"),
        ("b2_list_unfinished_large_files", {"bucketId": "nonsense"}, "bad_bucket_id"),
        ("b2_start_large_file", {"bucketId": "nonsense"}, "bad_bucket_id"),
        ("b2_start_large_file", {"fileName": ""}, "bad_request"),
        ("b2_start_large_file", {"fileName": "a" * 1025}, "bad_request"),
        ("b2_start_large_file", {"fileName": "a\n"}, "bad_request"),
        ("b2_start_large_file", {"contentType": None}, "bad_request"),
        ("b2_start_large_file", {"contentType": "a/b\r\nset-cookie: a=b"}, "bad_request"),
        ("b2_start_large_file", {"contentType": "é/b"}, "bad_request"),
        ("b2_start_large_file", {"fileInfo": {"a b": "1"}}, "bad_request"),
        ("b2_start_large_file", {"fileInfo": {"b2-other": "1"}}, "bad_request"),
        ("b2_start_large_file", {"fileInfo": {"a": "v" * 7000}}, "bad_request"),
        ("b2_start_large_file", {"customUploadTimestamp": -1}, "bad_request"),
        ("b2_start_large_file", {"customUploadTimestamp": 10**15}, "bad_request"),
        ("b2_start_large_file", {"legalHold": "on"}, "bucket_missing_file_lock"),
        ("b2_start_large_file", {"serverSideEncryption": {"mode": "SSE-KMS"}}, "bad_request"),
        ("b2_get_upload_part_url", {"fileId": "nonsense"}, "bad_request"),
        ("b2_finish_large_file", {"fileId": "nonsense", "partSha1Array": []}, "bad_request"),
        ("b2_finish_large_file", {"partSha1Array": None}, "bad_request"),
        ("b2_finish_large_file", {"partSha1Array": [1, 2]}, "bad_request"),
        ("b2_finish_large_file", {"partSha1Array": ["é", "é"]}, "missing_part"),
        ("b2_cancel_large_file", {"fileId": "nonsense"}, "bad_request"),
    ],
)
async def test_a_call_that_makes_no_sense_is_refused(origin, call, parameters, code):
    bucket_id = await origin.bucket()
    file_id = await origin.start(bucket_id)
    defaults = {"bucketId": bucket_id, "fileId": file_id, "fileName": "a", "contentType": "a/b"}
    assert (await origin.call(call, **{**defaults, **parameters})).error[:2] == (400, code)
    assert await origin.versions(bucket_id) == [("start", "film.mov")]


async def test_an_id_that_was_never_given_out_is_no_upload(origin):
    bucket_id = await origin.bucket()
    unknown = UNKNOWN.format(bucket_id)
    for call in ("b2_get_upload_part_url", "b2_list_parts", "b2_cancel_large_file"):
        assert (await origin.call(call, fileId=unknown)).error == (400, "bad_request", NO_UPLOAD.format(unknown))
    plain = await origin.put(bucket_id, "a")
    assert (await origin.call("b2_cancel_large_file", fileId=plain)).status == 400


async def test_unfinished_files_are_listed_oldest_first_in_pages(origin):
    bucket_id = await origin.bucket()
    started = []
    for name in ("b/1", "a/1", "b/2"):
        started.append(await origin.start(bucket_id, name))
        origin.now_ms += 1
    await origin.put(bucket_id, "b/3")
    page = (await origin.call("b2_list_unfinished_large_files", bucketId=bucket_id, maxFileCount=2)).json
    assert [(file["action"], file["fileName"]) for file in page["files"]] == [("start", "b/1"), ("start", "a/1")]
    assert page["nextFileId"] == started[2]
    rest = await origin.call("b2_list_unfinished_large_files", bucketId=bucket_id, startFileId=page["nextFileId"])
    assert [file["fileId"] for file in rest.json["files"]] == [started[2]]
    assert rest.json["nextFileId"] is None
    under = await origin.call("b2_list_unfinished_large_files", bucketId=bucket_id, namePrefix="b/")
    assert [file["fileName"] for file in under.json["files"]] == ["b/1", "b/2"]


@pytest.mark.parametrize("call", ["b2_get_upload_part_url", "b2_list_parts", "b2_cancel_large_file"])
async def test_a_key_for_other_names_or_buckets_gets_no_hold_of_a_large_file(origin, call):
    first, second = await origin.bucket("photographs"), await origin.bucket("drawings")
    file_id = await origin.start(first, "2024/film.mov")
    for key in (
        await origin.restricted_key({"writeFiles"}, second),
        await origin.restricted_key({"writeFiles"}, first, prefix="2023/"),
        await origin.restricted_key(ALL_CAPABILITIES - {"writeFiles"}),
    ):
        assert (await origin.call(call, key=key, fileId=file_id)).error == (401, "unauthorized", "")


async def test_a_prefix_limits_what_unfinished_files_a_key_lists(origin):
    bucket_id = await origin.bucket()
    await origin.start(bucket_id, "2023/a")
    await origin.start(bucket_id, "2024/a")
    key = await origin.restricted_key({"listFiles"}, bucket_id, prefix="2024/")
    call = "b2_list_unfinished_large_files"
    assert (await origin.call(call, key=key, bucketId=bucket_id)).error == (401, "unauthorized", "")
    listed = await origin.call(call, key=key, bucketId=bucket_id, namePrefix="2024/")
    assert [file["fileName"] for file in listed.json["files"]] == ["2024/a"]
