"""Caps: how much an account may store, and how much it may do on one UTC day (b2.md §5). Pure.

Off unless set. Of a day are counted the bytes downloaded and the transactions of classes B and C; class A is free and
never capped. What is stored counts as a whole, whatever the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ALERT_PERCENTS = (75, 100)
DAY_MS = 86_400_000


class Cap(StrEnum):
    """What can be capped, by the name that settings and alerts have for it."""

    STORAGE = "storage"
    DOWNLOAD = "download"
    CLASS_B = "class_b"
    CLASS_C = "class_c"


@dataclass(frozen=True, slots=True)
class Caps:
    """The most of each, bytes or calls; None is no cap."""

    storage_bytes: int | None = None
    download_bytes: int | None = None
    class_b: int | None = None
    class_c: int | None = None

    def limit(self, cap: Cap) -> int | None:
        limit: int | None = getattr(self, _FIELDS[cap])
        return limit


_FIELDS = {
    Cap.STORAGE: "storage_bytes",
    Cap.DOWNLOAD: "download_bytes",
    Cap.CLASS_B: "class_b",
    Cap.CLASS_C: "class_c",
}

NO_CAPS = Caps()

PLANS = {
    "none": NO_CAPS,
    # What Backblaze gives without payment (b2.md §5); its GB are 10^9 bytes.
    "b2-free": Caps(storage_bytes=10 * 10**9, download_bytes=10**9, class_b=2500, class_c=2500),
}

CAP_OF_CLASS = {"B": Cap.CLASS_B, "C": Cap.CLASS_C}


def has_room(limit: int | None, used: int, more: int) -> bool:
    """Whether `more` still fits under the limit."""
    return limit is None or used + more <= limit


def reached_percents(limit: int | None, used: int) -> tuple[int, ...]:
    """Which of ALERT_PERCENTS of the limit are used up. All of a limit of 0 is used up from the start, which is as it
    was meant and nothing to tell."""
    if not limit:
        return ()
    return tuple(percent for percent in ALERT_PERCENTS if used * 100 >= limit * percent)


def day_number(now_ms: int) -> int:
    """Days since the epoch, UTC."""
    return now_ms // DAY_MS
