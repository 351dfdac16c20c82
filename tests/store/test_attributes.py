"""Attributes of a version that change after it was made: ACLs and tags by S3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from calotype.store.errors import NoSuchKey, NoSuchVersion
from calotype.store.model import Bucket, FileVersion, VersionDraft
from calotype.store.store import Store, memory_store


@pytest.fixture
async def store() -> Store:
    return await memory_store()


@pytest.fixture
async def bucket(store: Store) -> Bucket:
    return await store.create_bucket((await store.default_account()).account_id, "photographs")


async def put(store: Store, bucket: Bucket, key: bytes) -> FileVersion:
    async with store.upload(bucket, key, expected_length=1) as upload:
        await upload.write(b"1")
        return await upload.commit(VersionDraft(attributes={"storage_class": "STANDARD_IA"}))


def tagged(version: FileVersion) -> Mapping[str, Any]:
    return {**version.attributes, "tags": {"place": "Pont d'Arcole"}}


async def test_the_visible_version_is_changed_and_keeps_everything_else(store: Store, bucket: Bucket) -> None:
    older = await put(store, bucket, b"a")
    newer = await put(store, bucket, b"a")

    changed = await store.change_attributes(bucket.bucket_id, b"a", None, tagged)

    assert changed.version_id == newer.version_id
    assert changed.attributes == {"storage_class": "STANDARD_IA", "tags": {"place": "Pont d'Arcole"}}
    assert await store.latest(bucket.bucket_id, b"a") == changed
    assert (await store.version(older.version_id)).attributes == {"storage_class": "STANDARD_IA"}


async def test_an_edge_is_told_when_what_shows_has_changed_and_only_then(store: Store, bucket: Bucket) -> None:
    older = await put(store, bucket, b"a")
    await put(store, bucket, b"a")
    before = (await store.outbox(0))[-1].sequence

    await store.change_attributes(bucket.bucket_id, b"a", older.version_id, tagged)
    assert await store.outbox(before) == []
    await store.change_attributes(bucket.bucket_id, b"a", None, tagged)
    assert [row.key for row in await store.outbox(before)] == [b"a"]


async def test_a_refusal_changes_nothing(store: Store, bucket: Bucket) -> None:
    version = await put(store, bucket, b"a")

    def refuse(_: FileVersion) -> Mapping[str, Any]:
        raise PermissionError("no")

    with pytest.raises(PermissionError):
        await store.change_attributes(bucket.bucket_id, b"a", None, refuse)
    assert await store.latest(bucket.bucket_id, b"a") == version


async def test_what_is_not_there_or_hidden_has_none(store: Store, bucket: Bucket) -> None:
    version = await put(store, bucket, b"a")
    marker = await store.hide(bucket.bucket_id, b"a")
    unfinished = await store.large_files.start(bucket, b"b", VersionDraft())

    with pytest.raises(NoSuchKey) as hidden:
        await store.change_attributes(bucket.bucket_id, b"a", None, tagged)
    assert hidden.value.marker == marker
    with pytest.raises(NoSuchKey):
        await store.change_attributes(bucket.bucket_id, b"b", None, tagged)
    for key, version_id in [(b"b", unfinished.version_id), (b"b", version.version_id), (b"a", "null")]:
        with pytest.raises(NoSuchVersion):
            await store.change_attributes(bucket.bucket_id, key, version_id, tagged)
