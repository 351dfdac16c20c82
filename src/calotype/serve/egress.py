"""The egress guard: requests that are sent because somebody outside said so, such as webhooks.

Whoever may write a rule may name any URL, also one that leads back into the machine or its network, where services
trust whoever reaches them. So the name is resolved here, once; the addresses are judged; and the connection goes to
an address that was judged, whatever the name says a moment later. TLS still checks the name. Redirects are answers
like any other. Each request has one time limit, and little of the answer is read.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from calotype.http.destination import Destination, InvalidDestination
from calotype.http.message import Request, Response
from calotype.serve.client import Address, Client, ClientLimits, Timeouts
from calotype.serve.errors import ConnectFailed, OriginError, ReadTimeout, ServeError

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

PRIVATE_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7",
    )
)  # fmt: skip
METADATA_ADDRESSES = frozenset(
    ipaddress.ip_address(address)
    # AWS over IPv6, Alibaba, Oracle, Azure; 169.254.169.254 of all others is link-local
    for address in ("fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16")
)
_GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

ADDRESSES_TRIED = 3


class EgressRefused(ServeError):
    """The guard lets no request go to this URL; the message says why."""


@dataclass(frozen=True, slots=True)
class EgressLimits:
    """`total_s` is for one request, resolving the name included. More of an answer than `answer_bytes` is not read."""

    connect_s: float = 5.0
    total_s: float = 10.0
    answer_bytes: int = 65_536


class Egress:
    """`private_addresses` lets requests go to this machine and its network. `trust` as in `serve.client`."""

    def __init__(
        self,
        *,
        private_addresses: bool = False,
        trust: ssl.SSLContext | None = None,
        limits: EgressLimits | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        self._private_addresses = private_addresses
        self._limits = limits or EgressLimits()
        self._resolve = resolve or resolved
        self._client = Client(ClientLimits(connections_per_address=8, idle_per_address=2), trust=trust)

    async def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> int:
        """The status of the answer. Raises EgressRefused, and OriginError when there is no answer in time."""
        try:
            destination = Destination.of(url)
        except InvalidDestination as exc:
            raise EgressRefused(str(exc)) from exc
        try:
            async with asyncio.timeout(self._limits.total_s):
                return await self._post(destination, list(headers), body)
        except TimeoutError as exc:
            raise ReadTimeout(f"{destination.host} has not answered within {self._limits.total_s:g} s") from exc

    async def close(self) -> None:
        """Cuts every connection."""
        await self._client.close()

    async def _post(self, destination: Destination, headers: list[tuple[str, str]], body: bytes) -> int:
        """Tries the addresses in turn as long as there is no connection; a request that was sent is not repeated."""
        failure: ConnectFailed | None = None
        for address in (await self._permitted(destination))[:ADDRESSES_TRIED]:
            request = Request.of("POST", destination.target, [("host", destination.host_header), *headers], body)
            place = Address(address, destination.port, destination.is_secure, server_name=destination.host)
            try:
                response = await self._client.fetch(place, request, timeouts=self._timeouts())
            except ConnectFailed as exc:
                failure = exc
                continue
            await self._discard(response)
            return response.status
        assert failure is not None
        raise failure

    async def _permitted(self, destination: Destination) -> list[str]:
        """Those of the host's addresses that a request may go to, at least one; raises EgressRefused."""
        try:
            addresses = await self._resolve(destination.host, destination.port)
        except OSError as exc:
            raise ConnectFailed("dns", f"{destination.host} cannot be resolved: {exc.strerror or exc}") from exc
        reasons = {address: refusal(address, private_addresses=self._private_addresses) for address in addresses}
        permitted = [address for address, reason in reasons.items() if reason is None]
        if not permitted:
            told = "; ".join(f"{address} is {reason}" for address, reason in reasons.items()) or "no address at all"
            raise EgressRefused(f"{destination.host} leads nowhere that requests may go to: {told}")
        return permitted

    def _timeouts(self) -> Timeouts:
        return Timeouts(connect_s=self._limits.connect_s, read_s=self._limits.total_s, write_s=self._limits.total_s)

    async def _discard(self, response: Response) -> None:
        """Reads a short answer to its end, so that the connection can be used again, and cuts off a long one."""
        if isinstance(response.body, bytes):
            return
        read = 0
        try:
            async for piece in response.body:
                read += len(piece)
                if read > self._limits.answer_bytes:
                    break
        except OriginError:
            return  # the status has come, and is all that counts
        finally:
            close = getattr(response.body, "aclose", None)
            if close is not None:
                await close()


async def resolved(host: str, port: int) -> list[str]:
    """The host's addresses as this machine finds them; raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def refusal(address: str, *, private_addresses: bool) -> str | None:
    """Why no request may go to the IP address, in words that end a sentence; None when it may."""
    for each in _meant(ipaddress.ip_address(address)):
        if each in METADATA_ADDRESSES or each.is_link_local:
            return "where clouds tell a machine its secrets"
        if any(each in network for network in PRIVATE_NETWORKS if network.version == each.version):
            if not private_addresses:
                return "in a private network"
        elif not _is_public(each):
            return "no public address"
    return None


def _is_public(address: IpAddress) -> bool:
    if address.version == 6 and address not in _GLOBAL_IPV6:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _meant(address: IpAddress) -> Iterator[IpAddress]:
    """The addresses at which a packet for this one may arrive: itself, and the IPv4 address inside it."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
    elif address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    elif address in _NAT64:
        yield ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    else:
        yield address
        if address.sixtofour is not None:
            yield address.sixtofour
