"""Templates to HTML. Everything is escaped; a name that a template misspells is an error, not a blank."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from calotype.console.guard import SITE
from calotype.console.static_files import StaticFiles

FOLDER = Path(__file__).parent / "templates"


class Pages:
    """Renders the console's pages for a site called `title`."""

    def __init__(self, static_files: StaticFiles, *, title: str) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            auto_reload=False,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(title=title, static=static_files.url)

    def render(self, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """The page; templates also see `site`, the address of the pictures for whoever asked."""
        page = self._environment.get_template(template)
        return HTMLResponse(page.render(site=request.scope[SITE], **values), status)
