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
        ({"bucketInfo": {f"k{n}": "1" for n in range(11)}}, (400, "bad_request")),  # one key past the 10
        ({"bucketInfo": {"k" * 51: "1"}}, (400, "bad_request")),  # one character past the 50
        ({"bucketInfo": {"": "1"}}, (400, "bad_request")),
        ({"bucketInfo": {"a": "1" * 4000}}, (400, "bad_request")),  # with its key one byte past the 4,000
        ({"bucketInfo": []}, (400, "bad_request")),
        ({"bucketType": None}, (400, "bad_request")),
        ({"bucketName": 123456}, (400, "bad_request")),
        ({"accountId": "000000000000"}, (401, "unauthorized")),
        ({"accountId": None}, (400, "bad_request")),
    ],
)
async def test_a_bucket_that_cannot_be_as_asked_is_not_made(origin, parameters, error):
    asked = {"accountId": origin.account_id, "bucketName": "photographs", "bucketType": "allPrivate", **parameters}
    assert (await origin.call("b2_create_bucket", **asked)).error[:2] == error
    assert await origin.store.list_buckets(origin.account_id) == []


async def test_a_bucket_info_may_go_to_its_limits(origin):
    info = {**{f"k{n}": "1" for n in range(9)}, "k" * 50: "1" * (4000 - 50 - 9 * 3)}
    bucket_id = await origin.bucket("photographs", bucketInfo=info)
    assert (await origin.store.bucket_by_id(bucket_id)).info == info


async def test_an_account_has_100_buckets_at_most(origin):
    """b2.md §1.4: 100 by default. A name that is taken is told first, and a bucket that goes makes room."""
    first = await origin.bucket("bucket-0")
    for number in range(1, 100):
        await origin.store.create_bucket(origin.account_id, f"bucket-{number}")
    asked = {"accountId": origin.account_id, "bucketName": "one-too-many", "bucketType": "allPrivate"}
    assert (await origin.call("b2_create_bucket", **asked)).error[:2] == (400, "too_many_buckets")
    taken = await origin.call("b2_create_bucket", **{**asked, "bucketName": "bucket-5"})
    assert taken.error[:2] == (400, "duplicate_bucket_name")
    await origin.call("b2_delete_bucket", accountId=origin.account_id, bucketId=first)
    assert (await origin.call("b2_create_bucket", **asked)).status == 200


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
    assert await listed(bucketId="nonsense") == []
    assert await listed(bucketName="APPLES-green") == [private]
    assert await listed(bucketTypes=["snapshot", "restricted", "shared"]) == []
    assert await listed(bucketTypes=["allPrivate", "allPublic"], bucketId=None, bucketName=None) == [private, public]


@pytest.mark.parametrize("types", [[], ["all", "allPublic"], ["public"], "allPublic"])
async def test_bucket_types_that_b2_does_not_have_are_refused(origin, types):
    answer = await origin.call("b2_list_buckets", accountId=origin.account_id, bucketTypes=types)
    assert answer.error[:2] == (400, "bad_request")


async def test_calls_are_also_gets_with_a_query(origin):
    """b2.md §0: both forms for every call; numbers and flags arrive as text, objects as JSON."""
    headers = {"authorization": await origin.token()}
    query = f"accountId={origin.account_id}&bucketName=photographs&bucketType=allPrivate&fileLockEnabled=true"
    info = "&bucketInfo=%7B%22a%22%3A%221%22%7D"
    made = (await origin.send("GET", f"/b2api/v3/b2_create_bucket?{query}{info}", headers)).json
    assert made["bucketInfo"] == {"a": "1"}
    assert made["fileLockConfiguration"]["value"]["isFileLockEnabled"] is True
    query = f"accountId={origin.account_id}&bucketTypes=allPrivate,allPublic&bucketName=photographs&unknown=x"
    listed = (await origin.send("GET", f"/b2api/v4/b2_list_buckets?{query}", headers)).json
    assert [bucket["bucketId"] for bucket in listed["buckets"]] == [made["bucketId"]]
    query = f"accountId={origin.account_id}&bucketId={made['bucketId']}&ifRevisionIs=2&bucketType=allPublic"
    assert (await origin.send("GET", f"/b2api/v1/b2_update_bucket?{query}", headers)).json["revision"] == 3


@pytest.mark.parametrize("content_type", [None, "application/x-www-form-urlencoded", "text/plain; charset=utf-16"])
async def test_the_content_type_of_a_call_is_not_looked_at(origin, content_type):
    headers = {"authorization": await origin.token()} | ({"content-type": content_type} if content_type else {})
    content = f'{{"accountId": "{origin.account_id}", "bucketId": null, "what": {{"is": ["this"]}}}}'.encode()
    assert (await origin.send("POST", "/b2api/v2/b2_list_buckets", headers, content)).json == {"buckets": []}


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
        ({"bucketInfo": {"a b": "1"}}, (400, "bad_request")),
        ({"ifRevisionIs": 2}, None),
        ({"ifRevisionIs": 3}, (409, "conflict")),
        ({"accountId": "000000000000"}, (401, "unauthorized")),
        ({"bucketId": "0" * 24}, (400, "bad_bucket_id")),
        ({"bucketId": "nonsense"}, (400, "bad_bucket_id")),
    ],
)
async def test_updates_that_cannot_be_followed_are_refused(origin, parameters, error):
    asked = {"accountId": origin.account_id, "bucketId": await origin.bucket(), **parameters}
    answer = await origin.call("b2_update_bucket", **asked)
    assert answer.status == 200 if error is None else answer.error[:2] == error
    kept = await origin.store.bucket("photographs")
    assert (kept.type, kept.info, kept.revision) == ("allPrivate", {}, 2 if error else 3)


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
