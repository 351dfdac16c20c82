"""Wildcards and variables of policies."""

from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.s3.access.policy_variables import InvalidVariable, Pattern
from calotype.s3.access.wildcards import Glob


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("a", "a", True),
        ("a", "ab", False),
        ("", "", True),
        ("", "a", False),
        ("*", "", True),  # any run, the empty one too
        ("*", "a/b\nc", True),  # slashes are characters like others
        ("?", "", False),
        ("?", "é", True),
        ("photos/*", "photos/", True),
        ("photos/*.jpg", "photos/2026/a.jpg", True),
        ("photos/*.jpg", "photos/a.jpg.exe", False),
        ("a**b", "ab", True),
        ("ab*ba", "aba", False),  # what stands at both ends does not overlap
        ("*ab*ab*", "xabab", True),
        ("*ab*ab*", "xab", False),
        ("*a?c*", "xxabcxx", True),
        ("[a]", "a", False),  # brackets mean themselves
        ("a.c", "abc", False),
    ],
)
def test_a_pattern_matches_the_whole_text(pattern: str, text: str, matches: bool) -> None:
    assert Glob.parse(pattern).matches(text) is matches


@given(st.text("ab*?", max_size=12), st.text("ab", max_size=12))
def test_a_pattern_matches_as_the_regular_expression_does(pattern: str, text: str) -> None:
    assert Glob.parse(pattern).matches(text) is bool(re.fullmatch(fnmatch.translate(pattern), text))


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_what_a_pattern_may_begin_with_is_the_beginning_of_what_it_matches(pattern: str, begin: str, rest: str) -> None:
    glob = Glob.parse(pattern)
    if glob.matches(begin + rest):
        assert glob.may_begin_with(begin)
    if not glob.may_begin_with(begin):
        assert not glob.matches(begin + rest)


def test_a_pattern_of_many_stars_is_matched_without_trying_their_combinations() -> None:
    assert not Glob.parse("*a" * 5000 + "b").matches("a" * 1024)
    assert Glob.parse("*a" * 1000 + "*").matches("a" * 1024)
    assert not Glob.parse("*?a" * 300 + "b").matches("a" * 1024)
    assert Glob.parse("*?a" * 300 + "*").matches("a" * 1024)


CONTEXT = {"aws:username": ("holiday",), "aws:sourceip": ("192.0.2.7",), "aws:tagkeys": ("a", "b"), "s3:prefix": ("*",)}


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("home/${aws:username}/*", "home/holiday/a", True),
        ("home/${aws:username}/*", "home/other/a", False),
        ("home/${AWS:UserName}/*", "home/holiday/a", True),  # the names of keys have no letter case
        ("${aws:referer}", "", False),  # the request says nothing of it: nothing matches
        ("${aws:referer, 'none'}", "none", True),  # unless there is a value for that
        ("${aws:tagkeys}", "a", False),  # a key of several values stands for none of them
        ("${s3:prefix}", "anything", False),  # a star that the request brings is no wildcard
        ("${s3:prefix}", "*", True),
        ("a${*}b", "a*b", True),
        ("a${*}b", "axb", False),
        ("a${?}b", "a?b", True),
        ("${$}{x}", "${x}", True),
        ("a$b{c}", "a$b{c}", True),
    ],
)
def test_variables_stand_for_what_the_request_says(pattern: str, text: str, matches: bool) -> None:
    assert Pattern.parse(pattern, has_variables=True).matches(text, CONTEXT.get) is matches


def test_policies_of_2008_have_no_variables() -> None:
    pattern = Pattern.parse("${aws:username}", has_variables=False)
    assert pattern.matches("${aws:username}", CONTEXT.get)
    assert not pattern.matches("holiday", CONTEXT.get)


@pytest.mark.parametrize("pattern", ["${}", "${aws}", "${aws:user name}", "${aws:username, none}", "${aws:username,}"])
def test_a_variable_that_names_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidVariable):
        Pattern.parse(pattern, has_variables=True)
