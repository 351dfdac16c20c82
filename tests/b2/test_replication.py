"""Replication: kept, told, and shown on the files under its rules (b2.md §6.6)."""

from dataclasses import replace

import pytest

from calotype.b2.errors import BadRequest
from calotype.b2.replication import replication_json, replication_of, replication_status
from calotype.store.model import Action, BucketSettings, EncryptionScheme, FileVersion, ServerSideEncryption

KEY = "0016b1b2c3d4e5f0000000001"
RULE = {"replicationRuleName": "to-the-west", "destinationBucketId": "a" * 24}


def source(*rules, key=KEY):
    return {"asReplicationSource": {"sourceApplicationKeyId": key, "replicationRules": list(rules)}}


@pytest.mark.parametrize(
    "asked",
    [
        source({**RULE, "replicationRuleName": ""}),
        source({**RULE, "replicationRuleName": "n" * 65}),  # one past the 64
        source({**RULE, "replicationRuleName": "a b"}),
        source({**RULE, "destinationBucketId": ""}),
        source({**RULE, "destinationBucketId": None}),
        source({**RULE, "priority": 0}),  # 1 to 2^31 - 1
        source({**RULE, "priority": 2**31}),
        source({**RULE, "isEnabled": "yes"}),
        source({**RULE, "fileNamePrefix": 7}),
        source(RULE, RULE),
        source(*({**RULE, "replicationRuleName": f"r{number}"} for number in range(101))),
        source(RULE, key=None),
        source(RULE, key=""),
        source("rule"),
        {"asReplicationSource": "everything"},
        {"asReplicationDestination": {"sourceToDestinationKeyMapping": {"": "x"}}},
        {"asReplicationDestination": {"sourceToDestinationKeyMapping": {"x": ""}}},
        {"asReplicationDestination": {"sourceToDestinationKeyMapping": {"x": 1}}},
        {"asReplicationDestination": {"sourceToDestinationKeyMapping": ["x"]}},
    ],
)
def test_a_configuration_against_the_rules_is_refused(asked):
    with pytest.raises(BadRequest):
        replication_of(asked, None, 1000)


def test_what_is_left_out_is_told_with_its_default_and_our_own_note_is_not_told():
    told = replication_json(replication_of(source({**RULE, "priority": None, "unknown": 1}), None, 1000))
    defaults = {"fileNamePrefix": "", "priority": 128, "isEnabled": True, "includeExistingFiles": False}
    assert told == {
        "asReplicationSource": {"sourceApplicationKeyId": KEY, "replicationRules": [{**RULE, **defaults}]},
        "asReplicationDestination": None,
    }


@pytest.mark.parametrize("highest", [1, 2**31 - 1])
def test_a_priority_may_go_to_its_limits(highest):
    kept = replication_of(source({**RULE, "priority": highest, "replicationRuleName": "n" * 64}), None, 1000)
    assert kept["asReplicationSource"]["replicationRules"][0]["priority"] == highest


def file(key=b"a.png", uploaded_at_ms=2000, action=Action.UPLOAD, encryption=None):
    made = FileVersion("a" * 12, "b" * 24, "id", key, action, uploaded_at_ms, 1, "image/png", None, "")
    return replace(made, encryption=encryption)


@pytest.mark.parametrize(
    ("rule", "version", "status"),
    [
        ({}, file(), "PENDING"),  # files under a rule show it at once
        ({}, file(uploaded_at_ms=999), None),  # those from before the rule only where it says so
        ({"includeExistingFiles": True}, file(uploaded_at_ms=999), "PENDING"),
        ({"isEnabled": False}, file(), None),
        ({"fileNamePrefix": "a"}, file(), "PENDING"),
        ({"fileNamePrefix": "b"}, file(), None),
        ({}, file(action=Action.HIDE), None),
        ({}, file(action=Action.START), None),
        ({}, file(encryption=ServerSideEncryption(EncryptionScheme.SERVER_KEY)), "PENDING"),
        # SSE-C files are not replicated
        ({}, file(encryption=ServerSideEncryption(EncryptionScheme.CUSTOMER_KEY, "md5")), None),
    ],
)
def test_a_file_under_a_rule_is_pending(rule, version, status):
    settings = BucketSettings(replication=replication_of(source({**RULE, **rule}), None, 1000))
    assert replication_status(settings, version) == status


def test_without_rules_a_file_says_nothing():
    assert replication_status(BucketSettings(), file()) is None
    destination = {"asReplicationDestination": {"sourceToDestinationKeyMapping": {"x": "y"}}}
    assert replication_status(BucketSettings(replication=replication_of(destination, None, 1)), file()) is None


def test_a_rule_that_goes_on_to_the_same_bucket_keeps_its_time():
    first = replication_of(source(RULE), None, 1000)
    again = BucketSettings(replication=replication_of(source({**RULE, "priority": 5}), first, 9000))
    assert replication_status(again, file(uploaded_at_ms=2000)) == "PENDING"
    elsewhere = replication_of(source({**RULE, "destinationBucketId": "c" * 24}), first, 9000)
    assert replication_status(BucketSettings(replication=elsewhere), file(uploaded_at_ms=2000)) is None
