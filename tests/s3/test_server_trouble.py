"""A full disk, a store that turned read-only, and many writers at once."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.master_key import MasterKey
from calotype.s3.server import S3Server
from calotype.s3.settings import S3Settings
from calotype.store.store import Store, memory_store


async def site_over(store: Store, site: Any) -> Any:
    """The fixture's client before another store."""
    account = await store.default_account()
    key = await store.create_key(account.account_id, "owner", ALL_CAPABILITIES)
    server = S3Server(store, S3Settings(), clock=lambda: site.moment_ms[0])
    return type(site)(store, server, account.account_id, key, site.moment_ms)


async def test_a_full_disk_refuses_uploads_in_words_and_keeps_reading(site: Any) -> None:
    async with await memory_store(capacity_bytes=200_000) as store:
        full = await site_over(store, site)
        await full.bucket()
        assert (await full.send("PUT", "/photos/a", body=b"x" * 100_000)).status == 200
        answer = await full.send("PUT", "/photos/b", body=b"x" * 150_000)
        assert (answer.status, answer.code) == (507, "InsufficientStorage")
        assert await full.keys_in("photos") == [b"a"]
        assert (await full.send("GET", "/photos/a")).body == b"x" * 100_000
        assert (await full.send("DELETE", "/photos/a")).status == 204


async def test_a_read_only_store_answers_503_and_keeps_reading(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await Store.open(tmp_path / "store", MasterKey.random(), reserve_bytes=0) as store:
        broken = await site_over(store, site)
        await broken.bucket()
        assert (await broken.send("PUT", "/photos/a", body=b"x")).status == 200
        monkeypatch.setattr(store._commits, "failure", "the disk said no")
        answer = await broken.send("PUT", "/photos/b", body=b"x")
        assert (answer.status, answer.code) == (503, "ServiceUnavailable")
        assert answer.headers.get("retry-after") == "60"
        assert (await broken.send("GET", "/photos/a")).body == b"x"
        monkeypatch.undo()


async def test_of_many_writers_of_a_new_key_exactly_one_wins(site: Any) -> None:
    await site.bucket()
    answers = await asyncio.gather(
        *(site.send("PUT", "/photos/a", [("if-none-match", "*")], bytes([number]) * 5000) for number in range(20))
    )
    assert sorted(answer.status for answer in answers) == [200] + [412] * 19
    winner = next(answer for answer in answers if answer.status == 200)
    got = await site.send("GET", "/photos/a")
    assert got.headers.get("etag") == winner.headers.get("etag")
    assert f'"{hashlib.md5(got.body, usedforsecurity=False).hexdigest()}"' == winner.headers.get("etag")


async def test_readers_see_one_whole_version_while_writers_replace_it(site: Any) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", body=bytes(400_000))

    async def write(number: int) -> None:
        await site.send("PUT", "/photos/a", body=bytes([number]) * 400_000)

    async def read() -> None:
        got = await site.send("GET", "/photos/a")
        assert (len(got.body), len(set(got.body))) == (400_000, 1)

    await asyncio.gather(*(step for number in range(1, 11) for step in (write(number), read(), read())))
