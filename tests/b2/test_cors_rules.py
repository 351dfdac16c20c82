"""Which CORS rules a bucket takes, and how it tells them (b2.md §6.3)."""

import pytest

from calotype.b2.cors_rules import cors_rules_json, cors_rules_of
from calotype.b2.errors import BadRequest
from calotype.store.model import CorsRule

RULE = {
    "corsRuleName": "downloads",
    "allowedOrigins": ["https://www.example.com"],
    "allowedOperations": ["b2_download_file_by_name"],
    "allowedHeaders": ["range"],
    "exposeHeaders": ["x-bz-content-sha1"],
    "maxAgeSeconds": 3600,
}
ALL_OPERATIONS = [
    "b2_download_file_by_name",
    "b2_download_file_by_id",
    "b2_upload_file",
    "b2_upload_part",
    "s3_delete",
    "s3_get",
    "s3_head",
    "s3_post",
    "s3_put",
]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"corsRuleName": "sixsix"},  # 6 to 50 letters, digits, `-`
        {"corsRuleName": "N-" * 25},
        {"corsRuleName": "b2downloads"},
        {"allowedOrigins": ["https://*.example.com", "http://*:8080", "http://[::1]:9000", "https"]},
        {"allowedOrigins": ["https://a.example", "https"]},
        {"allowedOrigins": ["https", "http://a.example"]},
        {"allowedOrigins": ["https://*"]},
        {"allowedOrigins": ["*"]},
        {"allowedOperations": ALL_OPERATIONS},
        {"allowedHeaders": ["*"]},
        {"allowedHeaders": ["x-bz-info-*", "Authorization"]},
        {"allowedHeaders": [], "exposeHeaders": []},
        {"allowedHeaders": None, "exposeHeaders": None},
        {"maxAgeSeconds": 0},
        {"maxAgeSeconds": 86_400},
        {"exposeHeaders": ["x" * (999 - len("downloadshttps://www.example.comb2_download_file_by_namerange"))]},
    ],
)
def test_a_rule_within_the_limits_comes_back_as_it_was(change):
    assert cors_rules_json(cors_rules_of([{**RULE, **change}])) == [{**RULE, **change}]


def test_lists_that_were_not_given_are_null():
    needed = {name: RULE[name] for name in RULE if name not in ("allowedHeaders", "exposeHeaders")}
    told = cors_rules_json(cors_rules_of([{**needed, "unknown": 1}]))
    assert told == [{**RULE, "allowedHeaders": None, "exposeHeaders": None}]


@pytest.mark.parametrize(
    "change",
    [
        {"corsRuleName": None},
        {"corsRuleName": "short"},  # one below the 6
        {"corsRuleName": "n" * 51},  # one past the 50
        {"corsRuleName": "under_score"},
        {"corsRuleName": "b2-downloads"},  # not `b2-…`
        {"corsRuleName": "B2-downloads"},
        {"allowedOrigins": None},
        {"allowedOrigins": []},
        {"allowedOrigins": "https"},
        {"allowedOrigins": ["*", "https://a.example"]},
        {"allowedOrigins": ["https://*.*.example"]},  # one `*`
        {"allowedOrigins": ["https", "https://a.example"]},
        {"allowedOrigins": ["https", "https"]},
        {"allowedOrigins": ["www.example.com"]},
        {"allowedOrigins": ["https://www.example.com/path"]},
        {"allowedOrigins": ["https://www.example.com/"]},
        {"allowedOrigins": ["ftp://www.example.com"]},
        {"allowedOrigins": ["*://www.example.com"]},
        {"allowedOrigins": ["https://www.example.com:*"]},
        {"allowedOrigins": ["https://bücher.example"]},
        {"allowedOrigins": ["null"]},
        {"allowedOrigins": [""]},
        {"allowedOperations": None},
        {"allowedOperations": []},
        {"allowedOperations": ["b2_list_buckets"]},
        {"allowedOperations": ["S3_GET"]},
        {"allowedHeaders": ["x bad"]},
        {"allowedHeaders": ["x-*-y"]},
        {"allowedHeaders": [""]},
        {"allowedHeaders": "range"},
        {"exposeHeaders": ["*"]},
        {"exposeHeaders": ["x-bz-info-*"]},
        {"exposeHeaders": ["x:\r\ny"]},
        {"maxAgeSeconds": None},
        {"maxAgeSeconds": -1},
        {"maxAgeSeconds": 86_401},  # one past the day
        {"maxAgeSeconds": 1.5},
        {"maxAgeSeconds": True},
        {"exposeHeaders": ["x" * (1000 - len("downloadshttps://www.example.comb2_download_file_by_namerange"))]},
    ],
)
def test_a_rule_against_the_limits_is_refused(change):
    with pytest.raises(BadRequest, match="corsRules"):
        cors_rules_of([{**RULE, **change}])


def test_a_bucket_has_100_rules_at_most_with_names_of_their_own():
    rules = [{**RULE, "corsRuleName": f"rule-{number}"} for number in range(101)]
    rules[0]["corsRuleName"] = "rule-zero"
    for number in range(1, 10):
        rules[number]["corsRuleName"] = f"rule-0{number}"
    assert len(cors_rules_of(rules[:100])) == 100
    with pytest.raises(BadRequest, match="100"):
        cors_rules_of(rules)
    with pytest.raises(BadRequest, match="two are named 'downloads'"):
        cors_rules_of([RULE, {**RULE, "maxAgeSeconds": 1}])


def test_a_rule_that_s3_was_given_without_name_and_age_is_told_by_its_place() -> None:
    rules = [CorsRule("first-rule", ("*",), ("s3_get",)), CorsRule("", ("*",), ("s3_put",), max_age_s=None)]
    told = cors_rules_json(rules)
    assert [(rule["corsRuleName"], rule["maxAgeSeconds"]) for rule in told] == [("first-rule", 0), ("s3-rule-2", 0)]
    assert cors_rules_of(told)[1].name == "s3-rule-2"
