"""The ledger's figures in memory, until they are flushed: one row per account, bucket, day, operation and class."""

from __future__ import annotations

from datetime import UTC, datetime

from calotype.store.caps import DAY_MS, day_number
from calotype.store.ledger import LedgerRow

_Place = tuple[str, str, int, str, str]


class CountedCalls:
    def __init__(self) -> None:
        self._figures: dict[_Place, list[int]] = {}

    def count(
        self,
        account_id: str,
        bucket_name: str,
        operation: str,
        transaction_class: str,
        calls: int,
        bytes_in: int,
        bytes_out: int,
        now_ms: int,
    ) -> None:
        place = (account_id, bucket_name, day_number(now_ms), operation, transaction_class)
        figures = self._figures.get(place)
        if figures is None:
            self._figures[place] = [calls, bytes_in, bytes_out]
            return
        figures[0] += calls
        figures[1] += bytes_in
        figures[2] += bytes_out

    def take(self) -> list[LedgerRow]:
        """Everything counted since the last time."""
        figures, self._figures = self._figures, {}
        return [_row(place, counted) for place, counted in figures.items()]

    def put_back(self, rows: list[LedgerRow]) -> None:
        """Rows that could not be flushed."""
        for row in rows:
            place = (row.account_id, row.bucket_name, number_of_day(row.day), row.operation, row.transaction_class)
            figures = self._figures.setdefault(place, [0, 0, 0])
            for index, added in enumerate((row.count, row.bytes_in, row.bytes_out)):
                figures[index] += added


def name_of_day(number: int) -> str:
    """YYYY-MM-DD of a day counted from the epoch."""
    return datetime.fromtimestamp(number * DAY_MS / 1000, UTC).strftime("%Y-%m-%d")


def number_of_day(name: str) -> int:
    """What `name_of_day` makes of a number, back."""
    return int(datetime.strptime(name, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) * 1000 // DAY_MS


def _row(place: _Place, figures: list[int]) -> LedgerRow:
    account_id, bucket_name, day, operation, transaction_class = place
    return LedgerRow(account_id, bucket_name, name_of_day(day), operation, transaction_class, *figures)
