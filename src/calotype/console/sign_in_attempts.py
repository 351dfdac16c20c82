"""How often one address may try a password, as a pure count: time is passed in.

Each address has a small allowance that grows back with time. A right password gives it back at once. Nothing is
limited over all addresses together, or a stranger could lock the owner out.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

ALLOWANCE = 5
SECONDS_PER_ATTEMPT = 12.0
# Entries kept; beyond it the longest unused are forgotten, so that memory stays flat under a flood.
MAX_ADDRESSES = 4096
IPV6_PREFIX_BITS = 64  # one household or server has at least a /64 to choose from


class SignInAttempts:
    def __init__(self) -> None:
        # address -> the time at which its whole allowance is back
        self._whole_again: dict[str, float] = {}

    def wait_s(self, address: str, now: float) -> float:
        """Seconds until this address may try again; 0.0 when it may now."""
        ahead = self._whole_again.get(_network(address), now) - now
        return max(0.0, ahead - (ALLOWANCE - 1) * SECONDS_PER_ATTEMPT)

    def count(self, address: str, now: float) -> None:
        """One attempt begins."""
        network = _network(address)
        whole_again = max(self._whole_again.pop(network, now), now) + SECONDS_PER_ATTEMPT
        self._whole_again[network] = whole_again
        if len(self._whole_again) > MAX_ADDRESSES:
            del self._whole_again[next(iter(self._whole_again))]

    def forgive(self, address: str) -> None:
        """The attempt was right."""
        self._whole_again.pop(_network(address), None)


def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return parsed.ipv4_mapped.compressed if parsed.ipv4_mapped else str(int(parsed) >> (128 - IPV6_PREFIX_BITS))
    return address
