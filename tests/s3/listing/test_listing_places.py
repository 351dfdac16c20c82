"""Where a listing goes on."""

from __future__ import annotations

import pytest

from calotype.s3.listing.listing_places import place_after, place_of_token, token_of_place


@pytest.mark.parametrize(
    ("marker", "prefix", "delimiter", "place"),
    [
        (b"", b"", b"/", b""),
        (b"a", b"", b"/", b"a\0"),
        (b"a/b", b"", b"", b"a/b\0"),
        (b"a/b", b"", b"/", b"a0"),
        (b"a/", b"a/", b"/", b"a/\0"),  # the delimiter inside the prefix folds nothing
        (b"a/b/c", b"a/", b"/", b"a/b0"),
        (b"x/y", b"a", b"/", b"x/y\0"),  # a marker outside the prefix is in no common prefix
        (b"\xff\xff", b"", b"\xff", None),
    ],
)
def test_a_place_after_a_marker(marker: bytes, prefix: bytes, delimiter: bytes, place: bytes | None) -> None:
    assert place_after(marker, prefix, delimiter) == place


@pytest.mark.parametrize("key", [b"", b"a", "ü/ñ".encode(), b"\xff\0"])
def test_a_token_holds_any_key(key: bytes) -> None:
    assert place_of_token(token_of_place(key)) == key
