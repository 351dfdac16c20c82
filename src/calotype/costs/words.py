"""Figures of the report for people: sizes as providers count them, dollars, and what the edge's cache kept back."""

from __future__ import annotations

from calotype.costs.report import EdgeLine, Use


def size(size_bytes: float) -> str:
    """`73641` as `73.6 kB`; in powers of ten, as prices and caps are stated."""
    amount = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(amount) < 999.95 or unit == "TB":
            return f"{amount:.0f} B" if unit == "B" else f"{amount:,.1f} {unit}"
        amount /= 1000
    raise AssertionError("unreachable: the last unit takes every size")


def dollars(amount: float) -> str:
    """To the cent; what is less than one and more than nothing is said to be so."""
    if 0 < amount < 0.005:
        return "<$0.01"
    return f"-${-amount:,.2f}" if amount <= -0.005 else f"${abs(amount):,.2f}"


def amount(use: Use, figure: int) -> str:
    """A figure of that use, in its unit."""
    return size(figure) if use.is_bytes else f"{figure:,}"


def cap(use: Use) -> str:
    """The limit and how much of it is used up."""
    if use.limit is None:
        return "no cap"
    percent = "" if use.percent is None else f" ({use.percent} % used)"
    return amount(use, use.limit) + percent


def edge_sentence(line: EdgeLine) -> str:
    """What viewers got and what of it the cache kept from the origin."""
    got = f"{line.requests:,} answers, {size(line.bytes_out)}"
    asked = f"{line.origin_requests:,} requests of the origin, {size(line.origin_bytes)}"
    kept = f"{share(line.saved_requests, line.requests)} of the requests and {share(line.saved_bytes, line.bytes_out)}"
    return f"Viewers got {got}; the edge made {asked}: its cache kept {kept} of the bytes from it."


def share(part: int, whole: int) -> str:
    """`98 %`; of nothing, nothing. Never below 0: with little traffic the edge may ask more often than it is asked."""
    return f"{max(0, part) * 100 // whole} %" if whole else "0 %"
