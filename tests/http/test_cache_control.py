import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.http.cache_control import DELTA_SECONDS_MAX, CacheControl


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, CacheControl()),
        ("", CacheControl()),
        (" , ,", CacheControl()),
        ("max-age=60", CacheControl(max_age=60)),
        ("MAX-Age=60", CacheControl(max_age=60)),  # names are case-insensitive
        ('max-age="60"', CacheControl(max_age=60)),  # token and quoted-string are the same
        ("max-age=007", CacheControl(max_age=7)),
        ("max-age=0", CacheControl(max_age=0)),
        ("max-age=99999999999999999999", CacheControl(max_age=DELTA_SECONDS_MAX)),
        # a lifetime that is no integer means stale
        ("max-age", CacheControl(max_age=0)),
        ("max-age=", CacheControl(max_age=0)),
        ("max-age=-1", CacheControl(max_age=0)),
        ("max-age=60.5", CacheControl(max_age=0)),
        ("max-age='60'", CacheControl(max_age=0)),
        ("max-age=6e1", CacheControl(max_age=0)),
        ("max-age=٦", CacheControl(max_age=0)),
        ("max-age =60", CacheControl(max_age=0)),
        ("max-age= 60", CacheControl(max_age=0)),
        # of duplicates the most restrictive counts
        ("max-age=60, max-age=5", CacheControl(max_age=5)),
        ("max-age=60, max-age=x", CacheControl(max_age=0)),
        ("min-fresh=5, min-fresh=60", CacheControl(min_fresh=60)),
        ("no-store", CacheControl(no_store=True)),
        ("no-store=1", CacheControl(no_store=True)),
        ("public,s-maxage=1,max-age=2", CacheControl(public=True, s_maxage=1, max_age=2)),
        ("private", CacheControl(private=True)),
        ('private="Set-Cookie"', CacheControl(private_fields=frozenset({"set-cookie"}))),
        ("no-cache", CacheControl(no_cache=True)),
        ("no-cache=Set-Cookie", CacheControl(no_cache_fields=frozenset({"set-cookie"}))),
        ('no-cache="a, B",max-age=3', CacheControl(no_cache_fields=frozenset({"a", "b"}), max_age=3)),
        ('no-cache="a", no-cache', CacheControl(no_cache=True, no_cache_fields=frozenset({"a"}))),
        ('no-cache=""', CacheControl(no_cache=True)),  # no name means the whole response
        ("must-revalidate, proxy-revalidate", CacheControl(must_revalidate=True, proxy_revalidate=True)),
        (
            "immutable, no-transform, must-understand",
            CacheControl(immutable=True, no_transform=True, must_understand=True),
        ),
        ("stale-while-revalidate=9, stale-if-error=8", CacheControl(stale_while_revalidate=9, stale_if_error=8)),
        ("max-stale", CacheControl(max_stale=DELTA_SECONDS_MAX)),
        ("max-stale=5", CacheControl(max_stale=5)),
        ("only-if-cached", CacheControl(only_if_cached=True)),
        # unknown directives are ignored, whatever they quote
        ('ext="no-store, max-age=1", max-age=9', CacheControl(max_age=9)),
        ('ext="a\\"no-store, ", max-age=9', CacheControl(max_age=9)),
        ("x-max-age=1, max-age=9, =5", CacheControl(max_age=9)),
    ],
)
def test_directives_are_read(text: str | None, expected: CacheControl) -> None:
    assert CacheControl.parse(text) == expected


def test_directives_on_several_lines_are_one_list() -> None:
    assert CacheControl.parse(["max-age=60", "no-store, max-age=9"]) == CacheControl(max_age=9, no_store=True)


@given(st.text(max_size=60))
def test_no_text_is_too_strange_to_read(text: str) -> None:
    CacheControl.parse(text)


@given(st.text(alphabet='max-age=0123456789", \\', max_size=60))
def test_lifetimes_are_never_negative_nor_beyond_the_clamp(text: str) -> None:
    max_age = CacheControl.parse(text).max_age
    assert max_age is None or 0 <= max_age <= DELTA_SECONDS_MAX
