"""The settings of a bucket over the server: what is taken, what is told, and who may (b2.md §1.3, §1.4, §6)."""

import asyncio

import pytest

from calotype.auth.capabilities import ALL_CAPABILITIES

CORS = {
    "corsRuleName": "downloads",
    "allowedOrigins": ["https://www.example.com"],
    "allowedOperations": ["b2_download_file_by_name"],
    "maxAgeSeconds": 3600,
}
LIFECYCLE = {"fileNamePrefix": "logs/", "daysFromHidingToDeleting": 7, "daysFromUploadingToHiding": None}
SSE_B2 = {"mode": "SSE-B2", "algorithm": "AES256"}
GOVERNANCE = {"mode": "governance", "period": {"duration": 7, "unit": "days"}}
SOURCE = {
    "sourceApplicationKeyId": "0016b1b2c3d4e5f0000000001",
    "replicationRules": [{"replicationRuleName": "to-the-west", "destinationBucketId": "a" * 24}],
}
DESTINATION = {"sourceToDestinationKeyMapping": {"0016b1b2c3d4e5f0000000001": "0026b1b2c3d4e5f0000000002"}}
OFF = {"mode": None, "period": None}


class Bucket:
    """One bucket and what its owner, or another key, gets for an update of it."""

    def __init__(self, origin, bucket_id):
        self.origin, self.bucket_id = origin, bucket_id

    async def update(self, key=None, **parameters):
        asked = {"accountId": self.origin.account_id, "bucketId": self.bucket_id, **parameters}
        return await self.origin.call("b2_update_bucket", key=key, **asked)

    async def told(self):
        listed = await self.origin.call("b2_list_buckets", accountId=self.origin.account_id, bucketId=self.bucket_id)
        return listed.json["buckets"][0]


async def new_bucket(origin, **parameters):
    return Bucket(origin, await origin.bucket(**parameters))


async def test_a_bucket_is_made_with_all_its_settings_and_tells_them(origin):
    bucket = await new_bucket(
        origin,
        corsRules=[CORS],
        lifecycleRules=[LIFECYCLE],
        fileLockEnabled=True,
        defaultServerSideEncryption=SSE_B2,
        replicationConfiguration={"asReplicationSource": SOURCE, "asReplicationDestination": None},
    )
    told = await bucket.told()
    assert told["corsRules"] == [{**CORS, "allowedHeaders": None, "exposeHeaders": None}]
    cancel = {"daysFromStartingToCancelingUnfinishedLargeFiles": None}
    assert told["lifecycleRules"] == [{**LIFECYCLE, **cancel}]
    assert told["defaultServerSideEncryption"] == {"isClientAuthorizedToRead": True, "value": SSE_B2}
    assert told["fileLockConfiguration"]["value"] == {"isFileLockEnabled": True, "defaultRetention": OFF}
    rule = {
        **SOURCE["replicationRules"][0],
        "fileNamePrefix": "",
        "priority": 128,
        "isEnabled": True,
        "includeExistingFiles": False,
    }
    assert told["replicationConfiguration"]["value"] == {
        "asReplicationSource": {**SOURCE, "replicationRules": [rule]},
        "asReplicationDestination": None,
    }


async def test_an_update_leaves_alone_what_it_does_not_name_and_replaces_the_rest_whole(origin):
    bucket = await new_bucket(origin, corsRules=[CORS], lifecycleRules=[LIFECYCLE], bucketInfo={"a": "1"})
    other = {**CORS, "corsRuleName": "uploads", "allowedOperations": ["b2_upload_file"]}
    told = (await bucket.update(corsRules=[other], lifecycleRules=None)).json
    assert [rule["corsRuleName"] for rule in told["corsRules"]] == ["uploads"]
    assert len(told["lifecycleRules"]) == 1
    told = (await bucket.update(lifecycleRules=[])).json
    assert (told["lifecycleRules"], len(told["corsRules"]), told["bucketInfo"]) == ([], 1, {"a": "1"})
    assert told["revision"] == 4


async def test_updates_of_different_settings_at_once_do_not_undo_each_other(origin):
    bucket = await new_bucket(origin)
    await asyncio.gather(
        bucket.update(corsRules=[CORS]), bucket.update(lifecycleRules=[LIFECYCLE]), bucket.update(bucketInfo={"a": "1"})
    )
    told = await bucket.told()
    assert (len(told["corsRules"]), len(told["lifecycleRules"]), told["bucketInfo"]) == (1, 1, {"a": "1"})
    assert told["revision"] == 5


# encryption


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (SSE_B2, SSE_B2),
        ({"mode": "none"}, {"mode": None, "algorithm": None}),
        ({"mode": None}, {"mode": None, "algorithm": None}),
        ({"mode": None, "algorithm": None}, {"mode": None, "algorithm": None}),
        ({}, {"mode": None, "algorithm": None}),
    ],
)
async def test_the_default_encryption_is_sse_b2_or_none(origin, asked, told):
    for bucket in (
        await new_bucket(origin, name="fresh-one", defaultServerSideEncryption=asked),
        await new_bucket(origin, name="changed", defaultServerSideEncryption=SSE_B2),
    ):
        answer = await bucket.update(defaultServerSideEncryption=asked)
        assert answer.json["defaultServerSideEncryption"] == {"isClientAuthorizedToRead": True, "value": told}


@pytest.mark.parametrize(
    "asked",
    [
        {"mode": "SSE-C", "algorithm": "AES256"},  # a customer's key comes with each request, never by default
        {"mode": "SSE-B2"},
        {"mode": "SSE-B2", "algorithm": "AES128"},
        {"mode": "sse-b2", "algorithm": "AES256"},
        {"mode": 1},
        {"algorithm": ["AES256"], "mode": "SSE-B2"},
    ],
)
async def test_another_default_encryption_is_refused(origin, asked):
    bucket = await new_bucket(origin)
    assert (await bucket.update(defaultServerSideEncryption=asked)).error[:2] == (400, "bad_request")
    asked = {"bucketName": "another", "bucketType": "allPublic", "defaultServerSideEncryption": asked}
    answer = await origin.call("b2_create_bucket", accountId=origin.account_id, **asked)
    assert answer.error[:2] == (400, "bad_request")
    assert len(await origin.store.list_buckets(origin.account_id)) == 1


# file lock


async def test_file_lock_goes_on_at_any_time_and_never_off(origin):
    bucket = await new_bucket(origin)
    assert (await bucket.update(fileLockEnabled=False)).status == 200  # off is what it was
    assert (await bucket.update(fileLockEnabled=True)).json["fileLockConfiguration"]["value"]["isFileLockEnabled"]
    assert (await bucket.update(fileLockEnabled=True)).status == 200  # again is no change
    answer = await bucket.update(fileLockEnabled=False, bucketInfo={"a": "1"})
    assert answer.error[:2] == (400, "file_lock_conflict")
    told = await bucket.told()
    assert told["fileLockConfiguration"]["value"]["isFileLockEnabled"]
    assert told["bucketInfo"] == {}


async def test_a_source_of_replication_takes_no_file_lock(origin):
    bucket = await new_bucket(origin, replicationConfiguration={"asReplicationSource": SOURCE})
    assert (await bucket.update(fileLockEnabled=True)).error[:2] == (400, "source_replication_conflict")
    assert (await bucket.update(replicationConfiguration={"asReplicationDestination": DESTINATION})).status == 200
    assert (await bucket.update(fileLockEnabled=True)).status == 200
    assert (await bucket.update(replicationConfiguration={"asReplicationSource": SOURCE})).status == 200
    assert (await bucket.update(fileLockEnabled=True)).status == 200  # it has the lock already


async def test_a_default_retention_needs_file_lock_which_may_come_in_the_same_request(origin):
    bucket = await new_bucket(origin)
    refused = await bucket.update(defaultRetention=GOVERNANCE)
    assert refused.error == (400, "bucket_missing_file_lock", "The bucket is not file lock enabled")
    for nothing in ({"mode": "none"}, {"mode": None}, {"mode": None, "period": None}):
        assert (await bucket.update(defaultRetention=nothing)).status == 200
    both = await bucket.update(defaultRetention=GOVERNANCE, fileLockEnabled=True)
    assert both.json["fileLockConfiguration"]["value"] == {"isFileLockEnabled": True, "defaultRetention": GOVERNANCE}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (GOVERNANCE, GOVERNANCE),
        ({"mode": "compliance", "period": {"duration": 2, "unit": "years"}}, None),
        ({"mode": "governance", "period": {"duration": 1, "unit": "days"}}, None),
        ({"mode": "governance", "period": {"duration": 36_500, "unit": "days"}}, None),
        ({"mode": "governance", "period": {"duration": 100, "unit": "years"}}, None),
        ({"mode": "none"}, OFF),  # b2.md §1.4: off is none or null, and reads back as nulls
        ({"mode": None}, OFF),
        ({"mode": None, "period": None}, OFF),
        ({"mode": "none", "period": {"duration": 1, "unit": "days"}}, OFF),
    ],
)
async def test_a_default_retention_comes_back(origin, asked, told):
    bucket = await new_bucket(origin, fileLockEnabled=True)
    await bucket.update(defaultRetention=GOVERNANCE)
    answer = await bucket.update(defaultRetention=asked)
    assert answer.json["fileLockConfiguration"]["value"]["defaultRetention"] == (told or asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"mode": "governance"},  # a mode needs a period
        {"mode": "governance", "period": None},
        {"mode": "Governance", "period": {"duration": 1, "unit": "days"}},
        {"mode": "forever", "period": {"duration": 1, "unit": "days"}},
        {"mode": "governance", "period": {"duration": 0, "unit": "days"}},
        {"mode": "governance", "period": {"duration": -1, "unit": "days"}},
        {"mode": "governance", "period": {"duration": 36_501, "unit": "days"}},
        {"mode": "governance", "period": {"duration": 101, "unit": "years"}},
        {"mode": "governance", "period": {"duration": 1.5, "unit": "days"}},
        {"mode": "governance", "period": {"duration": "7", "unit": "days"}},
        {"mode": "governance", "period": {"duration": 1, "unit": "weeks"}},
        {"mode": "governance", "period": {"duration": 1}},
        {"mode": "governance", "period": 7},
    ],
)
async def test_a_default_retention_without_sense_is_refused(origin, asked):
    bucket = await new_bucket(origin, fileLockEnabled=True)
    assert (await bucket.update(defaultRetention=asked)).error[:2] == (400, "bad_request")
    assert (await bucket.told())["fileLockConfiguration"]["value"]["defaultRetention"] == OFF


# replication


async def test_clearing_both_sides_of_replication_makes_the_whole_of_it_null(origin):
    """b2.md §6.6: both null, or an empty source with an empty mapping; one side leaves an explicit null."""
    empty_source = {"sourceApplicationKeyId": None, "replicationRules": []}
    for nothing in (
        {"asReplicationSource": None, "asReplicationDestination": None},
        {"asReplicationSource": empty_source, "asReplicationDestination": {"sourceToDestinationKeyMapping": {}}},
        {"asReplicationSource": {}, "asReplicationDestination": {}},
        {},
    ):
        bucket = await new_bucket(origin, name=f"bucket-{len(await origin.store.list_buckets(origin.account_id))}")
        told = (await bucket.update(replicationConfiguration={"asReplicationDestination": DESTINATION})).json
        value = {"asReplicationSource": None, "asReplicationDestination": DESTINATION}
        assert told["replicationConfiguration"] == {"isClientAuthorizedToRead": True, "value": value}
        told = (await bucket.update(replicationConfiguration=nothing)).json
        assert told["replicationConfiguration"] == {"isClientAuthorizedToRead": True, "value": None}


# who may read and write


READERS = {
    "readBucketEncryption": "defaultServerSideEncryption",
    "readBucketRetentions": "fileLockConfiguration",
    "readBucketReplications": "replicationConfiguration",
}


@pytest.mark.parametrize("missing", READERS)
async def test_a_setting_that_a_key_may_not_read_is_null_and_says_so(origin, missing):
    bucket = await new_bucket(origin, defaultServerSideEncryption=SSE_B2, fileLockEnabled=True)
    key = await origin.restricted_key(set(ALL_CAPABILITIES - {missing}))
    updated = (await bucket.update(key, bucketInfo={})).json
    for capability, field in READERS.items():
        assert updated[field]["isClientAuthorizedToRead"] is (capability != missing)
    assert updated[READERS[missing]] == {"isClientAuthorizedToRead": False, "value": None}


WRITERS = [
    ({"fileLockEnabled": True}, "writeBucketRetentions"),
    ({"defaultServerSideEncryption": SSE_B2}, "writeBucketEncryption"),
    ({"replicationConfiguration": {"asReplicationDestination": DESTINATION}}, "writeBucketReplications"),
]
ONLY_IN_UPDATES = [
    ({"fileLockEnabled": False}, "writeBucketRetentions"),
    ({"defaultRetention": {"mode": None}}, "writeBucketRetentions"),
    ({"defaultServerSideEncryption": {"mode": "none"}}, "writeBucketEncryption"),
    ({"replicationConfiguration": {"asReplicationSource": None}}, "writeBucketReplications"),
]


@pytest.mark.parametrize(("parameters", "capability"), WRITERS + ONLY_IN_UPDATES)
async def test_an_update_of_a_setting_needs_its_own_capability(origin, parameters, capability):
    bucket = await new_bucket(origin)
    for needed in (capability, "writeBuckets"):
        key = await origin.restricted_key(set(ALL_CAPABILITIES - {needed}))
        assert (await bucket.update(key, **parameters)).error == (401, "unauthorized", "")
    assert (await bucket.told())["revision"] == 2
    key = await origin.restricted_key({"writeBuckets", capability})
    assert (await bucket.update(key, **parameters)).status == 200


@pytest.mark.parametrize(("parameters", "capability"), WRITERS)
async def test_a_new_bucket_with_a_setting_needs_its_own_capability(origin, parameters, capability):
    asked = {"accountId": origin.account_id, "bucketName": "photographs", "bucketType": "allPrivate", **parameters}
    for needed in (capability, "writeBuckets"):
        key = await origin.restricted_key(set(ALL_CAPABILITIES - {needed}))
        assert (await origin.call("b2_create_bucket", key=key, **asked)).error == (401, "unauthorized", "")
    key = await origin.restricted_key({"writeBuckets", capability})
    assert (await origin.call("b2_create_bucket", key=key, **asked)).status == 200


async def test_a_new_bucket_with_its_settings_off_needs_no_more_than_writing_buckets(origin):
    key = await origin.restricted_key({"writeBuckets"})
    asked = {
        "bucketName": "photographs",
        "bucketType": "allPrivate",
        "fileLockEnabled": False,
        "defaultServerSideEncryption": {"mode": "none"},
        "replicationConfiguration": {"asReplicationSource": None, "asReplicationDestination": None},
    }
    assert (await origin.call("b2_create_bucket", key=key, accountId=origin.account_id, **asked)).status == 200


async def test_a_missing_capability_is_told_before_what_is_wrong_with_the_setting(origin):
    bucket = await new_bucket(origin)
    key = await origin.restricted_key({"writeBuckets"})
    answer = await bucket.update(key, defaultRetention=GOVERNANCE)
    assert answer.error == (401, "unauthorized", "")
