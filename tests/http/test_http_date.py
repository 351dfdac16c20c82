import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.http.http_date import format_http_date, parse_http_date

MOMENT = 784111777  # the example of RFC 9110 §5.6.7


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "sun, 06 nov 1994 08:49:37 gmt",  # wrong letter case is forgiven
        "SUNDAY, 06-NOV-94 08:49:37 GMT",
        "Mon, 06 Nov 1994 08:49:37 GMT",  # the weekday is decoration; the date counts
    ],
)
def test_each_of_the_three_formats_gives_the_moment(text: str) -> None:
    assert parse_http_date(text) == MOMENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "784111777",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun 06 Nov 1994 08:49:37 GMT",  # missing comma
        "Sun,  06 Nov 1994 08:49:37 GMT",  # two spaces
        "Sun, 06 Nov 1994  08:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",  # dashes belong to the obsolete format
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",  # the obsolete format spells the weekday out
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",  # asctime pads the day
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT\n",
        "Sun, 0६ Nov 1994 08:49:37 GMT",
    ],
)
def test_every_other_form_is_refused(text: str) -> None:
    assert parse_http_date(text) is None


@pytest.mark.parametrize(
    ("text", "year_text"),
    [
        ("Thursday, 18-Aug-50 02:01:18 GMT", "Thu, 18 Aug 2050 02:01:18 GMT"),
        ("Thursday, 01-Jan-70 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ],
)
def test_two_digit_years_lie_between_1970_and_2069(text: str, year_text: str) -> None:
    assert parse_http_date(text) == parse_http_date(year_text)


def test_a_leap_second_is_the_second_after_the_59th() -> None:
    assert parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == parse_http_date("Sun, 01 Jan 2017 00:00:00 GMT")


def test_parts_of_a_second_are_dropped() -> None:
    assert format_http_date(MOMENT + 0.999) == "Sun, 06 Nov 1994 08:49:37 GMT"


@given(st.integers(min_value=0, max_value=253402300799))
def test_what_is_formatted_is_read_back(seconds: int) -> None:
    assert parse_http_date(format_http_date(seconds)) == seconds
