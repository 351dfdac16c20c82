"""Which changes are announced to which notification rules (b2.md §1.10)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calotype.store.errors import PreconditionFailed
from calotype.store.events import asks_for
from calotype.store.large_files import Finished
from calotype.store.model import Bucket, BucketSettings, EventType, NotificationRule, VersionDraft, Versioning
from calotype.store.store import Store, memory_store
from support.events import waiting_events

RULE = NotificationRule("all-of-it", ("b2:ObjectCreated:*", "b2:ObjectDeleted:*", "b2:HideMarkerCreated:*"), "", b"")


@pytest.mark.parametrize(
    ("rule", "type", "key", "expected"),
    [
        (RULE, EventType.UPLOADED, b"cat.png", True),
        (replace(RULE, event_types=("b2:ObjectCreated:*",)), EventType.COPIED, b"cat.png", True),
        (replace(RULE, event_types=("b2:ObjectCreated:*",)), EventType.DELETED, b"cat.png", False),
        (replace(RULE, event_types=("b2:ObjectCreated:Copy",)), EventType.COPIED, b"cat.png", True),
        (replace(RULE, event_types=("b2:ObjectCreated:Copy",)), EventType.UPLOADED, b"cat.png", False),
        # the two lifecycle types are of two categories
        (replace(RULE, event_types=("b2:ObjectDeleted:LifecycleRule",)), EventType.HIDDEN_BY_RULE, b"cat.png", False),
        (replace(RULE, prefix="cats/"), EventType.UPLOADED, b"cats/a.png", True),
        (replace(RULE, prefix="cats/"), EventType.UPLOADED, b"dogs/a.png", False),
        (replace(RULE, prefix="ö"), EventType.UPLOADED, "öl.png".encode(), True),
        (replace(RULE, is_enabled=False), EventType.UPLOADED, b"cat.png", False),
        (replace(RULE, suspension_reason="it failed"), EventType.UPLOADED, b"cat.png", False),
    ],
)
def test_a_rule_asks_for_an_event(rule: NotificationRule, type: EventType, key: bytes, expected: bool) -> None:
    assert asks_for(rule, type, key) is expected


async def types(store: Store) -> list[str]:
    return [event.type.value.removeprefix("b2:") for event in await waiting_events(store)]


async def made(store: Store, versioning: Versioning = Versioning.ENABLED, *rules: NotificationRule) -> Bucket:
    account = await store.default_account()
    settings = BucketSettings(notification_rules=rules or (RULE,))
    return await store.create_bucket(account.account_id, "photographs", versioning=versioning, settings=settings)


async def put(store: Store, bucket: Bucket, key: bytes = b"cat.png"):
    async with store.upload(bucket, key) as upload:
        await upload.write(b"print")
        return await upload.commit(VersionDraft())


async def test_each_change_is_announced_with_what_it_is_about() -> None:
    async with await memory_store(clock=lambda: 5000) as store:
        bucket = await made(store)
        version = await put(store, bucket)
        marker = await store.hide(bucket.bucket_id, b"cat.png")
        await store.delete_version(bucket.bucket_id, b"cat.png", marker.version_id)
        events = await waiting_events(store)
        assert [(event.type, event.version_id, event.length) for event in events] == [
            (EventType.UPLOADED, version.version_id, 5),
            (EventType.HIDDEN, marker.version_id, None),
            (EventType.DELETED, marker.version_id, None),
        ]
        assert {(event.account_id, event.bucket_id, event.rule_name, event.key, event.at_ms) for event in events} == {
            (bucket.account_id, bucket.bucket_id, "all-of-it", b"cat.png", 5000)
        }
        assert sorted({event.sequence for event in events}) == [event.sequence for event in events]


async def test_copies_and_finished_large_files_are_created_each_in_its_way() -> None:
    async with await memory_store() as store:
        bucket = await made(store)
        version = await put(store, bucket)
        await store.copy(version, bucket, b"copy.png", VersionDraft())
        await store.copy(version, bucket, b"part.png", VersionDraft(), start=1, stop=3)
        file = await store.large_files.start(bucket, b"film.mp4", VersionDraft())
        for number in (1, 2):
            async with store.large_files.upload_part(file, number) as part:
                await part.write(b"frames")
                await part.commit()
        await store.large_files.finish(file, lambda file, parts: Finished((1, 2), "etag"))
        assert await types(store) == [
            "ObjectCreated:Upload",
            "ObjectCreated:Copy",
            "ObjectCreated:Copy",
            "ObjectCreated:MultipartUpload",
        ]
        assert [event.length for event in await waiting_events(store)] == [5, 5, 2, 12]


async def test_what_never_was_an_object_is_not_announced() -> None:
    async with await memory_store() as store:
        bucket = await made(store)
        for _ in range(2):
            await store.large_files.start(bucket, b"film.mp4", VersionDraft())
        (one, other), _ = await store.large_files.unfinished(bucket.bucket_id)
        await store.large_files.cancel(one.version_id)
        await store.delete_version(bucket.bucket_id, b"film.mp4", other.version_id)
        assert await types(store) == []


async def test_s3_deletions_are_announced_by_what_they_did() -> None:
    async with await memory_store() as store:
        bucket = await made(store, Versioning.ENABLED)
        await put(store, bucket)
        await store.delete_object(bucket.bucket_id, b"cat.png")  # leaves a delete marker, which is a hide marker
        assert await types(store) == ["ObjectCreated:Upload", "HideMarkerCreated:Hide"]
    async with await memory_store() as store:
        bucket = await made(store, Versioning.UNVERSIONED)
        await put(store, bucket)
        await put(store, bucket)
        await store.delete_object(bucket.bucket_id, b"cat.png")
        await store.delete_object(bucket.bucket_id, b"cat.png")  # nothing there any more
        assert await types(store) == ["ObjectCreated:Upload", "ObjectCreated:Upload", "ObjectDeleted:Delete"]


async def test_a_change_that_is_refused_is_not_announced() -> None:
    def refuse(version: object) -> None:
        raise PreconditionFailed

    async with await memory_store() as store:
        bucket = await made(store)
        async with store.upload(bucket, b"cat.png") as upload:
            await upload.write(b"print")
            with pytest.raises(PreconditionFailed):
                await upload.commit(VersionDraft(), precondition=refuse)
        assert await types(store) == []


async def test_every_rule_that_asks_is_told_and_no_other() -> None:
    rules = (
        replace(RULE, name="one-rule"),
        replace(RULE, name="not-this", prefix="dogs/"),
        replace(RULE, name="other"),
    )
    async with await memory_store() as store:
        await put(store, await made(store, Versioning.ENABLED, *rules))
        assert [event.rule_name for event in await waiting_events(store)] == ["one-rule", "other"]
