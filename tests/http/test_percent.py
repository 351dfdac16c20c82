import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.http.percent import InvalidPercentEncoding, decode, encode_b2, encode_path, encode_s3, parse_query


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", b""),
        ("a%20b", b"a b"),
        ("a+b", b"a+b"),
        ("%e4%BD%a0", "你".encode()),
        ("%2520", b"%20"),  # decoded once, not twice
        ("100%", b"100%"),
        ("%zz%4", b"%zz%4"),
        ("%00%ff", b"\x00\xff"),
        ("\xff", b"\xff"),
    ],
)
def test_escapes_are_decoded_and_stray_percent_signs_stay(text: str, expected: bytes) -> None:
    assert decode(text) == expected


def test_a_plus_is_a_space_only_where_asked() -> None:
    assert decode("a+b%2B", plus_is_space=True) == b"a b+"


@pytest.mark.parametrize("text", ["%", "%4", "%zz", "a%2", "%%41"])
def test_strict_decoding_refuses_a_stray_percent_sign(text: str) -> None:
    with pytest.raises(InvalidPercentEncoding):
        decode(text, strict=True)


def test_b2_leaves_its_own_characters_bare() -> None:
    bare = b"AZaz09._-/~!$'()*;=:@"
    assert encode_b2(bare) == bare.decode()
    assert encode_b2(b" +&%?#,[]\x00\xe4") == "%20%2B%26%25%3F%23%2C%5B%5D%00%E4"


def test_s3_leaves_only_unreserved_characters_bare() -> None:
    assert encode_s3(b"a/b c+~") == "a/b%20c%2B~"
    assert encode_s3(b"a/b", keep_slash=False) == "a%2Fb"
    assert encode_s3(b"!$'()*;=:@,") == "%21%24%27%28%29%2A%3B%3D%3A%40%2C"


def test_links_encode_a_plus_and_whatever_markup_gives_a_meaning_to() -> None:
    assert encode_path(b"a+b/(c) [d]'\"&<>*.png") == "a%2Bb/%28c%29%20%5Bd%5D%27%22%26%3C%3E%2A.png"


@pytest.mark.parametrize("encode", [encode_b2, encode_s3, encode_path])
def test_what_any_dialect_encodes_decodes_to_the_same_bytes(encode) -> None:
    @given(st.binary(max_size=50))
    def round_trip(raw: bytes) -> None:
        assert decode(encode(raw), strict=True) == raw
        assert decode(encode(raw), strict=True, plus_is_space=True) == raw

    round_trip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("acl", [("acl", "")]),
        ("acl=", [("acl", "")]),
        ("a=1&b=2&a=3", [("a", "1"), ("b", "2"), ("a", "3")]),
        ("a=b=c", [("a", "b=c")]),
        ("&&a=1&", [("a", "1")]),
        ("prefix=a+b%2Bc", [("prefix", "a b+c")]),
        ("k=%E4%BD%A0", [("k", "你")]),
    ],
)
def test_a_query_is_a_list_of_pairs(text: str, expected: list[tuple[str, str]]) -> None:
    assert parse_query(text) == expected


def test_query_bytes_that_are_not_utf_8_are_kept() -> None:
    [(_, value)] = parse_query("prefix=%ff%fe")
    assert value.encode("utf-8", "surrogateescape") == b"\xff\xfe"
