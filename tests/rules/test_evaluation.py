from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from calotype.rules.errors import ExpressionError
from calotype.rules.expression import compile_filter, compile_value
from calotype.rules.fields import FIELDS
from calotype.rules.functions import FUNCTIONS
from calotype.rules.phases import (
    CACHE_RESPONSE,
    CACHE_SETTINGS,
    DYNAMIC_REDIRECT,
    RESPONSE_HEADERS,
    URL_REWRITE,
)
from calotype.rules.values import MISSING
from rules.values import Values

VALUES: dict[str, Any] = {
    "http.host": b"img.example.com",
    "http.request.uri.path": b"/2026/a b.JPG",
    "http.request.uri.query": b"v=1&w=2&v=3",
    "http.request.method": b"GET",
    "http.request.headers": {b"accept": [b"image/webp", b"*/*"], b"x-n": [b"10"], b"x-empty": [b""]},
    "http.request.uri.args": {b"v": [b"1", b"3"], b"w": [b"2"]},
    "http.request.headers.names": [b"accept", b"x-n"],
    "http.request.timestamp.sec": 1_000,
    "cf.edge.server_port": 8443,
    "ip.src": ipaddress.ip_address("10.1.2.3"),
    "ssl": True,
    "http.response.code": 404,
    "http.response.headers": {b"x-bz-content-sha1": [b"abc"]},
}


def holds(source: str, phase: str = RESPONSE_HEADERS) -> bool:
    return compile_filter(source, phase=phase).matches(Values(VALUES))


def value(source: str, phase: str = RESPONSE_HEADERS) -> Any:
    return compile_value(source, phase=phase).evaluate(Values(VALUES))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("true", True),
        ("false", False),
        ("ssl", True),
        ("not ssl", False),
        ('http.host eq "img.example.com"', True),
        ('http.host eq "IMG.example.com"', False),  # byte-exact
        ('http.host ne "x"', True),
        ('http.host < "img.f" and http.host > "img.e" and http.host le "img.example.com"', True),  # byte order
        ('http.host contains "example"', True),
        ('http.host contains "Example"', False),
        ('http.host wildcard "IMG.*.com"', True),  # case-insensitive
        ('http.host strict wildcard "IMG.*.com"', False),
        ('http.host in {"a" "img.example.com"}', True),
        ('http.request.method in {"POST" "PUT"}', False),
        ('http.request.method in {47:45:54}', True),  # bytes are a string
        ("cf.edge.server_port in {80 443 8000..8999}", True),
        ("cf.edge.server_port in {1..5 9000..9100 6..8442 8444..8999}", False),
        ("cf.edge.server_port in {1..9000 5..6}", True),
        ("cf.edge.server_port ge 8443 and cf.edge.server_port lt 8444", True),
        ("cf.edge.server_port & 1", True),
        ("cf.edge.server_port & 4", False),
        ("ip.src eq 10.1.2.3", True),
        ("ip.src in {10.0.0.0/8 ::1}", True),
        ("ip.src in {10.1.2.4..10.1.2.9 ::/0}", False),
        ("ip.src lt 10.1.2.4", True),
        ("ip.src lt ::1 or ip.src ge ::1 or ip.src eq ::1", False),  # two families have no order
        ("ip.src ne ::1", True),
        # precedence and parity
        ("ssl or ssl and false_is_no_field", None),
        ("not ssl or ssl", True),
        ("ssl xor ssl xor ssl", True),
        ("ssl xor ssl", False),
        ("ssl or ssl xor ssl", True),
        # arrays
        ('any(http.request.headers["accept"][*] eq "*/*")', True),
        ('all(http.request.headers["accept"][*] contains "/")', True),
        ('all(http.request.headers["accept"][*] contains "image")', False),
        ('any(not http.request.headers["accept"][*] contains "image")', True),
        ('any(starts_with(http.request.headers["accept"][*], "image"))', True),
        ('any(starts_with(http.request.headers["accept"][*], "image")[*])', True),
        ('any(lower(upper(http.request.headers["accept"][*])[*])[*] contains "webp")', True),
        ('any(http.request.headers[*][*] eq "10")', True),
        ('any(http.request.headers[*][5] eq "10")', False),
        ('any(http.request.headers[*][0] eq "10")', True),
        ('any(http.request.headers.names[*] in {"x-n"})', True),
        ('any(len(http.request.headers["accept"][*])[*] eq 3)', True),
        ('http.request.headers["accept"][0] eq "image/webp"', True),
        (  # element-wise: no item is both
            'any(http.request.headers["accept"][*] eq "*/*" and http.request.headers["accept"][*] contains "image")',
            False,
        ),
        (
            'any(http.request.headers["accept"][*] eq "*/*" xor http.request.headers["accept"][*] contains "image")',
            True,
        ),
        # missing values
        ('http.request.headers["absent"][0] eq "x"', False),
        ('http.request.headers["absent"][0] ne "x"', False),
        ('not http.request.headers["absent"][0] eq "x"', True),
        ('http.request.headers["accept"][2] eq "x"', False),
        ('http.request.headers["absent"][0] in {"x"}', False),
        ('starts_with(http.request.headers["absent"][0], "x")', False),
        ('not starts_with(http.request.headers["absent"][0], "x")', True),
        ('any(http.request.headers["absent"][*] eq "x")', False),
        ('all(http.request.headers["absent"][*] eq "x")', True),  # holds over an absent header
        ('all(lower(http.request.headers["absent"][*])[*] eq "x")', True),
        ('any(starts_with(http.request.headers["absent"][*], "x"))', False),
        ('len(http.request.headers["absent"]) >= 0', False),
        ('len(http.request.headers["accept"]) >= 0', True),
        ('http.request.headers["Accept"][0] eq "image/webp"', False),  # keys are lower-case
    ],
)  # fmt: skip
def test_a_condition_holds_or_not(source: str, expected: bool | None) -> None:
    if expected is None:
        with pytest.raises(ExpressionError, match="unknown field"):
            holds(source)
        return
    assert holds(source) is expected


@pytest.mark.parametrize(
    ("source", "phase", "expected"),
    [
        ('"constant"', URL_REWRITE, b"constant"),
        ("http.host", URL_REWRITE, b"img.example.com"),
        ('concat("/file/photos", http.request.uri.path)', URL_REWRITE, b"/file/photos/2026/a b.JPG"),
        ('concat("\\"", http.response.headers["x-bz-content-sha1"][0], "\\"")', RESPONSE_HEADERS, b'"abc"'),
        ('concat("a", http.request.headers["absent"][0], "b")', RESPONSE_HEADERS, b"ab"),  # missing is empty
        ('concat(http.request.headers["accept"], http.request.headers["x-n"])', RESPONSE_HEADERS,
         [b"image/webp", b"*/*", b"10"]),
        ("lower(http.request.uri.path)", URL_REWRITE, b"/2026/a b.jpg"),
        ('upper("äb")', URL_REWRITE, "äB".encode()),  # ASCII only
        ('len("äb")', URL_REWRITE, 3),  # bytes
        ("len(http.request.headers)", URL_REWRITE, 3),
        ("substring(http.host, 4)", URL_REWRITE, b"example.com"),
        ("substring(http.host, 4, -4)", URL_REWRITE, b"example"),
        ("substring(http.host, 99)", URL_REWRITE, b""),
        ('split(http.host, ".", 2)', RESPONSE_HEADERS, [b"img", b"example.com"]),  # the last keeps the rest
        ('split(http.host, ".", 128)[2]', RESPONSE_HEADERS, b"com"),
        ('split(http.host, ".", 1)', RESPONSE_HEADERS, [b"img.example.com"]),
        ('join(http.request.headers["accept"], ", ")', RESPONSE_HEADERS, b"image/webp, */*"),
        ('wildcard_replace(http.request.uri.path, "/*/*.jpg", "/${2}/${1}$$")', URL_REWRITE, b"/a b/2026$"),
        ('wildcard_replace(http.request.uri.path, "/*/*.jpg", "/${2}", "s")', URL_REWRITE, b"/2026/a b.JPG"),
        ('remove_query_args(http.request.uri.query, "v")', URL_REWRITE, b"w=2"),
        ('remove_query_args(http.request.uri.query, "v", "w")', URL_REWRITE, b""),
        ('remove_bytes(http.host, ".e")', URL_REWRITE, b"imgxamplcom"),
        ("to_string(cf.edge.server_port)", URL_REWRITE, b"8443"),
        ("to_string(ssl)", DYNAMIC_REDIRECT, b"true"),
        ("to_string(ip.src)", URL_REWRITE, b"10.1.2.3"),
        ('encode_base64("a?>")', RESPONSE_HEADERS, b"YT8+"),
        ('encode_base64("a?>a", "u")', RESPONSE_HEADERS, b"YT8-YQ"),  # no padding unless asked
        ('encode_base64("a?>a", "up")', RESPONSE_HEADERS, b"YT8-YQ=="),
        ('decode_base64(encode_base64("a"))', RESPONSE_HEADERS, b"a"),
        ("decode_base64(http.host)", RESPONSE_HEADERS, MISSING),
        ('url_decode(concat("a+b", "%41%"))', URL_REWRITE, b"a bA%"),
        ('url_decode(concat("%252541", ""), "r")', URL_REWRITE, b"A"),
        ('url_decode(concat("%u0041%u00e9%uZZ", "%u"), "u")', URL_REWRITE, "Aé%uZZ%u".encode()),
        ('url_decode(concat("%u0025", "41"), "ur")', URL_REWRITE, b"A"),
        ('lower(http.request.headers["absent"][0])', URL_REWRITE, MISSING),
        ('http.request.uri.args["v"][1]', URL_REWRITE, b"3"),
        ('lower(http.request.uri.args["v"][*])', URL_REWRITE, [b"1", b"3"]),
    ],
)  # fmt: skip
def test_a_value_is_computed(source: str, phase: str, expected: object) -> None:
    assert value(source, phase) == expected


def test_recursive_decoding_of_a_long_chain_stops() -> None:
    decoded = value('url_decode(concat("%' + "25" * 1000 + '", ""), "r")', URL_REWRITE)
    assert decoded == b"%" + b"25" * (1000 - 16)


@pytest.mark.parametrize(
    ("source", "phase", "message"),
    [
        ("http.hosts", URL_REWRITE, "unknown field `http.hosts`"),
        ('ip.src.country eq "DE"', URL_REWRITE, "not available on this edge"),
        ("http.response.code eq 404", URL_REWRITE, "not available in phase http_request_transform"),
        ("uppercase(http.host)", URL_REWRITE, "unknown function"),
        ('regex_replace(http.host, "a", "b") eq "x"', URL_REWRITE, "`regex_replace` is not available on this edge"),
        ('http.host matches "a"', URL_REWRITE, "regular expressions are not available"),
        ("ip.src in $list", URL_REWRITE, "lists are not available on this edge: $list"),
        ("http.host", URL_REWRITE, "`http.host` is String: compare it"),
        ("http.host eq 5", URL_REWRITE, "expected a string in quotes, found 5"),
        ("cf.edge.server_port eq \"5\"", URL_REWRITE, 'expected a number, found "5"'),
        ("ip.src eq 10", URL_REWRITE, "expected an IP address, found 10"),
        ("cf.edge.server_port in {1 10.0.0.0/8}", URL_REWRITE, "expected a number, found 10.0.0.0/8"),
        ("http.host in {1..5}", URL_REWRITE, "expected a string in quotes, found 1..5"),
        ('cf.edge.server_port contains "5"', URL_REWRITE, "`contains` needs String, `cf.edge.server_port` is Int"),
        ("http.host & 1", URL_REWRITE, "`bitwise_and` needs Int"),
        ("ssl eq 1", URL_REWRITE, "`eq` needs Int or String or IP address, `ssl` is Bool"),
        ('http.request.headers["a"] eq "x"', URL_REWRITE, "`[*]` inside any() or all()"),
        ('http.request.headers["a"][*] eq "x"', URL_REWRITE, "put it in any() or all()"),
        ('ssl and http.request.headers["a"][*] eq "x"', URL_REWRITE, "cannot be joined"),
        ("http.host[0] eq \"x\"", URL_REWRITE, "is String and cannot be indexed by a number"),
        ('http.request.headers[0] eq "x"', URL_REWRITE, "cannot be indexed by a number"),
        ('http.request.headers.names["a"] eq "x"', URL_REWRITE, "cannot be indexed by a string"),
        ('any(http.host[*] eq "x")', URL_REWRITE, "`[*]` needs an array or a map"),
        ("any(ssl)", URL_REWRITE, "takes an array of conditions"),
        ('any("x")', URL_REWRITE, "takes an array of conditions"),
        ("any(ssl, ssl)", URL_REWRITE, "takes one argument"),
        (
            'any(http.request.headers["a"][*] eq "x" and http.request.headers["b"][*] eq "x")',
            URL_REWRITE,
            "may unpack only one array",
        ),
        ("len() eq 1", URL_REWRITE, "`len` takes 1 arguments, not 0"),
        ("len(1) eq 1", URL_REWRITE, "argument 1 of `len` must be String or Array or Map, this is Int"),
        ('starts_with("a", "b")', URL_REWRITE, "a field or a function, not a literal"),
        ('concat("a") eq "a"', URL_REWRITE, "at least 2 arguments"),
        ('concat("a", http.request.headers.names) eq "a"', URL_REWRITE, "must be of one type"),
        ('concat("a", http.request.headers["a"][*]) eq "a"', URL_REWRITE, "only in the first argument"),
        ('split(http.host, ".", 2)[0] eq "a"', URL_REWRITE, "`split` is not available in phase"),
        ('split(http.host, "", 2)[0] eq "a"', RESPONSE_HEADERS, "must not be empty"),
        ('split(http.host, ".", 129)[0] eq "a"', RESPONSE_HEADERS, "from 1 to 128"),
        ('split(http.host, http.host, 2)[0] eq "a"', RESPONSE_HEADERS, "must be a literal"),
        ('remove_query_args(http.host, "v") eq ""', URL_REWRITE, "must be http.request.uri.query"),
        ('wildcard_replace(http.host, "**", "") eq ""', URL_REWRITE, "`**` is not allowed"),
        ('wildcard_replace(http.host, "*", "${2}") eq ""', URL_REWRITE, "refers to a star"),
        ('wildcard_replace(http.host, "*", "${1}", "i") eq ""', URL_REWRITE, 'the flag of wildcard_replace is "s"'),
        (
            'wildcard_replace(wildcard_replace(http.host, "*", ""), "*", "") eq ""',
            URL_REWRITE,
            "may be used once in an expression",
        ),
        ('url_decode(http.host, "x") eq ""', URL_REWRITE, "the options of url_decode"),
        ('http.host wildcard "a**"', URL_REWRITE, "`**` is not allowed"),
        ('http.host wildcard r"a\\b"', URL_REWRITE, "a backslash may stand only before"),
        ('lower(http.host eq "a") eq "x"', URL_REWRITE, "argument 1 of `lower` must be String, this is Bool"),
    ],
)  # fmt: skip
def test_an_expression_of_wrong_types_is_refused_at_load(source: str, phase: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_filter(source, phase=phase)
    assert message in caught.value.message


def test_every_field_read_is_reported() -> None:
    condition = compile_filter(
        'http.host eq "a" or any(lower(http.request.headers["a"][*])[*] eq "x")', phase=URL_REWRITE
    )
    assert condition.fields == {"http.host", "http.request.headers"}
    assert compile_value('concat("a", http.request.uri.path)', phase=URL_REWRITE).fields == {"http.request.uri.path"}
    assert compile_filter("true", phase=URL_REWRITE).fields == frozenset()


def test_a_constant_condition_is_known_without_a_request() -> None:
    assert compile_filter("true", phase=URL_REWRITE).constant is True
    assert compile_filter("false", phase=URL_REWRITE).constant is False
    assert compile_filter("ssl", phase=URL_REWRITE).constant is None


def test_every_name_in_the_tables_can_be_written() -> None:
    for name in FIELDS:
        compile_value(name, phase=RESPONSE_HEADERS)
    assert set(FUNCTIONS) >= {"concat", "lower", "len", "starts_with", "wildcard_replace"}
    with pytest.raises(ExpressionError, match="not available in phase"):
        compile_value("http.request.accepted_languages", phase=CACHE_SETTINGS)
    compile_value('split(http.host, ".", 2)', phase=CACHE_RESPONSE)
