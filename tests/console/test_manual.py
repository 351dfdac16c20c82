"""The manual's pages as the console shows them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from calotype.console.manual import FIRST_PAGE, IMAGE_NAME, PAGE_NAME, heading_of, html_of

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.glob("*.md"))
NOTES = sorted(DOCS.glob("notes/*.md"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_page_has_a_heading_and_can_be_shown(path: Path) -> None:
    text = path.read_text()
    assert PAGE_NAME.fullmatch(path.stem)
    assert re.match(r"# \S", text)
    assert f"<h1>{heading_of(text)}</h1>" in html_of(text).replace("<code>", "").replace("</code>", "")


@pytest.mark.parametrize("path", [*PAGES, *NOTES], ids=lambda path: path.stem)
def test_every_link_of_a_page_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())
    missing = [link for link in links if not (path.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_link_to_a_heading_finds_it(path: Path) -> None:
    for page, anchor in re.findall(r"\]\(([^)#:]*)#([^)]*)\)", path.read_text()):
        assert f' id="{anchor}">' in html_of((DOCS / page if page else path).read_text()), f"{page}#{anchor}"


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Over S3", "over-s3"),
        ("What a `calotype.toml` says", "what-a-calotypetoml-says"),
        ("Tags & locks", "tags--locks"),
    ],
)
def test_a_heading_is_named_as_github_names_it(heading: str, anchor: str) -> None:
    assert f'<h2 id="{anchor}">' in html_of(f"# A\n\n## {heading}\n")


def test_every_page_is_reached_from_the_first() -> None:
    index = (DOCS / f"{FIRST_PAGE}.md").read_text()
    unreached = [path.name for path in PAGES if path.stem != FIRST_PAGE and f"]({path.name})" not in index]
    assert unreached == []


def test_links_between_pages_lose_their_ending_and_others_keep_it() -> None:
    html = html_of("[a](purge.md) [b](entry.md#how) [c](https://example.org/x.md) [d](images/x.png)")
    assert re.findall('href="([^"]*)"', html) == ["purge", "entry#how", "https://example.org/x.md", "images/x.png"]


def test_html_in_a_page_is_shown_as_text() -> None:
    assert "<script>" not in html_of("# A\n\n<script>alert(1)</script>")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "/etc/passwd", "notes/../README", "a.b", "notes/", "a\n"]
)
def test_names_that_lead_out_are_no_pages(name: str) -> None:
    assert not PAGE_NAME.fullmatch(name)
    assert not IMAGE_NAME.fullmatch(name)
