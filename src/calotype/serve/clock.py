"""The Date header, formatted once per second however many answers carry it."""

from __future__ import annotations

import time

from calotype.http.http_date import format_http_date

_second = -1
_date = b""


def http_date_bytes() -> bytes:
    """The present moment as the value of a Date field."""
    global _second, _date
    now = int(time.time())
    if now != _second:
        _date = format_http_date(now).encode("ascii")
        _second = now
    return _date
