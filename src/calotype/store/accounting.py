"""What each account has used today, whether its caps leave room for more, and the alerts when one is nearly used up.

A call is begun before anything is done for it, which uses the cap up and is what refuses it, and it is counted in the
ledger when it is over. One that comes to nothing, because it was not authorised or we failed, is taken back. So many
calls at once never get past a cap together. After a restart the day's totals come from the ledger.

What is stored is not added up here: the metadata knows it. Uploads under way promise what they announce.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from calotype.store.caps import ALERT_PERCENTS, CAP_OF_CLASS, NO_CAPS, Cap, Caps, day_number, has_room, reached_percents
from calotype.store.counting import CountedCalls, name_of_day, number_of_day
from calotype.store.errors import CapExceeded, DownloadCapExceeded, StorageCapExceeded, TransactionCapExceeded
from calotype.store.ledger import Alert, BucketUsage, LedgerRow
from calotype.store.metadata import Metadata, Transaction
from calotype.store.settings import Clock

log = logging.getLogger("calotype.store")

DayTotals = dict[Cap, int]

CAPS_IN_WORDS = {
    Cap.STORAGE: "storage ({:,} bytes)",
    Cap.DOWNLOAD: "downloads ({:,} bytes a day)",
    Cap.CLASS_B: "calls of class B ({:,} a day)",
    Cap.CLASS_C: "calls of class C ({:,} a day)",
}


@dataclass(slots=True)
class Begun:
    """A use of a cap that can be taken back, as a whole or in part, from the day on which it began."""

    totals: DayTotals
    cap: Cap
    amount: int

    def take_back(self, amount: int | None = None) -> None:
        """Give back so much of it, all by default; what is gone already is not given back twice."""
        amount = self.amount if amount is None else min(amount, self.amount)
        self.totals[self.cap] -= amount
        self.amount -= amount


@dataclass(slots=True)
class Promise:
    """Room kept for bytes that are on their way."""

    promised_bytes: dict[str, int]
    account_id: str
    length: int

    def release(self) -> None:
        self.promised_bytes[self.account_id] -= self.length
        self.length = 0


class Accounting:
    """`calls` are the ledger's figures that wait for their flush. Belongs to one event loop."""

    def __init__(self, metadata: Metadata, clock: Clock, caps: Caps = NO_CAPS) -> None:
        self.caps = caps
        self.calls = CountedCalls()
        self._metadata = metadata
        self._clock = clock
        self._totals: dict[tuple[str, int], DayTotals] = {}
        self._promised_bytes: dict[str, int] = {}
        self._refused: set[tuple[str, int, Cap]] = set()
        self._told: set[tuple[str, int, Cap, int]] = set()

    async def load(self) -> None:
        """Take up what the ledger and the alerts say of today."""
        day = day_number(self._clock())

        def read(transaction: Transaction) -> tuple[list[LedgerRow], list[Alert]]:
            accounts = transaction.accounts()
            alerts = [
                alert for account in accounts for alert in transaction.alerts(account.account_id, name_of_day(day))
            ]
            return transaction.ledger(name_of_day(day)), alerts

        rows, alerts = await self._metadata.read(read)
        for row in rows:
            self._add(row.account_id, day, Cap.DOWNLOAD, row.bytes_out)
            cap = CAP_OF_CLASS.get(row.transaction_class)
            if cap is not None:
                self._add(row.account_id, day, cap, row.count)
        for alert in alerts:
            self._told.add((alert.account_id, number_of_day(alert.day), Cap(alert.cap), alert.percent))

    # transactions and downloads

    def begin_call(
        self, account_id: str, transaction_class: str, calls: int = 1, *, is_download: bool = False
    ) -> Begun | None:
        """Use up the cap on calls of the class; None for class A, which has none.

        Raises TransactionCapExceeded, for a download DownloadCapExceeded, also when no byte of it may be sent
        (b2.md §5).
        """
        cap = CAP_OF_CLASS.get(transaction_class)
        if cap is None:
            return None
        error = DownloadCapExceeded if is_download else TransactionCapExceeded
        if is_download:
            self._require_room(account_id, Cap.DOWNLOAD, 1, error)
        return self._begin(account_id, cap, calls, error)

    def begin_download(self, account_id: str, length: int) -> Begun:
        """Use up the cap on downloaded bytes before any of them leaves; raises DownloadCapExceeded."""
        return self._begin(account_id, Cap.DOWNLOAD, length, DownloadCapExceeded)

    def note_call(self, account_id: str, transaction_class: str, calls: int = 1) -> Begun | None:
        """Use up the cap for what nobody can refuse any more, such as a webhook's delivery."""
        cap = CAP_OF_CLASS.get(transaction_class)
        return None if cap is None else self._add(account_id, day_number(self._clock()), cap, calls)

    def _begin(self, account_id: str, cap: Cap, amount: int, error: type[CapExceeded]) -> Begun:
        self._require_room(account_id, cap, amount, error)
        return self._add(account_id, day_number(self._clock()), cap, amount)

    def _require_room(self, account_id: str, cap: Cap, amount: int, error: type[CapExceeded]) -> None:
        limit = self.caps.limit(cap)
        if limit is None:
            return
        day = day_number(self._clock())
        if not has_room(limit, self._totals.get((account_id, day), {}).get(cap, 0), amount):
            self._refused.add((account_id, day, cap))
            raise error(cap, limit)

    def _add(self, account_id: str, day: int, cap: Cap, amount: int) -> Begun:
        totals = self._totals.get((account_id, day))
        if totals is None:
            self._forget_before(day - 1)
            totals = self._totals[account_id, day] = {}
        totals[cap] = totals.get(cap, 0) + amount
        return Begun(totals, cap, amount)

    def _forget_before(self, day: int) -> None:
        """Yesterday stays, for a clock that is set back a little and for calls that began before midnight."""
        self._totals = {place: totals for place, totals in self._totals.items() if place[1] >= day}
        self._refused = {place for place in self._refused if place[1] >= day}
        self._told = {place for place in self._told if place[1] >= day}

    # storage

    async def check_storage(self, account_id: str, more_bytes: int = 1) -> None:
        """Raises StorageCapExceeded when so much more cannot be stored."""
        limit = self.caps.storage_bytes
        if limit is None:
            return
        stored = (await self._stored_bytes([account_id]))[account_id] + self._promised_bytes.get(account_id, 0)
        if not has_room(limit, stored, more_bytes):
            self._refused.add((account_id, day_number(self._clock()), Cap.STORAGE))
            raise StorageCapExceeded(Cap.STORAGE, limit)

    async def promise_storage(self, account_id: str, length: int) -> Promise:
        """Room for `length` bytes until the promise is released, by when they are stored or will not be.

        Raises StorageCapExceeded. A file without bytes takes no room, and is refused only beyond the cap.
        """
        if self.caps.storage_bytes is None:
            return Promise({account_id: 0}, account_id, 0)
        self._promised_bytes[account_id] = self._promised_bytes.get(account_id, 0) + length
        promise = Promise(self._promised_bytes, account_id, length)
        try:
            await self.check_storage(account_id, 0)  # with what was just promised
        except BaseException:
            promise.release()
            raise
        return promise

    @asynccontextmanager
    async def storing(self, account_id: str, length: int) -> AsyncIterator[None]:
        """The promise for as long as a block."""
        promise = await self.promise_storage(account_id, length)
        try:
            yield
        finally:
            promise.release()

    async def usage(self, account_id: str) -> list[BucketUsage]:
        """What each bucket of the account holds."""
        return await self._metadata.read(lambda transaction: transaction.usage(account_id))

    async def used(self, account_id: str) -> dict[Cap, int]:
        """How much of each cap is used up now, set or not."""
        totals = self._totals.get((account_id, day_number(self._clock())), {})
        stored = (await self._stored_bytes([account_id]))[account_id]
        return {cap: stored if cap is Cap.STORAGE else totals.get(cap, 0) for cap in Cap}

    async def alerts(self, account_id: str) -> list[Alert]:
        """Today's that still hold, by time: not of a cap that was raised since, or where something was deleted."""
        day = day_number(self._clock())
        used = await self.used(account_id)
        told = await self._metadata.read(lambda transaction: transaction.alerts(account_id, name_of_day(day)))
        return [
            each for each in told if each.percent in self._reached(account_id, day, Cap(each.cap), used[Cap(each.cap)])
        ]

    async def _stored_bytes(self, account_ids: Iterable[str]) -> dict[str, int]:
        wanted = list(account_ids)

        def read(transaction: Transaction) -> dict[str, int]:
            return {
                account_id: sum(usage.stored_bytes for usage in transaction.usage(account_id)) for account_id in wanted
            }

        return await self._metadata.read(read)

    # alerts

    async def due_alerts(self, rows: Iterable[LedgerRow]) -> list[Alert]:
        """Alerts that nobody has been told yet, of the accounts that the rows count calls of or that were refused."""
        if self.caps == NO_CAPS:
            return []
        now_ms = self._clock()
        day = day_number(now_ms)
        accounts = {row.account_id for row in rows} | {place[0] for place in self._refused}
        stored = await self._stored_bytes(accounts) if self.caps.storage_bytes is not None else {}
        due = []
        for account_id in sorted(accounts):
            used = {**self._totals.get((account_id, day), {}), Cap.STORAGE: stored.get(account_id, 0)}
            for cap in Cap:
                for percent in self._reached(account_id, day, cap, used.get(cap, 0)):
                    if (account_id, day, cap, percent) not in self._told:
                        due.append(Alert(account_id, name_of_day(day), cap.value, percent, now_ms))
        return due

    def tell(self, alert: Alert, *, is_new: bool) -> None:
        """The alert is durable: log it, unless it was there before, and bring it up no more today."""
        cap = Cap(alert.cap)
        self._told.add((alert.account_id, number_of_day(alert.day), cap, alert.percent))
        if is_new:
            share = "all" if alert.percent == max(ALERT_PERCENTS) else f"{alert.percent} %"
            limit = CAPS_IN_WORDS[cap].format(self.caps.limit(cap))
            log.warning("%s of the cap on %s is used up; `calotype costs` shows by what", share, limit)

    def _reached(self, account_id: str, day: int, cap: Cap, used: int) -> tuple[int, ...]:
        """A call that was refused means that the cap is used up, also when some bytes of it are left."""
        if (account_id, day, cap) in self._refused:
            return ALERT_PERCENTS
        return reached_percents(self.caps.limit(cap), used)
