"""HTTP dates: exactly the three formats of RFC 9110 §5.6.7.

The standard library's mail-date parsers also take numeric zones, missing commas and two-digit years; a cache that
believes such an `Expires` keeps what its origin calls expired. Only letter case is forgiven.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NUMBER = {month.lower(): number for number, month in enumerate(_MONTHS, start=1)}

_DAY = "(?:mon|tue|wed|thu|fri|sat|sun)"
_LONG_DAY = "(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_MONTH = "(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_TIME = "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"

_IMF_FIXDATE = re.compile(rf"{_DAY}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} gmt", re.IGNORECASE)
_RFC_850 = re.compile(rf"{_LONG_DAY}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} gmt", re.IGNORECASE)
_ASCTIME = re.compile(rf"{_DAY} {_MONTH} (?P<day>[0-9]{{2}}| [0-9]) {_TIME} (?P<year>[0-9]{{4}})", re.IGNORECASE)

# Two-digit years below this are of the 21st century. RFC 9110 asks for a window that moves with the clock; a fixed
# one reads every date that an HTTP message can sensibly carry the same way until 2070, without one.
_CENTURY_PIVOT = 70

# Objects that are read once are read again, and the present second comes in every answer.
DATES_REMEMBERED = 1024


def parse_http_date(text: str) -> int | None:
    """Unix seconds of the date, or None when it has none of the three forms or names no real moment."""
    for form in (_IMF_FIXDATE, _RFC_850, _ASCTIME):
        match = form.fullmatch(text)
        if match is not None:
            return _unix_seconds(match)
    return None


def _unix_seconds(match: re.Match[str]) -> int | None:
    year = int(match["year"])
    if len(match["year"]) == 2:
        year += 2000 if year < _CENTURY_PIVOT else 1900
    second = int(match["second"])
    if second > 60:
        return None
    leap_second = second == 60
    try:
        moment = datetime(
            year,
            _MONTH_NUMBER[match["month"].lower()],
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            59 if leap_second else second,
            tzinfo=UTC,
        )
    except ValueError:
        return None
    return int(moment.timestamp()) + leap_second


def format_http_date(seconds: float) -> str:
    """The moment as IMF-fixdate, the only format to be sent; parts of a second are dropped."""
    return _imf_fixdate(int(seconds))


@lru_cache(maxsize=DATES_REMEMBERED)
def _imf_fixdate(seconds: int) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return (
        f"{_DAYS[moment.weekday()]}, {moment.day:02} {_MONTHS[moment.month - 1]} {moment.year:04} "
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02} GMT"
    )
