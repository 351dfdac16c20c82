import pytest

from calotype.http.conditional import (
    ANY,
    ETag,
    Outcome,
    Validators,
    evaluate,
    if_range_allows,
    parse_etag,
    parse_etag_list,
)
from calotype.http.message import Headers

THEN = 784111777
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT"
LATER = "Sun, 06 Nov 1994 08:49:38 GMT"
STORED = Validators('"a"', THEN)
WEAK = Validators('W/"a"', THEN)

PROCEED, NOT_MODIFIED, FAILED = Outcome.PROCEED, Outcome.NOT_MODIFIED, Outcome.PRECONDITION_FAILED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a"', (ETag("a"),)),
        ('W/"a"', (ETag("a", weak=True),)),
        ('"a", W/"b" ,"c"', (ETag("a"), ETag("b", weak=True), ETag("c"))),
        ('"a,b"', (ETag("a,b"),)),  # a comma inside the quotes is part of the tag
        (', ,"a",,', (ETag("a"),)),
        ('""', (ETag(""),)),
        ("a", (ETag("a"),)),  # bare, as some S3 clients send it
        ('w/"a"', (ETag("w/"),)),  # W is case-sensitive
        ("*", ANY),
        (" * ", ANY),
        ('"a', ()),
        ('"a" "b"', (ETag("a"),)),
        ("", ()),
    ],
)
def test_a_list_of_entity_tags_is_read(text: str, expected: object) -> None:
    assert parse_etag_list(text) == expected


@pytest.mark.parametrize("text", ["", '"', '"a"b', '"a", "b"', '"a b"', "*"])
def test_what_is_not_one_entity_tag_is_none(text: str) -> None:
    assert parse_etag(text) is None


def test_an_entity_tag_is_written_as_it_was_read() -> None:
    assert [etag.to_header() for etag in (ETag("a"), ETag("a", weak=True))] == ['"a"', 'W/"a"']


@pytest.mark.parametrize(
    ("method", "fields", "validators", "expected"),
    [
        ("GET", {}, STORED, PROCEED),
        # If-None-Match: weak comparison; 304 for reads, 412 otherwise
        ("GET", {"if-none-match": '"a"'}, STORED, NOT_MODIFIED),
        ("HEAD", {"if-none-match": 'W/"a"'}, STORED, NOT_MODIFIED),
        ("GET", {"if-none-match": '"a"'}, WEAK, NOT_MODIFIED),
        ("GET", {"if-none-match": '"b", "a"'}, STORED, NOT_MODIFIED),
        ("GET", {"if-none-match": "*"}, STORED, NOT_MODIFIED),
        ("GET", {"if-none-match": "*"}, None, PROCEED),
        ("PUT", {"if-none-match": "*"}, STORED, FAILED),
        ("PUT", {"if-none-match": "*"}, None, PROCEED),
        ("PUT", {"if-none-match": '"b"'}, STORED, PROCEED),
        ("GET", {"if-none-match": '"a"'}, Validators(None, THEN), PROCEED),
        # If-None-Match over If-Modified-Since
        ("GET", {"if-none-match": '"b"', "if-modified-since": DATE}, STORED, PROCEED),
        # If-Modified-Since: reads only, never with an invalid date
        ("GET", {"if-modified-since": DATE}, STORED, NOT_MODIFIED),
        ("GET", {"if-modified-since": LATER}, STORED, NOT_MODIFIED),
        ("GET", {"if-modified-since": EARLIER}, STORED, PROCEED),
        ("GET", {"if-modified-since": "Sunday, 06-Nov-94 08:49:37 GMT"}, STORED, NOT_MODIFIED),
        ("GET", {"if-modified-since": "tomorrow"}, STORED, PROCEED),
        ("GET", {"if-modified-since": DATE}, Validators('"a"'), PROCEED),
        ("PUT", {"if-modified-since": DATE}, STORED, PROCEED),
        # If-Match: strong comparison, and over If-Unmodified-Since
        ("GET", {"if-match": '"a"'}, STORED, PROCEED),
        ("GET", {"if-match": 'W/"a"'}, STORED, FAILED),
        ("GET", {"if-match": '"a"'}, WEAK, FAILED),
        ("GET", {"if-match": '"b"'}, STORED, FAILED),
        ("PUT", {"if-match": "*"}, STORED, PROCEED),
        ("PUT", {"if-match": "*"}, None, FAILED),
        ("PUT", {"if-match": '"a"'}, None, FAILED),
        ("GET", {"if-match": '"a"', "if-unmodified-since": EARLIER}, STORED, PROCEED),
        ("GET", {"if-match": '"a"', "if-none-match": '"a"'}, STORED, NOT_MODIFIED),
        # If-Unmodified-Since
        ("GET", {"if-unmodified-since": EARLIER}, STORED, FAILED),
        ("PUT", {"if-unmodified-since": DATE}, STORED, PROCEED),
        ("PUT", {"if-unmodified-since": "never"}, STORED, PROCEED),
        ("PUT", {"if-unmodified-since": EARLIER}, None, PROCEED),
    ],
)
def test_preconditions_are_evaluated_in_the_order_of_the_rfc(
    method: str, fields: dict[str, str], validators: Validators | None, expected: Outcome
) -> None:
    assert evaluate(method, Headers(fields.items()), validators) is expected


def test_tags_on_several_lines_are_one_list() -> None:
    headers = Headers([("if-none-match", '"b"'), ("if-none-match", '"a"')])
    assert evaluate("GET", headers, STORED) is NOT_MODIFIED


@pytest.mark.parametrize(
    ("if_range", "validators", "allowed"),
    [
        (None, STORED, True),
        ('"a"', STORED, True),
        ('"b"', STORED, False),
        ('W/"a"', STORED, False),  # strong comparison
        ('W/"a"', WEAK, False),
        ('"a"', Validators(None, THEN), False),
        (DATE, STORED, True),
        (LATER, STORED, False),  # exactly this date, not one after it
        (EARLIER, STORED, False),
        (DATE, Validators('"a"'), False),
        ("nonsense here", STORED, False),
    ],
)
def test_if_range_lets_only_the_same_representation_through(
    if_range: str | None, validators: Validators, allowed: bool
) -> None:
    headers = Headers([("if-range", if_range)] if if_range is not None else [])
    assert if_range_allows(headers, validators) is allowed
