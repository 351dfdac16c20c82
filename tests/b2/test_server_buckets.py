"""Buckets over the server: their shape, their names, their revision."""

import pytest


def without_changing(bucket):
    return {name: value for name, value in bucket.items() if name not in ("bucketId", "accountId")}


async def test_a_new_bucket_has_every_field_that_clients_read(origin):
    answer = await origin.call(
        "b2_create_bucket",
        accountId=origin.account_id,
        bucketName="Photographs",
        bucketType="allPublic",
        bucketInfo={"cache-control": "max-age=43200"},
        corsRules=None,
        lifecycleRules=[],
        fileLockEnabled=False,
        defaultServerSideEncryption={"mode": "none"},
    )
    assert answer.status == 200
    assert answer.json["accountId"] == origin.account_id
    assert len(answer.json["bucketId"]) == 24
    assert without_changing(answer.json) == {
        "bucketName": "Photographs",
        "bucketType": "allPublic",
        "bucketInfo": {"cache-control": "max-age=43200"},
        "corsRules": [],
        "lifecycleRules": [],
        "options": ["s3"],
        "revision": 2,
        "defaultServerSideEncryption": {
            "isClientAuthorizedToRead": True,
            "value": {"mode": None, "algorithm": None},
        },
        "fileLockConfiguration": {
            "isClientAuthorizedToRead": True,
            "value": {"isFileLockEnabled": False, "defaultRetention": {"mode": None, "period": None}},
        },
        "replicationConfiguration": {"isClientAuthorizedToRead": True, "value": None},
    }


async def test_settings_that_a_key_may_not_read_are_null(origin):
    bucket_id = await origin.bucket()
    key = await origin.restricted_key({"listBuckets"}, bucket_id)
    listed = (await origin.call("b2_list_buckets", key=key, accountId=origin.account_id, bucketId=bucket_id)).json
    unreadable = {"isClientAuthorizedToRead": False, "value": None}
    assert listed["buckets"][0]["defaultServerSideEncryption"] == unreadable
    assert listed["buckets"][0]["fileLockConfiguration"] == unreadable


@pytest.mark.parametrize(
    "name",
    [
        "",
        "short",
        "a" * 64,
        "with.dot",
        "with_underscore",
        "with space",
        "b2-mine",
        "B2-mine",
        "pictüres",
        "healthz",
        "Calotype",
        "a/bcdef",
    ],
)
async def test_a_bucket_name_against_the_rules_is_refused(origin, name):
    answer = await origin.call(
        "b2_create_bucket", accountId=origin.account_id, bucketName=name, bucketType="allPrivate"
    )
    assert answer.error[:2] == (400, "bad_request")
    assert await origin.store.list_buckets(origin.account_id) == []


async def test_a_bucket_name_may_have_63_letters(origin):
    await origin.bucket("a" * 63)


async def test_a_name_is_taken_in_any_letter_case(origin):
    await origin.bucket("photographs")
    answer = await origin.call(
        "b2_create_bucket", accountId=origin.account_id, bucketName="PhotoGraphs", bucketType="allPrivate"
    )
    assert answer.error == (400, "duplicate_bucket_name", "Bucket name is already in use.")


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"bucketType": "public"}, (400, "bad_request")),
        ({"bucketInfo": {"a b": "1"}}, (400, "bad_request")),
        ({"bucketInfo": {"a": "1\n"}}, (400, "bad_request")),
        ({"bucketInfo": {"a": 1}}, (400, "bad_request")),
        ({"bucketInfo": {f"k{n}": "1" for n in range(11)}}, (400, "bad_request")),
        ({"bucketInfo": {"a": "1" * 4001}}, (400, "bad_request")),
        ({"accountId": "000000000000"}, (401, "unauthorized")),
        ({"corsRules": [{"corsRuleName": "x"}]}, (501, "not_implemented")),
        ({"lifecycleRules": [{"fileNamePrefix": ""}]}, (501, "not_implemented")),
        ({"fileLockEnabled": True}, (501, "not_implemented")),
        ({"defaultServerSideEncryption": {"mode": "SSE-B2", "algorithm": "AES256"}}, (501, "not_implemented")),
        ({"replicationConfiguration": {"asReplicationSource": {"x": 1}}}, (501, "not_implemented")),
    ],
)
async def test_a_bucket_that_cannot_be_as_asked_is_not_made(origin, parameters, error):
    asked = {"accountId": origin.account_id, "bucketName": "photographs", "bucketType": "allPrivate", **parameters}
    assert (await origin.call("b2_create_bucket", **asked)).error[:2] == error
    assert await origin.store.list_buckets(origin.account_id) == []


async def test_buckets_are_listed_by_name_and_filtered(origin):
    public = await origin.bucket("zebras", "allPublic")
    private = await origin.bucket("apples-green", "allPrivate")

    async def listed(**filters):
        answer = await origin.call("b2_list_buckets", accountId=origin.account_id, **filters)
        return [bucket["bucketId"] for bucket in answer.json["buckets"]]

    assert await listed() == [private, public]
    assert await listed(bucketTypes=["all"]) == [private, public]
    assert await listed(bucketTypes=["allPublic"]) == [public]
    assert await listed(bucketId=public) == [public]
    assert await listed(bucketName="apples-green") == [private]
    assert await listed(bucketName="no-such-bucket") == []
    assert await listed(bucketId="0" * 24) == []
    assert await listed(bucketId=public, bucketName="apples-green") == []


async def test_a_key_for_one_bucket_lists_that_one_only_when_it_names_it(origin):
    mine, other = await origin.bucket("photographs"), await origin.bucket("drawings")
    key = await origin.restricted_key({"listBuckets"}, mine)

    async def asked(**filters):
        return await origin.call("b2_list_buckets", key=key, accountId=origin.account_id, **filters)

    assert [bucket["bucketId"] for bucket in (await asked(bucketId=mine)).json["buckets"]] == [mine]
    assert [bucket["bucketId"] for bucket in (await asked(bucketName="photographs")).json["buckets"]] == [mine]
    for filters in ({}, {"bucketId": other}, {"bucketName": "drawings"}, {"bucketName": "no-such-bucket"}):
        assert (await asked(**filters)).error == (401, "unauthorized", "")


async def test_an_update_changes_what_it_names_and_the_revision(origin):
    bucket_id = await origin.bucket("photographs", "allPrivate", bucketInfo={"a": "1"})
    updated = await origin.call(
        "b2_update_bucket", accountId=origin.account_id, bucketId=bucket_id, bucketType="allPublic"
    )
    assert (updated.json["bucketType"], updated.json["bucketInfo"], updated.json["revision"]) == (
        "allPublic",
        {"a": "1"},
        3,
    )
    updated = await origin.call(
        "b2_update_bucket", accountId=origin.account_id, bucketId=bucket_id, bucketInfo={"b": "2"}, ifRevisionIs=3
    )
    assert (updated.json["bucketInfo"], updated.json["revision"]) == ({"b": "2"}, 4)


async def test_an_update_of_another_revision_is_a_conflict_and_changes_nothing(origin):
    bucket_id = await origin.bucket("photographs", "allPrivate")
    answer = await origin.call(
        "b2_update_bucket", accountId=origin.account_id, bucketId=bucket_id, bucketType="allPublic", ifRevisionIs=9
    )
    assert answer.error[:2] == (409, "conflict")
    assert not (await origin.store.bucket("photographs")).is_public


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"bucketType": "snapshot"}, (400, "bad_request")),
        ({"defaultRetention": {"mode": "governance", "period": {}}}, (400, "bucket_missing_file_lock")),
        ({"defaultRetention": {"mode": "none"}}, None),
        ({"fileLockEnabled": False}, None),
        ({"fileLockEnabled": True}, (501, "not_implemented")),
        ({"bucketId": "0" * 24}, (400, "bad_bucket_id")),
        ({"bucketId": "nonsense"}, (400, "bad_bucket_id")),
    ],
)
async def test_updates_that_cannot_be_followed_are_refused(origin, parameters, error):
    asked = {"accountId": origin.account_id, "bucketId": await origin.bucket(), **parameters}
    answer = await origin.call("b2_update_bucket", **asked)
    assert answer.status == 200 if error is None else answer.error[:2] == error


async def test_an_empty_bucket_is_deleted_and_then_unknown(origin):
    bucket_id = await origin.bucket("photographs")
    asked = {"accountId": origin.account_id, "bucketId": bucket_id}
    assert (await origin.call("b2_delete_bucket", **asked)).json["bucketName"] == "photographs"
    assert (await origin.call("b2_delete_bucket", **asked)).error[:2] == (400, "bad_bucket_id")


async def test_a_bucket_with_even_a_hide_marker_is_not_deleted(origin):
    bucket_id = await origin.bucket()
    file_id = await origin.put(bucket_id, "a.png")
    await origin.call("b2_hide_file", bucketId=bucket_id, fileName="a.png")
    await origin.call("b2_delete_file_version", fileName="a.png", fileId=file_id)
    answer = await origin.call("b2_delete_bucket", accountId=origin.account_id, bucketId=bucket_id)
    assert answer.error[:2] == (400, "cannot_delete_non_empty_bucket")


async def test_sharex_gets_an_upload_url_for_the_bucket_it_has_listed(origin):
    """It lists one bucket by name, forgets the id, and asks with null and the same token (uploaders.md §1.8)."""
    bucket_id = await origin.bucket("photographs")
    await origin.bucket("drawings")
    token = {"authorization": await origin.token()}
    asked = f'{{"accountId": "{origin.account_id}", "bucketName": "photographs"}}'.encode()

    early = await origin.send("POST", "/b2api/v1/b2_get_upload_url", token, b'{"bucketId": null}')
    assert early.error == (400, "bad_request", "required field bucketId cannot be null")
    await origin.send("POST", "/b2api/v1/b2_list_buckets", token, asked)
    place = await origin.send("POST", "/b2api/v1/b2_get_upload_url", token, b'{"bucketId": null}')
    assert place.json["bucketId"] == bucket_id
    another_token = {"authorization": await origin.token()}
    stranger = await origin.send("POST", "/b2api/v1/b2_get_upload_url", another_token, b'{"bucketId": null}')
    assert stranger.status == 400
