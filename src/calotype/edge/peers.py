"""Workers of one edge among themselves: asking the owner of a key, and telling all of a change.

Both go over the workers' Unix sockets, which only this user may open. The fields used here start with `x-calotype-`;
what a viewer or an origin sends under such names is dropped before it could be mistaken for them.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from calotype.cache.entry_files import SMALL_BODY_BYTES
from calotype.edge.bans import Subject
from calotype.edge.hop_by_hop import HOP_BY_HOP
from calotype.edge.origin_request import INTERNAL_PREFIX
from calotype.http.message import Headers, Request, Response, read_body
from calotype.serve.client import Address, Client, ClientLimits, Timeouts
from calotype.serve.errors import ConnectFailed, OriginClosed, OriginError

PEER_FIELD = INTERNAL_PREFIX + "peer"
MEMO_FIELD = INTERNAL_PREFIX + "memo"

# A restarted worker is back well within this; until then its viewers wait rather than ask the origin twice.
PATIENCE_S = 5.0
RETRY_AFTER_S = 0.1

# Each viewer of a large body holds a connection to its owner while it reads.
_LIMITS = ClientLimits(connections_per_address=8192, idle_per_address=64)
_NOTICE_TIMEOUTS = Timeouts(connect_s=2.0, read_s=5.0)


@dataclass(frozen=True, slots=True)
class PeerRequest:
    """What the owner must know beside the viewer's own request."""

    client: tuple[str, int]
    scheme: str
    ray: str
    version: str


@dataclass(frozen=True, slots=True)
class Memorandum:
    """What a peer needs to keep an answer in its hot memo, and to know when a ban means it."""

    subject: Subject
    key_digest: str
    born: float
    fresh_until: float
    generation: int
    any_query: bool


def socket_path(run_folder: Path, worker: int) -> Path:
    return run_folder / f"edge-worker-{worker}.sock"


class OwnerAway(Exception):
    """The owning worker does not answer."""


class Peers:
    """The other workers of this edge."""

    def __init__(self, run_folder: Path, *, own_number: int, count: int) -> None:
        self._own_number = own_number
        self._client = Client(_LIMITS)
        self._addresses = [
            Address("worker", number, unix_path=str(socket_path(run_folder, number))) for number in range(count)
        ]

    async def ask(self, owner: int, request: Request, ray: str) -> tuple[Response, Memorandum | None]:
        """The owner's answer to the viewer's GET or HEAD; raises OwnerAway."""
        about = PeerRequest(request.client, request.scheme, ray, request.version)
        raw = [
            (name, value)
            for name, value in request.raw_headers
            if not name.startswith(INTERNAL_PREFIX.encode()) and name.decode("latin-1") not in HOP_BY_HOP
        ]
        raw.append((PEER_FIELD.encode(), msgspec.json.encode(about)))
        forwarded = Request(request.method, request.target, raw)
        response = await self._fetch(self._addresses[owner], forwarded, request)
        memorandum = _memorandum(response.headers)
        headers = response.headers.without(MEMO_FIELD, "connection", "keep-alive", "transfer-encoding")
        if memorandum is not None and not isinstance(response.body, bytes):
            body = await read_body(response.body, SMALL_BODY_BYTES)
            return Response(response.status, headers, body), memorandum
        return Response(response.status, headers, response.body), None

    async def _fetch(self, address: Address, forwarded: Request, viewer: Request) -> Response:
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            try:
                return await self._client.fetch(address, forwarded, on_interim=viewer.send_interim)
            except (ConnectFailed, OriginClosed) as exc:
                if asyncio.get_running_loop().time() > deadline:
                    raise OwnerAway(str(exc)) from exc
            except OriginError as exc:
                raise OwnerAway(str(exc)) from exc
            await asyncio.sleep(RETRY_AFTER_S)

    async def invalidate(self, key_digests: list[str]) -> None:
        """Tells the other workers to forget what is stored under these keys; one that is away forgets nothing."""
        body = msgspec.json.encode(key_digests)
        others = [address for number, address in enumerate(self._addresses) if number != self._own_number]
        await asyncio.gather(*(self._tell(address, body) for address in others))

    async def _tell(self, address: Address, body: bytes) -> None:
        request = Request.of("POST", "/calotype/v1/invalidate", body=body)
        with contextlib.suppress(OriginError):
            response = await self._client.fetch(address, request, timeouts=_NOTICE_TIMEOUTS)
            await read_body(response.body, SMALL_BODY_BYTES)

    async def close(self) -> None:
        await self._client.close()


def viewer_request(request: Request) -> tuple[Request, str] | None:
    """The viewer's request that a peer passed on, and its ray; None when it is no such request."""
    about_text = request.fields.get(PEER_FIELD.encode())
    if about_text is None:
        return None
    about = msgspec.json.decode(about_text, type=PeerRequest)
    raw = [(name, value) for name, value in request.raw_headers if name != PEER_FIELD.encode()]
    viewer = Request(
        request.method, request.target, raw, scheme=about.scheme, version=about.version, client=about.client
    )
    viewer.send_interim = request.send_interim
    return viewer, about.ray


def memo_field(memorandum: Memorandum) -> tuple[str, str]:
    return MEMO_FIELD, msgspec.json.encode(memorandum).decode("latin-1")


def _memorandum(headers: Headers) -> Memorandum | None:
    text = headers.get(MEMO_FIELD)
    return None if text is None else msgspec.json.decode(text.encode("latin-1"), type=Memorandum)
