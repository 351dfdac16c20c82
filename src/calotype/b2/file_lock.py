"""Retention and legal hold of a file as requests state them, in JSON and in header fields (b2.md §1.6, §3.1, §6.4)."""

from __future__ import annotations

import re

from msgspec import Struct

from calotype.b2 import names
from calotype.b2.errors import BadRequest, RetainUntilMustBeInFuture
from calotype.http.message import Headers
from calotype.store.model import LockMode, Retention

RETENTION_MODE_HEADER = "X-Bz-File-Retention-Mode"
RETAIN_UNTIL_HEADER = "X-Bz-File-Retention-Retain-Until-Timestamp"
LEGAL_HOLD_HEADER = "X-Bz-File-Legal-Hold"

ON, OFF = "on", "off"
NO_MODES = (None, "none")


class FileRetention(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """`mode` is `governance`, `compliance`, or nothing at all, which takes a retention away."""

    mode: str | None = None
    retain_until_timestamp: int | None = None


def retention_of(asked: FileRetention | None, now_ms: int) -> Retention | None:
    """What is to be kept, None for no retention; raises BadRequest and RetainUntilMustBeInFuture."""
    if asked is None or asked.mode in NO_MODES:
        if asked is not None and asked.retain_until_timestamp is not None:
            raise BadRequest("Invalid fileRetention: a retainUntilTimestamp needs a mode")
        return None
    if asked.mode not in list(LockMode):
        raise BadRequest(f"Invalid fileRetention: the mode is {LockMode.GOVERNANCE} or {LockMode.COMPLIANCE}")
    if asked.retain_until_timestamp is None:
        raise BadRequest(f"Invalid fileRetention: {asked.mode} needs a retainUntilTimestamp")
    if asked.retain_until_timestamp <= now_ms:
        raise RetainUntilMustBeInFuture
    names.timestamp(asked.retain_until_timestamp)
    return Retention(LockMode(asked.mode), asked.retain_until_timestamp)


def legal_hold_of(asked: str | None) -> bool | None:
    """Whether the file is to be held, None when nothing is said; raises BadRequest."""
    if asked not in (ON, OFF, None):
        raise BadRequest(f"Invalid legalHold: it is {ON} or {OFF}")
    return None if asked is None else asked == ON


def file_retention_of(headers: Headers) -> FileRetention | None:
    mode = headers.get(RETENTION_MODE_HEADER.lower())
    until = headers.get(RETAIN_UNTIL_HEADER.lower())
    if mode is None and until is None:
        return None
    if mode is None or until is None:
        raise BadRequest(f"{RETENTION_MODE_HEADER} and {RETAIN_UNTIL_HEADER} go together")
    if not re.fullmatch(r"[0-9]{1,15}", until):
        raise BadRequest(f"Invalid {RETAIN_UNTIL_HEADER}: {until!r} is not milliseconds since the epoch")
    if mode not in list(LockMode):
        raise BadRequest(f"Invalid {RETENTION_MODE_HEADER}: it is {LockMode.GOVERNANCE} or {LockMode.COMPLIANCE}")
    return FileRetention(mode=mode, retain_until_timestamp=int(until))


def lock_headers(retention: FileRetention | None, legal_hold: str | None) -> list[tuple[str, str]]:
    """The header fields of an upload that state both."""
    headers = []
    if retention is not None and retention.mode not in NO_MODES:
        headers = [
            (RETENTION_MODE_HEADER, str(retention.mode)),
            (RETAIN_UNTIL_HEADER, str(retention.retain_until_timestamp)),
        ]
    if legal_hold is not None:
        headers.append((LEGAL_HOLD_HEADER, legal_hold))
    return [(name.lower(), value) for name, value in headers]
