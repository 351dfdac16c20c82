"""Delivers the store's events to the webhooks of the rules that asked for them (b2.md §1.10).

An event waits in the store from the transaction that announced it until its receiver has answered 200, over restarts:
it is told at least once, and the order may change. Each rule has a task of its own as long as events wait for it, so
that one receiver that is slow or away holds up nobody else's.

A delivery that fails is tried again, later each time, up to an hour later. A rule that has failed without a break for
a day is suspended, and says why; an event that alone is refused for so long, while others of its rule get through, is
given up.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from calotype.b2.notifications import Target, delivery_headers, event_body
from calotype.programs.supervisor import log
from calotype.serve.errors import ServeError
from calotype.store.errors import NoSuchBucket, StoreError, WrongMasterKey
from calotype.store.event_queue import RulePlace
from calotype.store.model import Bucket, Event, NotificationRule
from calotype.store.store import Store

OPERATION = "b2_event_notification"  # what the ledger calls a delivery, which is of class B
AT_ONCE_PER_RULE = 4
AT_ONCE = 32
LINGER_S = 0.1  # in which the changes of one moment come together, for batches and to spare the metadata

FIRST_RETRY_MS = 1000
LONGEST_RETRY_MS = 3_600_000
GIVE_UP_AFTER_MS = 86_400_000
FEWEST_FAILURES = 10  # a rule is given so many chances even when the origin itself was off for longer
LONGEST_PAUSE_S = 60.0  # then the clock is looked at again, which somebody may have set
PAUSE_AFTER_TROUBLE_S = 10.0

Clock = Callable[[], int]


class Post(Protocol):
    """What is needed of the egress guard."""

    async def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> int: ...


@dataclass(frozen=True, slots=True)
class Streak:
    """How often in a row every delivery of a rule has failed, since when, and when to try next."""

    failures: int = 0
    since_ms: int = 0
    next_try_ms: int = 0

    def longer(self, now_ms: int, oldest_ms: int) -> Streak:
        """After one more failure; `oldest_ms` is when the oldest event that just failed had happened."""
        failures = self.failures + 1
        since_ms = min(self.since_ms, oldest_ms) if self.failures else oldest_ms
        return Streak(failures, since_ms, now_ms + retry_after_ms(failures))

    def is_hopeless(self, now_ms: int) -> bool:
        return self.failures >= FEWEST_FAILURES and now_ms - self.since_ms >= GIVE_UP_AFTER_MS


NO_FAILURES = Streak()


def retry_after_ms(failures: int) -> int:
    """How long to wait after so many failures: a second, then twice as long each time, at most an hour."""
    return min(FIRST_RETRY_MS << min(failures - 1, 20), LONGEST_RETRY_MS)


def batches_of(events: Sequence[Event], most: int) -> Iterator[list[Event]]:
    """The events in deliveries of at most `most`; one that has failed goes alone, lest it fail the others again."""
    fresh = [event for event in events if not event.attempts]
    for start in range(0, len(fresh), most):
        yield fresh[start : start + most]
    for event in events:
        if event.attempts:
            yield [event]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where the events of a rule go."""

    bucket: Bucket
    rule: NotificationRule
    target: Target

    @property
    def name(self) -> str:
        return f"the webhook {self.rule.name} of the bucket {self.bucket.name}"


class Webhooks:
    def __init__(self, store: Store, egress: Post, *, clock: Clock) -> None:
        self._store = store
        self._queue = store.events
        self._egress = egress
        self._clock = clock
        self._places = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Delivers until it is cancelled; what is under way then is delivered again at the next start."""
        tasks: dict[RulePlace, asyncio.Task[None]] = {}
        try:
            while True:
                change = self._queue.next_change()
                for place in await self._rules():
                    if place not in tasks:
                        tasks[place] = asyncio.create_task(self._serve_without_end(place))
                await _first_of(change, tasks.values())
                await asyncio.sleep(LINGER_S)
                tasks = {place: task for place, task in tasks.items() if not task.done()}
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)

    async def _rules(self) -> list[RulePlace]:
        """Those that events wait for; none when the store cannot tell, which is asked again at the next change."""
        try:
            return await self._queue.rules()
        except (OSError, sqlite3.Error) as exc:
            log(f"event notifications wait, since the store fails: {exc}")
            return []

    async def _serve_without_end(self, place: RulePlace) -> None:
        """Delivers the rule's events until none is left, whatever happens."""
        while True:
            try:
                return await self._serve(place)
            except (StoreError, OSError, sqlite3.Error) as exc:
                log(f"event notifications wait, since the store fails: {exc}")
            except Exception as exc:  # a fault of ours must not end all notifications
                log(f"event notifications of the rule {place[1]} wait after a fault: {exc!r}")
            await asyncio.sleep(PAUSE_AFTER_TROUBLE_S)

    async def _serve(self, place: RulePlace) -> None:
        streak, rule = NO_FAILURES, None
        while True:
            change = self._queue.next_change()
            soonest_ms = await self._queue.soonest_ms(place)
            if soonest_ms is None:
                return
            delivery = await self._delivery(place)
            if delivery is None:
                await self._queue.forget_all(place)
                return
            if delivery.rule != rule:  # set anew, maybe just to end the failing
                streak, rule = NO_FAILURES, delivery.rule
            wait_ms = max(soonest_ms, streak.next_try_ms) - self._clock()
            if wait_ms > 0 or self._store.read_only_reason is not None:
                await _pause(change, wait_ms)
                continue
            streak = await self._deliver_due(place, delivery, streak)
            if streak.is_hopeless(self._clock()):
                await self._suspend(place, delivery, f"Every delivery has failed since {_date(streak.since_ms)}")
                return

    async def _delivery(self, place: RulePlace) -> Delivery | None:
        """None when the rule is gone or off, or cannot be followed: then nobody is to be told."""
        bucket_id, rule_name = place
        try:
            bucket = await self._store.bucket_by_id(bucket_id)
        except NoSuchBucket:
            return None
        rule = next((rule for rule in bucket.settings.notification_rules if rule.name == rule_name), None)
        if rule is None or not rule.is_enabled or rule.suspension_reason:
            return None
        try:
            target = Target.from_bytes(self._queue.open_target(bucket_id, rule))
        except WrongMasterKey:
            await self._queue.suspend(bucket_id, rule, "Its target was sealed with another master key: set it again")
            return None
        return Delivery(bucket, rule, target)

    async def _deliver_due(self, place: RulePlace, delivery: Delivery, streak: Streak) -> Streak:
        """Delivers what is due, some of it at once, a single try while all fails; the streak that comes of it."""
        most = delivery.rule.most_events_per_batch or 1
        tries = 1 if streak.failures else AT_ONCE_PER_RULE
        events = await self._queue.due(place, most * tries)
        batches = list(batches_of(events, most))[:tries]
        outcomes = await asyncio.gather(*(self._deliver(delivery, batch) for batch in batches))
        failed = [(batch, reason) for batch, reason in zip(batches, outcomes, strict=True) if reason is not None]
        if failed:
            await self._put_off(delivery, [event for batch, _ in failed for event in batch])
        if len(failed) < len(batches):
            self._store.notices.remove(*_notice_of(delivery))
            if streak.failures:
                log(f"{delivery.name} answers again")
            return NO_FAILURES
        if not failed:
            return streak
        if not streak.failures:
            self._tell(delivery, failed[0][1] or "")
        return streak.longer(self._clock(), min(event.at_ms for batch, _ in failed for event in batch))

    async def _deliver(self, delivery: Delivery, events: list[Event]) -> str | None:
        """Delivers a batch and forgets it; why it failed, or None."""
        body = event_body(events, delivery.bucket.name)
        async with self._places:
            try:
                status = await self._egress.post(delivery.target.url, delivery_headers(delivery.target, body), body)
            except ServeError as exc:
                return str(exc) or type(exc).__name__
        if status != 200:
            return f"its receiver answers {status}"
        account_id = delivery.bucket.account_id
        self._store.accounting.note_call(account_id, "B")
        self._store.count(account_id, delivery.bucket.name, OPERATION, "B")
        await self._queue.forget(events)
        return None

    async def _put_off(self, delivery: Delivery, events: list[Event]) -> None:
        """Have each event tried again later, or not any more when it has been tried for long enough."""
        now_ms = self._clock()
        tried = [replace(event, attempts=event.attempts + 1) for event in events]
        given_up = [event for event in tried if _tried_for_ms(event.attempts) >= GIVE_UP_AFTER_MS]
        for event in given_up:
            log(f"{delivery.name} does not take the event of {event.key.decode()}, which is given up")
        if given_up:
            await self._queue.forget(given_up)
        kept = [event for event in tried if event not in given_up]
        await self._queue.postpone(
            [replace(event, next_attempt_ms=now_ms + retry_after_ms(event.attempts)) for event in kept]
        )

    def _tell(self, delivery: Delivery, reason: str) -> None:
        self._note(delivery, f"fails: {reason}")
        log(f"{delivery.name} fails ({reason}); trying again for a day")

    def _note(self, delivery: Delivery, what: str) -> None:
        """Have the owner told, in the console too."""
        message = f"The webhook of the rule {delivery.rule.name} of the bucket {delivery.bucket.name} {what}"
        self._store.notices.add(*_notice_of(delivery), message, self._clock())

    async def _suspend(self, place: RulePlace, delivery: Delivery, reason: str) -> None:
        """Set the rule out of force, until somebody sets it again; what waits for it is given up."""
        await self._queue.suspend(delivery.bucket.bucket_id, delivery.rule, reason)
        await self._queue.forget_all(place)
        self._note(delivery, f"is suspended: {reason}. Set its rules again to take it up.")
        log(f"{delivery.name} is suspended: {reason}. Set its rules again to take it up")


def _notice_of(delivery: Delivery) -> tuple[str, str, str]:
    """Account, kind and subject of what the owner is told of the rule."""
    return delivery.bucket.account_id, "webhook", f"{delivery.bucket.name}/{delivery.rule.name}"


def _tried_for_ms(attempts: int) -> int:
    """For how long an event has been tried when so many attempts have failed, each after its wait."""
    return sum(retry_after_ms(failures) for failures in range(1, attempts))


def _date(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


async def _pause(change: asyncio.Event, wait_ms: int) -> None:
    """Until the time has come or something has changed, such as the rule."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(min(max(wait_ms, 0) / 1000 or LONGEST_PAUSE_S, LONGEST_PAUSE_S)):
            await change.wait()
            await asyncio.sleep(LINGER_S)


async def _first_of(change: asyncio.Event, tasks: Iterable[asyncio.Task[None]]) -> None:
    """Come back when something changed or a task ended."""
    waiting = asyncio.create_task(change.wait())
    try:
        await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
