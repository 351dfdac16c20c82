from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.http.multipart_byteranges import MultipartByteranges
from calotype.http.ranges import (
    MAX_RANGES,
    UNSATISFIABLE,
    content_range,
    parse_content_range,
    parse_range,
    resolve,
    unsatisfied_range,
)


@pytest.mark.parametrize(
    ("header", "length", "expected"),
    [
        ("bytes=0-3", 10, [(0, 4)]),
        ("bytes=0-0", 10, [(0, 1)]),
        ("bytes=9-", 10, [(9, 10)]),
        ("bytes=5-999", 10, [(5, 10)]),  # a last position beyond the end means the end
        ("bytes=-3", 10, [(7, 10)]),
        ("bytes=-9999", 10, [(0, 10)]),  # a suffix longer than the whole means the whole
        ("Bytes=0-3", 10, [(0, 4)]),  # range units are case-insensitive
        ("bytes=0-3, 8-", 10, [(0, 4), (8, 10)]),
        ("bytes=8-,0-3", 10, [(8, 10), (0, 4)]),  # the order of the request is kept
        ("bytes=,0-3,,8-9,", 10, [(0, 4), (8, 10)]),  # empty list members are skipped
        ("bytes=0-3,20-30", 10, [(0, 4)]),  # what can be given is given
        ("bytes=0-5,4-8", 10, [(0, 9)]),  # overlapping ones are merged
        ("bytes=8-9,0-5,4-6", 10, [(0, 7), (8, 10)]),
        ("bytes=0-" + "9" * 5000, 10, [(0, 10)]),  # digits without end are clamped, never converted
        ("bytes=000000000000000000000000-3", 10, [(0, 4)]),
        ("bytes=10-", 10, UNSATISFIABLE),  # answered 416 with "bytes */10"
        ("bytes=20-30", 10, UNSATISFIABLE),
        ("bytes=" + "9" * 40 + "-", 10, UNSATISFIABLE),
        ("bytes=-0", 10, UNSATISFIABLE),
        ("bytes=0-", 0, UNSATISFIABLE),  # nothing of an empty representation can be given
        ("bytes=-5", 0, UNSATISFIABLE),
    ],
)
def test_a_range_resolves_against_the_length(header: str, length: int, expected: object) -> None:
    asked = parse_range(header)
    assert asked is not None
    assert resolve(asked, length) == expected


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=3-1",
        "bytes=0-3,5-2",  # one invalid member voids the whole
        "bytes=a-b",
        "bytes=0-3;q=1",
        "bytes=0 - 3",
        "bytes =0-3",
        "bytes=0-3-5",
        "bytes=+0-3",
        "bytes=--3",
        "bytes=٠-3",
        "chunks=0-1",
        "bytes=" + ",".join(f"{n}-{n}" for n in range(MAX_RANGES + 1)),
    ],
)
def test_absent_malformed_foreign_and_excessive_ranges_are_ignored(header: str | None) -> None:
    assert parse_range(header) is None


@given(st.text(alphabet="bytes=0123456789-, ", max_size=40), st.integers(min_value=0, max_value=1000))
def test_resolved_ranges_are_never_empty_nor_overlapping_nor_outside(text: str, length: int) -> None:
    asked = parse_range("bytes=" + text)
    if asked is None:
        return
    found = resolve(asked, length)
    if found is UNSATISFIABLE:
        return
    for start, stop in found:
        assert 0 <= start < stop <= length
    ascending = sorted(found)
    assert all(before[1] <= after[0] for before, after in pairwise(ascending))


def test_content_range_counts_its_last_byte_inclusively() -> None:
    assert content_range(0, 4, 10) == "bytes 0-3/10"
    assert unsatisfied_range(10) == "bytes */10"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes 0-3/10", (0, 4, 10)),
        ("bytes 0-3/*", (0, 4, None)),
        ("bytes 3-0/10", None),
        ("bytes 0-10/10", None),
        ("bytes */10", None),
        ("chunks 0-3/10", None),
        (None, None),
    ],
)
def test_content_range_is_read_back(header: str | None, expected: object) -> None:
    assert parse_content_range(header) == expected


def test_multipart_byteranges_announces_exactly_what_it_writes() -> None:
    whole = b"0123456789"
    multipart = MultipartByteranges(((0, 4), (8, 10)), len(whole), "image/png", "b0undary")
    body = b"".join(head + whole[start:stop] for head, (start, stop) in multipart.parts()) + multipart.closing
    assert len(body) == multipart.content_length
    assert multipart.content_type_header == "multipart/byteranges; boundary=b0undary"
    assert body == (
        b"\r\n--b0undary\r\ncontent-type: image/png\r\ncontent-range: bytes 0-3/10\r\n\r\n0123"
        b"\r\n--b0undary\r\ncontent-type: image/png\r\ncontent-range: bytes 8-9/10\r\n\r\n89"
        b"\r\n--b0undary--\r\n"
    )


def test_a_part_of_unknown_type_has_no_content_type() -> None:
    multipart = MultipartByteranges(((0, 1),), 5, None, "x")
    assert b"content-type" not in next(multipart.parts())[0]
