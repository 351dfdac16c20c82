"""Which values may become header fields."""

from __future__ import annotations

import time

import pytest

from calotype.http.field_syntax import is_well_formed

WELL_FORMED = [
    ("content-disposition", "inline"),
    ("content-disposition", "attachment; filename=a.png"),
    ("content-disposition", 'attachment; filename="a b.png"'),
    ("content-disposition", 'attachment;filename = "a \\" b"'),  # RFC 6266 §4.1: spaces around the sign, quoted pairs
    ("content-disposition", "inline; filename*=UTF-8''%c3%a9.png"),  # RFC 8187
    ("content-disposition", 'inline; filename="é.png"'),  # its UTF-8 bytes are obs-text
    ("content-disposition", "inline; filename=back\\slash.png"),  # ShareX sends such a name without quotes
    ("content-disposition", "inline; filename=写真.png"),
    ("content-disposition", "inline;"),  # empty parameters are common, and harmless
    ("content-language", "en"),
    ("content-language", "de-AT, en-US"),
    ("content-encoding", "gzip"),
    ("content-encoding", "gzip, br"),
    ("cache-control", "max-age=43200"),
    ("cache-control", 'public, max-age=60, no-cache="set-cookie", stale-while-revalidate=5'),
    ("cache-control", "no-store,"),  # RFC 9110 §5.6.1.2: empty members are to be taken
    ("expires", "Fri, 16 Dec 2016 20:52:30 GMT"),
    ("expires", "Friday, 16-Dec-16 20:52:30 GMT"),  # the obsolete form is a date still
    ("x-anything", "!"),
]
MALFORMED = [
    ("content-disposition", ""),
    ("content-disposition", "attachment filename=a.png"),
    ("content-disposition", "attachment; filename=a b.png"),  # a space outside quotes
    ("content-disposition", 'attachment; filename="a'),
    ("content-disposition", "; filename=a"),
    ("content-disposition", 'attachment; filename="a\nb"'),
    ("content-language", "d'accord"),
    ("content-language", "abcdefghi"),  # a tag's parts have eight characters at most
    ("content-encoding", "gzip br"),
    ("content-encoding", ","),
    ("cache-control", "max-age = 5"),
    ("cache-control", "max-age=5 public"),
    ("expires", "0"),
    ("expires", "tomorrow"),
    ("expires", "Fri, 32 Dec 2016 20:52:30 GMT"),
]


@pytest.mark.parametrize(("name", "value"), WELL_FORMED)
def test_what_fits_the_grammar_is_taken(name: str, value: str) -> None:
    assert is_well_formed(name, value)


@pytest.mark.parametrize(("name", "value"), MALFORMED)
def test_what_does_not_is_refused(name: str, value: str) -> None:
    assert not is_well_formed(name, value)


@pytest.mark.parametrize("name", ["content-disposition", "content-language", "content-encoding", "cache-control"])
@pytest.mark.parametrize("piece", ["a;", "a,", ", ", ' "', "a=", " \t"])
def test_long_values_are_judged_in_linear_time(name: str, piece: str) -> None:
    """A grammar that backtracks would take hours here; processor time is no measure of speed but of an end."""
    started = time.process_time()
    is_well_formed(name, "a" + piece * 3500 + "\x00")
    assert time.process_time() - started < 10
