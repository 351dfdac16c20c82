"""What a key must hold for each call, and what it gets without it (b2.md §1.1, §2.3, §2.4)."""

import hashlib

import pytest

from calotype.auth.capabilities import ALL_CAPABILITIES, BUCKET_KEY_CAPABILITIES
from calotype.b2.operations import OPERATIONS

UNAUTHORIZED = (401, "unauthorized", "")
DENIED = (403, "access_denied", "Access Denied")
FIRST, LAST = b"first part", b"end"
LATER_MS = 1_900_000_000_000
GOVERNANCE = {"mode": "governance", "retainUntilTimestamp": LATER_MS}
RULE = {
    "name": "to-the-console",
    "eventTypes": ["b2:ObjectCreated:*"],
    "isEnabled": True,
    "objectNamePrefix": "",
    "targetConfiguration": {"targetType": "webhook", "url": "https://hooks.example/photos"},
}

# Call, parameters (a word in capitals stands for what `Scene` has made), and all that the key must hold.
CALLS = [
    ("b2_list_buckets", {"accountId": "ACCOUNT"}, {"listBuckets"}),
    ("b2_list_buckets", {"accountId": "ACCOUNT", "bucketId": "BUCKET"}, {"listBuckets"}),
    (
        "b2_create_bucket",
        {"accountId": "ACCOUNT", "bucketName": "drawings", "bucketType": "allPublic", "fileLockEnabled": True},
        {"writeBuckets", "writeBucketRetentions"},
    ),
    ("b2_update_bucket", {"accountId": "ACCOUNT", "bucketId": "BUCKET", "bucketInfo": {}}, {"writeBuckets"}),
    ("b2_update_bucket", {"accountId": "ACCOUNT", "bucketId": "BUCKET", "corsRules": []}, {"writeBuckets"}),
    ("b2_update_bucket", {"accountId": "ACCOUNT", "bucketId": "BUCKET", "lifecycleRules": []}, {"writeBuckets"}),
    (
        "b2_update_bucket",
        {
            "accountId": "ACCOUNT",
            "bucketId": "BUCKET",
            "defaultRetention": {"mode": None},
            "defaultServerSideEncryption": {"mode": "none"},
            "replicationConfiguration": {"asReplicationSource": None},
        },
        {"writeBuckets", "writeBucketRetentions", "writeBucketEncryption", "writeBucketReplications"},
    ),
    ("b2_delete_bucket", {"accountId": "ACCOUNT", "bucketId": "EMPTY"}, {"deleteBuckets"}),
    ("b2_get_bucket_notification_rules", {"bucketId": "BUCKET"}, {"readBucketNotifications"}),
    (
        "b2_set_bucket_notification_rules",
        {"bucketId": "BUCKET", "eventNotificationRules": [RULE]},
        {"writeBucketNotifications"},
    ),
    ("b2_create_key", {"accountId": "ACCOUNT", "capabilities": ["readFiles"], "keyName": "k"}, {"writeKeys"}),
    ("b2_list_keys", {"accountId": "ACCOUNT"}, {"listKeys"}),
    ("b2_delete_key", {"applicationKeyId": "KEY"}, {"deleteKeys"}),
    ("b2_get_upload_url", {"bucketId": "BUCKET"}, {"writeFiles"}),
    ("b2_list_file_names", {"bucketId": "BUCKET"}, {"listFiles"}),
    ("b2_list_file_versions", {"bucketId": "BUCKET"}, {"listFiles"}),
    ("b2_get_file_info", {"fileId": "FILE"}, {"readFiles"}),
    ("b2_hide_file", {"bucketId": "BUCKET", "fileName": "mine/a.png"}, {"writeFiles"}),
    ("b2_delete_file_version", {"fileName": "mine/a.png", "fileId": "FILE"}, {"deleteFiles"}),
    (
        "b2_delete_file_version",
        {"fileName": "mine/kept.png", "fileId": "KEPT", "bypassGovernance": True},
        {"deleteFiles", "bypassGovernance"},
    ),
    (
        "b2_get_download_authorization",
        {"bucketId": "BUCKET", "fileNamePrefix": "mine/", "validDurationInSeconds": 9},
        {"shareFiles"},
    ),
    ("b2_start_large_file", {"bucketId": "BUCKET", "fileName": "mine/b.mov", "contentType": "a/b"}, {"writeFiles"}),
    (
        "b2_start_large_file",
        {
            "bucketId": "BUCKET",
            "fileName": "mine/b.mov",
            "contentType": "a/b",
            "fileRetention": GOVERNANCE,
            "legalHold": "on",
        },
        {"writeFiles", "writeFileRetentions", "writeFileLegalHolds"},
    ),
    ("b2_get_upload_part_url", {"fileId": "STARTED"}, {"writeFiles"}),
    ("b2_list_parts", {"fileId": "STARTED"}, {"writeFiles"}),
    ("b2_list_unfinished_large_files", {"bucketId": "BUCKET"}, {"listFiles"}),
    ("b2_finish_large_file", {"fileId": "STARTED", "partSha1Array": "SHA1S"}, {"writeFiles"}),
    ("b2_cancel_large_file", {"fileId": "STARTED"}, {"writeFiles"}),
    ("b2_copy_file", {"sourceFileId": "FILE", "fileName": "mine/copy.png"}, {"writeFiles", "readFiles"}),
    (
        "b2_copy_file",
        {"sourceFileId": "PUBLIC", "fileName": "mine/copy.png", "destinationBucketId": "BUCKET"},
        {"writeFiles"},  # the source is everybody's to read
    ),
    (
        "b2_copy_file",
        {"sourceFileId": "FILE", "fileName": "mine/copy.png", "fileRetention": GOVERNANCE, "legalHold": "off"},
        {"writeFiles", "readFiles", "writeFileRetentions", "writeFileLegalHolds"},
    ),
    ("b2_copy_part", {"sourceFileId": "FILE", "largeFileId": "STARTED", "partNumber": 3}, {"writeFiles", "readFiles"}),
    (
        "b2_update_file_retention",
        {"fileName": "mine/a.png", "fileId": "FILE", "fileRetention": GOVERNANCE},
        {"writeFileRetentions"},
    ),
    (
        "b2_update_file_retention",
        {"fileName": "mine/kept.png", "fileId": "KEPT", "fileRetention": {"mode": None}, "bypassGovernance": True},
        {"writeFileRetentions", "bypassGovernance"},
    ),
    (
        "b2_update_file_legal_hold",
        {"fileName": "mine/a.png", "fileId": "FILE", "legalHold": "on"},
        {"writeFileLegalHolds"},
    ),
    ("b2_download_file_by_id", {"fileId": "FILE"}, {"readFiles"}),
]
DENYING = {"writeFileRetentions": "b2_update_file_retention", "writeFileLegalHolds": "b2_update_file_legal_hold"}
"""The two calls that say 403 instead of 401 when their own capability is missing (b2.md §1.9)."""


def sha1_of(content):
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


class Scene:
    """A private bucket with file lock that has a file, a locked one and a large file in progress, and two more."""

    def __init__(self, origin):
        self.origin = origin

    async def prepare(self):
        origin = self.origin
        bucket_id = await origin.bucket("photographs", fileLockEnabled=True)
        public_id = await origin.bucket("for-everybody", "allPublic")
        started = await origin.start(bucket_id, "mine/film.mov")
        await origin.send_part(started, 1, FIRST)
        await origin.send_part(started, 2, LAST)
        locked = {
            "x-bz-file-retention-mode": "governance",
            "x-bz-file-retention-retain-until-timestamp": str(LATER_MS),
        }
        self.made = {
            "ACCOUNT": origin.account_id,
            "BUCKET": bucket_id,
            "EMPTY": await origin.bucket("nothing-here"),
            "FILE": await origin.put(bucket_id, "mine/a.png"),
            "KEPT": await origin.put(bucket_id, "mine/kept.png", headers=locked),
            "PUBLIC": await origin.put(public_id, "yours/a.png"),
            "STARTED": started,
            "SHA1S": [sha1_of(FIRST), sha1_of(LAST)],
            "KEY": (await origin.restricted_key({"readFiles"})).key_id,
        }
        return self

    def __getitem__(self, name):
        return self.made[name]

    async def ask(self, call, parameters, key):
        asked = {
            name: self.made.get(value, value) if isinstance(value, str) else value for name, value in parameters.items()
        }
        return await self.origin.call(call, key=key, **asked)


def test_every_call_of_the_api_is_in_the_table():
    assert {call for call, _, _ in CALLS} == set(OPERATIONS) - {"b2_authorize_account"} | {"b2_download_file_by_id"}


@pytest.mark.parametrize(("call", "parameters", "needed"), CALLS, ids=[call for call, _, _ in CALLS])
async def test_a_call_needs_its_capabilities_each_of_them_and_no_others(small_parts, call, parameters, needed):
    scene = await Scene(small_parts).prepare()
    for capability in sorted(needed):
        without = await small_parts.restricted_key(ALL_CAPABILITIES - {capability})
        expected = DENIED if DENYING.get(capability) == call else UNAUTHORIZED
        assert (await scene.ask(call, parameters, without)).error == expected, capability
    with_only = await small_parts.restricted_key(needed)
    answer = await scene.ask(call, parameters, with_only)
    assert answer.status == 200, answer.content


IN_A_BUCKET = [case for case in CALLS if case[2] <= BUCKET_KEY_CAPABILITIES and "ACCOUNT" not in case[1].values()]


@pytest.mark.parametrize(("call", "parameters", "needed"), IN_A_BUCKET, ids=[call for call, _, _ in IN_A_BUCKET])
async def test_a_key_for_another_bucket_may_do_nothing_here(small_parts, call, parameters, needed):
    scene = await Scene(small_parts).prepare()
    elsewhere = await small_parts.restricted_key(needed, scene["EMPTY"])
    assert (await scene.ask(call, parameters, elsewhere)).error == UNAUTHORIZED
    here = await small_parts.restricted_key(needed, scene["BUCKET"], scene["EMPTY"])
    answer = await scene.ask(call, parameters, here)
    assert answer.status == 200, answer.content


IN_A_NAME = [case for case in IN_A_BUCKET if {"fileName", "fileId", "fileNamePrefix", "largeFileId"} & set(case[1])]


@pytest.mark.parametrize(("call", "parameters", "needed"), IN_A_NAME, ids=[call for call, _, _ in IN_A_NAME])
async def test_a_key_for_other_names_may_do_nothing_with_these(small_parts, call, parameters, needed):
    """b2.md §2.3: upload, copy, hide, delete, read, list, download authorization, all of them."""
    scene = await Scene(small_parts).prepare()
    elsewhere = await small_parts.restricted_key(needed, scene["BUCKET"], prefix="mine/no")
    assert (await scene.ask(call, parameters, elsewhere)).error == UNAUTHORIZED
    here = await small_parts.restricted_key(needed, scene["BUCKET"], prefix="mine/")
    answer = await scene.ask(call, parameters, here)
    assert answer.status == 200, answer.content


@pytest.mark.parametrize("call", ["b2_list_file_names", "b2_list_file_versions"])
async def test_a_listing_must_stay_inside_the_keys_prefix(origin, call):
    bucket_id = await origin.bucket()
    key = await origin.restricted_key({"listFiles"}, bucket_id, prefix="mine/")
    for prefix in (None, "", "min", "yours/"):
        assert (await origin.call(call, key=key, bucketId=bucket_id, prefix=prefix)).error == UNAUTHORIZED
    for prefix in ("mine/", "mine/2024"):
        assert (await origin.call(call, key=key, bucketId=bucket_id, prefix=prefix)).status == 200


async def test_uploads_and_downloads_go_by_what_the_token_s_key_may_do(origin):
    bucket_id = await origin.bucket(fileLockEnabled=True)
    file_id = await origin.put(bucket_id, "mine/a.png")
    writer = await origin.restricted_key({"writeFiles"}, bucket_id, prefix="mine/")
    reader = await origin.restricted_key({"readFiles"}, bucket_id, prefix="mine/")
    assert (await origin.upload(bucket_id, "mine/b.png", key=writer)).status == 200
    assert (await origin.upload(bucket_id, "yours/b.png", key=writer)).error == UNAUTHORIZED
    locks = {
        "writeFileRetentions": {
            "x-bz-file-retention-mode": "governance",
            "x-bz-file-retention-retain-until-timestamp": str(LATER_MS),
        },
        "writeFileLegalHolds": {"x-bz-file-legal-hold": "on"},
    }
    for capability, headers in locks.items():
        assert (await origin.upload(bucket_id, "mine/c.png", key=writer, headers=headers)).error == UNAUTHORIZED
        able = await origin.restricted_key({"writeFiles", capability})
        assert (await origin.upload(bucket_id, "mine/c.png", key=able, headers=headers)).status == 200
    for key, expected in ((reader, 200), (writer, 401)):
        token = {"authorization": await origin.token(key)}
        for target in ("/file/photographs/mine/a.png", f"/b2api/v4/b2_download_file_by_id?fileId={file_id}"):
            assert (await origin.send("GET", target, token)).status == expected
    await origin.put(bucket_id, "yours/a.png")
    answer = await origin.send("GET", "/file/photographs/yours/a.png", {"authorization": await origin.token(reader)})
    assert answer.error == UNAUTHORIZED


@pytest.mark.parametrize("filters", [{}, {"bucketTypes": ["all"]}])
async def test_every_name_of_the_account_is_no_help_in_this_api(origin, filters):
    """b2.md §2.1: listAllBucketNames matters to S3's ListBuckets only."""
    bucket_id = await origin.bucket()
    key = await origin.restricted_key({"listBuckets", "listAllBucketNames"}, bucket_id)
    answer = await origin.call("b2_list_buckets", key=key, accountId=origin.account_id, **filters)
    assert answer.error == UNAUTHORIZED


@pytest.mark.parametrize("capability", sorted(ALL_CAPABILITIES))
async def test_a_key_can_be_made_with_each_capability(origin, capability):
    """And for one bucket with each but those that speak of the whole account."""
    bucket_id = await origin.bucket()
    asked = {"accountId": origin.account_id, "capabilities": [capability], "keyName": "one"}
    answer = await origin.call("b2_create_key", **asked)
    assert answer.json["capabilities"] == [capability]
    answer = await origin.call("b2_create_key", bucketIds=[bucket_id], **asked)
    assert answer.status == (200 if capability in BUCKET_KEY_CAPABILITIES else 400)


async def test_a_key_may_make_a_stronger_one(origin):
    """b2.md §1.5: writeKeys is as good as root."""
    key = await origin.restricted_key({"writeKeys"})
    asked = {"accountId": origin.account_id, "capabilities": sorted(ALL_CAPABILITIES), "keyName": "root"}
    assert set((await origin.call("b2_create_key", key=key, **asked)).json["capabilities"]) == ALL_CAPABILITIES
