"""What an origin does with its outbox when no purger follows it."""

from __future__ import annotations

import asyncio

import pytest

from calotype.programs import origin
from calotype.store.store import Store, memory_store
from calotype.store.upload import VersionDraft


async def put(store: Store, count: int) -> None:
    account = await store.default_account()
    bucket = await store.create_bucket(account.account_id, "photos")
    for number in range(count):
        async with store.upload(bucket, b"%d.png" % number) as upload:
            await upload.write(b"print")
            await upload.commit(VersionDraft(content_type="image/png"))


async def test_an_outbox_without_a_follower_keeps_its_newest_rows_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "CHANGES_KEPT", 3)
    async with await memory_store() as store:
        await put(store, 11)
        forgetting = asyncio.ensure_future(origin.forget_old_changes(store))
        async with asyncio.timeout(5):
            while [row.key for row in await store.outbox(0)] != [b"8.png", b"9.png", b"10.png"]:
                await asyncio.sleep(0.01)
        forgetting.cancel()
