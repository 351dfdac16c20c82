from __future__ import annotations

import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calotype.rules.wildcard import InvalidPattern, Wildcard, compile_replacement


@pytest.mark.parametrize(
    ("pattern", "value", "captures"),
    [
        (b"", b"", []),
        (b"", b"a", None),
        (b"abc", b"ABC", []),
        (b"*", b"", [b""]),
        (b"*", b"a/b", [b"a/b"]),  # any run, slashes too
        (b"a*", b"Abc", [b"bc"]),  # captures keep their case
        (b"*a", b"aa", [b"a"]),
        (b"a*a", b"a", None),  # the ends do not overlap
        (b"a*a", b"aa", [b""]),
        (b"a*b*c", b"a1b2b3c", [b"1", b"2b3"]),  # as short as can be from the left
        (b"a*b*c", b"acb", None),
        (b"*b*", b"abb", [b"a", b"b"]),
        (b"a?c", b"abc", None),  # ? is itself
        (b"a\\*c", b"a*c", []),
        (b"a\\*c", b"abc", None),
        (b"a\\\\*", b"a\\b", [b"b"]),
    ],
)
def test_a_pattern_matches_the_whole_value(pattern: bytes, value: bytes, captures: list[bytes] | None) -> None:
    assert Wildcard.compile(pattern, strict=False).captures(value) == captures


@given(
    st.lists(st.sampled_from([b"a", b"b", b"ab", b"*", b"."]), max_size=8).map(b"".join),
    st.lists(st.sampled_from([b"a", b"b", b"A", b"."]), max_size=12).map(b"".join),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
def test_a_pattern_matches_as_the_regular_expression_of_its_meaning(pattern: bytes, value: bytes) -> None:
    if b"**" in pattern:
        with pytest.raises(InvalidPattern):
            Wildcard.compile(pattern, strict=True)
        return
    meaning = re.compile(b"(.*?)".join(map(re.escape, pattern.split(b"*"))), re.DOTALL)
    match = meaning.fullmatch(value)
    assert Wildcard.compile(pattern, strict=True).captures(value) == (None if match is None else list(match.groups()))


def test_a_pattern_that_would_make_a_backtracking_engine_explode_is_quick() -> None:
    wildcard = Wildcard.compile(b"*a" * 1000 + b"b", strict=False)
    started = time.process_time()
    assert not wildcard.matches(b"a" * 16_000)
    assert time.process_time() - started < 1  # a backtracking matcher needs longer than the machine will last


@pytest.mark.parametrize("pattern", [b"**", b"a\\", b"\\a", b"x\\n*"])
def test_a_wrong_pattern_is_refused(pattern: bytes) -> None:
    with pytest.raises(InvalidPattern):
        Wildcard.compile(pattern, strict=True)


def test_a_replacement_puts_the_captures_in() -> None:
    assert compile_replacement(b"${2}-$$-${1}${1}", 2)([b"a", b"b"]) == b"b-$-aa"


@pytest.mark.parametrize("replacement", [b"$1", b"${0}", b"${3}", b"${1", b"$", b"${x}", b"${1}" * 9])
def test_a_wrong_replacement_is_refused(replacement: bytes) -> None:
    with pytest.raises(InvalidPattern):
        compile_replacement(replacement, 2)
