"""Entry files and the index over them: torn files, restarts, eviction, and a body read while it grows."""

from __future__ import annotations

import asyncio
import errno
from dataclasses import replace
from pathlib import Path

import pytest

from calotype.cache.entries import Entries, Entry
from calotype.cache.entry_files import SMALL_BODY_BYTES, EntryFiles, entry_name
from calotype.cache.entry_format import TornEntry
from calotype.cache.key import CacheKey, owner_of
from calotype.cache.policy.stored import Lifetime, StoredResponse
from calotype.cache.spool import IncompleteSpool, Spool
from calotype.http.message import Headers

LARGE = bytes(range(256)) * (SMALL_BODY_BYTES // 256 + 700)


def response(key: str, body: bytes) -> StoredResponse:
    return StoredResponse(
        key=key, zone_id="z", url=f"h/{key}", origin_url=f"o/{key}", query=None, query_ignored=True, status=200,
        headers=Headers([("content-type", "image/png"), ("x-latin", "caf\xe9")]), lifetime=Lifetime(1.5, 60.5),
        ban_position=3, body_length=len(body), selecting=(("accept", None),), tags=("t",),
    )  # fmt: skip


def digest(key: str) -> str:
    return CacheKey("z", "h", f"/{key}").digest


def open_files(folder: Path) -> EntryFiles:
    files = EntryFiles(folder, writer="w0")
    files.prepare()
    return files


def open_entries(folder: Path, *, limit: int = 1 << 30, memory: int = 1 << 24) -> Entries:
    entries = Entries(open_files(folder), limit_bytes=limit, memory_bytes=memory)
    entries.load_index(lambda _: True)
    return entries


async def add(entries: Entries, folder: Path, key: str, body: bytes) -> Entry:
    spool = Spool(open_files(folder))
    for start in range(0, len(body), 100_000):
        await spool.write(body[start : start + 100_000])
    await spool.finish()
    entry = await entries.add(digest(key), response(key, body), spool)
    spool.release()
    return entry


def count_files(folder: Path) -> int:
    return len(list(folder.rglob("*-*")))


async def body_of(entries: Entries, entry: Entry) -> bytes:
    return b"".join([chunk async for chunk in entries.read(entry, entries.hold(entry), 0, entry.stored.body_length)])


@pytest.mark.parametrize("body", [b"", b"small", LARGE], ids=["empty", "small", "large"])
async def test_entry_survives_a_restart(tmp_path: Path, body: bytes) -> None:
    await add(open_entries(tmp_path), tmp_path, "a", body)
    restarted = open_entries(tmp_path)
    (entry,) = await restarted.variants(digest("a"))
    assert entry.stored == response("a", body)
    assert await body_of(restarted, entry) == body


@pytest.mark.parametrize("body", [b"pixels" * 20, LARGE], ids=["small", "large"])
async def test_file_torn_anywhere_is_discarded(tmp_path: Path, body: bytes) -> None:
    await add(open_entries(tmp_path), tmp_path, "a", body)
    name = entry_name(digest("a"), response("a", body))
    path = open_files(tmp_path).path(name)
    whole = path.read_bytes()
    cuts = range(len(whole)) if len(whole) < 2000 else (0, 1, 55, len(body) - 1, len(body), len(whole) - 1)
    for cut in cuts:
        path.write_bytes(whole[:cut])
        with pytest.raises(TornEntry):
            open_files(tmp_path).load(name)
    path.write_bytes(whole[:-1])
    assert await open_entries(tmp_path).variants(digest("a")) == []
    await asyncio.sleep(0.1)
    assert not path.exists()


async def test_entry_stored_anew_is_not_taken_by_the_removal_of_the_old_one(tmp_path: Path) -> None:
    entries = open_entries(tmp_path)
    for number in range(30):
        entry = await add(entries, tmp_path, "a", b"%d" % number)
        entries.discard(entry.name)
    await add(entries, tmp_path, "a", b"last")
    (found,) = await open_entries(tmp_path).variants(digest("a"))
    assert found.body == b"last"


async def test_any_changed_byte_is_noticed(tmp_path: Path) -> None:
    await add(open_entries(tmp_path), tmp_path, "a", b"pixels")
    name = entry_name(digest("a"), response("a", b"pixels"))
    path = open_files(tmp_path).path(name)
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with pytest.raises(TornEntry):
            open_files(tmp_path).load(name)


async def test_unfinished_files_go_at_the_next_start(tmp_path: Path) -> None:
    spool = Spool(open_files(tmp_path))
    await spool.write(LARGE)
    assert len(list((tmp_path / "incoming").iterdir())) == 1
    open_files(tmp_path)
    assert list((tmp_path / "incoming").iterdir()) == []


async def test_least_recently_used_goes_first(tmp_path: Path) -> None:
    entries = open_entries(tmp_path, limit=10_000)
    for key in "abc":
        await add(entries, tmp_path, key, bytes(2500))
    await entries.variants(digest("a"))
    await add(entries, tmp_path, "d", bytes(2500))
    assert [bool(await entries.variants(digest(key))) for key in "abcd"] == [True, False, True, True]
    assert entries.stored_bytes <= 10_000
    await asyncio.sleep(0.1)
    assert count_files(tmp_path) == 3


async def test_memory_is_bounded_while_files_stay(tmp_path: Path) -> None:
    entries = open_entries(tmp_path, memory=30_000)
    for number in range(20):
        await add(entries, tmp_path, str(number), bytes(5000))
    assert entries.memory_bytes <= 30_000
    (entry,) = await entries.variants(digest("0"))
    assert await body_of(entries, entry) == bytes(5000)


async def test_smaller_limit_is_kept_at_the_next_start(tmp_path: Path) -> None:
    entries = open_entries(tmp_path)
    for key in "abcd":
        await add(entries, tmp_path, key, bytes(2500))
    assert open_entries(tmp_path, limit=6000).stored_bytes <= 6000
    assert count_files(tmp_path) == 2


async def test_304_rewrites_the_head_and_keeps_the_body(tmp_path: Path) -> None:
    entries = open_entries(tmp_path)
    entry = await add(entries, tmp_path, "a", LARGE)
    longer = entry.stored.headers.add("x-long", "x" * 5000)
    entry = await entries.update(entry, replace(entry.stored, headers=longer))
    await entries.update(entry, replace(entry.stored, lifetime=Lifetime(9, 99)))
    restarted = open_entries(tmp_path)
    (found,) = await restarted.variants(digest("a"))
    assert found.stored.lifetime == Lifetime(9, 99)
    assert await body_of(restarted, found) == LARGE


async def test_removed_entry_stays_readable_for_who_reads_it(tmp_path: Path) -> None:
    entries = open_entries(tmp_path)
    entry = await add(entries, tmp_path, "a", LARGE)
    reader = entries.read(entry, entries.hold(entry), 0, len(LARGE))
    entries.discard(entry.name)
    assert await entries.variants(digest("a")) == []
    assert b"".join([chunk async for chunk in reader]) == LARGE


@pytest.mark.parametrize("size", [1000, 3_000_000])
async def test_readers_follow_a_growing_body_at_their_own_pace(tmp_path: Path, size: int) -> None:
    spool = Spool(open_files(tmp_path))
    body = bytes(index % 251 for index in range(size))

    async def read(pause: float, start: int, stop: int | None) -> bytes:
        received = bytearray()
        async for chunk in spool.read(start, stop):
            received += chunk
            await asyncio.sleep(pause)
        return bytes(received)

    readers = [
        asyncio.create_task(read(pause, start, stop))
        for pause, start, stop in [(0, 0, None), (0.01, 0, None), (0, 500, 900), (0, size - 10, size)]
    ]
    for start in range(0, size, 65_536):
        await spool.write(body[start : start + 65_536])
        await asyncio.sleep(0)
    await spool.finish()
    assert await asyncio.gather(*readers) == [body, body, body[500:900], body[-10:]]
    spool.release()
    assert list((tmp_path / "incoming").iterdir()) == []


async def test_readers_of_a_failed_body_get_what_came_and_then_an_error(tmp_path: Path) -> None:
    spool = Spool(open_files(tmp_path))
    await spool.write(b"half")
    reader = spool.read()
    assert await anext(reader) == b"half"
    spool.fail(ConnectionError("closed"))
    with pytest.raises(IncompleteSpool):
        await anext(reader)


async def test_body_without_room_on_the_disk_is_delivered_from_memory(tmp_path: Path) -> None:
    class FullDisk(EntryFiles):
        def create(self) -> tuple[int, Path]:
            raise OSError(errno.ENOSPC, "No space left on device")

    spool = Spool(FullDisk(tmp_path, writer="w0"))
    reader = spool.read()
    for start in range(0, len(LARGE), 100_000):
        await spool.write(LARGE[start : start + 100_000])
    await spool.finish()
    assert b"".join([chunk async for chunk in reader]) == LARGE
    with pytest.raises(OSError, match="No space left"):
        await open_entries(tmp_path).add(digest("a"), response("a", LARGE), spool)


def test_every_worker_count_finds_an_owner_for_each_key() -> None:
    digests = [digest(str(number)) for number in range(400)]
    for count in (1, 2, 3, 7):
        owners = [owner_of(each, count) for each in digests]
        assert set(owners) == set(range(count))


def test_keys_differ_where_answers_may_differ() -> None:
    keys = {
        CacheKey("z", "h", "/a").digest,
        CacheKey("z", "h", "/A").digest,
        CacheKey("z", "h", "/a", "q=1").digest,
        CacheKey("z", "h2", "/a").digest,
        CacheKey("y", "h", "/a").digest,
        CacheKey("z", "h", "/a", origin_target="/file/b/a").digest,
    }
    assert len(keys) == 6
