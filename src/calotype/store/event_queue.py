"""The events that wait for delivery, and the notification rules that asked for them, for whoever delivers.

Nothing here knows what a webhook is: a rule's target is bytes, sealed by the master key and bound to its bucket.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from calotype.master_key import CannotDecrypt, MasterKey
from calotype.store.errors import NoSuchBucket, WrongMasterKey
from calotype.store.events import event_of
from calotype.store.metadata import Metadata, Transaction
from calotype.store.model import Action, Bucket, Event, EventType, FileVersion, NotificationRule
from calotype.store.settings import Clock
from calotype.store.versions import Change

FORGOTTEN = 1000  # events in one transaction
_EVER_MS = (1 << 63) - 1

Commit = Callable[[Callable[[Transaction], Any]], Awaitable[Any]]
ChangeBucket = Callable[[str, int | None, Callable[[Bucket], Bucket]], Awaitable[Bucket]]
NextChange = Callable[[], asyncio.Event]
RulePlace = tuple[str, str]  # bucket id and rule name


class EventQueue:
    """`next_change` gives what the next committed change sets, whatever it is about."""

    def __init__(
        self,
        metadata: Metadata,
        commit: Commit,
        change_bucket: ChangeBucket,
        next_change: NextChange,
        master_key: MasterKey,
        clock: Clock,
    ) -> None:
        self._metadata = metadata
        self._commit = commit
        self._change_bucket = change_bucket
        self.next_change = next_change
        self._master_key = master_key
        self._clock = clock

    # deliveries

    async def rules(self) -> list[RulePlace]:
        """Which rules there are events for."""
        return await self._metadata.read(lambda transaction: transaction.rules_with_events())

    async def due(self, place: RulePlace, limit: int) -> list[Event]:
        """The rule's events whose next attempt is due, the longest due first."""
        now_ms = self._clock()
        return await self._metadata.read(lambda transaction: transaction.events(*place, now_ms, limit))

    async def soonest_ms(self, place: RulePlace) -> int | None:
        """When the rule's next attempt is due; None when nothing waits for it."""
        events = await self._metadata.read(lambda transaction: transaction.events(*place, _EVER_MS, 1))
        return events[0].next_attempt_ms if events else None

    async def forget(self, events: Iterable[Event]) -> None:
        """They were delivered, or never will be."""
        sequences = [event.sequence for event in events]
        await self._commit(lambda transaction: transaction.remove_events(sequences))

    async def forget_all(self, place: RulePlace) -> None:
        """Nobody wants to be told of the rule's events any more."""
        while events := await self._metadata.read(lambda transaction: transaction.events(*place, _EVER_MS, FORGOTTEN)):
            await self.forget(events)

    async def postpone(self, events: Sequence[Event]) -> None:
        """Keep their attempts and the times of their next ones."""

        def keep(transaction: Transaction) -> None:
            for event in events:
                transaction.replace_event(event)

        await self._commit(keep)

    # rules

    async def set_rules(self, bucket_id: str, rules: Sequence[NotificationRule]) -> Bucket:
        """Put these in the place of all the bucket's rules, none of them suspended; raises NoSuchBucket."""
        return await self._change_bucket(
            bucket_id,
            None,
            lambda bucket: replace(bucket, settings=replace(bucket.settings, notification_rules=tuple(rules))),
        )

    async def suspend(self, bucket_id: str, rule: NotificationRule, reason: str) -> None:
        """Have the rule ask for nothing more until it is set again; one that was changed meanwhile stays as it is."""
        suspended = replace(rule, suspension_reason=reason)

        def change(bucket: Bucket) -> Bucket:
            rules = tuple(suspended if each == rule else each for each in bucket.settings.notification_rules)
            return replace(bucket, settings=replace(bucket.settings, notification_rules=rules))

        with contextlib.suppress(NoSuchBucket):
            await self._change_bucket(bucket_id, None, change)

    async def test(self, bucket: Bucket, rule: NotificationRule) -> None:
        """Have the rule's target told `b2:TestEvent`, whatever events it asks for."""
        about_nothing = FileVersion(bucket.account_id, bucket.bucket_id, "", b"", Action.UPLOAD, 0, 0, "", None, "")
        event = event_of(bucket, rule, EventType.TESTED, about_nothing, self._clock())

        def append(transaction: Transaction) -> Change:
            transaction.append_event(event)
            return Change(None)

        await self._commit(append)

    def seal_target(self, bucket_id: str, target: bytes) -> bytes:
        return self._master_key.encrypt(target, _context(bucket_id))

    def open_target(self, bucket_id: str, rule: NotificationRule) -> bytes:
        """Raises WrongMasterKey."""
        try:
            return self._master_key.decrypt(rule.sealed_target, _context(bucket_id))
        except CannotDecrypt as error:
            raise WrongMasterKey(self._master_key.hint) from error


def _context(bucket_id: str) -> bytes:
    """What a target is bound to."""
    return f"notification target of {bucket_id}".encode()
