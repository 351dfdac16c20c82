"""b2_get_bucket_notification_rules and b2_set_bucket_notification_rules (b2.md §1.10)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from calotype.store.model import NotificationRule

SECRET = "0123456789abcdefghijklmnopqrstuv"
RULE: dict[str, Any] = {
    "eventTypes": ["b2:ObjectCreated:*"],
    "isEnabled": True,
    "name": "my-rule",
    "objectNamePrefix": "cats/",
    "targetConfiguration": {
        "targetType": "webhook",
        "url": "https://192.168.0.1/hook",
        "customHeaders": None,
        "hmacSha256SigningSecret": None,
    },
}
TOLD = {**RULE, "isSuspended": False, "suspensionReason": ""}


async def set_rules(origin, bucket_id: str, *rules: dict[str, Any], **options: Any):
    return await origin.call(
        "b2_set_bucket_notification_rules", bucketId=bucket_id, eventNotificationRules=list(rules), **options
    )


async def test_rules_are_set_and_read_back_by_post_and_by_get(origin):
    bucket_id = await origin.bucket()
    empty = await origin.call("b2_get_bucket_notification_rules", bucketId=bucket_id)
    assert (empty.status, empty.json) == (200, {"bucketId": bucket_id, "eventNotificationRules": []})
    answer = await set_rules(origin, bucket_id, RULE)
    assert (answer.status, answer.json) == (200, {"bucketId": bucket_id, "eventNotificationRules": [TOLD]})
    assert (await origin.call("b2_get_bucket_notification_rules", bucketId=bucket_id)).json == answer.json
    got = await origin.send(  # b2sdk asks in this way
        "GET",
        f"/b2api/v4/b2_get_bucket_notification_rules?bucketId={bucket_id}",
        {"authorization": await origin.token()},
    )
    assert (got.status, got.json) == (200, answer.json)


async def test_setting_replaces_all_rules_which_are_told_by_name(origin):
    bucket_id = await origin.bucket()
    await set_rules(origin, bucket_id, RULE)
    rules = [{**RULE, "name": name, "objectNamePrefix": name} for name in ("rule-b", "rule-a")]
    answer = await set_rules(origin, bucket_id, *rules)
    assert [rule["name"] for rule in answer.json["eventNotificationRules"]] == ["rule-a", "rule-b"]
    assert (await set_rules(origin, bucket_id)).json["eventNotificationRules"] == []


async def test_the_target_is_sealed_in_the_store_and_told_to_who_may_read_it(origin):
    bucket_id = await origin.bucket()
    target = {
        **RULE["targetConfiguration"],
        "customHeaders": [{"name": "X-Token", "value": "swordfish"}],
        "hmacSha256SigningSecret": SECRET,
    }
    answer = await set_rules(origin, bucket_id, {**RULE, "targetConfiguration": target, "maxEventsPerBatch": 20})
    (told,) = answer.json["eventNotificationRules"]
    assert told["targetConfiguration"] == target
    assert told["maxEventsPerBatch"] == 20
    (kept,) = (await origin.store.bucket_by_id(bucket_id)).settings.notification_rules
    assert not any(secret in kept.sealed_target for secret in (b"swordfish", SECRET.encode(), b"192.168"))


async def test_a_suspended_rule_says_why_and_is_taken_up_again_when_it_is_set(origin):
    bucket_id = await origin.bucket()
    await set_rules(origin, bucket_id, RULE)
    (rule,) = (await origin.store.bucket_by_id(bucket_id)).settings.notification_rules
    await origin.store.events.suspend(bucket_id, rule, "no answer for a day")
    (told,) = (await origin.call("b2_get_bucket_notification_rules", bucketId=bucket_id)).json["eventNotificationRules"]
    assert (told["isSuspended"], told["suspensionReason"]) == (True, "no answer for a day")
    assert (await set_rules(origin, bucket_id, told)).json["eventNotificationRules"] == [TOLD]


async def test_a_rule_that_was_changed_meanwhile_is_not_suspended(origin):
    bucket_id = await origin.bucket()
    await set_rules(origin, bucket_id, RULE)
    (before,) = (await origin.store.bucket_by_id(bucket_id)).settings.notification_rules
    await set_rules(origin, bucket_id, {**RULE, "isEnabled": False})
    await origin.store.events.suspend(bucket_id, before, "no answer for a day")
    (rule,) = (await origin.store.bucket_by_id(bucket_id)).settings.notification_rules
    assert isinstance(rule, NotificationRule)
    assert rule.suspension_reason == ""


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"eventTypes": []}, "event_types_empty"),
        ({"eventTypes": ["b2:ObjectCreated:Thing"]}, "event_type_invalid"),
        ({"eventTypes": ["b2:ObjectCreated:*", "b2:ObjectCreated:Copy"]}, "event_type_overlap"),
        ({"eventTypes": ["b2:*"]}, "event_type_categories"),
        ({"name": "b2-mine-own"}, "bad_request"),
        ({"targetConfiguration": {**RULE["targetConfiguration"], "url": "http://plain.example"}}, "bad_request"),
    ],
)
async def test_what_is_refused_leaves_the_rules_as_they_were(origin, changes, code):
    bucket_id = await origin.bucket()
    await set_rules(origin, bucket_id, RULE)
    answer = await set_rules(origin, bucket_id, {**RULE, **changes})
    assert answer.error[:2] == (400, code)
    kept = await origin.call("b2_get_bucket_notification_rules", bucketId=bucket_id)
    assert kept.json["eventNotificationRules"] == [TOLD]


async def test_rules_that_are_missing_or_no_list_are_refused(origin):
    bucket_id = await origin.bucket()
    assert (await origin.call("b2_set_bucket_notification_rules", bucketId=bucket_id)).error[:2] == (400, "bad_request")
    for rules in ("x", {"a": 1}, [1]):
        answer = await origin.call("b2_set_bucket_notification_rules", bucketId=bucket_id, eventNotificationRules=rules)
        assert answer.error[:2] == (400, "bad_request"), json.dumps(rules)


@pytest.mark.parametrize(
    ("call", "parameters", "capability"),
    [
        ("b2_get_bucket_notification_rules", {}, "readBucketNotifications"),
        ("b2_set_bucket_notification_rules", {"eventNotificationRules": []}, "writeBucketNotifications"),
    ],
)
async def test_each_call_needs_its_capability_and_a_bucket_of_the_key(origin, call, parameters, capability):
    bucket_id = await origin.bucket()
    other_id = await origin.bucket("other-pictures")
    allowed = await origin.restricted_key({capability}, bucket_id)
    without = await origin.restricted_key({"listBuckets", "readBuckets", "writeFiles"}, bucket_id)
    assert (await origin.call(call, key=allowed, bucketId=bucket_id, **parameters)).status == 200
    assert (await origin.call(call, key=allowed, bucketId=other_id, **parameters)).error == (401, "unauthorized", "")
    assert (await origin.call(call, key=without, bucketId=bucket_id, **parameters)).error == (401, "unauthorized", "")
    assert (await origin.call(call, bucketId="e" * 24, **parameters)).error[:2] == (400, "bad_bucket_id")


async def test_both_calls_are_of_class_c(origin):
    bucket_id = await origin.bucket()
    await set_rules(origin, bucket_id, RULE)
    await origin.call("b2_get_bucket_notification_rules", bucketId=bucket_id)
    counted = {
        row.operation: (row.transaction_class, row.count, row.bucket_name)
        for row in await origin.store.ledger()
        if "notification" in row.operation
    }
    assert counted == {
        "b2_set_bucket_notification_rules": ("C", 1, "photographs"),
        "b2_get_bucket_notification_rules": ("C", 1, "photographs"),
    }
