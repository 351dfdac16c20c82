"""The edge as it really runs: worker processes under a supervisor, purges, kills and restarts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme

from calotype.edge.bans import BanLog
from calotype.edge.configuration import PurgeFile, PurgeRequest, ZoneConfiguration
from calotype.edge.control import ControlPlane, Workers, listener_pid
from calotype.edge.peers import socket_path
from calotype.http.message import Headers, Request, Response, read_body
from calotype.programs.edge import EdgeSettings, require_private
from calotype.serve.client import Address, Client, ClientLimits
from calotype.serve.listener import bind
from calotype.serve.server import Server
from edge.story import LONGEST, Answer, RecordingOrigin, picture, save_zones, site_zone
from edge.test_tls import write_certificate
from edge.test_zone_stories import CACHE

PROGRAM = """
import json, sys
from pathlib import Path
from calotype.programs.edge import EdgeSettings, run
settings = json.loads(sys.argv[1])
folders = {name: Path(settings[name]) for name in ("data", "certificates") if name in settings}
run(EdgeSettings(**{**settings, **folders}), lambda: print("ready", flush=True))
"""


@pytest.fixture(autouse=True)
def master_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALOTYPE_MASTER_KEY", "ab" * 32)


@dataclass
class Edge:
    """A running edge of several processes, and a control plane that speaks to it from the test."""

    origin: RecordingOrigin
    origin_port: int
    data: Path
    port: int
    process: asyncio.subprocess.Process
    client: Client
    zone: ZoneConfiguration
    plane: ControlPlane

    async def ask(self, target: str, **fields: str) -> tuple[str | None, bytes]:
        """CF-Cache-Status and body."""
        headers = [("host", "edge.test"), *fields.items()]
        response = await self.client.fetch(Address("127.0.0.1", self.port), Request.of("GET", target, headers))
        return response.headers.get("cf-cache-status"), await read_body(response.body, LONGEST)

    async def purge(self, target: str) -> None:
        await self.plane.purge(self.zone, PurgeRequest(files=(PurgeFile(f"http://edge.test{target}"),)))

    async def worker_pid(self, number: int) -> int:
        """The process behind a worker's socket, once it answers."""
        address = Address("worker", number, unix_path=str(socket_path(self.data / "run", number)))
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(Exception):
                    response = await self.client.fetch(address, Request.of("GET", "/calotype/v1/stats"))
                    msgspec.json.decode(await read_body(response.body, LONGEST))
                    break
                await asyncio.sleep(0.05)
        pid = listener_pid(socket_path(self.data / "run", number))
        assert pid is not None
        return pid


def free_port() -> int:
    with bind("127.0.0.1:0") as probe:
        return int(probe.getsockname()[1])


async def start(data: Path, port: int, **settings: Any) -> asyncio.subprocess.Process:
    chosen = {"data": str(data), "listen": f"127.0.0.1:{port}", "control": None, **settings}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, msgspec.json.encode(chosen).decode(), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 30) == b"ready\n"
    return process


async def stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        await asyncio.wait_for(process.wait(), 40)


@contextlib.asynccontextmanager
async def running(data: Path, answer: Answer, **settings: Any) -> AsyncIterator[Edge]:
    origin = RecordingOrigin(answer)
    origin_server = Server(origin)
    await origin_server.start("127.0.0.1:0")
    zone = site_zone(origin_server.port, CACHE)
    save_zones(data, zone)
    port = free_port()
    process = await start(data, port, workers=2, **settings)
    client = Client(ClientLimits(connections_per_address=1000))
    log, workers = BanLog(data / "edge" / "bans.log"), Workers(data / "run", 2)
    edge = Edge(origin, origin_server.port, data, port, process, client, zone, ControlPlane(log, workers))
    try:
        yield edge
    finally:
        await client.close()
        await workers.close()
        log.close()
        await stop(edge.process)
        await origin_server.close()


@contextlib.asynccontextmanager
async def closing(client: Client) -> AsyncIterator[Client]:
    try:
        yield client
    finally:
        await client.close()


def versions(*, fields: str = "image/png") -> Answer:
    """An origin whose every answer differs from the one before."""
    count = iter(range(1_000_000))
    return lambda _: Response(200, Headers([("content-type", fields)]), b"version %d" % next(count))


async def test_500_viewers_over_two_workers_cost_the_origin_one_read_before_and_after_a_restart(tmp_path: Path) -> None:
    pixels = os.urandom(73_641)

    async def answer(_: Request) -> Response:
        await asyncio.sleep(0.3)
        return picture(pixels)

    async with running(tmp_path, answer) as edge:
        answers = await asyncio.gather(*(edge.ask(f"/2026/a.png?viewer={number}") for number in range(500)))
        assert all(body == pixels for _, body in answers)
        assert edge.origin.asked == ["GET /2026/a.png"]
        assert (await edge.ask("/2026/a.png"))[0] == "HIT"  # now it is on disk

        edge.process.send_signal(signal.SIGKILL)
        await edge.process.wait()
        await asyncio.sleep(0.3)
        edge.process = await start(tmp_path, edge.port, workers=2)
        answers = await asyncio.gather(*(edge.ask(f"/2026/a.png?again={number}") for number in range(200)))
        assert all(body == pixels for _, body in answers)
        assert edge.origin.asked == ["GET /2026/a.png"]

        await stop(edge.process)
        edge.process = await start(tmp_path, edge.port, workers=1)  # another number of workers finds it as well
        assert await edge.ask("/2026/a.png") == ("HIT", pixels)
        assert edge.origin.asked == ["GET /2026/a.png"]


async def test_broken_certificate_takes_neither_plain_http_nor_the_other_certificates_down(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, authority = tmp_path / "certificates", trustme.CA()
    write_certificate(folder, authority, "edge.test")
    write_certificate(folder, authority, "broken.test")
    (folder / "broken.test.crt").write_bytes(b"garbage")
    told = f"{folder / 'broken.test.crt'} holds no certificate in PEM that can be read"
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    tls_port = free_port()
    settings = {"tls_listen": f"127.0.0.1:{tls_port}", "certificates": str(folder)}
    async with (
        running(tmp_path, lambda _: picture(b"pixels"), **settings) as edge,
        closing(Client(trust=trust)) as browser,
    ):
        address = Address("127.0.0.1", tls_port, tls=True, server_name="edge.test")
        assert capfd.readouterr().err.count(told) == 1  # not by each worker
        for killed in (False, True):
            if killed:
                for number in range(2):
                    os.kill(await edge.worker_pid(number), signal.SIGKILL)
                await asyncio.gather(*(edge.worker_pid(number) for number in range(2)))
            assert (await edge.ask("/a.png"))[1] == b"pixels"
            seen = await browser.fetch(address, Request.of("GET", "/a.png", [("host", "edge.test")]))
            assert await read_body(seen.body, LONGEST) == b"pixels"


def test_sockets_of_a_deep_data_folder_get_a_short_private_place(tmp_path: Path) -> None:
    deep = EdgeSettings(tmp_path / ("d" * 120))
    assert EdgeSettings(tmp_path).run_folder == tmp_path / "run"
    assert len(str(socket_path(deep.run_folder, 10))) < 108
    assert deep.run_folder != EdgeSettings(tmp_path / ("e" * 120)).run_folder
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    with pytest.raises(PermissionError, match="chmod 700"):
        require_private(open_to_all)


async def test_purge_is_answered_when_every_worker_would_refuse(tmp_path: Path) -> None:
    async with running(tmp_path, versions()) as edge:
        for number in range(10):
            target = f"/a({number % 2}).png"
            before = {body for _, body in await asyncio.gather(*(edge.ask(target) for _ in range(40)))}
            before |= {body for _, body in await asyncio.gather(*(edge.ask(target) for _ in range(40)))}  # memos too
            assert len(before) == 1
            await edge.purge(target.replace("(", "%28"))
            after = {body for _, body in await asyncio.gather(*(edge.ask(target) for _ in range(40)))}
            assert len(after) == 1
            assert not before & after
        assert len(edge.origin.requests) == 12


async def test_purge_of_everything_survives_a_kill_right_after_it(tmp_path: Path) -> None:
    async with running(tmp_path, versions()) as edge:
        old = [(await edge.ask(f"/{number}.png"))[1] for number in range(8)]
        await edge.plane.purge(edge.zone, PurgeRequest(everything=True))
        edge.process.kill()
        await edge.process.wait()
        await asyncio.sleep(0.3)
        edge.process = await start(tmp_path, edge.port, workers=2)
        new = [(await edge.ask(f"/{number}.png"))[1] for number in range(8)]
    assert not set(old) & set(new)


async def test_fetch_that_a_purge_overtakes_is_delivered_and_not_stored(tmp_path: Path) -> None:
    asked, released = asyncio.Event(), asyncio.Event()
    count = iter(range(10))

    async def answer(_: Request) -> Response:
        number = next(count)
        if number == 0:
            asked.set()
            await released.wait()
        return picture(b"version %d" % number)

    async with running(tmp_path, answer) as edge:
        overtaken = asyncio.create_task(edge.ask("/a.png"))
        await asked.wait()
        await edge.purge("/a.png")
        assert await edge.ask("/a.png") == ("MISS", b"version 1")  # it does not wait for the old fetch either
        released.set()
        assert (await overtaken)[1] == b"version 0"
        await asyncio.sleep(0.1)
        after = await asyncio.gather(*(edge.ask("/a.png") for _ in range(20)))
    assert {body for _, body in after} == {b"version 1"}


async def test_worker_that_hangs_is_put_down_before_a_purge_is_answered(tmp_path: Path) -> None:
    async with running(tmp_path, versions()) as edge:
        before = {body for _, body in await asyncio.gather(*(edge.ask("/a.png") for _ in range(20)))}
        hung = await edge.worker_pid(1)
        os.kill(hung, signal.SIGSTOP)
        await asyncio.wait_for(edge.purge("/a.png"), 20)
        assert is_dead(hung)
        assert await edge.worker_pid(1) != hung
        after = {body for _, body in await asyncio.gather(*(edge.ask("/a.png") for _ in range(20)))}
    assert not before & after


def is_dead(pid: int) -> bool:
    """Gone, or killed and not yet taken note of by its parent."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] in ("Z", "X")


async def test_killed_worker_comes_back_and_nothing_is_fetched_twice(tmp_path: Path) -> None:
    async with running(tmp_path, versions()) as edge:
        targets = [f"/{number}.png" for number in range(12)]
        before = [(await edge.ask(target))[1] for target in targets]
        assert [(await edge.ask(target))[0] for target in targets] == ["HIT"] * len(targets)  # now all are on disk
        first = await edge.worker_pid(0)
        os.kill(first, signal.SIGKILL)
        await asyncio.sleep(0.05)
        answers = await asyncio.gather(*(edge.ask(target) for target in targets), return_exceptions=True)
        assert await edge.worker_pid(0) != first
        again = [(await edge.ask(target))[1] for target in targets]
        assert again == before
        whole = [answer[1] for answer in answers if not isinstance(answer, BaseException)]
        assert whole  # a connection that the dead worker held is lost, the others are served
        assert len(edge.origin.requests) == len(targets)
