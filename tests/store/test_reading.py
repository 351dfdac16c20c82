"""Bytes from extents."""

from __future__ import annotations

import pytest

from calotype.store.model import Extent
from calotype.store.parts import selected_extents

EXTENTS = (Extent("a", 10, 5), Extent("b", 0, 1), Extent("a", 0, 4))  # the bytes 0-4, 5 and 6-9


@pytest.mark.parametrize(
    ("start", "stop", "selected"),
    [
        (0, 10, [("a", 10, 5), ("b", 0, 1), ("a", 0, 4)]),
        (0, 5, [("a", 10, 5)]),
        (2, 4, [("a", 12, 2)]),
        (4, 7, [("a", 14, 1), ("b", 0, 1), ("a", 0, 1)]),
        (5, 6, [("b", 0, 1)]),
        (9, 100, [("a", 3, 1)]),
        (3, 3, []),
        (10, 20, []),
    ],
)
def test_a_range_selects_the_parts_of_extents_that_it_covers(
    start: int, stop: int, selected: list[tuple[str, int, int]]
) -> None:
    found = selected_extents(EXTENTS, start, stop)
    assert [(extent.blob_id, extent.offset, extent.length) for extent in found] == selected
