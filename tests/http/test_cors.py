"""Which rule of a bucket lets a page of another origin do what (b2.md §6.3; Fetch §3.2)."""

from dataclasses import dataclass

import pytest

from calotype.http.cors import (
    Preflight,
    matching_rule,
    origin_matches,
    preflight_headers,
    read_preflight,
    response_headers,
)
from calotype.http.message import Headers


@dataclass(frozen=True)
class Rule:
    allowed_origins: tuple[str, ...] = ("https://a.example",)
    allowed_operations: tuple[str, ...] = ("download",)
    allowed_headers: tuple[str, ...] | None = None
    expose_headers: tuple[str, ...] | None = None
    max_age_s: int = 3600


@pytest.mark.parametrize(
    ("pattern", "origin", "expected"),
    [
        # a full origin: scheme, host and port, letter case apart
        ("https://www.example.com", "https://www.example.com", True),
        ("https://www.example.com", "https://WWW.Example.com", True),
        ("https://www.example.com", "http://www.example.com", False),
        ("https://www.example.com", "https://example.com", False),
        ("https://www.example.com", "https://www.example.com.evil.net", False),
        ("http://www.example.com:8180", "http://www.example.com:8180", True),
        ("http://www.example.com:8180", "http://www.example.com", False),
        # a default port may be left out on either side
        ("https://www.example.com", "https://www.example.com:443", True),
        ("http://www.example.com:80", "http://www.example.com", True),
        ("https://www.example.com", "https://www.example.com:80", False),
        ("http://[::1]:8000", "http://[::1]:8000", True),
        # one `*` in the host, which stands for any part of it, dots included, but never for the port
        ("https://*.example.com", "https://www.example.com", True),
        ("https://*.example.com", "https://a.b.example.com", True),
        ("https://*.example.com", "https://example.com", False),
        ("https://*.example.com", "https://www.example.com:8443", False),
        ("https://*.example.com", "https://www.example.org", False),
        ("https://photos*.example.com", "https://photos.example.com", True),
        ("https://photos*.example.com", "https://photos-2.example.com", True),
        ("https://ab*ba.example", "https://aba.example", False),  # the two ends must not overlap
        ("http://*:8443", "http://anything:8443", True),
        ("http://*:8443", "http://anything", False),
        # `https` and `https://*`: any https
        ("https", "https://www.example.com", True),
        ("https", "https://www.example.com:8443", True),
        ("https", "http://www.example.com", False),
        ("https://*", "https://www.example.com", True),
        ("https://*", "http://www.example.com", False),
        # `*`: any, also the origin of files and sandboxed frames
        ("*", "http://www.example.com", True),
        ("*", "null", True),
        ("https", "null", False),
        ("null", "null", False),
        # what is no origin matches nothing
        ("https://www.example.com", "https://www.example.com/", False),
        ("https://www.example.com", "https://user@www.example.com", False),
        ("https://*.example.com", "https://evil.net/.example.com", False),
        ("https://*", "https://", False),
    ],
)
def test_an_allowed_origin_covers(pattern, origin, expected):
    assert origin_matches(pattern, origin) is expected


@pytest.mark.parametrize(
    ("allowed", "asked", "expected"),
    [
        (None, [], True),
        (None, ["range"], False),  # no list is an empty list
        ((), ["range"], False),
        (("range",), ["range"], True),
        (("Range",), ["range"], True),  # letter case does not matter
        (("range",), ["range", "authorization"], False),  # each header must be allowed
        (("*",), ["range", "x-bz-anything"], True),
        (("x-bz-info-*",), ["x-bz-info-author"], True),
        (("x-bz-info-*",), ["x-bz-file-name"], False),
        (("x-bz-info-*", "x-bz-file-name"), ["x-bz-file-name", "x-bz-info-b2-cache-control"], True),
    ],
)
def test_every_header_that_a_page_wants_to_send_must_be_allowed(allowed, asked, expected):
    rules = [Rule(allowed_headers=allowed)]
    found = matching_rule(rules, origin="https://a.example", operations=["download"], headers=asked)
    assert (found is not None) is expected


def test_the_first_rule_that_allows_all_of_it_wins():
    rules = [
        Rule(allowed_operations=("upload",), max_age_s=1),
        Rule(allowed_origins=("https://b.example",), max_age_s=2),
        Rule(max_age_s=3),
        Rule(allowed_headers=("range",), max_age_s=4),
        Rule(allowed_origins=("*",), allowed_headers=("*",), max_age_s=5),
    ]

    def found(**asked):
        rule = matching_rule(rules, **{"origin": "https://a.example", "operations": ["download"], **asked})
        return rule and rule.max_age_s

    assert found() == 3
    assert found(headers=["range"]) == 4
    assert found(headers=["authorization"]) == 5
    assert found(operations=["upload"]) == 1
    assert found(operations=["delete", "upload"]) == 1
    assert found(operations=["delete"]) is None
    assert found(origin="https://b.example") == 2


def test_a_preflight_is_an_options_with_an_origin_and_a_method():
    asked = Headers(
        [
            ("origin", "https://a.example"),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "Range,  AUTHORIZATION,"),
        ]
    )
    assert read_preflight(asked) == Preflight("https://a.example", "GET", ("range", "authorization"))
    assert read_preflight(asked.without("access-control-request-headers")) == Preflight("https://a.example", "GET")
    assert read_preflight(asked.without("origin")) is None
    assert read_preflight(asked.without("access-control-request-method")) is None


def test_an_answer_names_the_origin_or_everybody_and_what_a_page_may_read():
    rule = Rule(expose_headers=("x-bz-content-sha1", "x-bz-file-id"))
    assert list(response_headers(rule, "https://a.example")) == [
        ("access-control-allow-origin", "https://a.example"),
        ("access-control-expose-headers", "x-bz-content-sha1, x-bz-file-id"),
    ]
    everybody = Rule(allowed_origins=("*",))
    assert list(response_headers(everybody, "https://a.example")) == [("access-control-allow-origin", "*")]
    assert list(response_headers(None, "https://a.example")) == []


def test_the_answer_to_a_preflight_says_for_how_long_it_holds():
    preflight = Preflight("https://a.example", "GET", ("range",))
    assert list(preflight_headers(Rule(allowed_headers=("*",)), preflight, ["GET", "HEAD"])) == [
        ("access-control-allow-origin", "https://a.example"),
        ("access-control-allow-methods", "GET, HEAD"),
        ("access-control-allow-headers", "range"),
        ("access-control-max-age", "3600"),
    ]
