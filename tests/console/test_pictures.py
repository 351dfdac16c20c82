"""The gallery's order, pages and links."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.console.pictures import Cursor, Picture, newest, readable_size

SITE = "http://localhost:8000"


async def listing(*pages: list[Picture]) -> AsyncIterator[list[Picture]]:
    for page in pages:
        yield page


def picture(key: str, modified_ms: int = 0, size: int = 1) -> Picture:
    return Picture(modified_ms, key, size)


async def test_the_newest_come_first_however_the_bucket_lists_them() -> None:
    page = await newest(listing([picture("a", 1), picture("b", 3)], [picture("c", 2)]))
    assert [each.key for each in page.pictures] == ["b", "c", "a"]
    assert (page.total_count, page.total_bytes, page.older) == (3, 3, None)


async def test_an_empty_bucket_is_an_empty_page() -> None:
    page = await newest(listing())
    assert page.pictures == ()
    assert page.older is None


@given(
    times=st.lists(st.integers(0, 5), max_size=30),
    limit=st.integers(1, 7),
    listed_at_once=st.integers(1, 9),
)
async def test_pages_together_hold_every_picture_once_in_order(
    times: list[int], limit: int, listed_at_once: int
) -> None:
    everything = [picture(f"{number:02}", modified) for number, modified in enumerate(times)]
    chunks = [everything[start : start + listed_at_once] for start in range(0, len(everything), listed_at_once)]
    seen: list[Picture] = []
    cursor: Cursor | None = None
    while True:
        page = await newest(listing(*chunks), older_than=cursor, limit=limit)
        assert len(page.pictures) <= limit
        assert page.total_count == len(everything)
        seen += page.pictures
        cursor = page.older
        if cursor is None:
            break
    assert seen == sorted(everything, reverse=True)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("2026/11/cat.jpg", "image"),
        ("CAT.PNG", "image"),
        ("drawing.svg", "image"),
        ("IMG_1.heic", "other"),  # kept and linked, but no browser but one draws it
        ("scan.tif", "other"),
        ("clip.mp4", "video"),
        ("notes", "other"),
    ],
)
def test_a_name_tells_how_to_show_a_picture(key: str, kind: str) -> None:
    assert picture(key).kind == kind


def test_the_four_links_name_the_picture() -> None:
    assert picture("2026/11/two cats+1.png").links(SITE) == {
        "url": f"{SITE}/2026/11/two%20cats%2B1.png",
        "markdown": f"![two cats+1]({SITE}/2026/11/two%20cats%2B1.png)",
        "html": f'<img src="{SITE}/2026/11/two%20cats%2B1.png" alt="two cats+1">',
        "bbcode": f"[img]{SITE}/2026/11/two%20cats%2B1.png[/img]",
    }


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (73_641, "73.6 kB"),
        (99_949, "99.9 kB"),
        (99_951, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (5 * 1024**3, "5.4 GB"),
        (2 * 10**15, "2000 TB"),
    ],
)
def test_sizes_read_well(size: int, text: str) -> None:
    assert readable_size(size) == text
