"""Versions for tables of lifecycle rules, each a word; day 100 is today."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from calotype.store.ids import new_version_id
from calotype.store.lifecycle import DAY_MS, Due, DueChange
from calotype.store.model import Action, FileVersion

TODAY = 100
_LETTERS = {"u": Action.UPLOAD, "h": Action.HIDE, "s": Action.START}


def version(text: str, key: bytes = b"cat.png", **fields: Any) -> FileVersion:
    """A version of a day: `u40` an upload, `h41` a hide marker, `s42` a large file in progress.

    `u40@90` was uploaded on day 90 with the upload time of day 40 asked for; `u40+95` is a large file that was started
    on day 40 and finished on day 95; `u40!` is locked.
    """
    locked = text.endswith("!")
    text = text.rstrip("!")
    action = _LETTERS[text[0]]
    day, _, finished = text[1:].partition("+")
    day, _, made_on = day.partition("@")
    made_ms = int(made_on or day) * DAY_MS
    made = FileVersion(
        account_id="a" * 12,
        bucket_id="b" * 24,
        version_id=new_version_id("b" * 24, action, made_ms, lambda count: text.encode().ljust(count, b".")[:count]),
        key=key,
        action=action,
        uploaded_at_ms=int(day) * DAY_MS,
        length=0,
        content_type="",
        digests=None,
        etag=text,
        finished_at_ms=int(finished) * DAY_MS if finished else None,
        legal_hold=locked or None,
    )
    return replace(made, **fields)


def told(changes: list[DueChange]) -> str:
    words = {Due.HIDE: "hide", Due.DELETE: "delete", Due.REMOVE_MARKER: "unmark", Due.CANCEL: "cancel"}
    return " ".join(f"{words[change.kind]}:{change.version.etag}" for change in changes)
