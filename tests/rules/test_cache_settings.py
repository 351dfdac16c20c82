from __future__ import annotations

from typing import Any

import pytest

from calotype.rules.actions import compile_action
from calotype.rules.cache_settings import (
    BrowserTtl,
    CacheKeySettings,
    CacheSettings,
    EdgeTtl,
    QueryStringKey,
    StatusCodeTtl,
)
from calotype.rules.errors import ParameterError
from calotype.rules.phases import CACHE_SETTINGS


def settings(**parameters: Any) -> CacheSettings:
    action = compile_action(CACHE_SETTINGS, "set_cache_settings", parameters)
    assert isinstance(action, CacheSettings)
    return action


def query_string(**parameters: Any) -> QueryStringKey | None:
    key = settings(cache_key={"custom_key": {"query_string": parameters}}).cache_key
    assert key is not None
    return key.query_string


def test_every_parameter_is_read() -> None:
    assert settings(
        cache=True,
        edge_ttl={
            "mode": "override_origin",
            "default": 2_592_000,
            "status_code_ttl": [
                {"status_code": 404, "value": 3},
                {"status_code_range": {"from": 500, "to": 599}, "value": -1},
            ],
        },
        browser_ttl={"mode": "override_origin", "default": 600},
        cache_key={
            "ignore_query_strings_order": True,
            "custom_key": {
                "query_string": {"exclude": {"all": True}},
                "header": {"include": ["X-A"], "check_presence": ["x-b"], "exclude_origin": True},
            },
        },
        serve_stale={"disable_stale_while_updating": True},
        respect_strong_etags=True,
        origin_error_page_passthru=False,
        origin_cache_control=True,
        additional_cacheable_ports=[8443],
        read_timeout=60,
    ) == CacheSettings(
        cache=True,
        edge_ttl=EdgeTtl("override_origin", 2_592_000, (StatusCodeTtl(404, 404, 3), StatusCodeTtl(500, 599, -1))),
        browser_ttl=BrowserTtl("override_origin", 600),
        cache_key=CacheKeySettings(QueryStringKey(exclude_all=True), ("x-a",), ("x-b",), True, True),
        disable_stale_while_updating=True,
        respect_strong_etags=True,
        origin_error_page_passthru=False,
        origin_cache_control=True,
        additional_cacheable_ports=(8443,),
        read_timeout_s=60,
    )


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"exclude": {"all": True}}, QueryStringKey(exclude_all=True)),
        ({"exclude": "*"}, QueryStringKey(exclude_all=True)),  # the older form
        ({"include": {"all": True}}, QueryStringKey(include_all=True)),
        ({"include": {"list": ["a", "b"]}}, QueryStringKey(include=("a", "b"))),
        ({"include": ["a"]}, QueryStringKey(include=("a",))),
        ({"exclude": {"list": ["utm_source"]}}, QueryStringKey(exclude=("utm_source",))),
    ],
)
def test_query_parameters_of_the_key_are_chosen_in_both_forms(parameters: Any, expected: QueryStringKey) -> None:
    assert query_string(**parameters) == expected


@pytest.mark.parametrize(
    ("status", "ttl"),
    [
        (404, 3),  # its own, though a range holds it too
        (410, 60),
        (499, 60),
        (503, -1),
        (200, 100),
        (304, 100),  # a TTL for 200 counts for 304
        (301, None),
    ],
)
def test_the_narrowest_status_range_gives_the_ttl(status: int, ttl: int | None) -> None:
    edge_ttl = EdgeTtl(
        "respect_origin",
        None,
        (
            StatusCodeTtl(400, 499, 60),
            StatusCodeTtl(404, 404, 3),
            StatusCodeTtl(500, 999, -1),
            StatusCodeTtl(200, 200, 100),
        ),
    )
    assert edge_ttl.for_status(status) == ttl


def test_a_304_with_a_ttl_of_its_own_keeps_it() -> None:
    ttls = (StatusCodeTtl(200, 200, 100), StatusCodeTtl(304, 304, 5))
    assert EdgeTtl("respect_origin", None, ttls).for_status(304) == 5


def test_of_each_setting_the_last_matching_rule_wins() -> None:
    first = settings(cache=True, browser_ttl={"mode": "bypass"}, respect_strong_etags=True)
    second = settings(cache=False, edge_ttl={"mode": "bypass_by_default"})
    assert first.merged(second) == CacheSettings(
        cache=False,
        browser_ttl=BrowserTtl("bypass"),
        edge_ttl=EdgeTtl("bypass_by_default"),
        respect_strong_etags=True,
    )


@pytest.mark.parametrize(
    ("parameters", "pointer", "message"),
    [
        ({}, "", "at least one setting"),
        ({"cache": "yes"}, "/cache", "expected true or false, found a string"),
        ({"cache": None, "edge_ttl": []}, "/edge_ttl", "expected an object, found a list"),
        ({"edge_ttl": {}}, "/edge_ttl/mode", "required"),
        ({"edge_ttl": {"mode": "bypass"}}, "/edge_ttl/mode", "expected one of respect_origin"),
        ({"edge_ttl": {"mode": "override_origin"}}, "/edge_ttl/default", "is required with"),
        ({"edge_ttl": {"mode": "respect_origin", "default": 1}}, "/edge_ttl/default", "only with"),
        ({"edge_ttl": {"mode": "override_origin", "default": -1}}, "/edge_ttl/default", "between 0 and"),
        ({"edge_ttl": {"mode": "override_origin", "default": 1.5}}, "/edge_ttl/default", "whole number"),
        ({"edge_ttl": {"mode": "override_origin", "default": True}}, "/edge_ttl/default", "whole number, found true"),
        (
            {"edge_ttl": {"mode": "respect_origin", "status_code_ttl": [{"value": 1}]}},
            "/edge_ttl/status_code_ttl/0",
            "exactly one of",
        ),
        (
            {"edge_ttl": {"mode": "respect_origin", "status_code_ttl": [{"status_code": 404}]}},
            "/edge_ttl/status_code_ttl/0/value",
            "required",
        ),
        (
            {
                "edge_ttl": {
                    "mode": "respect_origin",
                    "status_code_ttl": [{"status_code_range": {"from": 500, "to": 400}, "value": 1}],
                }
            },
            "/edge_ttl/status_code_ttl/0/status_code_range",
            "must not be greater",
        ),
        (
            {"edge_ttl": {"mode": "respect_origin", "status_code_ttl": [{"status_code_range": {}, "value": 1}]}},
            "/edge_ttl/status_code_ttl/0/status_code_range",
            "give `from`",
        ),
        ({"browser_ttl": {"mode": "override_origin"}}, "/browser_ttl/default", "is required with"),
        ({"cache_key": {"custom_key": {"query_string": {}}}}, "/cache_key/custom_key/query_string", "exactly one of"),
        (
            {"cache_key": {"custom_key": {"query_string": {"include": {"all": True}, "exclude": {"all": True}}}}},
            "/cache_key/custom_key/query_string",
            "exactly one of",
        ),
        (
            {"cache_key": {"custom_key": {"query_string": {"include": {}}}}},
            "/cache_key/custom_key/query_string/include",
            "give either",
        ),
        (
            {"cache_key": {"custom_key": {"query_string": {"include": {"list": [1]}}}}},
            "/cache_key/custom_key/query_string/include/list/0",
            "expected a string, found the number 1",
        ),
        (
            {"cache_key": {"custom_key": {"query_string": {"include": ["a"] * 101}}}},
            "/cache_key/custom_key/query_string/include",
            "at most 100",
        ),
        (
            {"cache_key": {"custom_key": {"header": {"include": ["Accept"]}}}},
            "/cache_key/custom_key/header/include/0",
            "may not be in a cache key",
        ),
        ({"cache_key": {"custom_key": {"user": {}}}}, "/cache_key/custom_key/user", "unknown parameter"),
        ({"serve_stale": {"x": 1}}, "/serve_stale/x", "unknown parameter"),
        ({"additional_cacheable_ports": [0]}, "/additional_cacheable_ports/0", "between 1 and 65535"),
    ],
)
def test_wrong_settings_are_refused_with_their_pointer(parameters: Any, pointer: str, message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        compile_action(CACHE_SETTINGS, "set_cache_settings", parameters)
    assert caught.value.pointer == "/action_parameters" + pointer
    assert message in caught.value.message
