"""Retention and legal hold over the server: stated, defaulted, told, changed and enforced (b2.md §1.9, §6.4)."""

import pytest

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.b2.file_lock import FileRetention, retention_of

HELLO = b"hello"
DAY_MS = 86_400_000
DENIED = (403, "access_denied", "Access Denied")
UNAUTHORIZED = (401, "unauthorized", "")
MISSING_LOCK = (400, "bucket_missing_file_lock", "The bucket is not file lock enabled")
IN_PAST = (400, "retain_until_timestamp_must_be_in_future", "The retainUntilTimestamp must be in future")


async def locked(origin, name="the-vault", kind="allPrivate"):
    """The id of a bucket with file lock."""
    return await origin.bucket(name, kind, fileLockEnabled=True)


def retention_headers(mode, until):
    return {"x-bz-file-retention-mode": mode, "x-bz-file-retention-retain-until-timestamp": str(until)}


async def put(origin, bucket_id, mode=None, until=None, hold=None):
    """The id of a file `a`, under a lock."""
    headers = retention_headers(mode, until) if mode else {}
    if hold:
        headers["x-bz-file-legal-hold"] = hold
    return await origin.put(bucket_id, "a", HELLO, headers=headers)


async def retain(origin, file_id, mode, until, *, key=None, name="a", **more):
    retention = {"mode": mode, "retainUntilTimestamp": until}
    return await origin.call(
        "b2_update_file_retention", key=key, fileName=name, fileId=file_id, fileRetention=retention, **more
    )


async def hold(origin, file_id, value, *, key=None):
    return await origin.call("b2_update_file_legal_hold", key=key, fileName="a", fileId=file_id, legalHold=value)


async def lock_of(origin, file_id):
    file = (await origin.call("b2_get_file_info", fileId=file_id)).json
    retention = file["fileRetention"]["value"]
    return retention["mode"], retention["retainUntilTimestamp"], file["legalHold"]["value"]


async def delete(origin, file_id, *, key=None, **more):
    return await origin.call("b2_delete_file_version", key=key, fileName="a", fileId=file_id, **more)


async def test_an_upload_states_its_lock_to_the_millisecond(origin):
    bucket_id = await locked(origin)
    until = origin.now_ms + 12_345
    file_id = await put(origin, bucket_id, "governance", until, "on")
    assert await lock_of(origin, file_id) == ("governance", until, "on")
    listed = (await origin.call("b2_list_file_versions", bucketId=bucket_id)).json["files"][0]
    assert listed["fileRetention"] == {
        "isClientAuthorizedToRead": True,
        "value": {"mode": "governance", "retainUntilTimestamp": until},
    }
    assert listed["legalHold"] == {"isClientAuthorizedToRead": True, "value": "on"}
    head = (await origin.send("HEAD", "/file/the-vault/a", {"authorization": await origin.token()})).headers
    assert head.get("x-bz-file-retention-mode") == "governance"
    assert head.get("x-bz-file-retention-retain-until-timestamp") == str(until)
    assert head.get("x-bz-file-legal-hold") == "on"
    assert head.get("x-bz-client-unauthorized-to-read") is None


async def test_what_a_key_may_not_read_of_a_lock_is_named_and_not_told(origin):
    bucket_id = await locked(origin, kind="allPublic")
    file_id = await put(origin, bucket_id, "governance", origin.now_ms + DAY_MS, "on")
    key = await origin.restricted_key({"readFiles", "listFiles", "readFileLegalHolds"})
    file = (await origin.call("b2_get_file_info", key=key, fileId=file_id)).json
    assert file["fileRetention"] == {"isClientAuthorizedToRead": False, "value": None}
    assert file["legalHold"] == {"isClientAuthorizedToRead": True, "value": "on"}
    head = (await origin.send("HEAD", "/file/the-vault/a", {"authorization": await origin.token(key)})).headers
    # b2sdk parts the list at its commas and compares the names letter by letter
    unreadable = "X-Bz-File-Retention-Mode,X-Bz-File-Retention-Retain-Until-Timestamp"
    assert head.get("x-bz-client-unauthorized-to-read") == unreadable
    assert head.get("x-bz-file-retention-mode") is None
    assert head.get("x-bz-file-legal-hold") == "on"
    anybody = (await origin.send("HEAD", "/file/the-vault/a")).headers
    assert anybody.get("x-bz-client-unauthorized-to-read") == f"{unreadable},X-Bz-File-Legal-Hold"
    assert anybody.get("x-bz-file-legal-hold") is None


async def test_a_default_retention_covers_what_states_none(small_parts):
    origin = small_parts
    bucket_id = await locked(origin)
    await origin.call(
        "b2_update_bucket",
        accountId=origin.account_id,
        bucketId=bucket_id,
        defaultRetention={"mode": "compliance", "period": {"duration": 2, "unit": "days"}},
    )
    until = origin.now_ms + 2 * DAY_MS
    file_id = await put(origin, bucket_id)
    assert await lock_of(origin, file_id) == ("compliance", until, None)
    own = await put(origin, bucket_id, "governance", origin.now_ms + 5)
    assert await lock_of(origin, own) == ("governance", origin.now_ms + 5, None)
    large = await origin.put_large(bucket_id, "a", b"first", b"last")
    assert await lock_of(origin, large) == ("compliance", until, None)
    copied = (await origin.call("b2_copy_file", sourceFileId=own, fileName="a")).json
    assert copied["fileRetention"]["value"] == {"mode": "compliance", "retainUntilTimestamp": until}


@pytest.mark.parametrize("call", ["upload", "b2_start_large_file", "b2_copy_file"])
async def test_a_lock_needs_capabilities_then_a_bucket_with_lock_then_the_future(origin, call):
    """In this order: a key without writeFiles gets 401, not bucket_missing_file_lock (b2.md §1.7)."""
    plain, vault = await origin.bucket("photographs"), await locked(origin)
    source = await origin.put(plain, "source")
    future, past = origin.now_ms + 1, origin.now_ms
    may_not = [{"writeFileRetentions"}, {"writeFileLegalHolds"}, {"writeFiles"}]

    async def make(bucket_id, until, *, key=None):
        if call == "upload":
            headers = {**retention_headers("governance", until), "x-bz-file-legal-hold": "off"}
            place = await origin.call("b2_get_upload_url", key=key, bucketId=bucket_id)
            if place.status != 200:
                return place
            return await origin.upload(bucket_id, "a", HELLO, key=key, headers=headers)
        lock = {"fileRetention": {"mode": "governance", "retainUntilTimestamp": until}, "legalHold": "off"}
        asked = {"bucketId": bucket_id, "fileName": "a", "contentType": "a/b"}
        if call == "b2_copy_file":
            asked = {"sourceFileId": source, "fileName": "a", "destinationBucketId": bucket_id}
        return await origin.call(call, key=key, **asked, **lock)

    for missing in may_not:
        key = await origin.restricted_key(ALL_CAPABILITIES - missing)
        assert (await make(plain, past, key=key)).error == UNAUTHORIZED
    assert (await make(plain, past)).error == MISSING_LOCK
    assert (await make(vault, past)).error == IN_PAST
    assert await origin.versions(vault) == []
    made = await make(vault, future)
    assert made.json["fileRetention"]["value"] == {"mode": "governance", "retainUntilTimestamp": future}
    assert made.json["legalHold"]["value"] == "off"


@pytest.mark.parametrize(
    ("retention", "message"),
    [
        ({"mode": "forever", "retainUntilTimestamp": 2_000_000_000_000}, "the mode is governance or compliance"),
        ({"mode": "governance"}, "governance needs a retainUntilTimestamp"),
        ({"retainUntilTimestamp": 2_000_000_000_000}, "a retainUntilTimestamp needs a mode"),
        ({"mode": "governance", "retainUntilTimestamp": 10**15}, "is not 0 to"),
        ({"mode": "governance", "retainUntilTimestamp": 10**40}, ""),
        ({"mode": 7}, ""),
    ],
)
async def test_a_retention_that_makes_no_sense_is_refused(origin, retention, message):
    bucket_id = await locked(origin)
    file_id = await put(origin, bucket_id)
    asked = {"fileName": "a", "fileId": file_id, "fileRetention": retention}
    status, code, text = (await origin.call("b2_update_file_retention", **asked)).error
    assert (status, code) == (400, "bad_request")
    assert message in text


@pytest.mark.parametrize("nothing", [FileRetention(), FileRetention(mode="none"), None])
def test_no_retention_may_be_written_in_three_ways(nothing):
    assert retention_of(nothing, 0) is None


async def test_updates_answer_without_wrapping_and_are_told_afterwards(origin):
    file_id = await put(origin, await locked(origin))
    until = origin.now_ms + 777
    assert (await retain(origin, file_id, "governance", until)).json == {
        "fileId": file_id,
        "fileName": "a",
        "fileRetention": {"mode": "governance", "retainUntilTimestamp": until},
    }
    assert (await hold(origin, file_id, "on")).json == {"fileId": file_id, "fileName": "a", "legalHold": "on"}
    assert await lock_of(origin, file_id) == ("governance", until, "on")
    assert (await retain(origin, file_id, None, None, bypassGovernance=True)).json["fileRetention"] == {
        "mode": None,
        "retainUntilTimestamp": None,
    }
    assert (await hold(origin, file_id, "off")).json["legalHold"] == "off"
    assert await lock_of(origin, file_id) == (None, None, "off")


# What a retention allows: mode and days it has, mode and days asked for, with bypass, and whether it may.
CHANGES = [
    (None, 0, "governance", 1, False, True),
    (None, 0, "compliance", 1, False, True),
    ("governance", 2, "governance", 3, False, True),  # longer
    ("governance", 2, "governance", 1, False, False),  # shorter
    ("governance", 2, "governance", 1, True, True),
    ("governance", 2, None, None, False, False),  # removed
    ("governance", 2, None, None, True, True),
    ("governance", 2, "compliance", 2, False, True),  # firmer
    ("compliance", 2, "compliance", 3, False, True),
    ("compliance", 2, "compliance", 1, True, False),  # only lengthen
    ("compliance", 2, "governance", 3, True, False),
    ("compliance", 2, None, None, True, False),
]


@pytest.mark.parametrize(("mode", "days", "wanted", "wanted_days", "bypass", "allowed"), CHANGES)
async def test_a_retention_changes_only_as_its_mode_allows(origin, mode, days, wanted, wanted_days, bypass, allowed):
    file_id = await put(origin, await locked(origin), mode, origin.now_ms + days * DAY_MS)
    until = None if wanted_days is None else origin.now_ms + wanted_days * DAY_MS
    before = await lock_of(origin, file_id)
    answer = await retain(origin, file_id, wanted, until, bypassGovernance=bypass)
    if allowed:
        assert answer.status == 200
        assert await lock_of(origin, file_id) == (wanted, until, None)
    else:
        assert answer.error == DENIED
        assert await lock_of(origin, file_id) == before


# What is deleted: mode, hold, days gone by of two, with bypass, and whether it may.
DELETIONS = [
    ("governance", None, 0, False, False),
    ("governance", None, 0, True, True),
    ("governance", None, 2, False, True),  # over
    ("compliance", None, 0, True, False),
    ("compliance", None, 2, False, True),
    (None, "on", 0, True, False),  # a hold gives way to nobody
    (None, "off", 0, False, True),
    ("governance", "on", 2, True, False),
]


@pytest.mark.parametrize(("mode", "on_hold", "days", "bypass", "allowed"), DELETIONS)
async def test_a_locked_version_is_not_deleted(origin, mode, on_hold, days, bypass, allowed):
    bucket_id = await locked(origin)
    file_id = await put(origin, bucket_id, mode, origin.now_ms + 2 * DAY_MS, on_hold)
    origin.now_ms += days * DAY_MS
    answer = await delete(origin, file_id, bypassGovernance=bypass)
    if allowed:
        assert answer.json == {"fileId": file_id, "fileName": "a"}
    else:
        assert answer.error == (401, "access_denied", "Access Denied")
    assert await origin.versions(bucket_id) == ([] if allowed else [("upload", "a")])


async def test_versions_and_markers_may_always_come_on_top(origin):
    bucket_id = await locked(origin)
    await put(origin, bucket_id, "compliance", origin.now_ms + DAY_MS, "on")
    await origin.put(bucket_id, "a", b"newer")
    marker = (await origin.call("b2_hide_file", bucketId=bucket_id, fileName="a")).json["fileId"]
    assert (await delete(origin, marker)).status == 200


async def test_a_missing_capability_is_denied_before_anything_is_looked_at(origin):
    file_id = await origin.put(await origin.bucket(), "a")
    key = await origin.restricted_key(ALL_CAPABILITIES - {"writeFileRetentions", "writeFileLegalHolds"})
    assert (await retain(origin, file_id, "governance", 5, key=key)).error == DENIED
    assert (await retain(origin, "nonsense", "governance", 5, key=key)).error == DENIED
    assert (await hold(origin, file_id, "on", key=key)).error == DENIED


async def test_bypassing_governance_in_an_update_needs_its_capability(origin):
    file_id = await put(origin, await locked(origin), "governance", origin.now_ms + DAY_MS)
    key = await origin.restricted_key(ALL_CAPABILITIES - {"bypassGovernance"})
    answer = await retain(origin, file_id, None, None, key=key, bypassGovernance=True)
    assert answer.error == UNAUTHORIZED
    assert (await delete(origin, file_id, key=key, bypassGovernance=True)).error == UNAUTHORIZED
    assert (await lock_of(origin, file_id))[0] == "governance"


async def test_a_lock_is_changed_only_where_the_bucket_has_one_and_the_file_is_there(origin):
    file_id = await origin.put(await origin.bucket(), "a")
    assert (await retain(origin, file_id, "governance", origin.now_ms + 1)).error == MISSING_LOCK
    assert (await hold(origin, file_id, "on")).error == MISSING_LOCK
    bucket_id = await locked(origin)
    kept = await put(origin, bucket_id)
    marker = (await origin.call("b2_hide_file", bucketId=bucket_id, fileName="a")).json["fileId"]
    other = await retain(origin, kept, "governance", origin.now_ms + 1, name="b")
    assert other.error[:2] == (400, "file_not_present")
    assert (await hold(origin, marker, "on")).error[:2] == (400, "bad_request")
    assert (await hold(origin, kept, "maybe")).error[:2] == (400, "bad_request")
    assert (await hold(origin, "nonsense", "on")).error[:2] == (400, "bad_request")
    assert (await retain(origin, kept, "governance", origin.now_ms)).error == IN_PAST
    await delete(origin, kept)
    assert (await hold(origin, kept, "on")).error[:2] == (400, "file_not_present")


async def test_a_key_for_other_names_changes_no_lock(origin):
    bucket_id = await locked(origin)
    file_id = await put(origin, bucket_id)
    key = await origin.restricted_key(ALL_CAPABILITIES, bucket_id, prefix="b")
    assert (await retain(origin, file_id, "governance", origin.now_ms + 1, key=key)).error == UNAUTHORIZED
    assert (await hold(origin, file_id, "on", key=key)).error == UNAUTHORIZED


async def test_a_large_file_keeps_the_lock_of_its_start(small_parts):
    origin = small_parts
    bucket_id = await locked(origin)
    until = origin.now_ms + DAY_MS
    lock = {"fileRetention": {"mode": "compliance", "retainUntilTimestamp": until}, "legalHold": "on"}
    file_id = await origin.put_large(bucket_id, "a", b"first", b"last", **lock)
    assert await lock_of(origin, file_id) == ("compliance", until, "on")
    assert (await delete(origin, file_id)).error == (401, "access_denied", "Access Denied")


async def test_an_unfinished_file_is_cancelled_whatever_its_lock(origin):
    bucket_id = await locked(origin)
    file_id = await origin.start(bucket_id, legalHold="on")
    assert (await origin.call("b2_cancel_large_file", fileId=file_id)).status == 200
