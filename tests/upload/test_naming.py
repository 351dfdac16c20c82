from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.upload.naming import (
    LONGEST_KEY_BYTES,
    UNAMBIGUOUS,
    InvalidTemplate,
    Literal,
    Moment,
    Token,
    parse_template,
    render,
)

NOW = datetime(2026, 1, 9, 23, 7, 5, 42_000, tzinfo=UTC)


def moment(now: datetime = NOW, file_stem: str = "cat", choices: list[int] | None = None) -> Moment:
    numbers = cycle(choices or [0])
    return Moment(now=now, file_stem=file_stem, choose=lambda below: next(numbers) % below)


def name_of(template: str, extension: str = "", **given: object) -> str:
    return render(parse_template(template), moment(**given), extension=extension)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("%y/%mo/%d", "2026/01/09"),
        ("%yy-%mon2-%mon", "26-January-January"),  # %yy before %y, %mon2 before %mon before %mo
        ("%h%mi%s%ms", "230705042"),  # %ms before %mi and %s
        ("%h %pm", "11 PM"),  # 12 hours when %pm occurs anywhere
        ("%pm %h", "PM 11"),
        ("%w %w2 %wy", "Friday Friday 2"),  # week 1 holds 1 January, weeks start on Monday
        ("%unix", "1768000025"),
        ("%fn", "cat"),
        ("%d%%", "09%%"),  # a % that begins no token stays
        ("100% sure", "100% sure"),
        ("plain", "plain"),
    ],
)
def test_tokens_give_what_the_table_says(template: str, name: str) -> None:
    assert name_of(template) == name


def test_the_extension_comes_last_as_given() -> None:
    assert name_of("%y/%fn", extension=".png") == "2026/cat.png"


def test_the_time_is_that_of_the_zone_passed_in() -> None:
    assert name_of("%d %h", now=NOW.astimezone(timezone(timedelta(hours=2)))) == "10 01"


@pytest.mark.parametrize(
    ("template", "pattern"),
    [
        ("%rn{3}", r"[0-9]{3}"),
        ("%rn", r"[0-9]"),  # without braces one character
        ("%ra{10}", r"[0-9A-Za-z]{10}"),
        ("%rna{6}", rf"[{UNAMBIGUOUS}]{{6}}"),  # %rna before %rn
        ("%rx{4}%rX{4}", r"[0-9a-f]{4}[0-9A-F]{4}"),
        ("%guid", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("%GUID", r"[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}"),
    ],
)
@given(choices=st.lists(st.integers(min_value=0, max_value=1000), min_size=1, max_size=40))
def test_random_tokens_keep_to_their_alphabet(template: str, pattern: str, choices: list[int]) -> None:
    assert re.fullmatch(pattern, name_of(template, choices=choices))


def test_a_random_token_is_drawn_anew_at_each_place() -> None:
    assert name_of("%rn{2}-%rn{2}", choices=[1, 2, 3, 4]) == "12-34"


def test_the_unambiguous_alphabet_has_56_signs() -> None:
    assert len(UNAMBIGUOUS) == 56


def test_parts_are_parsed_once() -> None:
    assert parse_template("a-%y%rn{4}.x").parts == (Literal("a-"), Token("y"), Token("rn", 4), Literal(".x"))


@pytest.mark.parametrize(
    ("template", "offset", "words"),
    [
        ("", 0, "empty"),
        ("/", 0, "empty"),
        ("%y/%pn", 3, "%pn"),  # needs a desktop session: refused rather than left in the name
        ("%y-%i{4}", 3, "%i"),
        ("ab%q", 2, "%q"),
        ("%y{4}", 0, "no number"),
        ("%rn{0}", 0, "from 1 to 128"),
        ("%ra{9999}", 0, "from 1 to 128"),
    ],
)
def test_a_template_we_cannot_fill_is_refused_at_its_place(template: str, offset: int, words: str) -> None:
    with pytest.raises(InvalidTemplate) as refused:
        parse_template(template)
    assert refused.value.offset == offset
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("..", "2026"),  # no way up
        ("../../etc/passwd", "2026/....etcpasswd"),  # a picture's own name makes no folders
        ('a<b>:"c|d?*\\', "2026/abcd"),
        ("a\nb\0c", "2026/abc"),
        ("  ", "2026"),
        ("été 雪", "2026/été 雪"),
        ("a+b%c", "2026/a+b%c"),
    ],
)
def test_a_name_holds_no_forbidden_signs_and_no_way_up(stem: str, name: str) -> None:
    assert name_of("/%y/%fn", file_stem=stem) == name


def test_nothing_left_still_gives_a_name() -> None:
    assert name_of("%fn", file_stem="??", extension=".png") == "file.png"


@given(stem=st.text(min_size=0, max_size=600), extension=st.sampled_from(["", ".png", ".jpeg"]))
def test_every_name_is_a_valid_key(stem: str, extension: str) -> None:
    stem = stem.encode(errors="ignore").decode()
    name = name_of("%y/%fn%fn", file_stem=stem, extension=extension)
    assert 0 < len(name.encode()) <= LONGEST_KEY_BYTES
    assert name.endswith(extension)
    assert not {"", ".", ".."} & set(name.split("/"))
