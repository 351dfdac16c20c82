"""Every call of the B2 API with a key of another account: refused, and nothing of ours changed or counted.

The rows are checked against the tables of the calls that there are: a new call without a row fails here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.b2 import operations
from calotype.b2.server import TRANSACTION_CLASSES
from calotype.http.percent import encode_b2
from calotype.store.model import ApplicationKey
from support.b2_in_process import Answer, Origin, opened, sha1_of
from support.store_contents import contents_of

RULE = {
    "name": "told-by-us",
    "eventTypes": ["b2:ObjectCreated:*"],
    "objectNamePrefix": "",
    "isEnabled": True,
    "targetConfiguration": {"targetType": "webhook", "url": "https://example.com/hook"},
}
UNAUTHORIZED = (401, "unauthorized")
BAD_BUCKET = (400, "bad_bucket_id")
NO_FILE = (404, "not_found")
NOT_PRESENT = (400, "file_not_present")
NO_UPLOAD = (400, "bad_request")  # "No active upload for", as where there is none at all


@dataclass
class Two:
    """Our account with something of every kind, and a stranger who may do everything in an account of its own."""

    origin: Origin
    stranger: ApplicationKey
    ids: dict[str, Any]

    def filled(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters with our ids, and theirs, in place of their names in braces."""
        return {name: self._filled(value) for name, value in parameters.items()}

    def _filled(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._filled(each) for each in value]
        return self.ids.get(value, value) if isinstance(value, str) else value


@pytest.fixture
async def two() -> AsyncIterator[Two]:
    origin = await opened()
    async with origin.store:
        bucket_id = await origin.bucket("photographs", fileLockEnabled=True)
        file_id = await origin.put(bucket_id, "a")
        large_id = await origin.start(bucket_id, "film")
        await origin.send_part(large_id, 1, b"x" * 5_000_000)
        key = await origin.store.create_key(origin.account_id, "ours", ["readFiles"])
        account, stranger = await origin.store.create_account_with_key(
            "stranger", key_name="theirs", capabilities=ALL_CAPABILITIES
        )
        theirs = await origin.store.create_bucket(account.account_id, "theirs-only")
        their_file = (await origin.upload(theirs.bucket_id, "b", key=stranger)).json["fileId"]
        started = {"bucketId": theirs.bucket_id, "fileName": "c", "contentType": "b2/x-auto"}
        their_large = (await origin.call("b2_start_large_file", key=stranger, **started)).json["fileId"]
        ids = {
            "{account}": origin.account_id,
            "{their account}": account.account_id,
            "{bucket}": bucket_id,
            "{their bucket}": theirs.bucket_id,
            "{file}": file_id,
            "{their file}": their_file,
            "{large}": large_id,
            "{their large}": their_large,
            "{key}": key.key_id,
            "{master}": origin.owner.key_id,
        }
        yield Two(origin, stranger, ids)


LOCK = {"mode": "governance", "retainUntilTimestamp": 1_900_000_000_000}
PLACE = {"fileName": "a", "fileId": "{file}"}

ROWS: list[tuple[str, dict[str, Any], tuple[int, str]]] = [
    # what names an account
    ("b2_list_buckets", {"accountId": "{account}"}, UNAUTHORIZED),
    ("b2_create_bucket", {"accountId": "{account}", "bucketName": "another", "bucketType": "allPublic"}, UNAUTHORIZED),
    (
        "b2_create_bucket",  # names are the whole origin's, in any letter case
        {"accountId": "{their account}", "bucketName": "Photographs", "bucketType": "allPublic"},
        (400, "duplicate_bucket_name"),
    ),
    ("b2_update_bucket", {"accountId": "{account}", "bucketId": "{bucket}", "bucketType": "allPublic"}, UNAUTHORIZED),
    (
        "b2_update_bucket",
        {"accountId": "{their account}", "bucketId": "{bucket}", "bucketType": "allPublic"},
        BAD_BUCKET,
    ),
    ("b2_delete_bucket", {"accountId": "{account}", "bucketId": "{bucket}"}, UNAUTHORIZED),
    ("b2_delete_bucket", {"accountId": "{their account}", "bucketId": "{bucket}"}, BAD_BUCKET),
    ("b2_create_key", {"accountId": "{account}", "capabilities": ["readFiles"], "keyName": "x"}, UNAUTHORIZED),
    (
        "b2_create_key",
        {
            "accountId": "{their account}",
            "capabilities": ["readFiles"],
            "keyName": "x",
            "bucketIds": ["{their bucket}", "{bucket}"],
        },
        BAD_BUCKET,
    ),
    ("b2_list_keys", {"accountId": "{account}"}, UNAUTHORIZED),
    ("b2_delete_key", {"applicationKeyId": "{key}"}, (400, "bad_request")),
    ("b2_delete_key", {"applicationKeyId": "{master}"}, (400, "bad_request")),
    # what names a bucket
    ("b2_get_bucket_notification_rules", {"bucketId": "{bucket}"}, BAD_BUCKET),
    ("b2_set_bucket_notification_rules", {"bucketId": "{bucket}", "eventNotificationRules": [RULE]}, BAD_BUCKET),
    ("b2_get_upload_url", {"bucketId": "{bucket}"}, BAD_BUCKET),
    ("b2_list_file_names", {"bucketId": "{bucket}"}, BAD_BUCKET),
    ("b2_list_file_versions", {"bucketId": "{bucket}"}, BAD_BUCKET),
    ("b2_hide_file", {"bucketId": "{bucket}", "fileName": "a"}, BAD_BUCKET),
    (
        "b2_get_download_authorization",
        {"bucketId": "{bucket}", "fileNamePrefix": "", "validDurationInSeconds": 60},
        BAD_BUCKET,
    ),
    (
        "b2_start_large_file",
        {"bucketId": "{bucket}", "fileName": "film", "contentType": "b2/x-auto"},
        BAD_BUCKET,
    ),
    ("b2_list_unfinished_large_files", {"bucketId": "{bucket}"}, BAD_BUCKET),
    # what names a file
    ("b2_get_file_info", {"fileId": "{file}"}, NO_FILE),
    ("b2_delete_file_version", PLACE, NOT_PRESENT),
    ("b2_update_file_retention", {**PLACE, "fileRetention": LOCK}, NOT_PRESENT),
    ("b2_update_file_legal_hold", {**PLACE, "legalHold": "on"}, NOT_PRESENT),
    ("b2_get_upload_part_url", {"fileId": "{large}"}, NO_UPLOAD),
    ("b2_list_parts", {"fileId": "{large}"}, NO_UPLOAD),
    ("b2_finish_large_file", {"fileId": "{large}", "partSha1Array": [sha1_of(b"x" * 5_000_000)]}, NO_UPLOAD),
    ("b2_cancel_large_file", {"fileId": "{large}"}, NO_UPLOAD),
    ("b2_copy_file", {"sourceFileId": "{file}", "fileName": "copy"}, NO_FILE),
    (
        "b2_copy_file",
        {"sourceFileId": "{file}", "fileName": "copy", "destinationBucketId": "{their bucket}"},
        NO_FILE,
    ),
    (
        "b2_copy_file",
        {"sourceFileId": "{their file}", "fileName": "copy", "destinationBucketId": "{bucket}"},
        BAD_BUCKET,
    ),
    ("b2_copy_part", {"sourceFileId": "{file}", "largeFileId": "{their large}", "partNumber": 1}, NO_FILE),
    ("b2_copy_part", {"sourceFileId": "{their file}", "largeFileId": "{large}", "partNumber": 1}, NO_UPLOAD),
    ("b2_download_file_by_id", {"fileId": "{file}"}, UNAUTHORIZED),
]

WITH_TESTS_OF_THEIR_OWN = {"b2_authorize_account", "b2_upload_file", "b2_upload_part", "b2_download_file_by_name"}


def test_every_call_has_a_row() -> None:
    assert {name for name, _, _ in ROWS} | WITH_TESTS_OF_THEIR_OWN == set(TRANSACTION_CLASSES)
    assert set(operations.OPERATIONS) < set(TRANSACTION_CLASSES)


@pytest.mark.parametrize(
    ("name", "parameters", "refusal"), ROWS, ids=lambda value: value if isinstance(value, str) else ""
)
@pytest.mark.parametrize("version", [1, 4])
async def test_a_stranger_is_refused(
    two: Two, name: str, parameters: dict[str, Any], refusal: tuple[int, str], version: int
) -> None:
    before = (await contents_of(two.origin.store))[two.origin.account_id]
    answer = await two.origin.call(name, version=version, key=two.stranger, **two.filled(parameters))
    assert answer.error[:2] == refusal, answer.content
    assert (await contents_of(two.origin.store))[two.origin.account_id] == before


async def test_a_stranger_does_not_sign_in_as_us(two: Two) -> None:
    for key_id in (two.origin.owner.key_id, two.origin.account_id, two.ids["{key}"]):
        forged = ApplicationKey(two.origin.account_id, key_id, "", two.stranger.secret, frozenset(), 0)
        assert (await two.origin.authorize(forged)).error[:2] == UNAUTHORIZED


async def test_each_signs_in_to_the_own_account(two: Two) -> None:
    own = await two.origin.authorize(two.stranger)
    assert own.json["accountId"] == two.ids["{their account}"]
    by_account = ApplicationKey("", two.ids["{their account}"], "", two.stranger.secret, frozenset(), 0)
    assert (await two.origin.authorize(by_account)).json["accountId"] == two.ids["{their account}"]


async def test_a_stranger_lists_its_own_alone(two: Two) -> None:
    for asked in ({}, {"bucketId": "{bucket}"}, {"bucketName": "photographs"}):
        parameters = two.filled({"accountId": "{their account}", **asked})
        listed = await two.origin.call("b2_list_buckets", key=two.stranger, **parameters)
        names = [bucket["bucketName"] for bucket in listed.json["buckets"]]
        assert names == ([] if asked else ["theirs-only"])
    await two.origin.store.create_key(two.ids["{their account}"], "second", ["readFiles"])
    for start in (None, "{key}", "0"):
        parameters = two.filled({"accountId": "{their account}", "startApplicationKeyId": start})
        keys = (await two.origin.call("b2_list_keys", key=two.stranger, **parameters)).json["keys"]
        assert {key["accountId"] for key in keys} <= {two.ids["{their account}"]}


async def post(two: Two, target: str, token: str, content: bytes, **fields: str) -> Answer:
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    headers |= {"authorization": token, "x-bz-content-sha1": sha1_of(content)}
    return await two.origin.send("POST", target, headers, content)


async def test_a_strangers_upload_tokens_open_no_place_of_ours(two: Two) -> None:
    before = (await contents_of(two.origin.store))[two.origin.account_id]
    place = await two.origin.call("b2_get_upload_url", key=two.stranger, bucketId=two.ids["{their bucket}"])
    named = {"x_bz_file_name": encode_b2(b"a"), "content_type": "b2/x-auto"}
    for token in (place.json["authorizationToken"], await two.origin.token(two.stranger)):
        refused = await post(two, f"/b2api/v4/b2_upload_file/{two.ids['{bucket}']}", token, b"x", **named)
        assert refused.status in (400, 401), refused.content
    place = await two.origin.call("b2_get_upload_part_url", key=two.stranger, fileId=two.ids["{their large}"])
    for token in (place.json["authorizationToken"], await two.origin.token(two.stranger)):
        target = f"/b2api/v4/b2_upload_part/{two.ids['{large}']}"
        refused = await post(two, target, token, b"x", x_bz_part_number="1")
        assert refused.status in (400, 401), refused.content
    assert (await contents_of(two.origin.store))[two.origin.account_id] == before


async def test_a_strangers_tokens_open_no_private_file_of_ours(two: Two) -> None:
    asked = {"fileNamePrefix": "", "validDurationInSeconds": 60}
    grant = await two.origin.call(
        "b2_get_download_authorization", key=two.stranger, bucketId=two.ids["{their bucket}"], **asked
    )
    before = (await contents_of(two.origin.store))[two.origin.account_id]
    for token in (grant.json["authorizationToken"], await two.origin.token(two.stranger)):
        headers = {"authorization": token}
        assert (await two.origin.send("GET", "/file/photographs/a", headers)).error[:2] == UNAUTHORIZED
        assert (await two.origin.send("HEAD", "/file/photographs/a", headers)).status == 401
    assert (await contents_of(two.origin.store))[two.origin.account_id] == before


async def test_a_public_file_of_ours_is_read_by_a_stranger_and_counted_as_ours(two: Two) -> None:
    bucket_id = await two.origin.bucket("fully-public", "allPublic")
    file_id = await two.origin.put(bucket_id, "a")
    headers = {"authorization": await two.origin.token(two.stranger)}
    by_name = await two.origin.send("GET", "/file/fully-public/a", headers)
    by_id = await two.origin.call("b2_download_file_by_id", key=two.stranger, fileId=file_id)
    assert by_name.content == by_id.content == b"a picture"
    rows = [row for row in await two.origin.store.ledger() if row.operation.startswith("b2_download")]
    assert {row.account_id for row in rows} == {two.origin.account_id}
    assert sum(row.count for row in rows) == 2
