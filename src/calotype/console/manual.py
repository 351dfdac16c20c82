"""The manual's pages in the console: the repository's `docs`, rendered from Markdown when they are asked for."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response

from calotype.console.pages import Pages

PACKAGE = Path(__file__).parents[1]
# In an installed package the pages lie inside it; in a working copy, beside `src`.
FOLDERS = (PACKAGE / "docs", PACKAGE.parents[1] / "docs")
FIRST_PAGE = "README"
NOTES = "notes/"
PAGE_NAME = re.compile(r"(?:notes/)?[A-Za-z0-9][A-Za-z0-9-]*")
IMAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*\.png")

_HEADING = re.compile(r"<(h[2-6])>(.*?)</\1>")
_LINK = re.compile(r'(<a href=")(?!https?:)([^"#]*?)\.md(#[^"]*)?"')


class Manual:
    """Serves `/docs/<page>` and the pictures of its pages. Names hold no dots and one folder, so none leads out."""

    def __init__(self, pages: Pages, folder: Path | None = None) -> None:
        self._pages = pages
        self._folder = folder or next((each for each in FOLDERS if each.is_dir()), FOLDERS[0])

    async def first(self, _: Request) -> Response:
        return RedirectResponse(f"/docs/{FIRST_PAGE}", 303)

    async def show(self, request: Request) -> Response:
        name = request.path_params["name"].removesuffix(".md")
        text = self._notes() if name == NOTES else self._page(name)
        if text is None:
            return PlainTextResponse("The manual has no such page.\n", 404)
        return self._pages.render(request, "manual.html", heading=heading_of(text), content=html_of(text), name=name)

    def _page(self, name: str) -> str | None:
        path = self._folder / f"{name}.md"
        return path.read_text() if PAGE_NAME.fullmatch(name) and path.is_file() else None

    def _notes(self) -> str:
        """A page of links to the dated notes, the newest first."""
        paths = sorted((self._folder / "notes").glob("*.md"), reverse=True)
        return "# Notes\n\n" + "".join(f"- [{heading_of(path.read_text())}]({path.name})\n" for path in paths)

    async def image(self, request: Request) -> Response:
        name = request.path_params["name"]
        path = self._folder / "images" / name
        if not IMAGE_NAME.fullmatch(name) or not path.is_file():
            return PlainTextResponse("The manual has no such picture.\n", 404)
        return FileResponse(path)


def heading_of(text: str) -> str:
    """The first line's heading."""
    return text.partition("\n")[0].lstrip("# ")


def anchor_of(heading: str) -> str:
    """What a link to the heading has behind its #, as GitHub has it: lower case, hyphens for blanks, no other signs."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def html_of(text: str) -> str:
    """The page as HTML; links between pages lose their `.md`, and those to a heading find it."""
    # Imported here: most consoles run for months without anybody reading the manual.
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    html = _HEADING.sub(_anchored, markdown.render(text))
    return Markup(_LINK.sub(r'\1\2\3"', html))


def _anchored(heading: re.Match[str]) -> str:
    level, content = heading.groups()
    shown = unescape(re.sub(r"<[^>]*>", "", content))
    return f'<{level} id="{anchor_of(shown)}">{content}</{level}>'
