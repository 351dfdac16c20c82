"""Lifecycle rules carried out on a store whose clock the test sets: day after day."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from calotype.master_key import MasterKey
from calotype.store import lifecycle_job
from calotype.store.lifecycle import DAY_MS, Due, DueChange, due_changes
from calotype.store.lifecycle_job import LifecycleReport, apply_changes
from calotype.store.lifecycle_rule import S3Lifecycle
from calotype.store.model import (
    Bucket,
    BucketSettings,
    FileVersion,
    LifecycleRule,
    LockMode,
    NotificationRule,
    Retention,
    VersionDraft,
    Versioning,
)
from calotype.store.store import Store, memory_store
from support.events import waiting_events

RULE = LifecycleRule("", 7, 3, 2)
ALL_EVENTS = NotificationRule("all-of-it", ("b2:ObjectDeleted:*", "b2:HideMarkerCreated:*"), "", b"")


class Calendar:
    """A store and the day it has; `rule` is in force under every name."""

    def __init__(self) -> None:
        self.day = 1000.0
        self.store: Store

    def now_ms(self) -> int:
        return int(self.day * DAY_MS)

    async def bucket(
        self, *rules: LifecycleRule, versioning: Versioning = Versioning.ENABLED, **more: object
    ) -> Bucket:
        account = await self.store.default_account()
        settings = BucketSettings(lifecycle_rules=rules or (RULE,), notification_rules=(ALL_EVENTS,), **more)
        return await self.store.create_bucket(
            account.account_id, "photographs", versioning=versioning, settings=settings
        )

    async def put(self, bucket: Bucket, key: bytes = b"cat.png", **draft: object) -> FileVersion:
        async with self.store.upload(bucket, key) as upload:
            await upload.write(b"print of " + key)
            return await upload.commit(VersionDraft(**draft))

    async def run(self) -> str:
        return told(await self.store.lifecycle.run_once())

    async def rows(self, bucket: Bucket) -> list[tuple[bytes, str]]:
        page = await self.store.list_versions(bucket.bucket_id)
        return [(version.key, version.action.value) for version in page.versions]

    async def events(self) -> list[tuple[str, bytes]]:
        return [(event.type.value.removeprefix("b2:"), event.key) for event in await waiting_events(self.store)]


def told(report: LifecycleReport) -> str:
    return f"{report.hidden} {report.deleted} {report.markers_removed} {report.canceled}"


@pytest.fixture(params=["memory", "files"])
async def calendar(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Calendar]:
    made = Calendar()
    if request.param == "memory":
        made.store = await memory_store(clock=made.now_ms)
    else:
        made.store = await Store.open(tmp_path, MasterKey.random(), reserve_bytes=0, clock=made.now_ms)
    async with made.store:
        yield made


async def test_a_file_lives_out_its_days(calendar: Calendar) -> None:
    bucket = await calendar.bucket()
    await calendar.put(bucket)
    assert await calendar.run() == "0 0 0 0"
    calendar.day += 6.999
    assert await calendar.run() == "0 0 0 0"
    calendar.day += 0.001
    assert await calendar.run() == "1 0 0 0"
    assert await calendar.rows(bucket) == [(b"cat.png", "hide"), (b"cat.png", "upload")]
    calendar.day += 2.5
    assert await calendar.run() == "0 0 0 0"
    calendar.day += 0.5
    assert await calendar.run() == "0 1 1 0"
    assert await calendar.rows(bucket) == []


async def test_what_a_rule_does_is_announced_as_its_doing_and_purged_at_the_edges(calendar: Calendar) -> None:
    bucket = await calendar.bucket()
    await calendar.put(bucket)
    before = (await calendar.store.outbox(0))[-1].sequence
    calendar.day += 8
    await calendar.run()
    calendar.day += 8
    await calendar.run()
    assert await calendar.events() == [
        ("HideMarkerCreated:LifecycleRule", b"cat.png"),
        ("ObjectDeleted:LifecycleRule", b"cat.png"),
        ("ObjectDeleted:LifecycleRule", b"cat.png"),  # the marker
    ]
    assert [row.key for row in await calendar.store.outbox(before)] == [b"cat.png"]  # what is hidden shows no more


async def test_the_bytes_of_a_deleted_version_are_given_back(calendar: Calendar) -> None:
    bucket = await calendar.bucket()
    await calendar.put(bucket)
    await calendar.put(bucket)
    calendar.day += 3
    assert await calendar.run() == "0 1 0 0"
    (usage,) = await calendar.store.metadata.read(lambda transaction: transaction.usage(bucket.account_id))
    assert (usage.versions, usage.stored_bytes) == (1, len(b"print of cat.png"))


async def test_unfinished_large_files_are_cancelled_with_their_parts(calendar: Calendar) -> None:
    bucket = await calendar.bucket()
    old = await calendar.store.large_files.start(bucket, b"film.mp4", VersionDraft())
    async with calendar.store.large_files.upload_part(old, 1) as part:
        await part.write(b"frames")
        await part.commit()
    calendar.day += 1
    young = await calendar.store.large_files.start(bucket, b"film.mp4", VersionDraft())
    calendar.day += 1
    assert await calendar.run() == "0 0 0 1"
    (left,), _ = await calendar.store.large_files.unfinished(bucket.bucket_id)
    assert left.version_id == young.version_id
    (usage,) = await calendar.store.metadata.read(lambda transaction: transaction.usage(bucket.account_id))
    assert usage.stored_bytes == 0


async def test_only_names_under_the_prefix_are_touched(calendar: Calendar) -> None:
    bucket = await calendar.bucket(LifecycleRule("b/", 1, 1, 1), LifecycleRule("d/", 1))
    for key in (b"a/1", b"b", b"b/1", b"b/2", b"b0", b"c/1", b"d/1"):
        await calendar.put(bucket, key)
    calendar.day += 1
    assert await calendar.run() == "3 0 0 0"
    visible = [version.key for version in (await calendar.store.list_names(bucket.bucket_id)).versions]
    assert visible == [b"a/1", b"b", b"b0", b"c/1"]


async def test_locked_versions_stay_until_their_lock_ends(calendar: Calendar) -> None:
    bucket = await calendar.bucket(file_lock_enabled=True)
    until = Retention(LockMode.GOVERNANCE, calendar.now_ms() + 30 * DAY_MS)
    await calendar.put(bucket, b"kept.png", retention=until)
    await calendar.put(bucket, b"held.png", legal_hold=True)
    calendar.day += 7
    assert await calendar.run() == "2 0 0 0"
    calendar.day += 20
    assert await calendar.run() == "0 0 0 0"
    calendar.day += 3
    assert await calendar.run() == "0 1 1 0"
    assert await calendar.rows(bucket) == [(b"held.png", "hide"), (b"held.png", "upload")]


async def test_a_bucket_that_keeps_no_versions_loses_the_object(calendar: Calendar) -> None:
    """What S3 calls expiration: an unversioned object has no marker to be hidden by."""
    bucket = await calendar.bucket(versioning=Versioning.UNVERSIONED)
    await calendar.put(bucket)
    calendar.day += 7
    assert await calendar.run() == "1 0 0 0"
    assert await calendar.rows(bucket) == []
    assert await calendar.events() == [("ObjectDeleted:LifecycleRule", b"cat.png")]


async def test_pages_and_batches_make_no_difference(calendar: Calendar, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = await calendar.bucket()
    for day in range(12):
        for key in (b"a", b"b", b"c"):
            await calendar.put(bucket, key)
        if day % 3 == 0:
            await calendar.store.hide(bucket.bucket_id, b"b")
        calendar.day += 1
    page = await calendar.store.list_versions(bucket.bucket_id, limit=10_000)
    due = list(due_changes(RULE, page.versions, calendar.now_ms(), lambda _: False))
    monkeypatch.setattr(lifecycle_job, "PAGE", 2)
    monkeypatch.setattr(lifecycle_job, "BATCH", 3)
    rehearsal = await calendar.store.lifecycle.run_once(dry_run=True)
    report = await calendar.store.lifecycle.run_once()
    assert report == rehearsal
    assert report.deleted == sum(change.kind is Due.DELETE for change in due) > 10
    assert await calendar.run() == "0 0 0 0"


async def test_a_rehearsal_changes_nothing_and_may_look_ahead(calendar: Calendar) -> None:
    bucket = await calendar.bucket()
    await calendar.put(bucket)
    ahead_ms = calendar.now_ms() + 7 * DAY_MS
    assert told(await calendar.store.lifecycle.run_once(ahead_ms, dry_run=True)) == "1 0 0 0"
    assert await calendar.rows(bucket) == [(b"cat.png", "upload")]
    assert told(await calendar.store.lifecycle.run_once(dry_run=True)) == "0 0 0 0"


async def test_a_run_as_of_a_later_time_still_obeys_locks(calendar: Calendar) -> None:
    bucket = await calendar.bucket(file_lock_enabled=True)
    await calendar.put(bucket, b"free.png")
    await calendar.put(bucket, b"kept.png", retention=Retention(LockMode.COMPLIANCE, calendar.now_ms() + DAY_MS))
    for days in (7, 14):
        await calendar.store.lifecycle.run_once(calendar.now_ms() + days * DAY_MS)
    assert await calendar.rows(bucket) == [(b"kept.png", "hide"), (b"kept.png", "upload")]


def stale(kind: Due, version: FileVersion, hidden_by: FileVersion | None = None) -> DueChange:
    return DueChange(kind, version, hidden_by)


async def applied(calendar: Calendar, bucket: Bucket, *changes: DueChange, rule: LifecycleRule = RULE) -> str:
    """What comes of changes that were decided on before something else happened."""
    markers = {
        change.version.version_id: await calendar.store._marker(bucket.bucket_id, change.version.key)
        for change in changes
    }
    done = await calendar.store._commits.commit(
        lambda transaction: apply_changes(
            transaction, bucket.bucket_id, rule, list(changes), markers, calendar.now_ms()
        )
    )
    return told(done.report)


async def test_each_change_is_looked_at_again_when_it_is_made(calendar: Calendar) -> None:
    bucket = await calendar.bucket(file_lock_enabled=True)
    store = calendar.store
    below = await calendar.put(bucket)
    above = await calendar.put(bucket)
    gone = replace(above, version_id=above.version_id.replace("_f1", "_f2"))
    started = await store.large_files.start(bucket, b"film.mp4", VersionDraft())

    assert await applied(calendar, bucket, stale(Due.HIDE, below)) == "0 0 0 0"  # no longer the visible one
    assert await applied(calendar, bucket, stale(Due.HIDE, gone)) == "0 0 0 0"
    assert await applied(calendar, bucket, stale(Due.DELETE, below, gone)) == "0 0 0 0"  # shown again meanwhile
    assert await applied(calendar, bucket, stale(Due.DELETE, gone, above)) == "0 0 0 0"
    assert await applied(calendar, bucket, stale(Due.REMOVE_MARKER, below)) == "0 0 0 0"  # no marker
    assert await applied(calendar, bucket, stale(Due.CANCEL, below)) == "0 0 0 0"  # finished meanwhile
    marker = await store.hide(bucket.bucket_id, b"cat.png")
    assert await applied(calendar, bucket, stale(Due.REMOVE_MARKER, marker)) == "0 0 0 0"  # something is below
    await store.update_legal_hold(bucket.bucket_id, b"cat.png", below.version_id, True)
    assert await applied(calendar, bucket, stale(Due.DELETE, below, above)) == "0 0 0 0"  # locked meanwhile
    other_rule = LifecycleRule("cat", 1)
    assert await applied(calendar, bucket, stale(Due.CANCEL, started), rule=other_rule) == "0 0 0 0"  # no such rule

    await store.update_legal_hold(bucket.bucket_id, b"cat.png", below.version_id, False)
    together = [stale(Due.DELETE, above, marker), stale(Due.DELETE, below, marker), stale(Due.REMOVE_MARKER, marker)]
    assert await applied(calendar, bucket, *together, stale(Due.CANCEL, started)) == "0 2 1 1"
    assert await calendar.rows(bucket) == []


async def test_a_bucket_deleted_meanwhile_ends_the_walk(calendar: Calendar) -> None:
    bucket = await calendar.bucket()
    version = await calendar.put(bucket)
    await calendar.store.delete_version(bucket.bucket_id, b"cat.png", version.version_id)
    await calendar.store.delete_bucket(bucket.bucket_id)
    job = calendar.store.lifecycle
    assert told(await job._apply(bucket.bucket_id, RULE, [stale(Due.HIDE, version)])) == "0 0 0 0"
    assert told(await job._follow(bucket, RULE, None, dry_run=False)) == "0 0 0 0"


async def test_uploads_go_on_while_a_large_bucket_is_walked(
    calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing holds the store for longer than a page or a batch: an upload is answered in the middle of a run."""
    monkeypatch.setattr(lifecycle_job, "PAGE", 10)
    bucket = await calendar.bucket(LifecycleRule("old/", 1))
    for number in range(100):
        await calendar.put(bucket, b"old/%03d" % number)
    calendar.day += 1
    order: list[str] = []
    commit: Callable[..., object] = calendar.store.lifecycle._commit

    async def noted(function: Callable[..., object]) -> object:
        order.append("batch")
        if order.count("batch") == 2:
            await calendar.put(bucket, b"new")
            order.append("upload")
        return await commit(function)  # type: ignore[misc]

    monkeypatch.setattr(calendar.store.lifecycle, "_commit", noted)
    assert await calendar.run() == "100 0 0 0"
    assert order.index("upload") < len(order) - 5


def by_s3(*days: int | None, **s3: object) -> LifecycleRule:
    return LifecycleRule("", *days, s3=S3Lifecycle("rule", **s3))


async def test_a_rule_of_s3_that_is_disabled_does_nothing(calendar: Calendar) -> None:
    bucket = await calendar.bucket(by_s3(1, is_enabled=False))
    await calendar.put(bucket)
    calendar.day += 50
    assert await calendar.run() == "0 0 0 0"


async def test_an_expired_object_makes_room_for_a_marker_of_its_kind(calendar: Calendar) -> None:
    bucket = await calendar.bucket(by_s3(1), versioning=Versioning.SUSPENDED)
    await calendar.put(bucket)
    calendar.day += 2
    assert await calendar.run() == "1 0 0 0"
    assert await calendar.rows(bucket) == [(b"cat.png", "hide")]  # null in place of null
    calendar.day += 2
    assert await calendar.run() == "0 0 1 0"
    assert await calendar.rows(bucket) == []


async def test_hidden_versions_are_kept_by_their_number(calendar: Calendar) -> None:
    bucket = await calendar.bucket(by_s3(None, 1, newer_versions_kept=2))
    for _ in range(6):
        await calendar.put(bucket)
        calendar.day += 1
    calendar.day += 5
    assert await calendar.run() == "0 3 0 0"
    assert await calendar.rows(bucket) == [(b"cat.png", "upload")] * 3
    assert await calendar.run() == "0 0 0 0"


async def test_a_version_that_lies_higher_by_now_is_kept(calendar: Calendar) -> None:
    """Newer ones may be deleted between the walk and the change."""
    rule = by_s3(None, 1, newer_versions_kept=2)
    bucket = await calendar.bucket(rule)
    made = []
    for _ in range(4):
        made.append(await calendar.put(bucket))
        calendar.day += 1
    calendar.day += 5
    page = await calendar.store.list_versions(bucket.bucket_id)
    due = list(due_changes(rule, page.versions, calendar.now_ms(), lambda _: False))
    assert [change.version.version_id for change in due] == [made[0].version_id]
    await calendar.store.delete_version(bucket.bucket_id, b"cat.png", made[1].version_id)
    applied = await calendar.store._commits.commit(
        lambda transaction: apply_changes(transaction, bucket.bucket_id, rule, due, {}, calendar.now_ms())
    )
    assert applied.report.is_empty


async def test_a_version_whose_tags_changed_meanwhile_is_left_alone(calendar: Calendar) -> None:
    rule = by_s3(None, 1, tags=(("keep", "no"),))
    bucket = await calendar.bucket(rule)
    tagged = await calendar.put(bucket, attributes={"tags": {"keep": "no"}})
    await calendar.put(bucket)
    calendar.day += 2
    page = await calendar.store.list_versions(bucket.bucket_id)
    due = list(due_changes(rule, page.versions, calendar.now_ms(), lambda _: False))
    assert len(due) == 1
    await calendar.store.change_attributes(bucket.bucket_id, b"cat.png", tagged.version_id, lambda _: {"tags": {}})
    applied = await calendar.store._commits.commit(
        lambda transaction: apply_changes(transaction, bucket.bucket_id, rule, due, {}, calendar.now_ms())
    )
    assert applied.report.is_empty
    assert await calendar.run() == "0 0 0 0"
