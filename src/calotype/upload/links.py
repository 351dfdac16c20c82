"""Links to an object, in the four forms that people paste: the URL, Markdown, HTML and BBCode."""

from __future__ import annotations

import html
from enum import StrEnum
from pathlib import PurePosixPath

from calotype.http.percent import encode_path


class LinkFormat(StrEnum):
    URL = "url"
    MARKDOWN = "markdown"
    HTML = "html"
    BBCODE = "bbcode"


def link_to(base_url: str, key: str) -> str:
    """The object's address under the site's. A `+` is written `%2B`, which every origin reads as a plus."""
    return f"{base_url.rstrip('/')}/{encode_path(key.encode())}"


def format_link(url: str, *, title: str, content_type: str, link_format: LinkFormat) -> str:
    """The text to paste: a picture shows itself, any other file becomes a link named `title`."""
    if link_format is LinkFormat.URL:
        return url
    is_picture = content_type.startswith("image/")
    match link_format:
        case LinkFormat.MARKDOWN:
            return f"{'!' if is_picture else ''}[{_escape_markdown(title)}]({url})"
        case LinkFormat.HTML if is_picture:
            return f'<img src="{html.escape(url)}" alt="{html.escape(title)}">'
        case LinkFormat.HTML:
            return f'<a href="{html.escape(url)}">{html.escape(title)}</a>'
        case LinkFormat.BBCODE:
            return (
                f"[img]{url}[/img]" if is_picture else f"[url={url}]{title.replace('[', '(').replace(']', ')')}[/url]"
            )


def title_of(file_name: str) -> str:
    """What a link is called after: the file's own name without folders and extension."""
    return PurePosixPath(file_name.replace("\\", "/")).stem or file_name


def _escape_markdown(text: str) -> str:
    for sign in "\\[]*_`<":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
