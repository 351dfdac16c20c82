"""What the owner should know and do, noticed while requests were answered: in memory, one of each kind and subject."""

from __future__ import annotations

from dataclasses import dataclass, replace

MOST_NOTICES = 50


@dataclass(frozen=True, slots=True)
class Notice:
    """`kind` and `subject` tell one notice from another; `message` says what to do. It was seen `count` times."""

    account_id: str
    kind: str
    subject: str
    message: str
    at_ms: int
    count: int = 1


class Notices:
    def __init__(self) -> None:
        self._notices: dict[tuple[str, str, str], Notice] = {}

    def add(self, account_id: str, kind: str, subject: str, message: str, at_ms: int) -> Notice:
        """The notice as it is kept; the one seen longest ago makes room."""
        place = (account_id, kind, subject)
        seen = self._notices.pop(place, None)
        notice = Notice(account_id, kind, subject, message, at_ms)
        self._notices[place] = replace(notice, count=seen.count + 1) if seen else notice
        while len(self._notices) > MOST_NOTICES:
            del self._notices[next(iter(self._notices))]
        return self._notices[place]

    def remove(self, account_id: str, kind: str, subject: str) -> None:
        """What was noticed is over; nothing when it was not noticed."""
        self._notices.pop((account_id, kind, subject), None)

    def of(self, account_id: str) -> list[Notice]:
        """The account's, the latest first."""
        return [notice for notice in reversed(self._notices.values()) if notice.account_id == account_id]
