"""Where a URL leads, and which texts are none that a request can be sent to."""

from __future__ import annotations

import pytest

from calotype.http.destination import Destination, InvalidDestination


@pytest.mark.parametrize(
    ("url", "expected", "host_header"),
    [
        ("https://example.com", Destination("https", "example.com", 443, "/"), "example.com"),
        ("http://Example.com:8080/a?b=c", Destination("http", "example.com", 8080, "/a?b=c"), "example.com:8080"),
        ("HTTPS://example.com:443/", Destination("https", "example.com", 443, "/"), "example.com"),
        ("https://[::1]:9/x", Destination("https", "::1", 9, "/x"), "[::1]:9"),
        ("https://example.com/a#part", Destination("https", "example.com", 443, "/a"), "example.com"),
        ("https://example.com?x", Destination("https", "example.com", 443, "/?x"), "example.com"),
    ],
)
def test_a_url_leads_somewhere(url: str, expected: Destination, host_header: str) -> None:
    assert Destination.of(url) == expected
    assert Destination.of(url).host_header == host_header


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com/",
        "https://",
        "https:///path",
        "https://user:secret@example.com/",
        "https://example.com\\@evil.example/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:port/",
        "https://[::1/",
        "https://example.com/a b",
        "https://example.com/\r\nX-Evil: 1",
        "https://exämple.com/",
        "https://example.com/" + "a" * 2048,
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidDestination):
        Destination.of(url)
