"""Event notification rules and deliveries as values (b2.md §1.10)."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from calotype.b2 import errors
from calotype.b2.notifications import (
    Target,
    asked_rules,
    delivery_headers,
    event_body,
    event_id,
    rule_shape,
    signature,
)
from calotype.store.model import Event, EventType

SECRET = "0123456789abcdefghijklmnopqrstuv"


def rule(**changes: Any) -> dict[str, Any]:
    target = {"targetType": "webhook", "url": "https://example.com/hook", **changes.pop("target", {})}
    return {
        "name": "my-rule",
        "eventTypes": ["b2:ObjectCreated:*"],
        "isEnabled": True,
        "objectNamePrefix": "",
        "targetConfiguration": target,
        **changes,
    }


def read_back(*given: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    """The rules as they are told after they were taken and sealed."""
    told = [
        rule_shape(each.sealed(each.target.to_bytes()), Target.from_bytes(each.target.to_bytes()))
        for each in asked_rules(given, **options)
    ]
    shapes: list[dict[str, Any]] = msgspec.to_builtins(told)
    return shapes


ANSWERED = {"isSuspended": False, "suspensionReason": ""}
UNSET_TARGET = {"customHeaders": None, "hmacSha256SigningSecret": None}


def test_a_rule_reads_back_with_null_where_nothing_was_set() -> None:
    """Clients compare what comes back with what they sent, plus the fields of answers."""
    given = rule(target=UNSET_TARGET)
    assert read_back(given) == [{**given, **ANSWERED}]
    assert read_back(rule()) == [{**given, **ANSWERED}]


def test_a_rule_reads_back_with_all_that_was_set() -> None:
    given = rule(
        maxEventsPerBatch=50,
        isEnabled=False,
        objectNamePrefix="a/b",
        target={"customHeaders": [{"name": "X-Mine", "value": "a b"}], "hmacSha256SigningSecret": SECRET},
    )
    assert read_back(given) == [{**given, **ANSWERED}]


def test_headers_that_the_b2_tool_sends_as_an_object_read_back_as_a_list() -> None:
    (told,) = read_back(rule(target={"customHeaders": {"X-Mine": "1", "X-Yours": "2"}}))
    assert told["targetConfiguration"]["customHeaders"] == [
        {"name": "X-Mine", "value": "1"},
        {"name": "X-Yours", "value": "2"},
    ]


def test_what_only_answers_have_is_ignored_in_a_request() -> None:
    given = rule(isSuspended=True, suspensionReason="whatever", unknown=1)
    assert read_back(given) == read_back(rule())


def test_rules_are_sorted_by_name() -> None:
    rules = [rule(name=name, objectNamePrefix=name) for name in ("rule-b", "rule-a", "rule-c")]
    assert [each["name"] for each in read_back(*rules)] == ["rule-a", "rule-b", "rule-c"]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "a" * 63},
        {"name": "--autocreated-b2listen-2024-07-22-23-28-50-499240--"},
        {"maxEventsPerBatch": 1},
        {"maxEventsPerBatch": None},
        # several categories in one rule, as b2listen and the Terraform provider's example have them
        {"eventTypes": ["b2:ObjectCreated:*", "b2:ObjectDeleted:*", "b2:HideMarkerCreated:*"]},
        {"eventTypes": ["b2:ObjectCreated:Upload", "b2:ObjectCreated:Replica", "b2:HideMarkerCreated:LifecycleRule"]},
        # private addresses are taken: the host is not resolved before a delivery
        {"target": {"url": "https://192.168.1.1:8443/hook?token=a"}},
        {"target": {"customHeaders": []}},
        {"target": {"customHeaders": [{"name": f"X-{number}", "value": "v"} for number in range(10)]}},
        {"target": {"customHeaders": [{"name": "X", "value": "v" * 2047}]}},
    ],
)
def test_rules_are_taken(changes: dict[str, Any]) -> None:
    assert len(read_back(rule(**changes))) == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"eventTypes": []}, errors.EventTypesEmpty),
        ({"eventTypes": ["b2:ObjectCreated:Nothing"]}, errors.EventTypeInvalid),
        ({"eventTypes": ["b2:Nothing:*"]}, errors.EventTypeInvalid),
        ({"eventTypes": ["b2:ObjectCreated"]}, errors.EventTypeInvalid),
        ({"eventTypes": ["s3:ObjectCreated:*"]}, errors.EventTypeInvalid),
        ({"eventTypes": ["b2:TestEvent"]}, errors.EventTypeInvalid),  # sent by the console, not by rules
        ({"eventTypes": ["b2:*"]}, errors.EventTypeCategories),
        ({"eventTypes": ["b2:*:*"]}, errors.EventTypeCategories),
        ({"eventTypes": ["*"]}, errors.EventTypeCategories),
        # a `*` with a member of it, and the same type twice
        ({"eventTypes": ["b2:ObjectCreated:*", "b2:ObjectCreated:Copy"]}, errors.EventTypeOverlap),
        ({"eventTypes": ["b2:ObjectDeleted:Delete", "b2:ObjectDeleted:Delete"]}, errors.EventTypeOverlap),
        ({"name": "short"}, errors.BadRequest),
        ({"name": "a" * 64}, errors.BadRequest),
        ({"name": "with_underscore"}, errors.BadRequest),
        ({"name": "b2-reserved"}, errors.BadRequest),
        ({"isEnabled": "yes"}, errors.BadRequest),
        ({"objectNamePrefix": None}, errors.BadRequest),
        ({"objectNamePrefix": "\n"}, errors.BadRequest),
        ({"maxEventsPerBatch": 0}, errors.BadRequest),
        ({"maxEventsPerBatch": 51}, errors.BadRequest),
        ({"targetConfiguration": None}, errors.BadRequest),
        ({"target": {"targetType": "queue"}}, errors.BadRequest),
        ({"target": {"url": "http://example.com/"}}, errors.BadRequest),  # https only
        ({"target": {"url": "https://user:password@example.com/"}}, errors.BadRequest),
        ({"target": {"url": "example.com"}}, errors.BadRequest),
        ({"target": {"hmacSha256SigningSecret": SECRET[1:]}}, errors.BadRequest),
        ({"target": {"hmacSha256SigningSecret": "!" + SECRET[1:]}}, errors.BadRequest),
        ({"target": {"customHeaders": [{"name": f"X-{n}", "value": ""} for n in range(11)]}}, errors.BadRequest),
        ({"target": {"customHeaders": [{"name": "X", "value": "v" * 2048}]}}, errors.BadRequest),
        ({"target": {"customHeaders": [{"name": "x-bz-anything", "value": ""}]}}, errors.BadRequest),
        ({"target": {"customHeaders": [{"name": "Content-Length", "value": "9"}]}}, errors.BadRequest),
        ({"target": {"customHeaders": [{"name": "X Y", "value": ""}]}}, errors.BadRequest),
        ({"target": {"customHeaders": [{"name": "", "value": ""}]}}, errors.BadRequest),
        ({"target": {"customHeaders": [{"name": "X", "value": "a\r\nHost: b"}]}}, errors.BadRequest),
    ],
)
def test_rules_are_refused(changes: dict[str, Any], error: type[errors.B2Error]) -> None:
    with pytest.raises(errors.B2Error) as raised:
        asked_rules([rule(**changes)])
    assert type(raised.value) is error


def test_plain_http_is_taken_where_it_is_allowed() -> None:
    given = rule(target={"url": "http://127.0.0.1:8080/hook"})
    assert read_back(given, plain_http=True)[0]["targetConfiguration"]["url"] == "http://127.0.0.1:8080/hook"


@pytest.mark.parametrize(
    ("one", "other", "is_refused"),
    [
        # two rules with one event type may not have prefixes where one starts with the other
        ({"objectNamePrefix": "images/"}, {"objectNamePrefix": "images/pets/"}, True),
        ({"objectNamePrefix": ""}, {"objectNamePrefix": "x"}, True),
        ({}, {}, True),
        ({}, {"eventTypes": ["b2:ObjectCreated:Copy"]}, True),  # `*` means its members
        ({}, {"isEnabled": False}, True),
        ({"objectNamePrefix": "images/"}, {"objectNamePrefix": "videos/"}, False),
        ({}, {"eventTypes": ["b2:ObjectDeleted:*"]}, False),
    ],
)
def test_two_rules_may_not_tell_the_same_event(one: dict[str, Any], other: dict[str, Any], is_refused: bool) -> None:
    rules = [rule(name="first-rule", **one), rule(name="second-rule", **other)]
    if not is_refused:
        assert len(asked_rules(rules)) == 2
        return
    with pytest.raises(errors.BadRequest, match="More than one event notification rule has overlapping prefixes"):
        asked_rules(rules)


def test_a_name_may_be_there_once() -> None:
    with pytest.raises(errors.BadRequest, match="have the name my-rule"):
        asked_rules([rule(), rule(eventTypes=["b2:ObjectDeleted:*"])])


def test_a_bucket_has_25_rules_at_most() -> None:
    rules = [rule(name=f"rule-number-{number:02}", objectNamePrefix=f"{number:02}/") for number in range(26)]
    assert len(asked_rules(rules[:25])) == 25
    with pytest.raises(errors.BadRequest, match="25"):
        asked_rules(rules)


EVENT = Event(
    7, "aabbccddeeff", "b" * 24, "my-rule", EventType.UPLOADED, "å/cat.png".encode(), "4_z1", 73641, 1_795_348_800_000
)


def test_a_body_tells_all_of_each_event() -> None:
    deleted = replace(EVENT, sequence=8, type=EventType.DELETED_BY_RULE, length=None)
    assert json.loads(event_body([EVENT, deleted], "photos")) == {
        "events": [
            {
                "accountId": "aabbccddeeff",
                "bucketId": "b" * 24,
                "bucketName": "photos",
                "eventId": event_id(EVENT),
                "eventTimestamp": 1_795_348_800_000,
                "eventType": "b2:ObjectCreated:Upload",
                "eventVersion": 1,
                "matchedRuleName": "my-rule",
                "objectName": "å/cat.png",
                "objectSize": 73641,
                "objectVersionId": "4_z1",
            },
            {
                "accountId": "aabbccddeeff",
                "bucketId": "b" * 24,
                "bucketName": "photos",
                "eventId": event_id(deleted),
                "eventTimestamp": 1_795_348_800_000,
                "eventType": "b2:ObjectDeleted:LifecycleRule",
                "eventVersion": 1,
                "matchedRuleName": "my-rule",
                "objectName": "å/cat.png",
                "objectSize": None,  # null for deletes and hides
                "objectVersionId": "4_z1",
            },
        ]
    }


def test_a_test_event_is_about_no_object() -> None:
    (told,) = json.loads(event_body([replace(EVENT, type=EventType.TESTED, length=None)], "photos"))["events"]
    assert told["eventType"] == "b2:TestEvent"
    assert (told["objectName"], told["objectSize"], told["objectVersionId"]) == (None, None, None)


def test_an_event_keeps_its_id_over_attempts_and_shares_it_with_no_other() -> None:
    assert event_id(EVENT) == event_id(replace(EVENT, attempts=3, next_attempt_ms=9))
    assert event_id(EVENT) != event_id(replace(EVENT, sequence=8))


def test_the_signature_is_the_hmac_of_the_body_by_the_secret_as_text() -> None:
    expected = hmac.new(SECRET.encode(), b'{"events":[]}', hashlib.sha256).hexdigest()
    assert signature(SECRET, b'{"events":[]}') == f"v1={expected}"


def test_a_delivery_carries_the_custom_headers_and_is_signed_only_with_a_secret() -> None:
    signed = Target("https://a.example", (("X-Mine", "1"),), SECRET)
    assert delivery_headers(signed, b"{}") == [
        ("Content-Type", "application/json"),
        ("X-Mine", "1"),
        ("X-Bz-Event-Notification-Signature", signature(SECRET, b"{}")),
    ]
    assert delivery_headers(Target("https://a.example"), b"{}") == [("Content-Type", "application/json")]
