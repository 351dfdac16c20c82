"""The cache key: under which name a response is stored, and which worker owns it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b


@dataclass(frozen=True)
class CacheKey:
    """Authority and path as the visitor asked, and where the request went after the zone's rewrites.

    `authority` is the host, or the zone's name in a catch-all zone, which answers under any host. `query` is None
    when there is none or when it does not count; `query_ignored` tells the two apart. `origin_target` keeps apart
    what one address was rewritten to under different conditions.
    """

    zone_id: str
    authority: str
    path: str
    query: str | None = None
    query_ignored: bool = False
    origin_target: str = ""

    @property
    def url(self) -> str:
        """Authority and path: what a purge by file names, without scheme and query."""
        return self.authority + self.path

    @cached_property
    def text(self) -> str:
        query = "" if self.query is None else f"?{self.query}"
        return f"{self.zone_id} {self.url}{query} {self.origin_target}"

    @cached_property
    def digest(self) -> str:
        """32 hexadecimal digits, the stem of the entry's file name."""
        return blake2b(self.text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def owner_of(digest: str, worker_count: int) -> int:
    """The worker that fetches, stores and revalidates what has this key digest."""
    return int(digest[:8], 16) % worker_count


def sorted_query(query: str) -> str:
    """The parameters in order of name and value, so that their order in the address does not matter."""
    return "&".join(sorted(query.split("&")))


def selected_query(query: str, *, include: frozenset[str] | None, exclude: frozenset[str] | None) -> str | None:
    """The query with only the parameters that count (`cache_key.custom_key.query_string`); None when none is left."""
    kept = [
        parameter
        for parameter in query.split("&")
        if _counts(parameter.partition("=")[0], include=include, exclude=exclude)
    ]
    return "&".join(kept) if kept else None


def _counts(name: str, *, include: frozenset[str] | None, exclude: frozenset[str] | None) -> bool:
    if include is not None:
        return name in include
    return exclude is None or name not in exclude
