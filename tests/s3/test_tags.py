"""Sets of tags: which S3 takes, in XML and in the header field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.s3 import errors, tags, xml

CHARACTERS = st.sampled_from("abzAZ09 _.:/=+-@éäж漢")
NAMES = st.text(CHARACTERS, min_size=1, max_size=128).filter(lambda name: not name.lower().startswith("aws:"))
SETS = st.dictionaries(NAMES, st.text(CHARACTERS, max_size=256), max_size=10)


@given(SETS)
def test_a_set_survives_the_document_and_the_header(given_tags: dict[str, str]) -> None:
    assert tags.tags_of_document(tags.tags_document(given_tags), 10) == given_tags
    assert tags.tags_of_header(tags.tags_to_header(given_tags)) == given_tags


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("k" * 128, "v" * 256),  # the longest of both
        ("é" * 128, "漢" * 256),  # counted in characters, not bytes
        ("a b_c.d:e/f=g+h-i@j", ""),  # every punctuation S3 lists, and no value
    ],
)
def test_a_tag_that_s3_takes(name: str, value: str) -> None:
    assert tags.checked_tags([(name, value)], 10) == {name: value}


@pytest.mark.parametrize(
    "pairs",
    [
        [("", "v")],  # a name has a character
        [("k" * 129, "v")],  # key 128
        [("k", "v" * 257)],  # value 256
        [("k", "1"), ("k", "2")],  # duplicates refused
        [(f"k{number}", "v") for number in range(11)],  # 10 tags
        [("k&", "v")],
        [("k", "v\n")],
        [("aws:region", "v")],  # the system's own
        [("AWS:region", "v")],
    ],
)
def test_a_tag_that_s3_refuses(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(errors.InvalidTag):
        tags.checked_tags(pairs, tags.MOST_TAGS_OF_OBJECT)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<Tagging",
        b"<TagSet/>",  # another root
        b"<Tagging/>",
        b"<Tagging><TagSet><Tags><Key>k</Key><Value>v</Value></Tags></TagSet></Tagging>",  # nothing else than Tag
        b"<Tagging><TagSet><Tag><Key>k</Key></Tag></TagSet></Tagging>",  # no value, not even an empty one
        b"<Tagging><TagSet><Tag><Value>v</Value></Tag></TagSet></Tagging>",
    ],
)
def test_a_document_that_is_no_tagging(document: bytes) -> None:
    with pytest.raises(errors.MalformedXML):
        tags.tags_of_document(document, 10)


def test_the_document_is_as_s3_writes_it() -> None:
    assert tags.tags_document({"a": "1", "b": ""}).decode() == (
        f'{xml.DECLARATION}<Tagging xmlns="{xml.NAMESPACE}"><TagSet>'
        "<Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key><Value/></Tag></TagSet></Tagging>"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1&b", {"a": "1", "b": ""}),
        ("a+b=c%20d", {"a b": "c d"}),  # URLEncoded: both mean a space
        ("%C3%A9=%2B", {"é": "+"}),
        ("a=b=c", {"a": "b=c"}),
        ("", {}),
    ],
)
def test_the_header_is_a_query(text: str, expected: dict[str, str]) -> None:
    assert tags.tags_of_header(text) == expected


@pytest.mark.parametrize("text", ["a=1&a=2", "a=%zz", "%ff=1"])
def test_a_header_that_is_no_query_of_tags(text: str) -> None:
    with pytest.raises(errors.InvalidArgument):
        tags.tags_of_header(text)
