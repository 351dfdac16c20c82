"""What the owner should know and do, noticed while requests were answered: in memory, one of each kind and subject."""

from __future__ import annotations

from dataclasses import dataclass, replace

MOST_NOTICES = 50


@dataclass(frozen=True, slots=True)
class Notice:
    """`kind` and `subject` tell one notice from another; `message` says what to do. It was seen `count` times."""

    kind: str
    subject: str
    message: str
    at_ms: int
    count: int = 1


class Notices:
    def __init__(self) -> None:
        self._notices: dict[tuple[str, str], Notice] = {}

    def add(self, kind: str, subject: str, message: str, at_ms: int) -> Notice:
        """The notice as it is kept; the one seen longest ago makes room."""
        seen = self._notices.pop((kind, subject), None)
        notice = Notice(kind, subject, message, at_ms)
        self._notices[kind, subject] = replace(notice, count=seen.count + 1) if seen else notice
        while len(self._notices) > MOST_NOTICES:
            del self._notices[next(iter(self._notices))]
        return self._notices[kind, subject]

    def all(self) -> list[Notice]:
        """The latest first."""
        return list(reversed(self._notices.values()))
