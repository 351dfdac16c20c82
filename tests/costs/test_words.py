"""The report's figures for people."""

from __future__ import annotations

import pytest

from calotype.costs.report import EdgeLine, Use
from calotype.costs.words import cap, dollars, edge_sentence, size


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (73_641, "73.6 kB"),
        (999_960, "1.0 MB"),  # never 1,000.0 kB
        (10_000_000_000, "10.0 GB"),
        (12_345_000_000_000_000, "12,345.0 TB"),
    ],
)
def test_sizes(size_bytes: float, words: str) -> None:
    assert size(size_bytes) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0.0, "$0.00"),
        (0.0001, "<$0.01"),
        (0.005, "$0.01"),
        (1234.5, "$1,234.50"),
        (-2.0, "-$2.00"),
        (-0.0001, "$0.00"),
    ],
)
def test_dollars(amount: float, words: str) -> None:
    assert dollars(amount) == words


@pytest.mark.parametrize(
    ("is_bytes", "used", "limit", "words"),
    [
        (False, 5, None, "no cap"),
        (False, 1_900, 2_500, "2,500 (76 % used)"),
        (True, 10**9, 10**10, "10.0 GB (10 % used)"),
        (False, 0, 0, "0"),
    ],
)
def test_caps(is_bytes: bool, used: int, limit: int | None, words: str) -> None:
    assert cap(Use(name="x", label="x", is_bytes=is_bytes, used=used, limit=limit, forecast=0)) == words


def test_what_the_cache_kept_back_in_a_sentence() -> None:
    line = EdgeLine(
        requests=1_000,
        bytes_out=50_000,
        origin_requests=125,
        origin_bytes=60_000,
        saved_requests=875,
        saved_bytes=-10_000,
    )
    assert edge_sentence(line) == (
        "Viewers got 1,000 answers, 50.0 kB; the edge made 125 requests of the origin, 60.0 kB:"
        " its cache kept 87 % of the requests and 0 % of the bytes from it."
    )
