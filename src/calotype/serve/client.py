"""The client of origins: connections kept alive, one exchange at a time on each.

It passes interim responses on, never repeats a request by itself, and changes nothing in requests and responses but
the framing of bodies.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from dataclasses import dataclass, field

from calotype.http.message import Request, Response
from calotype.serve.errors import ConnectFailed
from calotype.serve.exchange import ExchangeLimits, OnInterim
from calotype.serve.origin_connection import OriginConnection


@dataclass(frozen=True, slots=True)
class Address:
    """Where an origin listens. With `unix_path` the connection goes there, and host and port only name the origin.

    `server_name` is sent as SNI and, when `verify` is set, must stand in the certificate; None means `host`.
    """

    host: str
    port: int
    tls: bool = False
    server_name: str | None = None
    unix_path: str | None = None
    verify: bool = True

    @property
    def host_header(self) -> str:
        """The value of Host for requests that bring none."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds, the figures of Cloudflare's edge: to connect (TLS included), between two bytes, to take a piece."""

    connect_s: float = 19.0
    read_s: float = 100.0
    write_s: float = 30.0


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """What a client keeps and takes."""

    # Exchanges at once with one address; further ones wait for a place, within the connect timeout.
    connections_per_address: int = 256
    idle_per_address: int = 64
    # Shorter than the idle time of servers in front of which we may stand, ours (400 s) and nginx's (75 s).
    idle_timeout_s: float = 60.0
    # Cloudflare's limit; beyond, the answer counts as malformed.
    head_max_bytes: int = 131_072
    body_buffer_bytes: int = 262_144


@dataclass(slots=True)
class _Pool:
    """The connections to one address: a place for each exchange, and those that wait for the next."""

    places: asyncio.Semaphore
    idle: deque[tuple[OriginConnection, asyncio.TimerHandle]] = field(default_factory=deque)
    busy: set[OriginConnection] = field(default_factory=set)


class Client:
    """Fetches from origins. `trust` is the TLS context for verified connections, None for the system's authorities."""

    def __init__(self, limits: ClientLimits | None = None, *, trust: ssl.SSLContext | None = None) -> None:
        self._limits = limits if limits is not None else ClientLimits()
        self._trust = trust
        self._unverified: ssl.SSLContext | None = None
        self._pools: dict[Address, _Pool] = {}
        self._is_closed = False

    async def fetch(
        self,
        address: Address,
        request: Request,
        *,
        on_interim: OnInterim | None = None,
        timeouts: Timeouts | None = None,
    ) -> Response:
        """The response as soon as its head is there; its body is a stream, to be read to its end or closed.

        Raises ConnectFailed, OriginClosed (before any answer; `reused` says the connection had served before),
        ReadTimeout or MalformedResponse; the stream raises IncompleteBody, ReadTimeout or MalformedResponse. What
        the request's own body raises comes through unchanged.
        """
        timeouts = timeouts if timeouts is not None else Timeouts()
        connection = await self._connection(address, timeouts)
        limits = ExchangeLimits(self._limits.head_max_bytes, self._limits.body_buffer_bytes, timeouts.read_s)
        try:
            exchange = connection.send(
                request, address.host_header, limits, write_timeout_s=timeouts.write_s, on_interim=on_interim
            )
        except BaseException:
            connection.exchange_ended(reusable=True)
            raise
        try:
            await exchange.head()
        except BaseException:
            await exchange.aclose()
            raise
        assert exchange.status is not None
        return Response(exchange.status, exchange.headers, exchange)

    async def close(self) -> None:
        """Cuts every connection."""
        self._is_closed = True
        for pool in self._pools.values():
            for connection, timer in pool.idle:
                timer.cancel()
                connection.abort()
            pool.idle.clear()
            for connection in list(pool.busy):
                await connection.closed()

    @property
    def idle_count(self) -> int:
        return sum(len(pool.idle) for pool in self._pools.values())

    # Steps.

    async def _connection(self, address: Address, timeouts: Timeouts) -> OriginConnection:
        pool = self._pools.get(address)
        if pool is None:
            pool = self._pools[address] = _Pool(asyncio.Semaphore(self._limits.connections_per_address))
        try:
            async with asyncio.timeout(timeouts.connect_s):
                await pool.places.acquire()
                try:
                    connection = _take_idle(pool) or await self._connect(address)
                except BaseException:
                    pool.places.release()
                    raise
        except TimeoutError as error:
            raise ConnectFailed("timeout", f"no connection to {address.host}:{address.port} in time") from error
        pool.busy.add(connection)
        connection.on_exchange_ended = lambda connection, reusable: self._exchange_ended(pool, connection, reusable)
        return connection

    def _exchange_ended(self, pool: _Pool, connection: OriginConnection, reusable: bool) -> None:
        if connection not in pool.busy:
            _forget_idle(pool, connection)
            return
        pool.busy.discard(connection)
        pool.places.release()
        if not reusable or self._is_closed or len(pool.idle) >= self._limits.idle_per_address:
            connection.abort()
            return
        timer = asyncio.get_running_loop().call_later(self._limits.idle_timeout_s, connection.abort)
        pool.idle.append((connection, timer))

    async def _connect(self, address: Address) -> OriginConnection:
        loop = asyncio.get_running_loop()
        context = self._tls(address)
        name = (address.server_name or address.host) if context is not None else None
        try:
            if address.unix_path is not None:
                _, connection = await loop.create_unix_connection(
                    OriginConnection, address.unix_path, ssl=context, server_hostname=name
                )
            else:
                _, connection = await loop.create_connection(
                    OriginConnection, address.host, address.port, ssl=context, server_hostname=name
                )
        except TimeoutError:
            raise
        except OSError as error:
            raise _connect_failure(address, error) from error
        return connection

    def _tls(self, address: Address) -> ssl.SSLContext | None:
        if not address.tls:
            return None
        if address.verify:
            if self._trust is None:
                self._trust = ssl.create_default_context()
            return self._trust
        if self._unverified is None:
            self._unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._unverified.check_hostname = False
            self._unverified.verify_mode = ssl.CERT_NONE
        return self._unverified


def _take_idle(pool: _Pool) -> OriginConnection | None:
    """The connection used last that is still open: the longest idle ones are the likeliest to be closed meanwhile."""
    while pool.idle:
        connection, timer = pool.idle.pop()
        timer.cancel()
        if connection.is_usable:
            return connection
        connection.abort()
    return None


def _forget_idle(pool: _Pool, connection: OriginConnection) -> None:
    for entry in list(pool.idle):
        if entry[0] is connection:
            entry[1].cancel()
            pool.idle.remove(entry)


def _connect_failure(address: Address, error: OSError) -> ConnectFailed:
    where = address.unix_path or f"{address.host}:{address.port}"
    detail = f"{where}: {error}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConnectFailed("certificate", detail)
    if isinstance(error, ssl.SSLError):
        return ConnectFailed("tls", detail)
    if isinstance(error, socket.gaierror):
        return ConnectFailed("dns", detail)
    if isinstance(error, (ConnectionRefusedError, FileNotFoundError)):
        return ConnectFailed("refused", detail)
    if address.tls and isinstance(error, ConnectionError):
        return ConnectFailed("tls", detail)  # reset in the midst of the handshake
    return ConnectFailed("unreachable", detail)
