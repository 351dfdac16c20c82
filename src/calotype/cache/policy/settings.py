"""What the zone's rules ask of the cache for one request, as a value (`set_cache_settings`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Mode(Enum):
    """Whose rules the cache follows: the RFCs alone, or Cloudflare's."""

    RFC = "rfc"
    CLOUDFLARE = "cloudflare"


class TtlMode(Enum):
    RESPECT_ORIGIN = "respect_origin"
    OVERRIDE_ORIGIN = "override_origin"
    BYPASS_BY_DEFAULT = "bypass_by_default"
    BYPASS = "bypass"


NO_STORE = -1  # the value of a status TTL that forbids storing


@dataclass(frozen=True, slots=True)
class StatusTtl:
    """A lifetime for the statuses `first` to `last`; 0 means to validate at each use, NO_STORE not to store."""

    first: int
    last: int
    ttl: int


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """`eligible` is None where no rule says: then the file extension of the path decides."""

    mode: Mode = Mode.CLOUDFLARE
    eligible: bool | None = None
    edge_ttl_mode: TtlMode = TtlMode.RESPECT_ORIGIN
    edge_ttl: int | None = None
    status_ttls: tuple[StatusTtl, ...] = ()
    browser_ttl_mode: TtlMode = TtlMode.RESPECT_ORIGIN
    browser_ttl: int | None = None
    browser_cache_ttl: int = 0  # the zone's setting; 0 respects the origin
    ignore_query: bool = False
    include_query: frozenset[str] | None = None
    exclude_query: frozenset[str] | None = None
    sort_query: bool = False
    serve_stale_while_updating: bool = True
    pass_origin_errors: bool = False

    def ttl_for_status(self, status: int) -> int | None:
        """The lifetime a rule sets for this status; of several ranges that hold it the narrowest counts."""
        fitting = [each for each in self.status_ttls if each.first <= status <= each.last]
        return min(fitting, key=lambda each: each.last - each.first).ttl if fitting else None


# Cloudflare's default: by the extension of the path, whatever the media type.
_EXTENSIONS = """
7z avi avif apk bin bmp bz2 class css csv doc docx dmg ejs eot eps exe flac gif gz ico iso jar jpg jpeg js mid midi
mkv mp3 mp4 ogg otf pdf pict pls png ppt pptx ps rar svg svgz swf tar tif tiff ttf webm webp woff woff2 xls xlsx zip
zst"""
CACHED_EXTENSIONS = frozenset(_EXTENSIONS.split())


def is_candidate(path: str, settings: CacheSettings) -> bool:
    """Whether a GET of this path may be answered from the cache at all."""
    if settings.eligible is not None:
        return settings.eligible
    if settings.mode is Mode.RFC:
        return True
    name = path.rpartition("/")[2]
    _, dot, extension = name.rpartition(".")
    return path == "/robots.txt" or (bool(dot) and extension.lower() in CACHED_EXTENSIONS)
