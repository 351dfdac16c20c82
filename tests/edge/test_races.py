"""What happens between a request's look into the cache and the origin's answer to it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calotype.edge.fills import Fills, Outcome, Wanted
from calotype.edge.origin import Origin, OriginAnswer
from calotype.http.message import Headers, Request, Response
from edge.story import Seen, picture, story

STALE = {"cache_control": "max-age=10", "age": "10", "etag": '"a"'}
LARGE = os.urandom(2_000_000)  # stays on disk


@pytest.mark.parametrize("cache_control", ["no-store", "max-age=60"])
async def test_large_stale_picture_is_answered_whole_though_it_was_purged_while_it_was_validated(
    tmp_path: Path, cache_control: str
) -> None:
    asked, released = asyncio.Event(), asyncio.Event()

    async def answer(request: Request) -> Response:
        if request.method == "POST":
            return Response(204)
        if "if-none-match" not in request.headers:
            return picture(LARGE, **STALE)
        asked.set()
        await released.wait()
        return Response(304, Headers([("etag", '"a"'), ("cache-control", cache_control)]))

    async with story(tmp_path, answer) as edge:
        await edge.ask("/a.png")
        await edge.ask("/b.png")
        waiting = asyncio.ensure_future(edge.ask("/a.png"))
        await asyncio.wait_for(asked.wait(), 10)
        await edge.ask("/a.png", method="POST")  # removes what is stored (RFC 9111 §4.4)
        await _removed(edge.settings.edge_folder / "cache", left=1)
        released.set()
        seen = await asyncio.wait_for(waiting, 10)
    assert (seen.status, seen.cache, seen.body == LARGE) == (200, "REVALIDATED", True)


async def test_answer_of_304_and_newer_picture_are_never_mixed(tmp_path: Path) -> None:
    newer = os.urandom(2_000_000)
    asked, released = asyncio.Event(), asyncio.Event()
    changed = False

    async def answer(request: Request) -> Response:
        nonlocal changed
        if request.method == "POST":
            changed = True
            return Response(204)
        if changed:
            return picture(newer, cache_control="max-age=60", etag='"b"')
        if "if-none-match" not in request.headers:
            return picture(LARGE, **STALE)
        asked.set()
        await released.wait()
        return Response(304, Headers([("etag", '"a"'), ("cache-control", "max-age=60")]))

    async with story(tmp_path, answer) as edge:
        await edge.ask("/a.png")
        waiting = asyncio.ensure_future(edge.ask("/a.png"))
        await asyncio.wait_for(asked.wait(), 10)
        await edge.ask("/a.png", method="POST")
        assert (await edge.ask("/a.png")).body == newer
        released.set()
        seen = await asyncio.wait_for(waiting, 10)
        assert (seen.headers.get("etag"), seen.body == LARGE) == ('"a"', True)
        afterwards = await edge.ask("/a.png")
    assert (afterwards.cache, afterwards.headers.get("etag"), afterwards.body == newer) == ("HIT", '"b"', True)


async def test_large_stale_picture_covers_a_failure_of_the_origin_though_it_was_removed_meanwhile(
    tmp_path: Path,
) -> None:
    asked, released = asyncio.Event(), asyncio.Event()

    async def answer(request: Request) -> Response:
        if request.method == "POST":
            return Response(204)
        if "if-none-match" not in request.headers:
            return picture(LARGE, **{**STALE, "cache_control": "max-age=10, stale-if-error=600"})
        asked.set()
        await released.wait()
        return Response(503)

    async with story(tmp_path, answer) as edge:
        await edge.ask("/a.png")
        waiting = asyncio.ensure_future(edge.ask("/a.png"))
        await asyncio.wait_for(asked.wait(), 10)
        await edge.ask("/a.png", method="POST")
        await _removed(edge.settings.edge_folder / "cache", left=0)
        released.set()
        seen = await asyncio.wait_for(waiting, 10)
    assert (seen.status, seen.cache, seen.body == LARGE) == (200, "STALE", True)


async def test_picture_whose_file_somebody_removed_is_fetched_anew(tmp_path: Path) -> None:
    async with story(tmp_path, lambda _: picture(LARGE, cache_control="max-age=60")) as edge:
        await edge.ask("/a.png")
        assert (await edge.ask("/a.png")).cache == "HIT"  # by now it is on disk
        for file in _files(edge.settings.edge_folder / "cache"):
            file.unlink()
        answers: list[Seen] = [await edge.ask("/a.png") for _ in range(2)]
    assert [(seen.status, seen.cache, seen.body == LARGE) for seen in answers] == [
        (200, "MISS", True),
        (200, "HIT", True),
    ]
    assert len(edge.origin.requests) == 2


async def test_answer_that_comes_as_its_viewer_leaves_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewers: list[asyncio.Task[Any]] = []
    closed: list[bool] = []
    fetch_of_fills, fetch_of_origin = Fills.fetch, Origin.fetch

    async def remembering(self: Fills, wanted: Wanted) -> tuple[Outcome, bool]:
        task = asyncio.current_task()
        assert task is not None
        viewers.append(task)
        return await fetch_of_fills(self, wanted)

    async def leaving(self: Origin, *arguments: Any, **options: Any) -> OriginAnswer:
        answer = await fetch_of_origin(self, *arguments, **options)
        close = answer.close

        async def closing() -> None:
            closed.append(True)
            await close()

        monkeypatch.setattr(OriginAnswer, "close", lambda _: closing())
        viewers[0].cancel()  # now, so that the answer is handed over and the viewer gone in one turn of the loop
        return answer

    monkeypatch.setattr(Fills, "fetch", remembering)
    monkeypatch.setattr(Origin, "fetch", leaving)
    async with story(tmp_path, lambda _: picture(cache_control="no-store")) as edge:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(edge.ask("/a.png"), 5)
    assert closed == [True]


def _files(cache: Path) -> Iterator[Path]:
    return (file for file in cache.glob("??/*") if file.is_file())


async def _removed(cache: Path, *, left: int) -> None:
    async with asyncio.timeout(10):
        while len(list(_files(cache))) > left:
            await asyncio.sleep(0.01)
