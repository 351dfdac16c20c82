"""Listings, hiding and deleting over the server."""

import pytest

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.store.model import VersionDraft

HELLO = b"hello"
HELLO_SHA1 = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"


async def test_names_are_listed_in_byte_order_and_pages(origin):
    bucket_id = await origin.bucket()
    for name in ("b", "a", "é", "z", "Z"):
        await origin.put(bucket_id, name)
    page = (await origin.call("b2_list_file_names", bucketId=bucket_id, maxFileCount=3)).json
    assert [file["fileName"] for file in page["files"]] == ["Z", "a", "b"]
    rest = (
        await origin.call("b2_list_file_names", bucketId=bucket_id, startFileName=page["nextFileName"], maxFileCount=3)
    ).json
    assert [file["fileName"] for file in rest["files"]] == ["z", "é"]
    assert rest["nextFileName"] is None


async def test_a_delimiter_folds_names_into_folders_in_order(origin):
    bucket_id = await origin.bucket()
    for name in ("2023/a", "2023/b", "2024/a", "2022", "2025"):
        await origin.put(bucket_id, name)
    page = (await origin.call("b2_list_file_names", bucketId=bucket_id, delimiter="/", maxFileCount=2)).json
    assert [(file["action"], file["fileName"]) for file in page["files"]] == [("upload", "2022"), ("folder", "2023/")]
    assert page["files"][1]["fileId"] is None
    rest = (
        await origin.call("b2_list_file_names", bucketId=bucket_id, delimiter="/", startFileName=page["nextFileName"])
    ).json
    assert [(file["action"], file["fileName"]) for file in rest["files"]] == [("folder", "2024/"), ("upload", "2025")]
    inside = (await origin.call("b2_list_file_names", bucketId=bucket_id, prefix="2023/", delimiter="/")).json
    assert [file["fileName"] for file in inside["files"]] == ["2023/a", "2023/b"]


@pytest.mark.parametrize("call", ["b2_list_file_names", "b2_list_file_versions"])
@pytest.mark.parametrize("count", [-1, 10_001])
async def test_a_file_count_out_of_range_is_refused(origin, call, count):
    answer = await origin.call(call, bucketId=await origin.bucket(), maxFileCount=count)
    assert answer.error[:2] == (400, "out_of_range")


async def test_a_file_count_of_zero_is_the_default(origin):
    bucket_id = await origin.bucket()
    await origin.put(bucket_id, "a")
    assert len((await origin.call("b2_list_file_names", bucketId=bucket_id, maxFileCount=0)).json["files"]) == 1


async def test_versions_and_markers_are_listed_newest_first(origin):
    bucket_id = await origin.bucket()
    first = await origin.put(bucket_id, "a", b"1")
    origin.now_ms += 5
    second = await origin.put(bucket_id, "a", b"2")
    origin.now_ms += 5
    marker = (await origin.call("b2_hide_file", bucketId=bucket_id, fileName="a")).json
    other = await origin.put(bucket_id, "b")
    assert (marker["action"], marker["contentLength"], marker["contentSha1"]) == ("hide", 0, None)
    assert marker["contentType"] == "application/x-bz-hide-marker"
    assert "fileRetention" not in marker

    page = (await origin.call("b2_list_file_versions", bucketId=bucket_id, maxFileCount=2)).json
    assert [file["fileId"] for file in page["files"]] == [marker["fileId"], second]
    assert (page["nextFileName"], page["nextFileId"]) == ("a", first)
    rest = (
        await origin.call(
            "b2_list_file_versions", bucketId=bucket_id, startFileName="a", startFileId=page["nextFileId"]
        )
    ).json
    assert [file["fileId"] for file in rest["files"]] == [first, other]
    assert (rest["nextFileName"], rest["nextFileId"]) == (None, None)
    names = (await origin.call("b2_list_file_names", bucketId=bucket_id)).json["files"]
    assert [file["fileName"] for file in names] == ["b"]


async def test_a_start_id_needs_a_start_name(origin):
    bucket_id = await origin.bucket()
    file_id = await origin.put(bucket_id, "a")
    answer = await origin.call("b2_list_file_versions", bucketId=bucket_id, startFileId=file_id)
    assert answer.error[:2] == (400, "bad_request")


async def test_hiding_is_refused_for_what_is_not_there_or_hidden_already(origin):
    bucket_id = await origin.bucket()
    assert (await origin.call("b2_hide_file", bucketId=bucket_id, fileName="a")).error[:2] == (400, "no_such_file")
    await origin.put(bucket_id, "a")
    assert (await origin.call("b2_hide_file", bucketId=bucket_id, fileName="a")).status == 200
    assert (await origin.call("b2_hide_file", bucketId=bucket_id, fileName="a")).error[:2] == (400, "already_hidden")


async def test_deleting_the_marker_brings_the_file_back(origin):
    bucket_id = await origin.bucket("photographs", "allPublic")
    await origin.put(bucket_id, "a", HELLO)
    marker = (await origin.call("b2_hide_file", bucketId=bucket_id, fileName="a")).json["fileId"]
    assert (await origin.send("GET", "/file/photographs/a")).status == 404
    deleted = await origin.call("b2_delete_file_version", fileName="a", fileId=marker)
    assert deleted.json == {"fileId": marker, "fileName": "a"}
    assert (await origin.send("GET", "/file/photographs/a")).content == HELLO


async def test_deleting_what_is_not_there_is_file_not_present(origin):
    bucket_id = await origin.bucket()
    file_id = await origin.put(bucket_id, "a")
    wrong_name = await origin.call("b2_delete_file_version", fileName="b", fileId=file_id)
    assert wrong_name.error[:2] == (400, "file_not_present")
    await origin.call("b2_delete_file_version", fileName="a", fileId=file_id)
    again = await origin.call("b2_delete_file_version", fileName="a", fileId=file_id)
    assert again.error[:2] == (400, "file_not_present")
    malformed = await origin.call("b2_delete_file_version", fileName="a", fileId="nonsense")
    assert malformed.error[:2] == (400, "bad_request")


async def test_bypassing_governance_needs_its_capability(origin):
    bucket_id = await origin.bucket()
    file_id = await origin.put(bucket_id, "a")
    key = await origin.restricted_key({"deleteFiles"})
    asked = {"fileName": "a", "fileId": file_id, "bypassGovernance": True}
    assert (await origin.call("b2_delete_file_version", key=key, **asked)).error == (401, "unauthorized", "")
    assert (await origin.call("b2_delete_file_version", **asked)).status == 200


async def test_file_info_knows_markers_and_says_what_it_does_not_know(origin):
    bucket_id = await origin.bucket()
    file_id = await origin.put(bucket_id, "a", HELLO)
    marker = (await origin.call("b2_hide_file", bucketId=bucket_id, fileName="a")).json["fileId"]
    assert (await origin.call("b2_get_file_info", fileId=file_id)).json["contentSha1"] == HELLO_SHA1
    assert (await origin.call("b2_get_file_info", fileId=marker)).json["action"] == "hide"
    await origin.call("b2_delete_file_version", fileName="a", fileId=file_id)
    assert (await origin.call("b2_get_file_info", fileId=file_id)).error[:2] == (404, "not_found")
    assert (await origin.call("b2_get_file_info", fileId="nonsense")).error[:2] == (400, "bad_request")


async def test_another_account_finds_nothing_of_ours(origin):
    bucket_id = await origin.bucket("photographs")
    file_id = await origin.put(bucket_id, "a")
    stranger = await origin.store.create_account("stranger")
    key = await origin.store.create_key(stranger.account_id, "theirs", ALL_CAPABILITIES)

    assert (await origin.call("b2_get_file_info", key=key, fileId=file_id)).error[:2] == (404, "not_found")
    deletion = await origin.call("b2_delete_file_version", key=key, fileName="a", fileId=file_id)
    assert deletion.error[:2] == (400, "file_not_present")
    for call in ("b2_list_file_names", "b2_get_upload_url", "b2_list_file_versions"):
        assert (await origin.call(call, key=key, bucketId=bucket_id)).error[:2] == (400, "bad_bucket_id")
    hiding = await origin.call("b2_hide_file", key=key, bucketId=bucket_id, fileName="a")
    assert hiding.error[:2] == (400, "bad_bucket_id")
    by_name = await origin.call("b2_list_buckets", key=key, accountId=stranger.account_id, bucketName="photographs")
    assert by_name.json == {"buckets": []}
    token = {"authorization": await origin.token(key)}
    assert (await origin.send("GET", "/file/photographs/a", token)).error == (401, "unauthorized", "")
    assert (await origin.call("b2_delete_key", key=key, applicationKeyId=origin.owner.key_id)).status == 400


async def test_a_file_whose_name_only_s3_can_make_is_listed_page_by_page_read_and_deleted(origin):
    bucket_id = await origin.bucket()
    bucket = await origin.store.bucket_by_id(bucket_id)
    for name in (b"a\nb", b"a\x00", b"a\x7f"):
        async with origin.store.upload(bucket, name, expected_length=1) as upload:
            await upload.write(b"x")
            await upload.commit(VersionDraft())
    names, start = [], None
    while True:
        page = (await origin.call("b2_list_file_names", bucketId=bucket_id, startFileName=start, maxFileCount=1)).json
        names += [(file["fileName"], file["fileId"]) for file in page["files"]]
        if (start := page["nextFileName"]) is None:
            break
    assert [name for name, _ in names] == ["a\x00", "a\nb", "a\x7f"]
    for name, file_id in names:
        token = {"authorization": await origin.token()}
        assert (await origin.send("GET", f"/b2api/v4/b2_download_file_by_id?fileId={file_id}", token)).content == b"x"
        assert (await origin.call("b2_delete_file_version", fileName=name, fileId=file_id)).status == 200
    assert (await origin.upload(bucket_id, "a\nb")).status == 400
