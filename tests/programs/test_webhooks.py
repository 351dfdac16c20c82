"""Event notifications, from a change in the store to a real HTTP receiver."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from calotype.b2.notifications import Target
from calotype.http.message import Request, Response, read_body
from calotype.master_key import MasterKey
from calotype.programs import webhooks
from calotype.programs.webhooks import NO_FAILURES, OPERATION, Streak, Webhooks, batches_of, retry_after_ms
from calotype.serve.egress import Egress
from calotype.serve.server import Server
from calotype.store.large_files import Finished
from calotype.store.lifecycle import DAY_MS
from calotype.store.model import (
    Bucket,
    BucketSettings,
    Event,
    EventType,
    FileVersion,
    LifecycleRule,
    NotificationRule,
    VersionDraft,
)
from calotype.store.store import Store, StoreSettings, milliseconds_now
from support.events import waiting_events

SECRET = "0123456789abcdefghijklmnopqrstuv"
EVERYTHING = ("b2:ObjectCreated:*", "b2:ObjectDeleted:*", "b2:HideMarkerCreated:*")
HOUR_MS = 3_600_000


# the schedule


@pytest.mark.parametrize(
    ("failures", "expected_ms"),
    [(1, 1000), (2, 2000), (3, 4000), (12, 2048_000), (13, 3_600_000), (99, 3_600_000)],
)
def test_a_retry_waits_twice_as_long_each_time_and_an_hour_at_most(failures: int, expected_ms: int) -> None:
    assert retry_after_ms(failures) == expected_ms


def streak(*failures: tuple[int, int]) -> Streak:
    """After failures, each at a time with an event of a time."""
    made = NO_FAILURES
    for now_ms, event_ms in failures:
        made = made.longer(now_ms, event_ms)
    return made


def test_a_streak_remembers_the_oldest_event_that_failed() -> None:
    assert streak((10, 7)) == Streak(1, 7, 1010)
    assert streak((10, 7), (2000, 1500)) == Streak(2, 7, 4000)
    assert streak((10, 7), (2000, 3)) == Streak(2, 3, 4000)


def test_a_rule_is_given_up_after_a_day_and_a_number_of_tries() -> None:
    hourly = [(hour * HOUR_MS, 0) for hour in range(1, 24)]
    assert not streak(*hourly).is_hopeless(DAY_MS - 1)
    assert streak(*hourly).is_hopeless(DAY_MS)
    assert not streak((2 * DAY_MS, 0)).is_hopeless(2 * DAY_MS)  # the origin was off: this is the first try since


def event(sequence: int, attempts: int = 0) -> Event:
    return Event(sequence, "a", "b", "r", EventType.UPLOADED, b"k", "v", 1, 0, attempts)


@pytest.mark.parametrize(
    ("attempts", "most", "expected"),
    [
        ([0, 0, 0], 1, [[0], [1], [2]]),
        ([0, 0, 0], 2, [[0, 1], [2]]),
        ([0, 1, 0], 50, [[0, 2], [1]]),  # what has failed goes alone, after the others
        ([], 5, []),
    ],
)
def test_events_go_in_batches(attempts: list[int], most: int, expected: list[list[int]]) -> None:
    events = [event(number, tried) for number, tried in enumerate(attempts)]
    assert [[each.sequence for each in batch] for batch in batches_of(events, most)] == expected


# a receiver and an origin


@dataclass
class Receiver:
    """An HTTP server that keeps what it was sent, and answers each delivery with the next of `answers`, then 200."""

    answers: list[int] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    refuses: Callable[[list[dict[str, Any]]], bool] = lambda events: False
    held: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    def try_now(self, request: Request) -> None:
        return None

    async def handle(self, request: Request) -> Response:
        assert (request.method, request.path) == ("POST", "/hook")
        body = await read_body(request.body, 1 << 20)
        self.requests.append((dict(request.headers), body))
        await self.held.wait()
        if self.refuses(json.loads(body)["events"]):
            return Response(500)
        return Response(self.answers.pop(0) if self.answers else 200)

    @property
    def batches(self) -> list[list[dict[str, Any]]]:
        return [json.loads(body)["events"] for _, body in self.requests]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for batch in self.batches for event in batch]

    @property
    def told(self) -> list[str]:
        return [f"{event['eventType'].removeprefix('b2:')} {event['objectName']}" for event in self.events]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    made = Receiver()
    made.held.set()
    server = Server(made)
    await server.start(("127.0.0.1", 0))
    made.url = f"http://127.0.0.1:{server.port}/hook?token=a"
    yield made
    await server.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def other_receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


class Site:
    def __init__(self, store: Store, egress: Egress) -> None:
        self.store = store
        self.egress = egress

    async def bucket(self, *rules: NotificationRule, **settings: Any) -> Bucket:
        account = await self.store.default_account()
        bucket = await self.store.create_bucket(account.account_id, "photographs", settings=BucketSettings(**settings))
        return await self.store.events.set_rules(bucket.bucket_id, [self._sealed(bucket, rule) for rule in rules])

    def _sealed(self, bucket: Bucket, rule: NotificationRule) -> NotificationRule:
        """`sealed_target` holds the target in clear until here."""
        return replace(rule, sealed_target=self.store.events.seal_target(bucket.bucket_id, rule.sealed_target))

    async def set_rules(self, bucket: Bucket, *rules: NotificationRule) -> None:
        await self.store.events.set_rules(bucket.bucket_id, [self._sealed(bucket, rule) for rule in rules])

    async def put(self, bucket: Bucket, key: str = "cat.png", content: bytes = b"print") -> FileVersion:
        async with self.store.upload(bucket, key.encode()) as upload:
            await upload.write(content)
            return await upload.commit(VersionDraft())

    async def rule(self, bucket: Bucket) -> NotificationRule:
        (rule,) = (await self.store.bucket_by_id(bucket.bucket_id)).settings.notification_rules
        return rule

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        task = asyncio.create_task(Webhooks(self.store, self.egress, clock=milliseconds_now).run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def to(
    url: str, *, name: str = "my-rule", prefix: str = "", most: int | None = None, **target: Any
) -> NotificationRule:
    return NotificationRule(name, EVERYTHING, prefix, Target(url, **target).to_bytes(), most_events_per_batch=most)


@asynccontextmanager
async def opened(folder: Path, master_key: MasterKey, *, private_addresses: bool = True) -> AsyncIterator[Site]:
    egress = Egress(private_addresses=private_addresses)
    async with await Store.open(folder, master_key, settings=StoreSettings(reserve_bytes=0)) as store:
        yield Site(store, egress)
    await egress.close()


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(webhooks, "FIRST_RETRY_MS", 20)
    monkeypatch.setattr(webhooks, "LONGEST_RETRY_MS", 40)
    monkeypatch.setattr(webhooks, "LINGER_S", 0.01)
    async with opened(tmp_path, MasterKey.random()) as made:
        yield made


async def until(happened: Callable[[], Any] | Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(10):
        while True:
            outcome = happened()
            if await outcome if isinstance(outcome, Awaitable) else outcome:
                return
            await asyncio.sleep(0.01)


async def nothing_waits(store: Store) -> bool:
    return not await waiting_events(store)


# stories


async def test_every_kind_of_change_is_delivered(site: Site, receiver: Receiver) -> None:
    bucket = await site.bucket(to(receiver.url), lifecycle_rules=(LifecycleRule("", 1, 1),))
    async with site.delivering():
        version = await site.put(bucket)
        await until(lambda: len(receiver.events) == 1)
        await site.store.copy(version, bucket, b"copy.png", VersionDraft())
        await until(lambda: len(receiver.events) == 2)
        file = await site.store.large_files.start(bucket, b"film.mp4", VersionDraft())
        async with site.store.large_files.upload_part(file, 1) as part:
            await part.write(b"frames")
            await part.commit()
        await site.store.large_files.finish(file, lambda file, parts: Finished((1,), "etag"))
        await until(lambda: len(receiver.events) == 3)
        marker = await site.store.hide(bucket.bucket_id, b"cat.png")
        await until(lambda: len(receiver.events) == 4)
        await site.store.delete_version(bucket.bucket_id, b"cat.png", marker.version_id)
        await until(lambda: len(receiver.events) == 5)
        await site.store.lifecycle.run_once(milliseconds_now() + DAY_MS)
        await until(lambda: len(receiver.events) == 8)
        await until(lambda: nothing_waits(site.store))
    assert receiver.told[:5] == [
        "ObjectCreated:Upload cat.png",
        "ObjectCreated:Copy copy.png",
        "ObjectCreated:MultipartUpload film.mp4",
        "HideMarkerCreated:Hide cat.png",
        "ObjectDeleted:Delete cat.png",
    ]
    assert sorted(receiver.told[5:]) == [
        f"HideMarkerCreated:LifecycleRule {name}" for name in ("cat.png", "copy.png", "film.mp4")
    ]
    first = receiver.events[0]
    assert (first["bucketName"], first["objectSize"], first["objectVersionId"]) == (
        "photographs",
        5,
        version.version_id,
    )
    assert len({event["eventId"] for event in receiver.events}) == 8


async def test_a_delivery_is_signed_and_carries_the_custom_headers(site: Site, receiver: Receiver) -> None:
    target = {"custom_headers": (("X-Mine", "value"),), "signing_secret": SECRET}
    bucket = await site.bucket(to(receiver.url, **target))
    async with site.delivering():
        await site.put(bucket)
        await until(lambda: receiver.requests)
    ((headers, body),) = receiver.requests
    expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-bz-event-notification-signature"] == f"v1={expected}"
    assert (headers["x-mine"], headers["content-type"]) == ("value", "application/json")


async def test_without_a_secret_nothing_is_signed(site: Site, receiver: Receiver) -> None:
    bucket = await site.bucket(to(receiver.url))
    async with site.delivering():
        await site.put(bucket)
        await until(lambda: receiver.requests)
    assert "x-bz-event-notification-signature" not in receiver.requests[0][0]


async def test_events_come_together_up_to_the_batch_size_of_the_rule(site: Site, receiver: Receiver) -> None:
    bucket = await site.bucket(to(receiver.url, most=4))
    for number in range(10):
        await site.put(bucket, f"{number}.png")
    async with site.delivering():
        await until(lambda: len(receiver.events) == 10)
    assert sorted(len(batch) for batch in receiver.batches) == [2, 4, 4]
    assert sorted(receiver.told) == [f"ObjectCreated:Upload {number}.png" for number in range(10)]


async def test_without_a_batch_size_each_event_goes_alone(site: Site, receiver: Receiver) -> None:
    bucket = await site.bucket(to(receiver.url))
    for number in range(6):
        await site.put(bucket, f"{number}.png")
    async with site.delivering():
        await until(lambda: len(receiver.events) == 6)
    assert [len(batch) for batch in receiver.batches] == [1] * 6


@pytest.mark.parametrize("status", [500, 503, 404, 302, 204])
async def test_anything_but_200_is_tried_again_with_the_same_event_id(
    site: Site, receiver: Receiver, status: int
) -> None:
    receiver.answers = [status, status]
    bucket = await site.bucket(to(receiver.url))
    async with site.delivering():
        await site.put(bucket)
        await until(lambda: len(receiver.requests) == 3)
        await until(lambda: nothing_waits(site.store))
    assert len({event["eventId"] for event in receiver.events}) == 1
    assert len(receiver.requests) == 3


async def test_what_was_not_delivered_is_delivered_after_a_restart(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "FIRST_RETRY_MS", 20)
    master_key = MasterKey.random()
    receiver.answers = [500] * 2
    async with opened(tmp_path, master_key) as site:
        bucket = await site.bucket(to(receiver.url))
        async with site.delivering():
            await site.put(bucket)
            await until(lambda: len(receiver.requests) == 2)
    assert len(receiver.requests) == 2
    async with opened(tmp_path, master_key) as site, site.delivering():
        await until(lambda: len(receiver.requests) == 3)
        await until(lambda: nothing_waits(site.store))
    assert len({event["eventId"] for event in receiver.events}) == 1


async def test_a_delivery_cut_off_by_a_stop_comes_again(tmp_path: Path, receiver: Receiver) -> None:
    """At least once: nobody knows whether the receiver has taken it."""
    master_key = MasterKey.random()
    receiver.held.clear()
    async with opened(tmp_path, master_key) as site:
        bucket = await site.bucket(to(receiver.url))
        async with site.delivering():
            await site.put(bucket)
            await until(lambda: receiver.requests)
    receiver.held.set()
    async with opened(tmp_path, master_key) as site, site.delivering():
        await until(lambda: len(receiver.requests) == 2)
        await until(lambda: nothing_waits(site.store))


async def test_a_receiver_that_hangs_holds_up_no_other(
    site: Site, receiver: Receiver, other_receiver: Receiver
) -> None:
    other_receiver.held.clear()
    hanging, prompt = to(other_receiver.url, name="hanging", prefix="a"), to(receiver.url, name="prompt", prefix="b")
    bucket = await site.bucket(hanging, prompt)
    for number in range(20):
        await site.put(bucket, f"a{number}.png")
    async with site.delivering():
        await until(lambda: len(other_receiver.requests) == webhooks.AT_ONCE_PER_RULE)
        await site.put(bucket, "b.png")
        await until(lambda: receiver.told == ["ObjectCreated:Upload b.png"])
    assert len(other_receiver.requests) == webhooks.AT_ONCE_PER_RULE


async def test_one_event_that_is_always_refused_holds_up_no_other(
    site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.refuses = lambda events: any(event["objectName"] == "poison.png" for event in events)
    bucket = await site.bucket(to(receiver.url, most=50))
    await site.put(bucket, "poison.png")
    await site.put(bucket, "fine.png")
    async with site.delivering():
        await until(lambda: receiver.batches[-1:] != [] and ["fine.png"] in names_of(receiver))
        monkeypatch.setattr(webhooks, "GIVE_UP_AFTER_MS", 300)
        monkeypatch.setattr(webhooks, "FEWEST_FAILURES", 1000)  # of the rule, which is not to be suspended here
        await until(lambda: nothing_waits(site.store))
        await site.put(bucket, "later.png")
        await until(lambda: names_of(receiver)[-1] == ["later.png"])
    assert (await site.rule(bucket)).suspension_reason == ""


def names_of(receiver: Receiver) -> list[list[str]]:
    return [[event["objectName"] for event in batch] for batch in receiver.batches]


async def test_a_rule_that_has_failed_for_long_is_suspended_with_a_reason(
    site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(webhooks, "GIVE_UP_AFTER_MS", 100)
    monkeypatch.setattr(webhooks, "FEWEST_FAILURES", 3)
    receiver.answers = [500] * 1000
    bucket = await site.bucket(to(receiver.url))

    async def is_suspended() -> bool:
        return bool((await site.rule(bucket)).suspension_reason)

    async with site.delivering():
        await site.put(bucket)
        await until(is_suspended)
        await until(lambda: nothing_waits(site.store))
        await site.put(bucket)  # asks nobody any more
        assert await nothing_waits(site.store)
        assert (await site.rule(bucket)).suspension_reason.startswith("Every delivery has failed since ")
        (notice,) = site.store.notices.of(bucket.account_id)
        assert notice.message.startswith("The webhook of the rule my-rule of the bucket photographs is suspended: ")
        receiver.answers = []
        tried = len(receiver.requests)
        await site.set_rules(bucket, to(receiver.url))  # takes it up again
        await site.put(bucket, "new.png")
        await until(lambda: len(receiver.requests) == tried + 1)
        await until(lambda: not site.store.notices.of(bucket.account_id))  # it answers again
    assert receiver.told[-1] == "ObjectCreated:Upload new.png"
    told = capfd.readouterr().err
    assert "the webhook my-rule of the bucket photographs is suspended" in told
    assert "token=a" not in told


async def test_a_new_target_is_tried_at_once(site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "FIRST_RETRY_MS", HOUR_MS)
    monkeypatch.setattr(webhooks, "LONGEST_RETRY_MS", HOUR_MS)
    bucket = await site.bucket(to("http://127.0.0.1:1/hook"))
    async with site.delivering():
        await site.put(bucket)
        await until(lambda: tried_once(site.store))
        await site.set_rules(bucket, to(receiver.url))
        await site.put(bucket, "next.png")
        await until(lambda: receiver.told == ["ObjectCreated:Upload next.png"])


async def tried_once(store: Store) -> bool:
    return [event.attempts for event in await waiting_events(store)] == [1]


@pytest.mark.parametrize("change", ["gone", "disabled", "bucket deleted"])
async def test_what_waits_for_a_rule_that_is_off_is_given_up(site: Site, receiver: Receiver, change: str) -> None:
    bucket = await site.bucket(to(receiver.url))
    version = await site.put(bucket)
    if change == "gone":
        await site.set_rules(bucket)
    elif change == "disabled":
        await site.set_rules(bucket, replace(to(receiver.url), is_enabled=False))
    else:
        await site.store.delete_version(bucket.bucket_id, b"cat.png", version.version_id)
        await site.store.delete_bucket(bucket.bucket_id)
    async with site.delivering():
        await until(lambda: nothing_waits(site.store))
    assert receiver.requests == []


async def test_private_addresses_are_refused_unless_a_setting_allows_them(
    tmp_path: Path, receiver: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    async with opened(tmp_path, MasterKey.random(), private_addresses=False) as site:
        bucket = await site.bucket(to(receiver.url))
        async with site.delivering():
            await site.put(bucket)
            await until(lambda: tried_once(site.store))
    assert receiver.requests == []
    assert "127.0.0.1 is in a private network" in capfd.readouterr().err


async def test_a_delivery_is_counted_as_a_call_of_class_b(site: Site, receiver: Receiver) -> None:
    receiver.answers = [500]
    bucket = await site.bucket(to(receiver.url, most=50))
    async with site.delivering():
        await site.put(bucket)
        await until(lambda: nothing_waits(site.store))
    (row,) = [row for row in await site.store.ledger() if row.operation == OPERATION]
    assert (row.transaction_class, row.count, row.bucket_name) == ("B", 1, "photographs")


async def test_a_test_event_is_delivered_whatever_the_rule_asks_for(site: Site, receiver: Receiver) -> None:
    bucket = await site.bucket(replace(to(receiver.url), event_types=("b2:ObjectDeleted:Delete",), prefix="x"))
    async with site.delivering():
        await site.store.events.test(bucket, await site.rule(bucket))
        await until(lambda: receiver.events)
    (told,) = receiver.events
    assert (told["eventType"], told["objectName"], told["matchedRuleName"]) == ("b2:TestEvent", None, "my-rule")
