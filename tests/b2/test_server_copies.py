"""b2_copy_file and b2_copy_part over the server (b2.md §1.7)."""

import dataclasses
import hashlib

import pytest

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.store.model import Action

CONTENT = b"0123456789"
SHA1 = hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()
INFO = {"x-bz-info-author": "Anna", "x-bz-info-b2-cache-control": "max-age=5"}
UNAUTHORIZED = (401, "unauthorized", "")
NOT_FOUND = (404, "not_found", "File is not in B2 Cloud Storage.")


async def source_in(origin, bucket_id, **headers):
    return await origin.put(bucket_id, "source.png", CONTENT, headers={**INFO, **headers})


async def copy(origin, file_id, name="copy.jpg", **more):
    return await origin.call("b2_copy_file", sourceFileId=file_id, fileName=name, **more)


async def content_of(origin, file_id):
    answer = await origin.send(
        "GET", f"/b2api/v4/b2_download_file_by_id?fileId={file_id}", {"authorization": await origin.token()}
    )
    assert answer.status == 200, answer.content
    return answer.content


async def test_a_copy_is_a_new_file_with_everything_of_its_source(origin):
    bucket_id = await origin.bucket()
    file_id = await source_in(origin, bucket_id)
    origin.now_ms += 5
    copied = (await copy(origin, file_id)).json
    assert copied["fileId"] != file_id
    assert (copied["action"], copied["fileName"], copied["bucketId"]) == ("copy", "copy.jpg", bucket_id)
    assert (copied["contentLength"], copied["contentSha1"]) == (10, SHA1)
    assert (copied["contentType"], copied["uploadTimestamp"]) == ("image/png", origin.now_ms)
    assert copied["fileInfo"] == {"author": "Anna", "b2-cache-control": "max-age=5"}
    assert await content_of(origin, copied["fileId"]) == CONTENT
    # only the answer says "copy" (b2.md §1.6)
    listed = (await origin.call("b2_list_file_names", bucketId=bucket_id)).json["files"]
    assert [(file["action"], file["fileName"]) for file in listed] == [("upload", "copy.jpg"), ("upload", "source.png")]
    assert (await origin.call("b2_get_file_info", fileId=copied["fileId"])).json["action"] == "upload"


async def test_a_copy_goes_to_another_bucket_and_outlives_its_source(origin):
    first, second = await origin.bucket("photographs"), await origin.bucket("drawings")
    file_id = await source_in(origin, first)
    copied = (await copy(origin, file_id, "source.png", destinationBucketId=second)).json
    assert copied["bucketId"] == second
    await origin.call("b2_delete_file_version", fileName="source.png", fileId=file_id)
    assert await content_of(origin, copied["fileId"]) == CONTENT


async def test_replace_describes_the_copy_anew(origin):
    file_id = await source_in(origin, await origin.bucket())
    replaced = await copy(
        origin, file_id, metadataDirective="REPLACE", contentType="b2/x-auto", fileInfo={"Camera": "box"}
    )
    assert (replaced.json["contentType"], replaced.json["fileInfo"]) == ("image/jpeg", {"camera": "box"})
    bare = await copy(origin, file_id, metadataDirective="REPLACE", contentType="a/b")
    assert (bare.json["contentType"], bare.json["fileInfo"]) == ("a/b", {})


async def test_a_range_becomes_a_file_of_its_own(origin):
    file_id = await source_in(origin, await origin.bucket())
    copied = (await copy(origin, file_id, range="bytes=2-5")).json
    assert (copied["contentLength"], await content_of(origin, copied["fileId"])) == (4, b"2345")
    assert copied["contentSha1"] == hashlib.sha1(b"2345", usedforsecurity=False).hexdigest()
    last = (await copy(origin, file_id, range="bytes=9-9")).json
    assert await content_of(origin, last["fileId"]) == b"9"


async def test_what_was_not_verified_stays_so_in_its_copy(origin):
    file_id = await source_in(origin, await origin.bucket(), **{"x-bz-content-sha1": "do_not_verify"})
    assert (await copy(origin, file_id)).json["contentSha1"] == f"unverified:{SHA1}"


async def test_a_large_file_is_copied_whole_and_in_part(small_parts):
    origin = small_parts
    bucket_id = await origin.bucket()
    file_id = await origin.put_large(bucket_id, "large", b"first", b"second", b"last")
    whole = (await copy(origin, file_id)).json
    assert (whole["contentSha1"], whole["contentLength"]) == ("none", 15)
    assert await content_of(origin, whole["fileId"]) == b"firstsecondlast"
    across = (await copy(origin, file_id, range="bytes=3-12")).json
    assert await content_of(origin, across["fileId"]) == b"stsecondla"


async def test_a_part_is_copied_of_a_range(small_parts):
    origin = small_parts
    bucket_id = await origin.bucket()
    source = await origin.put(bucket_id, "source", CONTENT)
    file_id = await origin.start(bucket_id, "a")
    asked = {"sourceFileId": source, "largeFileId": file_id}
    copied = (await origin.call("b2_copy_part", partNumber=1, range="bytes=0-5", **asked)).json
    sha1 = hashlib.sha1(b"012345", usedforsecurity=False).hexdigest()
    assert copied == {
        "fileId": file_id,
        "partNumber": 1,
        "contentLength": 6,
        "contentSha1": sha1,
        "contentMd5": hashlib.md5(b"012345", usedforsecurity=False).hexdigest(),
        "serverSideEncryption": {"mode": None, "algorithm": None},
        "uploadTimestamp": origin.now_ms,
    }
    assert (await origin.call("b2_copy_part", partNumber=2, **asked)).json["contentSha1"] == SHA1
    assert (await origin.call("b2_list_parts", fileId=file_id)).json["parts"][0]["contentSha1"] == sha1
    finished = await origin.call("b2_finish_large_file", fileId=file_id, partSha1Array=[sha1, SHA1])
    assert finished.json["contentLength"] == 16
    assert await content_of(origin, file_id) == b"0123450123456789"


BAD = "bad_request"

# What both copies refuse, by the parameters that make them refuse.
REFUSALS = [
    ({"sourceFileId": "nonsense"}, 400, BAD),
    ({"range": "bytes=4-2"}, 400, BAD),
    ({"range": "bytes=2-"}, 400, BAD),
    ({"range": "bytes=-2"}, 400, BAD),
    ({"range": "0-1"}, 400, BAD),
    ({"range": "bytes=0-1,3-4"}, 400, BAD),
    ({"range": "bytes=10-11"}, 416, "range_not_satisfiable"),
    ({"range": "bytes=0-10"}, 416, "range_not_satisfiable"),  # one beyond the last byte
    ({"sourceServerSideEncryption": {"mode": "SSE-C"}}, 400, BAD),
    ({"destinationServerSideEncryption": {"mode": "SSE-C"}}, 400, BAD),
]


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        *REFUSALS,
        ({"fileName": ""}, 400, BAD),
        ({"fileName": "a\u007f"}, 400, BAD),
        ({"destinationBucketId": "nonsense"}, 400, "bad_bucket_id"),
        ({"metadataDirective": "MERGE"}, 400, BAD),
        ({"contentType": "a/b"}, 400, BAD),  # with COPY, which is the default
        ({"fileInfo": {}}, 400, BAD),
        ({"metadataDirective": "COPY", "contentType": "a/b"}, 400, BAD),
        ({"metadataDirective": "REPLACE"}, 400, BAD),  # contentType is then required
        ({"metadataDirective": "REPLACE", "contentType": "a\r\nb"}, 400, BAD),
        ({"metadataDirective": "REPLACE", "contentType": "a/b", "fileInfo": {"b2-x": "1"}}, 400, BAD),
        ({"metadataDirective": "REPLACE", "contentType": "a/b", "fileInfo": {"a": "v" * 7000}}, 400, BAD),
    ],
)
async def test_a_copy_that_makes_no_sense_is_refused(origin, parameters, status, code):
    bucket_id = await origin.bucket()
    asked = {"sourceFileId": await source_in(origin, bucket_id), "fileName": "copy", **parameters}
    assert (await origin.call("b2_copy_file", **asked)).error[:2] == (status, code)
    assert await origin.versions(bucket_id) == [("upload", "source.png")]


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        *REFUSALS,
        ({"partNumber": 0}, 400, BAD),
        ({"partNumber": 10_001}, 400, BAD),
        ({"partNumber": "one"}, 400, BAD),
        ({"largeFileId": "nonsense"}, 400, BAD),
    ],
)
async def test_a_part_that_makes_no_sense_is_refused(origin, parameters, status, code):
    bucket_id = await origin.bucket()
    file_id = await origin.start(bucket_id)
    asked = {
        "sourceFileId": await source_in(origin, bucket_id),
        "largeFileId": file_id,
        "partNumber": 1,
        **parameters,
    }
    assert (await origin.call("b2_copy_part", **asked)).error[:2] == (status, code)
    assert (await origin.call("b2_list_parts", fileId=file_id)).json["parts"] == []


async def test_one_copy_takes_five_gigabytes_at_the_most(origin):
    bucket_id = await origin.bucket()
    file_id = await source_in(origin, bucket_id)
    file = await origin.store.version(file_id)
    huge = dataclasses.replace(file, length=5_000_000_001)
    await origin.store.metadata.apply([lambda transaction: transaction.replace_version(huge)])
    large = await origin.start(bucket_id)
    too_large = (400, "source_too_large", "Copy source too big: 5000000001")
    assert (await copy(origin, file_id)).error == too_large
    part = {"sourceFileId": file_id, "largeFileId": large, "partNumber": 1}
    assert (await origin.call("b2_copy_part", **part)).error == too_large
    assert (await copy(origin, file_id, range="bytes=0-5000000000")).error == too_large
    assert (await copy(origin, file_id, range="bytes=0-5")).status == 200  # a range of a larger file is fine


async def test_what_is_no_file_is_not_found(origin):
    bucket_id = await origin.bucket()
    file_id = await source_in(origin, bucket_id)
    marker = (await origin.call("b2_hide_file", bucketId=bucket_id, fileName="source.png")).json["fileId"]
    started = await origin.start(bucket_id)
    await origin.call("b2_delete_file_version", fileName="source.png", fileId=file_id)
    for source in (file_id, marker, started):
        assert (await copy(origin, source)).error == NOT_FOUND
        part = {"sourceFileId": source, "largeFileId": started, "partNumber": 1}
        assert (await origin.call("b2_copy_part", **part)).error == NOT_FOUND


async def test_a_stranger_copies_nothing_of_ours(origin):
    bucket_id = await origin.bucket("photographs", "allPublic")
    file_id = await source_in(origin, bucket_id)
    stranger = await origin.store.create_account("stranger")
    key = await origin.store.create_key(stranger.account_id, "theirs", ALL_CAPABILITIES)
    assert (await copy(origin, file_id, key=key)).error == NOT_FOUND
    theirs = (
        await origin.call(
            "b2_create_bucket", key=key, accountId=stranger.account_id, bucketName="theirs", bucketType="allPublic"
        )
    ).json["bucketId"]
    assert (await copy(origin, file_id, key=key, destinationBucketId=theirs)).error == NOT_FOUND


async def test_a_copy_writes_to_one_place_and_reads_from_another(origin):
    private, public = await origin.bucket("private"), await origin.bucket("public", "allPublic")
    hidden, open_to_all = await source_in(origin, private), await source_in(origin, public)
    writer = await origin.restricted_key({"writeFiles"})
    reader = await origin.restricted_key({"readFiles"})
    assert (await copy(origin, hidden, key=writer)).error == UNAUTHORIZED
    assert (await copy(origin, hidden, key=reader)).error == UNAUTHORIZED
    assert (await copy(origin, open_to_all, key=writer)).status == 200  # readFiles only when the bucket is private
    both = await origin.restricted_key({"writeFiles", "readFiles"}, private, prefix="source")
    assert (await copy(origin, hidden, "source/copy", key=both)).status == 200
    assert (await copy(origin, hidden, "elsewhere", key=both)).error == UNAUTHORIZED
    assert (await copy(origin, hidden, "source/copy", key=both, destinationBucketId=public)).error == UNAUTHORIZED
    started = await origin.start(public)
    part = {"sourceFileId": hidden, "largeFileId": started, "partNumber": 1}
    assert (await origin.call("b2_copy_part", key=writer, **part)).error == UNAUTHORIZED
    assert (await origin.call("b2_copy_part", key=reader, **part)).error == UNAUTHORIZED


async def test_copies_are_calls_of_class_c(origin):
    first, second = await origin.bucket("photographs"), await origin.bucket("drawings")
    file_id = await source_in(origin, first)
    await copy(origin, file_id, destinationBucketId=second)
    started = await origin.start(second)
    await origin.call("b2_copy_part", sourceFileId=file_id, largeFileId=started, partNumber=1)
    counted = {(row.operation, row.bucket_name): row.transaction_class for row in await origin.store.ledger()}
    assert counted[("b2_copy_file", "drawings")] == "C"
    assert counted[("b2_copy_part", "drawings")] == "C"
    assert Action.UPLOAD is (await origin.store.version(file_id)).action
