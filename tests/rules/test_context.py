from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from calotype.http.message import Headers
from calotype.rules.context import RequestContext, ResponseContext
from calotype.rules.expression import compile_filter
from calotype.rules.fields import FIELDS
from calotype.rules.phases import RESPONSE_HEADERS
from calotype.rules.values import BOOL, INT, IP, Kind, Type

REQUEST = RequestContext(
    authority=b"IMG.example.com:8000",
    path=b"/a/photo%20one.tar.JPG",
    query=b"v=1&w=&v=%32&x",
    method="GET",
    version="HTTP/2",
    scheme="https",
    headers=Headers(
        [
            ("accept-language", "de;q=0.5, en-GB, *;q=0.1, fr;q=0, nl;q=x"),
            ("cookie", "a=1; b%21=2"),
            ("cookie", "a=3"),
            ("referer", "https://example.org/"),
            ("x-a", "1"),
            ("x-a", "2"),
        ]
    ),
    client_address="2001:db8::1",
    timestamp_ms=1_700_000_000_123,
    zone_name="example.com",
    server_port=8000,
    ray_id="8f0",
)

RESPONSE = ResponseContext(
    REQUEST,
    status=404,
    headers=Headers([("content-type", "Image/SVG+XML; charset=utf-8"), ("x-b", "1")]),
    raw_headers=Headers([("x-b", "0")]),
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("http.host", b"img.example.com"),
        ("http.request.full_uri", b"https://IMG.example.com:8000/a/photo%20one.tar.JPG?v=1&w=&v=%32&x"),
        ("http.request.uri", b"/a/photo%20one.tar.JPG?v=1&w=&v=%32&x"),
        ("http.request.uri.path", b"/a/photo%20one.tar.JPG"),
        ("http.request.uri.path.basename", b"photo%20one.tar.JPG"),
        ("http.request.uri.path.extension", b"jpg"),
        ("http.request.uri.query", b"v=1&w=&v=%32&x"),
        ("http.request.uri.args", {b"v": [b"1", b"%32"], b"w": [b""], b"x": [b""]}),  # nothing is decoded
        ("http.request.uri.args.names", [b"v", b"w", b"v", b"x"]),
        ("http.request.uri.args.values", [b"1", b"", b"%32", b""]),
        ("http.request.method", b"GET"),
        ("http.request.version", b"HTTP/2"),
        ("http.request.headers.names", [b"accept-language", b"cookie", b"cookie", b"referer", b"x-a", b"x-a"]),
        ("http.request.cookies", {b"a": [b"1", b"3"], b"b!": [b"2"]}),  # names are decoded
        ("http.cookie", b"a=1; b%21=2; a=3"),
        ("http.referer", b"https://example.org/"),
        ("http.user_agent", b""),
        ("http.x_forwarded_for", b""),
        ("http.request.accepted_languages", [b"en-GB", b"de"]),
        ("http.request.timestamp.sec", 1_700_000_000),
        ("http.request.timestamp.msec", 1_700_000_000_123),
        ("ip.src", ipaddress.ip_address("2001:db8::1")),
        ("ssl", True),
        ("cf.ray_id", b"8f0"),
        ("cf.zone.name", b"example.com"),
        ("cf.edge.server_port", 8000),
        ("http.response.code", 404),
        ("http.response.headers", {b"content-type": [b"Image/SVG+XML; charset=utf-8"], b"x-b": [b"1"]}),
        ("raw.http.response.headers.values", [b"0"]),
        ("http.response.content_type.media_type", b"image/svg+xml"),
    ],
)
def test_a_field_has_the_value_of_the_request_or_the_response(name: str, value: object) -> None:
    assert RESPONSE.field(name) == value


def test_repeated_headers_are_items_in_order() -> None:
    headers: Any = RESPONSE.field("http.request.headers")
    assert headers[b"x-a"] == [b"1", b"2"]


@pytest.mark.parametrize(
    ("path", "extension"),
    [
        (b"/.mp3", b""),
        (b"/.foo.mp3", b"mp3"),
        (b"/a.tar.bz2", b"bz2"),
        (b"/foo.", b""),
        (b"/a.b/c", b""),
        (b"/", b""),
    ],
)
def test_the_extension_follows_the_last_dot_of_the_last_segment(path: bytes, extension: bytes) -> None:
    assert RequestContext(b"h", path, None).field("http.request.uri.path.extension") == extension


@pytest.mark.parametrize(
    ("authority", "host"), [(b"h:80", b"h"), (b"[2001:DB8::1]:80", b"[2001:db8::1]"), (b"H", b"h")]
)
def test_the_host_is_the_name_without_the_port(authority: bytes, host: bytes) -> None:
    assert RequestContext(authority, b"/", None).field("http.host") == host


def test_raw_fields_keep_what_the_visitor_sent() -> None:
    rewritten = REQUEST.rewritten(b"/file/photos/a", b"").with_headers(Headers([("x-new", "1")])).rewritten(b"/b", None)
    assert rewritten.field("http.request.uri") == b"/b"
    assert rewritten.field("raw.http.request.uri") == b"/a/photo%20one.tar.JPG?v=1&w=&v=%32&x"
    assert rewritten.field("http.request.headers") == {b"x-new": [b"1"]}
    assert b"cookie" in rewritten.field("raw.http.request.headers")  # type: ignore[operator]


def test_an_empty_query_is_kept_in_the_uri_until_it_is_rewritten() -> None:
    request = RequestContext(b"h", b"/a", b"")
    assert request.field("http.request.uri") == b"/a?"
    assert request.rewritten(None, b"").field("http.request.uri") == b"/a"


def _is_of(value: object, type_: Type) -> bool:
    if type_.item is None:
        wanted = {BOOL: bool, INT: int, IP: (ipaddress.IPv4Address, ipaddress.IPv6Address)}.get(type_, bytes)
        return isinstance(value, wanted)  # type: ignore[arg-type]
    if type_.kind is Kind.MAP:
        return isinstance(value, dict) and all(_is_of(item, type_.item) for item in value.values())
    return isinstance(value, list) and all(_is_of(item, type_.item) for item in value)


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_of_the_table_has_a_value_of_its_type(name: str) -> None:
    assert _is_of(RESPONSE.field(name), FIELDS[name].type)


def test_a_compiled_condition_reads_a_real_context() -> None:
    condition = compile_filter('http.host eq "img.example.com" and http.response.code eq 404', phase=RESPONSE_HEADERS)
    assert condition.matches(RESPONSE)
