from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from calotype.rules.errors import ExpressionError
from calotype.rules.expression import compile_filter, compile_value
from calotype.rules.parser import MAX_LENGTH, MAX_NESTING, parse_condition, parse_value
from calotype.rules.phases import PHASES
from calotype.rules.syntax import BytesLiteral, IntLiteral, StringLiteral, to_text
from rules.strategies import conditions


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a or b and c", "a or b and c"),
        ("(a or b) and c", "(a or b) and c"),
        ("a xor b or c and d", "a xor b or c and d"),  # and > xor > or
        ("a ^^ (b || c)", "a xor (b or c)"),
        ("(a and b) or (c)", "a and b or c"),  # parentheses that change nothing go
        ("a or (b or c)", "a or (b or c)"),  # a node of its own stays one
        ('not a eq "b"', 'not a eq "b"'),
        ("!!a", "not not a"),
        ("!(a && b)", "not (a and b)"),
        ("not (a)", "not a"),
        ('a=="x"||b!="y"', 'a eq "x" or b ne "y"'),
        ("a lt 1 and b<=2 and c>3 and d>=4", "a lt 1 and b le 2 and c gt 3 and d ge 4"),
        ("a & 1&&b bitwise_and 0x10", "a bitwise_and 1 and b bitwise_and 16"),
        ('a\r\n  eq\n"x"', 'a eq "x"'),
        ('a strict \n wildcard "*.x"', 'a strict wildcard "*.x"'),
        ("a in {1 2..5 -3..0x0a}", "a in {1 2..5 -3..10}"),
        ("a in{010}", "a in {8}"),  # a leading zero means octal
        ("ip.src in {10.0.0.0/8 ::1 2001:db8::/32 1.1.1.1..1.1.1.9}",) * 2,
        ("ip.src in $office.allowed", "ip.src in $office.allowed"),
        ('any(h["a"][*] eq "b")', 'any(h["a"][*] eq "b")'),
        ("any(h[*][*] in {1})", "any(h[*][*] in {1})"),
        ('f(a, 1, -1, "x", r#"y"z"#, g())[0] eq 1', 'f(a, 1, -1, "x", "y\\"z", g())[0] eq 1'),
        ("all(not a[*] eq 1 or b[*] eq 2)", "all(not a[*] eq 1 or b[*] eq 2)"),
        ('a ~ "[\\"x\\d"]\\."', 'a matches r#"["x\\d"]\\."#'),  # only \" is unescaped; " in a class does not close
        ('a matches r"\\d+"', 'a matches r"\\d+"'),
        ("  true ", "true"),
        ("\nfalse", "false"),
        ("order.x or android", "order.x or android"),  # names that begin like operators
        ("nothing", "nothing"),
    ],
)
def test_an_expression_is_read_as_the_grammar_says(source: str, expected: str) -> None:
    assert to_text(parse_condition(source)) == expected


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ('"a\\"b\\\\c"', b'a"b\\c'),
        ('"\\x41\\101\\x00\\377"', b"AA\x00\xff"),
        ('"é\t"', "é\t".encode()),
        ('r"\\d\\"', b"\\d\\"),
        ('r#"a"b"#', b'a"b'),
        ('r##"a"#b"##', b'a"#b'),
        ('""', b""),
        ("01:2e", b"\x01\x2e"),
        ("aa-bb-cc", None),  # where a value may stand, this reads as a name
        ("0xFF", 255),
        ("-0x10", -16),
        ("-9223372036854775808", -(2**63)),
        ("0", 0),
    ],
)
def test_a_literal_has_its_value(source: str, value: bytes | int | None) -> None:
    if value is None:
        with pytest.raises(ExpressionError):
            parse_value(source)
        return
    literal = parse_value(source)
    assert isinstance(literal, StringLiteral | BytesLiteral | IntLiteral)
    assert literal.value == value


@pytest.mark.parametrize(
    ("source", "message", "line", "column", "length"),
    [
        ("", "expected a field or a function, found the end of the expression", 1, 1, 1),
        ("http.host eq", "expected a literal, found the end", 1, 13, 1),
        ('http.host Eq "x"', "operators are written in lower case", 1, 11, 2),
        ("http.host eq http.referer", "two fields cannot be compared", 1, 14, 12),
        ('a eq "x\\n"', "unknown escape", 1, 8, 2),
        ('a eq "x\\400"', "up to \\377", 1, 8, 4),
        ('a eq "x', "this string is not closed", 1, 6, 2),
        ('a eq r#"x"', "this raw string is not closed", 1, 6, 5),
        ("a eq r" + "#" * 256 + '"x"', "at most 255", 1, 6, 257),
        ('a ~ "[x"', "this regular expression is not closed", 1, 5, 4),
        ("a ~ x", "expected a regular expression in quotes", 1, 5, 1),
        ('a eq\t"x"', "a tab", 1, 5, 1),
        ("(a or b", "expected `)` to close the parenthesis", 1, 8, 1),
        ("a or\n  (b and)", "expected a field or a function, found `)`", 2, 9, 1),
        ("a b", "expected an operator or the end", 1, 3, 1),
        ("a in {}", "at least one item", 1, 1, 7),
        ("a in {1", "not closed by `}`", 1, 1, 7),
        ("a in 5", "expected `{` or a list name", 1, 6, 1),
        ("a in {5..1}", "from the lower to the higher value", 1, 7, 4),
        ("a in {1.1.1.9..1.1.1.1}", "from the lower to the higher address", 1, 7, 16),
        ("a in {1.1.1.9..::1}", "of one family", 1, 7, 12),
        ("a in {10.0.0.1/8}", "has host bits set", 1, 7, 10),
        ("ip.src == 10.0.0.0/8", "a network may stand only in a set", 1, 11, 10),
        ("a eq 1..2", "a range may stand only in a set", 1, 6, 4),
        ("a eq 99999999999999999999", "does not fit in 64 bits", 1, 6, 20),
        ("a eq 1x", "neither a number nor an IP address", 1, 6, 2),
        ("a[x]", "expected a number, a string or `*` as index", 1, 3, 1),
        ("a[1", "expected `]`", 1, 4, 1),
        ("f(a", "expected `)` or `,`", 1, 4, 1),
        ("f(a,)", "expected a field or a function", 1, 5, 1),
        ("not", "expected a field or a function", 1, 4, 1),
        ("# comment", "expected a field or a function", 1, 1, 1),
    ],
)
def test_a_syntax_error_points_at_its_place(source: str, message: str, line: int, column: int, length: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_condition(source)
    error = caught.value
    assert message in error.message
    assert (error.line, error.column, error.length) == (line, column, length)


def test_an_error_shows_the_line_with_carets_under_the_word() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_condition('http.host eq "a"\nand http.host Eq "b"')
    assert str(caught.value).splitlines()[1:] == [
        '  and http.host Eq "b"',
        "                ^^",
    ]


def test_an_error_in_a_long_line_shows_the_part_around_it() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_condition('http.host eq "' + "x" * 200 + '" Or ' + "y" * 200)
    _, shown, carets = str(caught.value).splitlines()
    assert len(shown) <= 102
    assert shown[carets.index("^") : carets.rindex("^") + 1] == "Or"


def test_a_value_expression_is_not_a_condition() -> None:
    with pytest.raises(ExpressionError, match="expected a value, found a condition"):
        parse_value('a eq "b"')


def test_an_expression_of_4096_characters_is_read_and_a_longer_one_refused() -> None:
    longest = 'a eq "' + "x" * (MAX_LENGTH - 7) + '"'
    assert len(longest) == MAX_LENGTH
    parse_condition(longest)
    with pytest.raises(ExpressionError, match="at most 4096 characters, this one has 4097"):
        parse_condition(longest + " ")


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("(", ")"), ("not ", ""), ("!(", ")"), ("f(", ")"), ("f((", "))"), ("any(f(", "))"), ("", "[0]"), ("", "[*]")],
)
def test_nesting_is_read_to_128_and_refused_beyond(opening: str, closing: str) -> None:
    levels = max(1, opening.count("(") + opening.count("!") + opening.count("not"))
    deepest = MAX_NESTING // levels
    source = opening * deepest + "a" + closing * deepest
    printed = to_text(parse_condition(source))
    assert parse_condition(printed) == parse_condition(source)
    with pytest.raises(ExpressionError, match="nested at most 128 deep"):
        parse_condition(opening * (deepest + 1) + "a" + closing * (deepest + 1))


@given(conditions)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
def test_an_expression_printed_and_parsed_again_is_equal(condition: object) -> None:
    assert parse_condition(to_text(condition)) == condition  # type: ignore[arg-type]


_FRAGMENTS = st.sampled_from(
    [
        *("(", ")", "[", "]", "{", "}", "*", ",", '"', "\\", "r#", "#", "$", "$a", "..", "-", "0x", "1", "::1", "/8"),
        *(" ", "\n", "\t", "\x00", "é", "\ud800", "a", "http.host", "ip.src", "ssl", "http.request.headers", "any"),
        *("lower", "concat", "wildcard_replace", "split", "len", "true", "x", "1.2.3.4", "in", "eq", "not", "and"),
        *("or", "xor", "matches", "wildcard", "strict", "&&", "||", "^^", "!", "~", "==", "<=", "&", '"*"', '"**"'),
    ]
)


@given(st.one_of(st.text(), st.lists(_FRAGMENTS, max_size=30).map(" ".join), st.lists(_FRAGMENTS).map("".join)))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
@example("(" * 4096)
@example("f(" * 2048)
@example("not " * 1024)
@example("a" + "[0]" * 1365)
def test_whatever_the_text_only_an_expression_error_comes_out(source: str) -> None:
    for compile_ in (compile_filter, compile_value):
        with contextlib.suppress(ExpressionError):
            compile_(source, phase=PHASES[-4])
