"""The gallery's pictures as values: which are newest, and how a page shows and links one. Pure."""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from calotype.http.content_types import content_type_for
from calotype.upload.links import LinkFormat, format_link, link_to, title_of

PAGE_SIZE = 60
# What browsers draw in an <img>. HEIC, TIFF and raw pictures are kept and linked, but shown by their name.
DRAWABLE = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/avif",
        "image/svg+xml",
        "image/bmp",
        "image/x-icon",
        "image/vnd.microsoft.icon",
    }
)
PLAYABLE = frozenset({"video/mp4", "video/webm", "video/ogg", "video/quicktime"})
SIZE_UNITS = ("kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True, order=True)
class Picture:
    """One object of the bucket. Pictures order by age, then by key. `etag` without quotes."""

    modified_ms: int
    key: str
    size: int
    etag: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """The last part of the key, as a person reads it."""
        return self.key.rpartition("/")[2]

    @property
    def kind(self) -> str:
        """`image`, `video` or `other`: how a page can show it, told by the name as a listing has no types."""
        content_type = content_type_for(self.name)
        if content_type in DRAWABLE:
            return "image"
        return "video" if content_type in PLAYABLE else "other"

    @property
    def extension(self) -> str:
        """Upper-case letters to show in place of the picture, `FILE` when the name has no ending."""
        return self.name.rpartition(".")[2].upper()[:5] if "." in self.name else "FILE"

    @property
    def modified(self) -> datetime:
        return datetime.fromtimestamp(self.modified_ms / 1000, UTC)

    @property
    def month(self) -> str:
        return f"{self.modified:%B %Y}"

    @property
    def day(self) -> str:
        return f"{self.modified.day} {self.modified:%b %Y}"

    def url(self, site: str) -> str:
        """The link given out, under the site's address."""
        return link_to(site, self.key)

    def links(self, site: str) -> dict[str, str]:
        """What is copied, by format: `url`, `markdown`, `html`, `bbcode`."""
        url, title, content_type = self.url(site), title_of(self.name), content_type_for(self.name)
        return {
            each.value: format_link(url, title=title, content_type=content_type, link_format=each)
            for each in LinkFormat
        }

    @property
    def readable_size(self) -> str:
        return readable_size(self.size)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ends: the next one holds what is older than this."""

    modified_ms: int
    key: str

    def is_before(self, picture: Picture) -> bool:
        return (picture.modified_ms, picture.key) < (self.modified_ms, self.key)


@dataclass(frozen=True, slots=True)
class GalleryPage:
    """`pictures` newest first; `older` is where the next page begins, or None at the end. Counts are of the bucket."""

    pictures: tuple[Picture, ...]
    older: Cursor | None
    total_count: int
    total_bytes: int

    @property
    def readable_total(self) -> str:
        return readable_size(self.total_bytes)


async def newest(
    listing: AsyncIterable[list[Picture]], *, older_than: Cursor | None = None, limit: int = PAGE_SIZE
) -> GalleryPage:
    """The `limit` newest pictures of a listing in any order; holds no more than that and one of its pages."""
    best: list[Picture] = []
    count = total = 0
    async for page in listing:
        count += len(page)
        total += sum(picture.size for picture in page)
        candidates = [picture for picture in page if older_than is None or older_than.is_before(picture)]
        best = heapq.nlargest(limit + 1, best + candidates)
    shown = tuple(best[:limit])
    older = Cursor(shown[-1].modified_ms, shown[-1].key) if len(best) > limit else None
    return GalleryPage(shown, older, count, total)


def readable_size(size: int) -> str:
    """A size in decimal units with two or three digits: `73.6 kB`."""
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in SIZE_UNITS:
        value /= 1000
        if value < 999.5 or unit == SIZE_UNITS[-1]:
            break
    return f"{value:.0f} {unit}" if value >= 99.95 else f"{value:.1f} {unit}"
