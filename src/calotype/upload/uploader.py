"""Puts files into the site's bucket under names from the template, and waits until viewers can fetch them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from calotype.http.content_types import content_type_for
from calotype.upload.links import link_to, title_of
from calotype.upload.naming import Moment, Template, render

READABLE_WITHIN_S = 15.0  # longer than an edge remembers a 404 by default, and than a purge takes
FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 0.5
NAMES_TRIED = 5  # two equal names of six random signs are rarer than a broken disk; short templates exist, though

Progress = Callable[[int], None]  # takes the number of bytes sent so far


class NameTaken(Exception):
    """There is an object under this name already."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class NotReadable(Exception):
    """The object is in the store, but the site does not answer with it."""

    def __init__(self, url: str, last: str) -> None:
        super().__init__(f"{url}: {last}")
        self.url = url
        self.last = last


class Storage(Protocol):
    """The bucket, as an uploader needs it."""

    def put(
        self,
        key: str,
        content: BinaryIO,
        length: int,
        *,
        content_type: str,
        may_replace: bool,
        progress: Progress,
    ) -> frozenset[str]:
        """Stores the content; answers every ETag, unquoted, under which a site may show it. Raises `NameTaken`."""
        ...


class Viewer(Protocol):
    """The site, as a viewer sees it."""

    def look(self, url: str) -> tuple[int, int | None, str | None]:
        """(status, length, ETag unquoted) of the object as the edge answers now; 0 when nothing answers."""
        ...


@dataclass(frozen=True, slots=True)
class Uploaded:
    path: Path
    key: str
    url: str
    title: str
    content_type: str
    length: int


def upload_file(
    storage: Storage,
    path: Path,
    *,
    site_url: str,
    names: Iterator[str],
    may_replace: bool,
    progress: Progress,
) -> tuple[Uploaded, frozenset[str]]:
    """Stores one file under the first of `names` that is free; answers it with its ETags. Raises `OSError` too."""
    content_type = content_type_for(path.name)
    with path.open("rb") as content:
        length = content.seek(0, 2)
        taken = ""
        for key in names:
            content.seek(0)
            try:
                etags = storage.put(
                    key, content, length, content_type=content_type, may_replace=may_replace, progress=progress
                )
            except NameTaken as exc:
                taken = exc.key
                continue
            url = link_to(site_url, key)
            return Uploaded(path, key, url, title_of(path.name), content_type, length), etags
    raise NameTaken(taken)


def names_for(path: Path, template: Template, *, now: datetime, choose: Callable[[int], int]) -> Iterator[str]:
    """Names for the file, a few in a row; all the same when the template draws nothing at random."""
    for _ in range(NAMES_TRIED):
        moment = Moment(now=now, file_stem=title_of(path.name), choose=choose)
        yield render(template, moment, extension=path.suffix.lower())


def wait_until_readable(
    viewer: Viewer, uploaded: Uploaded, etags: frozenset[str], *, within_s: float = READABLE_WITHIN_S
) -> None:
    """Comes back when the site answers with the very object; raises `NotReadable` after `within_s`.

    A negative answer that an edge still remembers, or a former object under the same name, is waited out.
    """
    deadline = time.monotonic() + within_s
    pause_s = FIRST_PAUSE_S
    while True:
        status, length, found = viewer.look(uploaded.url)
        if status == 200 and length in (uploaded.length, None) and (found is None or found in etags):
            return
        if time.monotonic() + pause_s > deadline:
            raise NotReadable(uploaded.url, _what_came(status, length, uploaded.length))
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


def _what_came(status: int, length: int | None, wanted: int) -> str:
    if status == 0:
        return "nothing answers"
    if status != 200:
        return f"the answer is {status}"
    if length not in (wanted, None):
        return f"the answer has {length} bytes, not {wanted}"
    return "the answer is still the former object"
