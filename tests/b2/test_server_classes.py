"""Every call of the native API: counted in its class, and refused by the cap on that class (b2.md §1.1, §5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from calotype.b2.operations import OPERATIONS
from calotype.costs.operations import S3_COUNTERPART
from calotype.store.caps import Caps

# b2.md §1.1, in its order, with what each is asked here; «…» stands for an id that the origin gives.
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("b2_authorize_account", "C", {}),
    ("b2_create_bucket", "C", {"accountId": "«account»", "bucketName": "another", "bucketType": "allPrivate"}),
    ("b2_update_bucket", "C", {"accountId": "«account»", "bucketId": "«bucket»", "bucketInfo": {}}),
    ("b2_delete_bucket", "A", {"accountId": "«account»", "bucketId": "«empty»"}),
    ("b2_list_buckets", "C", {"accountId": "«account»"}),
    ("b2_create_key", "C", {"accountId": "«account»", "capabilities": ["listFiles"], "keyName": "k"}),
    ("b2_list_keys", "C", {"accountId": "«account»"}),
    ("b2_delete_key", "A", {"applicationKeyId": "«key»"}),
    ("b2_get_upload_url", "A", {"bucketId": "«bucket»"}),
    (
        "b2_start_large_file",
        "A",
        {"bucketId": "«bucket»", "fileName": "c.bin", "contentType": "b2/x-auto"},
    ),
    ("b2_get_upload_part_url", "A", {"fileId": "«large»"}),
    ("b2_cancel_large_file", "A", {"fileId": "«large»"}),
    ("b2_copy_file", "C", {"sourceFileId": "«file»", "fileName": "b.png"}),
    ("b2_copy_part", "C", {"sourceFileId": "«file»", "largeFileId": "«large»", "partNumber": 1}),
    ("b2_list_parts", "C", {"fileId": "«large»"}),
    ("b2_list_unfinished_large_files", "C", {"bucketId": "«bucket»"}),
    ("b2_list_file_names", "C", {"bucketId": "«bucket»"}),
    ("b2_list_file_versions", "C", {"bucketId": "«bucket»"}),
    ("b2_get_file_info", "B", {"fileId": "«file»"}),
    ("b2_hide_file", "A", {"bucketId": "«bucket»", "fileName": "a.png"}),
    ("b2_delete_file_version", "A", {"fileName": "a.png", "fileId": "«file»"}),
    (
        "b2_get_download_authorization",
        "C",
        {"bucketId": "«bucket»", "fileNamePrefix": "", "validDurationInSeconds": 60},
    ),
    (
        "b2_update_file_retention",
        "A",
        {"fileName": "l.png", "fileId": "«lockable»", "fileRetention": {"mode": None, "retainUntilTimestamp": None}},
    ),
    ("b2_update_file_legal_hold", "A", {"fileName": "l.png", "fileId": "«lockable»", "legalHold": "off"}),
    ("b2_get_bucket_notification_rules", "C", {"bucketId": "«bucket»"}),
    ("b2_set_bucket_notification_rules", "C", {"bucketId": "«bucket»", "eventNotificationRules": []}),
]
ELSEWHERE = {"b2_finish_large_file"}  # class A, in its own tests: it needs parts


def test_every_call_is_here() -> None:
    assert {name for name, _, _ in CALLS} | ELSEWHERE == set(OPERATIONS)
    assert set(OPERATIONS) <= S3_COUNTERPART.keys()  # and what it would be elsewhere is known


async def prepared(origin) -> dict[str, str]:
    bucket_id = await origin.bucket("photographs")
    locked = await origin.bucket("locked-photographs", fileLockEnabled=True)
    started = await origin.call(
        "b2_start_large_file", bucketId=bucket_id, fileName="large.bin", contentType="b2/x-auto"
    )
    key = await origin.store.create_key(origin.account_id, "k", ["listFiles"])
    return {
        "account": origin.account_id,
        "bucket": bucket_id,
        "empty": await origin.bucket("empty-bucket"),
        "file": await origin.put(bucket_id, "a.png"),
        "lockable": await origin.put(locked, "l.png"),
        "large": started.json["fileId"],
        "key": key.key_id,
    }


def filled(parameters: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    text = json.dumps(parameters, ensure_ascii=False)
    for name, value in ids.items():
        text = text.replace(f"«{name}»", value)
    found: dict[str, Any] = json.loads(text)
    return found


async def asked(origin, token: str, name: str, parameters: dict[str, Any]):
    if name == "b2_authorize_account":
        return await origin.authorize()
    body = json.dumps(parameters).encode()
    return await origin.send("POST", f"/b2api/v4/{name}", {"authorization": token}, body)


async def counts(origin) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for row in await origin.store.ledger():
        key = row.operation, row.transaction_class
        found[key] = found.get(key, 0) + row.count
    return found


@pytest.mark.parametrize(("name", "transaction_class", "parameters"), CALLS, ids=[name for name, _, _ in CALLS])
async def test_a_call_is_counted_once_in_its_class_and_refused_by_its_cap(
    origin, name: str, transaction_class: str, parameters: dict[str, Any]
) -> None:
    ids = await prepared(origin)
    parameters = filled(parameters, ids)
    token = await origin.token()
    before = await counts(origin)

    origin.store.accounting.caps = Caps(class_b=0, class_c=0)
    refused = await asked(origin, token, name, parameters)
    if transaction_class == "A":  # which has no cap
        assert refused.status == 200, refused.content
    else:
        assert refused.error[:2] == (403, "transaction_cap_exceeded")
        assert await counts(origin) == before
        origin.store.accounting.caps = Caps()
        answer = await asked(origin, token, name, parameters)
        assert answer.status == 200, answer.content
    after = await counts(origin)
    assert after[name, transaction_class] == before.get((name, transaction_class), 0) + 1
    assert sum(after.values()) == sum(before.values()) + 1
