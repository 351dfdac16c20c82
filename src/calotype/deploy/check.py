"""`calotype check URL`: what two requests for one URL tell about the cache between us and the origin; pure.

The reader gets findings in plain words: was the second answer a HIT, how long is it kept and where, by whose word,
and which headers should not have come through. Works for any URL and any cache that sets `CF-Cache-Status`,
`Cache-Status` (RFC 9211), `X-Cache` or `Age`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from calotype.http.cache_control import CacheControl
from calotype.http.content_types import is_inert
from calotype.http.http_date import parse_http_date
from calotype.http.message import Headers

ORIGIN_HEADER_PREFIXES = ("x-bz-", "x-amz-", "x-goog-", "x-ms-")
STACK_HEADERS = ("x-powered-by", "x-aspnet-version", "x-generator")

_TTL = re.compile(r"ttl=(-?[0-9]{1,15})")

# edge.md §1.1: what Cloudflare takes for a candidate when no rule says otherwise
CANDIDATE_EXTENSIONS = frozenset(
    {
        *("7z", "avi", "avif", "apk", "bin", "bmp", "bz2", "class", "css", "csv", "doc", "docx", "dmg", "ejs", "eot"),
        *("eps", "exe", "flac", "gif", "gz", "ico", "iso", "jar", "jpg", "jpeg", "js", "mid", "midi", "mkv", "mp3"),
        *("mp4", "ogg", "otf", "pdf", "pict", "pls", "png", "ppt", "pptx", "ps", "rar", "svg", "svgz", "swf", "tar"),
        *("tif", "tiff", "ttf", "webm", "webp", "woff", "woff2", "xls", "xlsx", "zip", "zst"),
    }
)


class Level(Enum):
    GOOD = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one topic: `cache`, `lifetime`, `headers`, `content`."""

    level: Level
    topic: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One response, as a client saw it; `body_sha1` over the whole body."""

    status: int
    headers: Headers
    body_length: int
    body_sha1: str
    elapsed_s: float


def findings(url: str, first: Answer, second: Answer) -> list[Finding]:
    """What the two answers tell, the cache first."""
    if second.status >= 400:
        return [*_failure(second), *_cache(url, first, second)]
    return [
        *_cache(url, first, second),
        *_sameness(first, second),
        *_lifetimes(second),
        *_validators(second),
        *_leaks(second),
        *_safety(second),
    ]


def cache_status(headers: Headers) -> str | None:
    """The cache's word for what it did, in Cloudflare's terms; None when no header tells."""
    if status := headers.get("cf-cache-status"):
        return status.upper()
    if members := headers.get_all("cache-status"):
        return _from_cache_status(members)
    if x_cache := headers.get("x-cache"):
        return "HIT" if "hit" in x_cache.lower() else "MISS"
    return None


def _nearest_cache(members: Sequence[str]) -> tuple[str, list[str]]:
    """(name, parameters in lower case) of the last member, the cache nearest to us (RFC 9211 §2)."""
    name, *parameters = members[-1].rpartition(",")[2].split(";")
    return name.strip().strip('"'), [each.strip().lower() for each in parameters]


def _from_cache_status(members: Sequence[str]) -> str:
    _, parameters = _nearest_cache(members)
    if "hit" in parameters:
        return "HIT"
    if "fwd=stale" in parameters:
        return "EXPIRED"
    return "BYPASS" if "fwd=bypass" in parameters else "MISS"


def _failure(answer: Answer) -> Iterator[Finding]:
    reason = {
        404: "there is nothing under this address",
        403: "access is refused: is the bucket private, and the edge without a key for it? Or is a cap used up?",
        401: "the origin asks for credentials",
        520: "the origin's answer was no HTTP",
        521: "the origin refuses connections",
        522: "the origin does not answer in time",
        523: "the origin's address leads nowhere",
        526: "the origin's certificate is not valid for its name",
    }.get(answer.status, "the request failed")
    yield Finding(Level.BAD, "content", f"status {answer.status}: {reason}")


# The cache


def _cache(url: str, first: Answer, second: Answer) -> Iterator[Finding]:
    statuses = cache_status(first.headers), cache_status(second.headers)
    match statuses:
        case (None, None):
            yield _without_status(second)
        case (_, "HIT" | "STALE" | "UPDATING" | "REVALIDATED"):
            before = "HIT (it was cached already)" if statuses[0] == "HIT" else str(statuses[0])
            yield Finding(Level.GOOD, "cache", f"{before}, then {statuses[1]}")
            yield from _age(first, second)
        case (_, status):
            yield Finding(Level.BAD, "cache", f"{statuses[0] or 'no word'}, then {status}: {_why(url, second, status)}")


def _without_status(answer: Answer) -> Finding:
    if answer.headers.get("age") is not None:
        return Finding(Level.GOOD, "cache", f"no cache names its status, but Age: {answer.headers.get('age')} says HIT")
    return Finding(Level.BAD, "cache", "no header speaks of a cache (CF-Cache-Status, Cache-Status, X-Cache, Age)")


def _why(url: str, answer: Answer, status: str | None) -> str:
    """The likely reason that the second answer did not come from the cache."""
    directives = CacheControl.parse(answer.headers.get_all("cache-control"))
    if status == "DYNAMIC":
        extension = PurePosixPath(urlsplit(url).path).suffix[1:].lower()
        if extension in CANDIDATE_EXTENSIONS:
            return "a rule takes it out of the cache, or the zone's cache is in development mode"
        return f"the extension {extension!r} is not cached by default; a cache rule with cache: true is needed"
    if "set-cookie" in answer.headers:
        return "the answer sets a cookie, so it is not stored"
    if directives.no_store or directives.private:
        return f"Cache-Control: {answer.headers.combined('cache-control')} forbids storing it"
    if directives.no_cache or directives.max_age == 0:
        return f"Cache-Control: {answer.headers.combined('cache-control')} asks for the origin at every request"
    if _field(answer, "vary") == "*":
        return "Vary: * makes every request different"
    if status == "BYPASS" and "cache-control" not in answer.headers:
        return "the origin gives no Cache-Control (for a bucket: its info has no cache-control) and no rule a lifetime"
    if status == "MISS":
        return "it was not stored, or another edge server answered the second time; try again"
    if status == "EXPIRED":
        return "its lifetime is over at once: the edge lifetime is 0 or very short"
    return "the answer was not taken from the cache"


def _age(first: Answer, second: Answer) -> Iterator[Finding]:
    age = second.headers.get("age")
    if age is None or not age.isdigit():
        yield Finding(Level.NOTE, "cache", "a HIT without Age: browsers count its lifetime from the moment they get it")
        return
    faster = f"; {second.elapsed_s * 1000:.0f} ms after {first.elapsed_s * 1000:.0f} ms"
    yield Finding(Level.GOOD, "cache", f"in the cache for {seconds_in_words(int(age))} (Age){faster}")


def _sameness(first: Answer, second: Answer) -> Iterator[Finding]:
    if first.body_sha1 != second.body_sha1:
        yield Finding(Level.BAD, "content", "the two answers have different contents")
    declared = second.headers.get("content-length")
    if declared is not None and "content-encoding" not in second.headers and declared != str(second.body_length):
        yield Finding(Level.BAD, "content", f"Content-Length says {declared}, {second.body_length} bytes came")


# Lifetimes


def _lifetimes(answer: Answer) -> Iterator[Finding]:
    directives = CacheControl.parse(answer.headers.get_all("cache-control"))
    yield _browser_lifetime(answer, directives)
    told = _edge_lifetime(answer)
    if told is not None:
        yield told
    if directives.s_maxage is not None:
        yield Finding(
            Level.NOTE, "lifetime", f"shared caches: {seconds_in_words(directives.s_maxage)}, by s-maxage of the answer"
        )
    elif told is None and cache_status(answer.headers) in ("HIT", "STALE", "UPDATING", "REVALIDATED"):
        yield Finding(
            Level.NOTE,
            "lifetime",
            "edge: its rules or defaults decide; the answer does not say (no s-maxage, no ttl)",
        )


def _edge_lifetime(answer: Answer) -> Finding | None:
    """What the edge itself says: the freshness that is left is the `ttl` of its Cache-Status (RFC 9211 §2.5)."""
    members = answer.headers.get_all("cache-status")
    if not members:
        return None
    name, parameters = _nearest_cache(members)
    ttl = next((match for each in parameters if (match := _TTL.fullmatch(each))), None)
    if ttl is not None:
        left_s, age = int(ttl[1]), _field(answer, "age")
        if left_s < 0:
            return Finding(Level.NOTE, "lifetime", f"edge: over since {seconds_in_words(-left_s)}, by {name}'s ttl")
        total_s = left_s + (int(age) if age.isdigit() else 0)
        left = "" if total_s == left_s else f", of which {seconds_in_words(left_s)} are left"
        return Finding(Level.GOOD, "lifetime", f"edge: {seconds_in_words(total_s)}, by {name}'s ttl{left}")
    if "stored" in parameters:
        return Finding(Level.NOTE, "lifetime", f"edge: {name} has stored it; for how long, its next HIT tells")
    return None


def _browser_lifetime(answer: Answer, directives: CacheControl) -> Finding:
    age = _field(answer, "age")
    if directives.no_store:
        return Finding(Level.BAD, "lifetime", "browsers: not at all, by no-store")
    if directives.no_cache:
        return Finding(Level.NOTE, "lifetime", "browsers: kept, but asked again each time, by no-cache")
    if directives.max_age is not None:
        left = max(0, directives.max_age - (int(age) if age.isdigit() else 0))
        total = seconds_in_words(directives.max_age)
        level = Level.GOOD if left else Level.NOTE
        remaining = "" if left == directives.max_age else f", of which {seconds_in_words(left)} are left"
        return Finding(level, "lifetime", f"browsers: {total}, by max-age{remaining}")
    expires, date = (parse_http_date(_field(answer, name)) for name in ("expires", "date"))
    if expires is not None and date is not None:
        return Finding(
            Level.NOTE, "lifetime", f"browsers: {seconds_in_words(max(0, expires - date))}, by Expires minus Date"
        )
    return Finding(Level.BAD, "lifetime", "browsers: they guess, since neither Cache-Control nor Expires says")


def _validators(answer: Answer) -> Iterator[Finding]:
    etag = answer.headers.get("etag")
    if etag is not None:
        kind = "weak" if etag.startswith("W/") else "strong"
        yield Finding(Level.GOOD, "lifetime", f"afterwards they ask with a {kind} ETag and may be answered 304")
    elif "last-modified" in answer.headers:
        yield Finding(
            Level.NOTE, "lifetime", "afterwards they ask by Last-Modified only: two changes in a second look alike"
        )
    else:
        yield Finding(Level.BAD, "lifetime", "afterwards they fetch it whole: neither ETag nor Last-Modified")


# Headers


def _leaks(answer: Answer) -> Iterator[Finding]:
    names = answer.headers.names()
    leaked = [name for name in names if name.startswith(ORIGIN_HEADER_PREFIXES) or name in STACK_HEADERS]
    if leaked:
        yield Finding(Level.BAD, "headers", f"should have been removed: {', '.join(leaked)}")
    else:
        yield Finding(Level.GOOD, "headers", "none of the origin's own headers came through")
    if "set-cookie" in names:
        yield Finding(Level.BAD, "headers", "a cookie is set: pictures need none, and caches keep away from it")


def _safety(answer: Answer) -> Iterator[Finding]:
    content_type = _field(answer, "content-type")
    if not content_type:
        yield Finding(Level.BAD, "headers", "no Content-Type: browsers guess")
    if _field(answer, "x-content-type-options").lower() != "nosniff":
        yield Finding(Level.NOTE, "headers", "no X-Content-Type-Options: nosniff")
    if content_type and not is_inert(content_type) and "content-security-policy" not in answer.headers:
        yield Finding(Level.NOTE, "headers", f"{content_type} could run scripts: no Content-Security-Policy")
    if content_type.startswith("image/") and "access-control-allow-origin" not in answer.headers:
        yield Finding(Level.NOTE, "headers", "no Access-Control-Allow-Origin: scripts of other sites cannot read it")


def _field(answer: Answer, name: str) -> str:
    """The field's value, empty when it is absent."""
    return (answer.headers.get(name) or "").strip()


def seconds_in_words(seconds: int) -> str:
    """`90` as `90 s`, `600` as `10 minutes`: the largest unit that gives a whole number."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} s"
