"""Conditional requests: entity tags, preconditions and their precedence (RFC 9110 §8.8.3 and §13)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal

from calotype.http.http_date import parse_http_date
from calotype.http.message import Headers


@dataclass(frozen=True, slots=True)
class ETag:
    """An entity tag without its quotes."""

    etag: str
    weak: bool = False

    def matches_strongly(self, other: ETag) -> bool:
        return not self.weak and not other.weak and self.etag == other.etag

    def matches_weakly(self, other: ETag) -> bool:
        return self.etag == other.etag

    def to_header(self) -> str:
        return f'W/"{self.etag}"' if self.weak else f'"{self.etag}"'


class AnyETag(Enum):
    ANY = "*"


ANY: Final = AnyETag.ANY

# The quoted form may hold commas. The bare form is not in the grammar, but S3 clients send it in If-Match and
# If-None-Match, and S3 accepts it.
_ETAG = re.compile(r'(?P<weak>W/)?"(?P<quoted>[\x21\x23-\x7e\x80-\xff]*)"|(?P<bare>[^\s",*]+)')
_LEADING = re.compile(r"[ \t,]*")
_SEPARATOR = re.compile(r"[ \t]*,[ \t,]*")


def parse_etag(text: str) -> ETag | None:
    """One entity tag, as an ETag field holds it, or None when it is malformed."""
    match = _ETAG.fullmatch(text.strip(" \t"))
    return _etag(match) if match is not None else None


def _etag(match: re.Match[str]) -> ETag:
    if match["bare"] is not None:
        return ETag(match["bare"])
    return ETag(match["quoted"], weak=match["weak"] is not None)


def parse_etag_list(text: str) -> tuple[ETag, ...] | Literal[AnyETag.ANY]:
    """The tags of If-Match or If-None-Match, or ANY for `*`; what is malformed ends the list."""
    if text.strip(" \t") == "*":
        return ANY
    etags: list[ETag] = []
    separator = _LEADING.match(text)
    while separator is not None and (match := _ETAG.match(text, separator.end())) is not None:
        etags.append(_etag(match))
        separator = _SEPARATOR.match(text, match.end())
    return tuple(etags)


@dataclass(frozen=True, slots=True)
class Validators:
    """What the selected representation says of itself: its ETag field and its modification date in Unix seconds."""

    etag_header: str | None = None
    last_modified: int | None = None

    @property
    def etag(self) -> ETag | None:
        return parse_etag(self.etag_header) if self.etag_header is not None else None


class Outcome(Enum):
    """What the preconditions say: go on, answer 304, or answer 412."""

    PROCEED = auto()
    NOT_MODIFIED = auto()
    PRECONDITION_FAILED = auto()


def evaluate(method: str, headers: Headers, validators: Validators | None) -> Outcome:
    """The outcome of all preconditions in the order of RFC 9110 §13.2.2; `validators` is None when nothing exists.

    If-Range is not among them: ask `if_range_allows` when a Range is about to be honoured.
    """
    is_read = method in ("GET", "HEAD")
    if not _state_is_as_expected(headers, validators):
        return Outcome.PRECONDITION_FAILED
    if_none_match = headers.combined("if-none-match")
    if if_none_match is not None:
        if not _any_matches(if_none_match, validators, strong=False):
            return Outcome.PROCEED
        return Outcome.NOT_MODIFIED if is_read else Outcome.PRECONDITION_FAILED
    if is_read and _unmodified_since(headers.get("if-modified-since"), validators):
        return Outcome.NOT_MODIFIED
    return Outcome.PROCEED


def _state_is_as_expected(headers: Headers, validators: Validators | None) -> bool:
    """Steps 1 and 2: If-Match, or else If-Unmodified-Since."""
    if_match = headers.combined("if-match")
    if if_match is not None:
        return _any_matches(if_match, validators, strong=True)
    limit = _date(headers.get("if-unmodified-since"))
    if limit is None or validators is None or validators.last_modified is None:
        return True
    return validators.last_modified <= limit


def _any_matches(header: str, validators: Validators | None, *, strong: bool) -> bool:
    if validators is None:
        return False
    wanted = parse_etag_list(header)
    if wanted is ANY:
        return True
    own = validators.etag
    if own is None:
        return False
    return any(own.matches_strongly(etag) if strong else own.matches_weakly(etag) for etag in wanted)


def _unmodified_since(header: str | None, validators: Validators | None) -> bool:
    since = _date(header)
    if since is None or validators is None or validators.last_modified is None:
        return False
    return validators.last_modified <= since


def _date(header: str | None) -> int | None:
    return parse_http_date(header) if header is not None else None


def if_range_allows(headers: Headers, validators: Validators) -> bool:
    """Whether a Range may be honoured: If-Range is absent, or names this very representation (RFC 9110 §13.1.5).

    A tag must match strongly; a date must be exactly the modification date.
    """
    if_range = headers.get("if-range")
    if if_range is None:
        return True
    date = parse_http_date(if_range)
    if date is not None:
        return date == validators.last_modified
    wanted, own = parse_etag(if_range), validators.etag
    return wanted is not None and own is not None and own.matches_strongly(wanted)


_KEPT_IN_304 = ("cache-control", "content-location", "etag", "expires", "last-modified", "vary")


def not_modified_headers(headers: Headers) -> Headers:
    """What a server's 304 repeats of the 200 it stands for (RFC 9110 §15.4.5)."""
    return Headers((name, value) for name, value in headers if name in _KEPT_IN_304)
