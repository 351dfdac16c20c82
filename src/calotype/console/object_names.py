"""The key of a new object: the naming template filled in for one chosen or pasted file. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import PurePosixPath

from calotype.upload.links import title_of
from calotype.upload.naming import Moment, Template, render

_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}")
# For pasted pictures, which often have no name: how a type is usually written at the end of one.
EXTENSIONS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/avif": ".avif",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "image/svg+xml": ".svg",
    "image/bmp": ".bmp",
    "image/tiff": ".tif",
    "image/jxl": ".jxl",
    "image/x-icon": ".ico",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "application/pdf": ".pdf",
}


def object_key(
    template: Template, *, file_name: str, content_type: str, now: datetime, choose: Callable[[int], int]
) -> str:
    """The key for a file of this name and type, by the site's template."""
    moment = Moment(now=now, file_stem=title_of(file_name), choose=choose)
    return render(template, moment, extension=extension_for(file_name, content_type))


def extension_for(file_name: str, content_type: str) -> str:
    """The file's own extension in lower case, else the usual one of its type, else nothing."""
    own = PurePosixPath(file_name.replace("\\", "/")).suffix
    return own.lower() if _EXTENSION.fullmatch(own) else EXTENSIONS.get(content_type, "")
