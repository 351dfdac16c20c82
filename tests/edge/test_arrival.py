"""Hosts, normalised paths and the fields that rules read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.edge.arrival import arrival_of, host_and_target
from calotype.edge.context import FIELDS, RequestFields
from calotype.edge.error_pages import EdgeError
from calotype.edge.normalisation import normalised_path
from calotype.http.message import Headers, Request
from calotype.rules import fields as rule_fields
from calotype.rules.values import MISSING


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/b.png", "/a/b.png"),
        ("/%61/%7e%2D", "/a/~-"),  # unreserved characters are decoded
        ("/a%2fb%3a", "/a%2Fb%3A"),  # others keep their escape, in upper case
        ('/a b\x7f\xe9"<>\\^`{|}', "/a%20b%7F%E9%22%3C%3E%5C%5E%60%7B%7C%7D"),
        ("/:@[]!$&'()*+,;=", "/:@[]!$&'()*+,;="),
        ("/a/./b/../c", "/a/c"),
        ("/../../etc/passwd", "/etc/passwd"),
        ("/%2e%2e/x", "/x"),
        ("/a/..", "/"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("//a///b", "//a///b"),  # a key may hold empty segments
        ("/a%", "/a%25"),
        ("/a%zz", "/a%25zz"),
        ("/%00%0a", "/%00%0A"),
        ("/...", "/..."),
        ("/.hidden", "/.hidden"),
        ("", "/"),
    ],
)
def test_normalised_path(path: str, expected: str) -> None:
    assert normalised_path(path) == expected


@given(st.text(st.characters(max_codepoint=255), max_size=30))
def test_normalising_twice_changes_nothing_more(path: str) -> None:
    once = normalised_path(path)
    assert normalised_path(once) == once
    assert once.startswith("/")
    assert ".." not in once.split("/")
    assert once.isascii()
    assert not any(character <= " " for character in once)


@pytest.mark.parametrize(
    ("target", "host", "expected"),
    [
        ("/a?b", "Example.COM:8000", ("example.com", "/a?b")),
        ("/a", "example.com.", ("example.com", "/a")),
        ("/a", "[::1]:80", ("::1", "/a")),
        ("http://Other.test:1/a?b", "example.com", ("other.test", "/a?b")),  # the absolute form wins (RFC 9112 §3.2.2)
        ("http://other.test", "x", ("other.test", "/")),
        ("*", "x", ("x", "*")),
    ],
)
def test_host_and_target(target: str, host: str, expected: tuple[str, str]) -> None:
    assert host_and_target(Request.of("GET", target, [("host", host)])) == expected


def test_target_without_slash_is_refused() -> None:
    with pytest.raises(EdgeError):
        host_and_target(Request.of("GET", "a.png", [("host", "x")]))


def fields(**changes: Any) -> RequestFields:
    headers = [
        ("host", "img.test"),
        ("cookie", "a=1; b%20c=2"),
        ("accept", "image/webp"),
        ("accept", "*/*"),
        ("accept-language", "de;q=0.5, en, *"),
        ("referer", "https://blog.test/"),
    ]
    request = Request("GET", "/", Headers(headers).to_raw(), client=("192.0.2.1", 5))
    arrival = arrival_of(request, "img.test", "/f/a.PNG?x=1&y&x=2", zone_name="img.test", now=12.5, ray="ab")
    answered = arrival.answered(200, Headers([("content-type", "Image/PNG; a=b"), ("x-a", "1"), ("x-a", "2")]))
    return answered.rewritten(changes.get("path", answered.path), answered.query)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("http.host", b"img.test"),
        ("http.request.full_uri", b"http://img.test/f/a.PNG?x=1&y&x=2"),
        ("http.request.uri", b"/f/a.PNG?x=1&y&x=2"),
        ("http.request.uri.path", b"/f/a.PNG"),
        ("http.request.uri.path.basename", b"a.PNG"),
        ("http.request.uri.path.extension", b"png"),
        ("http.request.uri.query", b"x=1&y&x=2"),
        ("http.request.uri.args", {b"x": [b"1", b"2"], b"y": [b""]}),
        ("http.request.uri.args.names", [b"x", b"y", b"x"]),
        ("http.request.method", b"GET"),
        ("http.request.version", b"HTTP/1.1"),
        ("http.request.cookies", {b"a": [b"1"], b"b c": [b"2"]}),
        ("http.cookie", b"a=1; b%20c=2"),
        ("http.referer", b"https://blog.test/"),
        ("http.user_agent", b""),
        ("http.request.accepted_languages", [b"en", b"de"]),
        ("http.request.timestamp.sec", 12),
        ("http.request.timestamp.msec", 500),
        ("ssl", False),
        ("cf.ray_id", b"ab"),
        ("http.response.code", 200),
        ("http.response.content_type.media_type", b"image/png"),
        ("no.such.field", MISSING),
    ],
)
def test_field_values(name: str, expected: Any) -> None:
    assert fields().field(name) == expected


def test_maps_of_headers() -> None:
    accept = fields().field("http.request.headers")
    assert isinstance(accept, dict)
    assert accept[b"accept"] == [b"image/webp", b"*/*"]
    answered = fields().field("http.response.headers")
    assert isinstance(answered, dict)
    assert answered[b"x-a"] == [b"1", b"2"]


@pytest.mark.parametrize(
    ("path", "extension"),
    [("/.mp3", b""), ("/.foo.mp3", b"mp3"), ("/a.tar.bz2", b"bz2"), ("/foo.", b""), ("/a.png/b", b"")],
)
def test_extension_of_a_path(path: str, extension: bytes) -> None:
    assert fields(path=path).field("http.request.uri.path.extension") == extension


def test_raw_fields_keep_what_arrived() -> None:
    rewritten = fields(path="/new")
    assert rewritten.field("http.request.uri.path") == b"/new"
    assert rewritten.field("raw.http.request.uri.path") == b"/f/a.PNG"


def test_every_field_of_the_language_has_a_value_here() -> None:
    assert set(rule_fields.FIELDS) <= set(FIELDS)
