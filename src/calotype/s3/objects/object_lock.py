"""Legal hold and retention of one version of an object, in header fields and in XML (s3.md §8).

S3 counts a retention to the second, B2 to the millisecond: what is told has the milliseconds where there are any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from calotype.http.message import Headers
from calotype.s3 import xml
from calotype.s3.documents import malformed, one_of, parsed_body
from calotype.s3.errors import InvalidArgument
from calotype.store.model import LockMode, Retention

BYPASS_HEADER = "x-amz-bypass-governance-retention"
MODE_HEADER = "x-amz-object-lock-mode"
UNTIL_HEADER = "x-amz-object-lock-retain-until-date"
HOLD_HEADER = "x-amz-object-lock-legal-hold"

_ON, _OFF = "ON", "OFF"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = 253_402_300_799_999  # of the year 9999
_MODES = {mode.value.upper(): mode for mode in LockMode}
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)")


def date_ms(text: str) -> int | None:
    """Unix milliseconds of an ISO 8601 time with its zone, None for anything else."""
    if not _DATE.fullmatch(text):
        return None
    try:
        moment_ms = (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)
    except ValueError:  # the 30th of February
        return None
    return moment_ms if moment_ms <= _LATEST_MS else None


def date_text(moment_ms: int) -> str:
    """`2030-01-01T00:00:00Z`, with milliseconds where there are any; the year 9999 for what B2 takes beyond it."""
    moment = _EPOCH + timedelta(milliseconds=min(moment_ms, _LATEST_MS))
    return moment.isoformat(timespec="milliseconds" if moment_ms % 1000 else "seconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class StatedLock:
    """What an upload states of its object's lock; None is not stated."""

    retention: Retention | None = None
    legal_hold: bool | None = None

    @classmethod
    def from_headers(cls, headers: Headers) -> Self:
        return cls(_retention_of_headers(headers), _hold_of_header(headers.get(HOLD_HEADER)))

    def to_headers(self) -> list[tuple[str, str]]:
        """The header fields of a request that states this, and of an answer that tells it."""
        fields = []
        if self.retention is not None:
            fields += [
                (MODE_HEADER, self.retention.mode.value.upper()),
                (UNTIL_HEADER, date_text(self.retention.until_ms)),
            ]
        if self.legal_hold is not None:
            fields.append((HOLD_HEADER, _ON if self.legal_hold else _OFF))
        return fields


NO_LOCK = StatedLock()


def _retention_of_headers(headers: Headers) -> Retention | None:
    mode, until = headers.get(MODE_HEADER), headers.get(UNTIL_HEADER)
    if mode is None and until is None:
        return None
    if mode is None or until is None:
        given, missing = (MODE_HEADER, UNTIL_HEADER) if until is None else (UNTIL_HEADER, MODE_HEADER)
        raise InvalidArgument.of(
            missing, "null", f"{UNTIL_HEADER} and {MODE_HEADER} must both be supplied; {given} came alone."
        )
    if mode not in _MODES:
        raise InvalidArgument.of(MODE_HEADER, mode, f"Unknown object lock mode; it is one of {', '.join(_MODES)}.")
    until_ms = date_ms(until)
    if until_ms is None:
        raise InvalidArgument.of(UNTIL_HEADER, until, "The retain until date must be provided in ISO 8601 format")
    return Retention(_MODES[mode], until_ms)


def _hold_of_header(text: str | None) -> bool | None:
    if text not in (None, _ON, _OFF):
        raise InvalidArgument.of(HOLD_HEADER, text or "", f"Legal Hold must be either of '{_ON}' or '{_OFF}'")
    return None if text is None else text == _ON


def bypass_of(headers: Headers) -> bool:
    """Whether the request means to override a governance retention."""
    text = (headers.get(BYPASS_HEADER) or "false").lower()
    if text not in ("true", "false"):
        raise InvalidArgument.of(BYPASS_HEADER, text, f"{BYPASS_HEADER} must be true or false.")
    return text == "true"


def bypass_headers(bypasses: bool) -> list[tuple[str, str]]:
    return [(BYPASS_HEADER, "true")] if bypasses else []


def legal_hold_of_document(body: bytes) -> bool:
    """Whether it is on; raises MalformedXML."""
    return one_of(parsed_body(body, "LegalHold"), "Status", (_ON, _OFF)) == _ON


def legal_hold_document(is_on: bool) -> bytes:
    return xml.document("LegalHold", ("Status", _ON if is_on else _OFF))


def retention_of_document(body: bytes) -> Retention | None:
    """None for an empty one, which takes a retention away; raises MalformedXML."""
    root = parsed_body(body, "Retention")
    if root.child("Mode") is None and root.child("RetainUntilDate") is None:
        return None
    mode = one_of(root, "Mode", tuple(_MODES))
    until_ms = date_ms((root.text_of("RetainUntilDate") or "").strip())
    if until_ms is None:
        raise malformed("the RetainUntilDate of a Retention is an ISO 8601 date")
    return Retention(_MODES[mode], until_ms)


def retention_document(retention: Retention | None) -> bytes:
    nodes: Iterable[xml.Node] = ()
    if retention is not None:
        nodes = [("Mode", retention.mode.value.upper()), ("RetainUntilDate", date_text(retention.until_ms))]
    return xml.document("Retention", *nodes)
