"""Range requests: what was asked, what of it can be given, and how the answer is framed (RFC 9110 §14).

`parse_range` knows nothing of the representation; `resolve` turns its answer into byte positions once the length is
known. A field that is malformed or in another unit is ignored, as the RFC asks: the answer is then a plain 200.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final, Literal

# A request for more ranges than this is ignored (RFC 9110 §14.2 lets a server do so): answering one-byte ranges
# by the thousand costs far more than the whole. Media players and PDF readers ask for less than ten.
MAX_RANGES = 64

_SPEC = re.compile(r"([0-9]*)-([0-9]*)")
# Positions longer than this many digits lie beyond every representation; they are clamped, not converted.
_MAX_DIGITS = 18
_BEYOND_ALL = 10**_MAX_DIGITS


class Unsatisfiable(Enum):
    UNSATISFIABLE = "unsatisfiable"


UNSATISFIABLE: Final = Unsatisfiable.UNSATISFIABLE


@dataclass(frozen=True, slots=True)
class RangeSpec:
    """One member of a byte range set: `first` to `last` inclusive; without `first`, the final `last` bytes."""

    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class RangeRequest:
    """A byte range set as asked for, in the order of the request."""

    specs: tuple[RangeSpec, ...]


def parse_range(header: str | None) -> RangeRequest | None:
    """The byte ranges asked for, or None when the field is absent, malformed, of another unit or excessive."""
    if header is None:
        return None
    unit, equals, range_set = header.partition("=")
    if not equals or unit.lower() != "bytes":
        return None
    members = [member.strip(" \t") for member in range_set.split(",")]
    texts = [member for member in members if member]
    if not texts or len(texts) > MAX_RANGES:
        return None
    specs = [_parse_spec(text) for text in texts]
    valid = tuple(spec for spec in specs if spec is not None)
    return RangeRequest(valid) if len(valid) == len(specs) else None


def _parse_spec(text: str) -> RangeSpec | None:
    match = _SPEC.fullmatch(text)
    if match is None or text == "-":
        return None
    first, last = _position(match[1]), _position(match[2])
    if first is not None and last is not None and last < first:
        return None
    return RangeSpec(first, last)


def _position(digits: str) -> int | None:
    if not digits:
        return None
    significant = digits.lstrip("0") or "0"
    return int(significant) if len(significant) <= _MAX_DIGITS else _BEYOND_ALL


def resolve(range_request: RangeRequest, length: int) -> list[tuple[int, int]] | Literal[Unsatisfiable.UNSATISFIABLE]:
    """The satisfiable ranges as (start, stop), stop exclusive, or UNSATISFIABLE when there is none (answer 416).

    They stay in the order asked for; when any two overlap, all are merged and sorted instead, so that no byte is
    sent twice (RFC 9110 §15.3.7.2 allows it).
    """
    found = [span for spec in range_request.specs if (span := _resolve_spec(spec, length)) is not None]
    if not found:
        return UNSATISFIABLE
    ascending = sorted(found)
    overlapping = any(after[0] < before[1] for before, after in pairwise(ascending))
    return _merged(ascending) if overlapping else found


def _resolve_spec(spec: RangeSpec, length: int) -> tuple[int, int] | None:
    if spec.first is None:
        suffix = spec.last or 0
        return (max(0, length - suffix), length) if suffix and length else None
    if spec.first >= length:
        return None
    return spec.first, length if spec.last is None else min(spec.last + 1, length)


def _merged(ascending: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged = [ascending[0]]
    for start, stop in ascending[1:]:
        last_start, last_stop = merged[-1]
        if start <= last_stop:
            merged[-1] = (last_start, max(last_stop, stop))
        else:
            merged.append((start, stop))
    return merged


def content_range(start: int, stop: int, length: int) -> str:
    """The Content-Range of a 206 for bytes `start` up to but not including `stop`."""
    return f"bytes {start}-{stop - 1}/{length}"


def unsatisfied_range(length: int) -> str:
    """The Content-Range of a 416, which tells the client the length."""
    return f"bytes */{length}"


_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.IGNORECASE)


def parse_content_range(header: str | None) -> tuple[int, int, int | None] | None:
    """(start, stop, length) of a 206's Content-Range, stop exclusive, length None when unknown; None when invalid."""
    match = _CONTENT_RANGE.fullmatch(header or "")
    if match is None:
        return None
    start, stop = int(match[1]), int(match[2]) + 1
    length = None if match[3] == "*" else int(match[3])
    if stop <= start or (length is not None and stop > length):
        return None
    return start, stop, length
