"""Content-Disposition as .NET writes it becomes what browsers read."""

from __future__ import annotations

import base64
from email.header import Header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.http.content_disposition import with_extended_filename


def words(*texts: str) -> str:
    return " ".join(f"=?utf-8?B?{base64.b64encode(text.encode()).decode()}?=" for text in texts)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # RFC 2047 words in quotes, as .NET's ContentDisposition writes a name that is not ASCII (uploaders.md §1.4)
        (
            f'inline; filename="{words("é.png")}"',
            "inline; filename=\"_.png\"; filename*=UTF-8''%C3%A9.png",
        ),
        # a long name is several words; the blanks between words do not belong to it (RFC 2047 §6.2)
        (
            f'inline; filename="{words("écran ", "à midi.png")}"',
            "inline; filename=\"_cran _ midi.png\"; filename*=UTF-8''%C3%A9cran%20%C3%A0%20midi.png",
        ),
        # a word may end inside a character: bytes are joined before they are decoded
        (
            'inline; filename="=?utf-8?B?ww==?= =?utf-8?B?qS5wbmc=?="',
            "inline; filename=\"_.png\"; filename*=UTF-8''%C3%A9.png",
        ),
        # the Q encoding, in which an underscore is a blank (RFC 2047 §4.2)
        (
            'attachment; filename="=?ISO-8859-1?Q?a_=E9.png?="',
            "attachment; filename=\"a _.png\"; filename*=UTF-8''a%20%C3%A9.png",
        ),
        # without quotes, and with parameters on both sides
        (
            f"inline; size=5; filename={words('é.png')}; x=1",
            "inline; size=5; filename=\"_.png\"; filename*=UTF-8''%C3%A9.png; x=1",
        ),
        # a quote or backslash inside the name cannot end the string
        (
            f'inline; filename="{words(chr(34) + "; x=é" + chr(92))}"',
            "inline; filename=\"_; x=__\"; filename*=UTF-8''%22%3B%20x%3D%C3%A9%5C",
        ),
        # an ordinary name stays as it is, RFC 6266's own form too
        ('inline; filename="a b.png"', 'inline; filename="a b.png"'),
        ("inline; filename=a.png", "inline; filename=a.png"),
        ("attachment", "attachment"),
        ("inline; filename=\"=?utf-8?B?w6k=?=\"; filename*=UTF-8''x", None),
        # words that cannot be read stay as they are: base64, charset, control characters, two charsets, a rest
        ('inline; filename="=?utf-8?B?w6k?="', None),
        ('inline; filename="=?klingon?B?w6k=?="', None),
        ('inline; filename="=?utf-8?B?DQo=?="', None),
        ('inline; filename="=?utf-8?B?/w==?="', None),
        ('inline; filename="=?utf-8?B?w6k=?= =?latin-1?B?6Q==?="', None),
        ('inline; filename="=?utf-8?B?w6k=?= and more"', None),
    ],
)
def test_a_name_in_encoded_words_is_given_in_the_extended_form(value, expected):
    assert with_extended_filename(value) == (value if expected is None else expected)


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=40))
def test_every_name_that_is_written_in_words_comes_out_whole_and_in_ascii(name):
    value = with_extended_filename(f'inline; filename="{Header(name, "utf-8", maxlinelen=10_000).encode()}"')
    assert value.isascii()
    assert value.isprintable()


@given(st.text(max_size=60))
def test_any_text_is_taken(text):
    with_extended_filename(text)
    with_extended_filename(f'inline; filename="{text}"')
