"""Stories for the edge: a client, an edge, and an origin that records what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calotype.edge.configuration import (
    Configuration,
    ConfigurationStore,
    DnsRecord,
    OriginSigning,
    Setting,
    ZoneConfiguration,
)
from calotype.http.message import Headers, Prepared, Request, Response, read_body
from calotype.master_key import MasterKey
from calotype.programs.edge import EdgeSettings, Listeners, work
from calotype.rules.ruleset import Rule, Ruleset
from calotype.serve.client import Address, Client
from calotype.serve.listener import bind
from calotype.serve.server import Server

Answer = Callable[[Request], Response | Awaitable[Response]]
LONGEST = 1 << 30


class RecordingOrigin:
    """An origin that answers as the story says, and remembers every request with its body."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.bodies: list[bytes] = []

    def try_now(self, request: Request) -> Prepared | None:
        return None

    async def handle(self, request: Request) -> Response:
        self.requests.append(request)
        self.bodies.append(await read_body(request.body, LONGEST))
        answer = self.answer(request)
        return await answer if inspect.isawaitable(answer) else answer

    @property
    def asked(self) -> list[str]:
        """Method and target of each request, in order."""
        return [f"{request.method} {request.target}" for request in self.requests]


@dataclass(frozen=True)
class Seen:
    """What the client got."""

    status: int
    headers: Headers
    body: bytes

    @property
    def cache(self) -> str | None:
        return self.headers.get("cf-cache-status")


@dataclass
class Story:
    origin: RecordingOrigin
    origin_server: Server
    port: int
    client: Client
    settings: EdgeSettings
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", self.port)

    async def ask(
        self,
        target: str,
        *,
        method: str = "GET",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        host: str = "edge.test",
        **options: Any,
    ) -> Seen:
        request = Request.of(method, target, [("host", host), *headers], body)
        response = await self.client.fetch(self.address, request, **options)
        return Seen(response.status, response.headers, await read_body(response.body, LONGEST))

    async def open(self, target: str, *, host: str = "edge.test") -> Response:
        """The answer's head; the body is left to the story."""
        return await self.client.fetch(self.address, Request.of("GET", target, [("host", host)]))


@contextlib.asynccontextmanager
async def raw_origin(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """An origin that sends exactly these bytes for each request and closes; its address and the heads it was sent."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads


def picture(body: bytes = b"pixels", status: int = 200, **fields: str) -> Response:
    """An answer; `cache_control="…"` gives the field cache-control."""
    named = [(name.replace("_", "-"), value) for name, value in fields.items()]
    if not any(name == "content-type" for name, _ in named):
        named.insert(0, ("content-type", "image/png"))
    return Response(status, Headers(named), body)


def rule(phase: str, action: str, parameters: dict[str, Any], expression: str = "true") -> tuple[str, Rule]:
    return phase, Rule(id="r", expression=expression, action=action, action_parameters=parameters)


def site_zone(
    origin_port: int,
    *rules: tuple[str, Rule],
    name: str = "site",
    catch_all: bool = True,
    signing: OriginSigning | None = None,
) -> ZoneConfiguration:
    """A zone whose origin is a port of this machine."""
    port = rule("http_request_origin", "route", {"origin": {"port": origin_port}})
    phases: dict[str, list[Rule]] = {}
    for phase, each in (port, *rules):
        phases.setdefault(phase, []).append(each)
    return ZoneConfiguration(
        id=f"zone-{name}",
        name=name,
        catch_all=catch_all,
        dns_records=(DnsRecord("1", "A", name, "127.0.0.1", proxied=True),),
        rulesets={phase: Ruleset(id=phase, phase=phase, rules=tuple(each)) for phase, each in phases.items()},
        settings={"ssl": Setting("flexible"), "browser_cache_ttl": Setting(0)},
        origin_signing=signing,
    )


def save_zones(data: Path, *zones: ZoneConfiguration, generation: int = 0) -> None:
    """Writes the edge's configuration as the control plane would. Needs CALOTYPE_MASTER_KEY."""
    ConfigurationStore(data / "edge", MasterKey.load()).save(Configuration(generation, "account", zones))


@contextlib.asynccontextmanager
async def story(
    data: Path,
    answer: Answer,
    *,
    zones: Callable[[int], Iterable[ZoneConfiguration]] | None = None,
    front: str | None = None,
    **settings: Any,
) -> AsyncIterator[Story]:
    """One worker in this process before a recording origin: fronting it by the RFC, or with the given zones.

    `front` puts another origin in its place.
    """
    origin = RecordingOrigin(answer)
    origin_server = Server(origin)
    await origin_server.start("127.0.0.1:0")
    if zones is not None:
        save_zones(data, *zones(origin_server.port))
    if zones is None and front is None:
        front = f"http://127.0.0.1:{origin_server.port}"
    edge_settings = EdgeSettings(data, front=front, control=None, workers=1, **settings)
    for folder in (edge_settings.run_folder, edge_settings.edge_folder / "cache"):
        folder.mkdir(parents=True, exist_ok=True)
    listener = bind("127.0.0.1:0")
    port = listener.getsockname()[1]
    ready, stopped = asyncio.Event(), asyncio.Event()
    task = asyncio.ensure_future(
        work(edge_settings, Listeners(listener), 0, "test-edge", ready=ready.set, stopped=stopped)
    )
    started = asyncio.ensure_future(ready.wait())
    await asyncio.wait([task, started], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        started.cancel()
        task.result()
    client = Client()
    try:
        yield Story(origin, origin_server, port, client, edge_settings)
    finally:
        await client.close()
        stopped.set()
        await task
        await origin_server.close()
