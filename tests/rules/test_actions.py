from __future__ import annotations

from typing import Any

import pytest

from calotype.http.message import Headers
from calotype.rules.actions import ConfigSettings, Redirect, RewriteFailed, Route, UriRewrite, compile_action
from calotype.rules.errors import ParameterError
from calotype.rules.header_rewrite import HeaderRewrite
from calotype.rules.phases import (
    CACHE_SETTINGS,
    CONFIG_SETTINGS,
    DYNAMIC_REDIRECT,
    ORIGIN,
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    URL_REWRITE,
)
from calotype.rules.ruleset import Rule, compile_rules
from rules.values import Values


def request(path: bytes = b"/a+b.jpg") -> Values:
    return Values(
        {
            "http.host": b"img.example.com",
            "http.request.uri.path": path,
            "http.request.uri.query": b"v=1&w=2",
            "http.request.headers": {},
            "http.referer": b"https://x/\x80",
            "http.user_agent": b"",
            "http.response.headers": {b"x-sha1": [b"abc"]},
        }
    )


REQUEST = request()


def rewrite(path: Any = None, query: Any = None) -> UriRewrite:
    parts = {name: part for name, part in (("path", path), ("query", query)) if part is not None}
    action = compile_action(URL_REWRITE, "rewrite", {"uri": parts})
    assert isinstance(action, UriRewrite)
    return action


def headers_rewrite(headers: dict[str, Any], phase: str = RESPONSE_HEADERS) -> HeaderRewrite:
    action = compile_action(phase, "rewrite", {"headers": headers})
    assert isinstance(action, HeaderRewrite)
    return action


# URL rewrite


def test_a_path_is_rewritten_by_an_expression_and_the_query_stays() -> None:
    action = rewrite(path={"expression": 'concat("/file/photos", http.request.uri.path)'})
    assert action.rewritten(REQUEST) == (b"/file/photos/a+b.jpg", None)
    assert action.fields == {"http.request.uri.path"}


def test_path_and_query_are_rewritten_to_fixed_values() -> None:
    assert rewrite(path={"value": "/x"}, query={"value": ""}).rewritten(REQUEST) == (b"/x", b"")
    removed = rewrite(query={"expression": 'remove_query_args(http.request.uri.query, "v")'})
    assert removed.rewritten(REQUEST) == (None, b"w=2")


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ('concat("x", http.request.uri.path)', 1035),  # does not start with /
        ('concat("/cdn-cgi", http.request.uri.path)', 1035),
        ('concat("/", http.referer, "\\x0a")', 1035),  # would break the request line
        ('concat("/", http.referer, " ")', 1035),
        ('http.request.headers["absent"][0]', 1037),
    ],
)
def test_a_rewritten_path_that_cannot_be_one_fails_with_cloudflares_code(expression: str, code: int) -> None:
    action = rewrite(path={"expression": expression})
    with pytest.raises(RewriteFailed) as caught:
        action.rewritten(REQUEST)
    assert caught.value.code == code


def test_a_rewritten_path_that_is_too_long_fails() -> None:
    long = request(path=b"/" + b"x" * 9000)
    with pytest.raises(RewriteFailed) as caught:
        rewrite(path={"expression": "concat(http.request.uri.path, http.request.uri.path)"}).rewritten(long)
    assert caught.value.code == 1036


# Headers

BEFORE = Headers([("x-bz-info-a", "1"), ("x-bz-info-b", "2"), ("vary", "a"), ("vary", "b"), ("etag", '"1"')])


def test_headers_are_set_added_and_removed() -> None:
    action = headers_rewrite(
        {
            "Vary": {"operation": "set", "value": "accept"},
            "Set-Cookie": {"operation": "add", "value": "a=1"},
            "ETag": {"operation": "remove"},
            "X-Host": {"operation": "set", "expression": "http.host"},
        }
    )
    assert list(action.apply(BEFORE, REQUEST)) == [
        ("x-bz-info-a", "1"),
        ("x-bz-info-b", "2"),
        ("vary", "accept"),
        ("set-cookie", "a=1"),
        ("x-host", "img.example.com"),
    ]
    assert action.fields == {"http.host"}


def test_a_star_at_the_end_removes_every_header_that_starts_so() -> None:
    action = headers_rewrite({"X-Bz-Info-*": {"operation": "remove"}})
    assert action.apply(BEFORE, REQUEST).names() == ["vary", "etag"]


@pytest.mark.parametrize(
    "expression",
    [
        'http.request.headers["absent"][0]',  # undefined
        "http.user_agent",  # empty
        'concat(http.host, "\\x0d\\x0aset-cookie: a")',  # would split the header
        'concat(http.host, "\\x00")',
        f"concat({', '.join(['http.request.uri.path'] * 45)})",  # longer than 4 KB
    ],
)  # fmt: skip
def test_a_set_whose_value_cannot_be_a_header_removes_it(expression: str) -> None:
    action = headers_rewrite({"etag": {"operation": "set", "expression": expression}})
    long_path = request(path=b"/" + b"z" * 100)
    assert "etag" not in action.apply(BEFORE, long_path)
    added = headers_rewrite({"x-new": {"operation": "add", "expression": expression}})
    assert added.apply(BEFORE, long_path) == BEFORE


def test_bytes_beyond_ascii_pass_unchanged() -> None:
    action = headers_rewrite({"x-ref": {"operation": "set", "expression": "http.referer"}})
    assert action.apply(Headers(), REQUEST).get("x-ref") == "https://x/\x80"


def test_response_rules_read_the_response() -> None:
    action = headers_rewrite(
        {"etag": {"operation": "set", "expression": 'concat("\\"", http.response.headers["x-sha1"][0], "\\"")'}}
    )
    assert action.apply(Headers([("x-sha1", "abc")]), REQUEST).get("etag") == '"abc"'


@pytest.mark.parametrize(
    ("phase", "name", "change", "message"),
    [
        (RESPONSE_HEADERS, "cf-ray", {"operation": "remove"}, "the header cf-ray may not be changed (1040)"),
        (RESPONSE_HEADERS, "Server", {"operation": "set", "value": "x"}, "may not be changed"),
        (RESPONSE_HEADERS, "Transfer-Encoding", {"operation": "remove"}, "may not be changed"),
        (RESPONSE_HEADERS, "ser*", {"operation": "remove"}, "would remove headers that may not be changed"),
        (RESPONSE_HEADERS, "c*", {"operation": "remove"}, "would remove headers that may not be changed"),
        (RESPONSE_HEADERS, "*", {"operation": "remove"}, "a header name has letters"),
        (RESPONSE_HEADERS, "x*", {"operation": "set", "value": "1"}, "a header name has letters"),
        (RESPONSE_HEADERS, "x y", {"operation": "remove"}, "a header name has letters"),
        (RESPONSE_HEADERS, "", {"operation": "remove"}, "a header name has letters"),
        (RESPONSE_HEADERS, "x", {"operation": "set"}, "exactly one of `value` and `expression`"),
        (RESPONSE_HEADERS, "x", {"operation": "set", "value": "1", "expression": "ssl"}, "exactly one of"),
        (RESPONSE_HEADERS, "x", {"operation": "remove", "value": "1"}, "unknown parameter"),
        (RESPONSE_HEADERS, "x", {"operation": "append", "value": "1"}, "expected one of set, add, remove"),
        (RESPONSE_HEADERS, "x", {"value": "1"}, "this parameter is required"),
        (RESPONSE_HEADERS, "x", {"operation": "set", "value": "a\nb"}, "common punctuation only (1041)"),
        (RESPONSE_HEADERS, "x", {"operation": "set", "value": "x" * 4097}, "at most 4096 bytes (1041)"),
        (RESPONSE_HEADERS, "x", {"operation": "set", "expression": "ssl"}, "expected a String, this is Bool"),
        (RESPONSE_HEADERS, "x", "remove", "expected an object, found a string"),
        (REQUEST_HEADERS, "Host", {"operation": "set", "value": "x"}, "may not be changed"),
        (REQUEST_HEADERS, "Accept-Encoding", {"operation": "remove"}, "may not be changed"),
        (REQUEST_HEADERS, "Cookie", {"operation": "set", "value": "a=1"}, "may only be removed"),
    ],
)
def test_a_wrong_header_rule_is_refused_with_its_pointer(phase: str, name: str, change: Any, message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        compile_action(phase, "rewrite", {"headers": {name: change}}, pointer="/rules/0")
    assert message in caught.value.message
    assert caught.value.pointer.startswith("/rules/0/action_parameters/headers/")


def test_request_rules_may_remove_the_cookie_and_the_visitors_address() -> None:
    action = headers_rewrite(
        {"Cookie": {"operation": "remove"}, "CF-Connecting-IP": {"operation": "remove"}}, REQUEST_HEADERS
    )
    assert action.apply(Headers([("cookie", "a"), ("cf-connecting-ip", "1"), ("x", "2")]), REQUEST).names() == ["x"]


# Redirect, origin, configuration


def redirect(**from_value: Any) -> Redirect:
    action = compile_action(DYNAMIC_REDIRECT, "redirect", {"from_value": from_value})
    assert isinstance(action, Redirect)
    return action


def test_a_redirect_goes_to_its_target_with_or_without_the_query() -> None:
    fixed = redirect(target_url={"value": "https://example.com/"})
    assert (fixed.location(REQUEST), fixed.status_code) == (b"https://example.com/", 301)
    kept = redirect(
        target_url={"expression": 'concat("https://", http.host, "/?a=1")'}, status_code=308, preserve_query_string=True
    )
    assert (kept.location(REQUEST), kept.status_code) == (b"https://img.example.com/?a=1&v=1&w=2", 308)
    assert kept.fields == {"http.host", "http.request.uri.query"}
    assert redirect(target_url={"value": "/x"}, preserve_query_string=True).location(REQUEST) == b"/x?v=1&w=2"


def test_a_redirect_that_would_split_the_header_fails() -> None:
    with pytest.raises(RewriteFailed):
        redirect(target_url={"expression": 'concat("/", "\\x0a")'}).location(REQUEST)


def test_origin_rules_stack_and_the_last_one_wins() -> None:
    first = compile_action(ORIGIN, "route", {"host_header": "a", "origin": {"host": "b", "port": 9000}})
    second = compile_action(ORIGIN, "route", {"sni": {"value": "c"}, "origin": {"port": 9001}})
    assert isinstance(first, Route)
    assert isinstance(second, Route)
    assert first.merged(second) == Route("a", "c", "b", 9001)


def test_configuration_rules_stack_and_the_last_one_wins() -> None:
    first = compile_action(CONFIG_SETTINGS, "set_config", {"ssl": "off", "hotlink_protection": False})
    second = compile_action(CONFIG_SETTINGS, "set_config", {"ssl": "strict"})
    assert isinstance(first, ConfigSettings)
    assert isinstance(second, ConfigSettings)
    merged = first.merged(second)
    assert (merged.get("ssl"), merged.get("hotlink_protection"), merged.get("polish")) == ("strict", False, None)


# Wrong rules


@pytest.mark.parametrize(
    ("phase", "action", "parameters", "pointer", "message"),
    [
        (URL_REWRITE, "redirect", {}, "/action", "the action of phase http_request_transform is 'rewrite'"),
        ("http_ratelimit", "block", {}, "", "rules of phase http_ratelimit do not run on this edge"),
        (URL_REWRITE, "rewrite", None, "/action_parameters", "expected an object, found null"),
        (URL_REWRITE, "rewrite", {}, "/action_parameters/uri", "required"),
        (URL_REWRITE, "rewrite", {"uri": {}}, "/action_parameters/uri", "give `path`, `query` or both"),
        (URL_REWRITE, "rewrite", {"uri": {"host": "x"}}, "/action_parameters/uri/host", "unknown parameter"),
        (URL_REWRITE, "rewrite", {"uri": {"path": {"value": "x"}}}, "/action_parameters/uri/path/value", "with /"),
        (URL_REWRITE, "rewrite", {"uri": {"path": {"value": 1}}}, "/action_parameters/uri/path/value", "a string"),
        (
            URL_REWRITE,
            "rewrite",
            {"uri": {"path": {"expression": "http.hots"}}},
            "/action_parameters/uri/path/expression",
            "unknown field `http.hots` (line 1, column 1)",
        ),
        (
            URL_REWRITE,
            "rewrite",
            {"uri": {"path": {"expression": "len(http.host)"}}},
            "/action_parameters/uri/path/expression",
            "expected a String, this is Int; see to_string()",
        ),
        (URL_REWRITE, "rewrite", {"uri": {"path": {"value": "/"}}, "a/b~": 1}, "/action_parameters/a~1b~0", "unknown"),
        (RESPONSE_HEADERS, "rewrite", {"headers": {}}, "/action_parameters/headers", "at least one header"),
        (
            DYNAMIC_REDIRECT,
            "redirect",
            {"from_value": {"target_url": {"value": "/"}, "status_code": 200}},
            "/action_parameters/from_value/status_code",
            "expected one of (301,",
        ),
        (ORIGIN, "route", {"origin": {"port": 0}}, "/action_parameters/origin/port", "between 1 and 65535"),
        (ORIGIN, "route", {"origin": {}}, "/action_parameters", "give `host_header`"),
        (ORIGIN, "route", {"sni": {}}, "/action_parameters/sni/value", "required"),
        (CONFIG_SETTINGS, "set_config", {}, "/action_parameters", "at least one setting"),
        (CONFIG_SETTINGS, "set_config", {"ssl": "on"}, "/action_parameters/ssl", "expected one of off"),
        (CONFIG_SETTINGS, "set_config", {"hotlink_protection": 1}, "/action_parameters/hotlink_protection", "true"),
        (CACHE_SETTINGS, "set_cache_settings", {"cach": True}, "/action_parameters/cach", "unknown parameter"),
    ],
)  # fmt: skip
def test_a_wrong_action_is_refused_with_its_pointer(
    phase: str, action: str, parameters: Any, pointer: str, message: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        compile_action(phase, action, parameters)
    assert message in caught.value.message
    assert caught.value.pointer == pointer


def test_the_rules_of_a_phase_are_compiled_in_order_and_disabled_ones_left_out() -> None:
    path = {"uri": {"path": {"value": "/x"}}}
    rules = [
        Rule("1", "ssl", "rewrite", path, ref="first"),
        Rule("2", "true", "rewrite", path, enabled=False),
        Rule("3", "true", "rewrite", {"uri": {"path": {"expression": "http.request.uri.query"}}}),
    ]
    compiled = compile_rules(rules, URL_REWRITE)
    assert [rule.ref for rule in compiled] == ["first", "3"]
    assert [rule.fields for rule in compiled] == [{"ssl"}, {"http.request.uri.query"}]


def test_a_disabled_rule_must_be_right_as_well() -> None:
    with pytest.raises(ParameterError) as caught:
        compile_rules([Rule("1", "sl", "rewrite", {"uri": {}}, enabled=False)], URL_REWRITE)
    assert caught.value.pointer == "/rules/0/expression"
