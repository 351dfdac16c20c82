"""What a lifecycle rule makes of the versions under its prefix (b2.md §6.2). Pure.

Versions come by key, newest first, as a bucket is listed. A version is hidden from the moment that another came above
it and for as long as one is there, be it a hide marker or an upload. So it may be deleted when both have been there
for the days of the rule: it, and any one above it. The topmost of those is never deleted itself by the same rule,
since nothing above it has been there for so long; it is the witness that the others are hidden (`hidden_by`), and
whoever deletes them looks once more whether it is still there.

What an unfinished large file will be when it is finished, it counts as already: a hide marker stays above it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from calotype.store.ids import made_at_ms
from calotype.store.model import Action, FileVersion, LifecycleRule

DAY_MS = 86_400_000
MOST_MARKERS = 1000
"""Hide markers on top of each other at the end of a key that are looked at in one run; the rest goes the next day."""


class Due(StrEnum):
    HIDE = "hide"
    DELETE = "delete"
    REMOVE_MARKER = "remove marker"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class DueChange:
    """What is to be done with a version. `hidden_by` is there for DELETE alone."""

    kind: Due
    version: FileVersion
    hidden_by: FileVersion | None = None


IsLocked = Callable[[FileVersion], bool]


def due_changes(
    rule: LifecycleRule, versions: Iterable[FileVersion], now_ms: int, is_locked: IsLocked
) -> Iterator[DueChange]:
    """What the rule asks for by now, of whole keys; see `RuleWalk`."""
    walk = RuleWalk(rule, now_ms, is_locked)
    for version in versions:
        yield from walk.pass_by(version)
    yield from walk.end()


class RuleWalk:
    """Goes through versions by key, newest first, a page at a time, and says what is due.

    Changes come in the order in which they are to be made. Holds no more than one version of a key, and the hide
    markers that may be left over at its end.
    """

    def __init__(self, rule: LifecycleRule, now_ms: int, is_locked: IsLocked) -> None:
        self._hide_before = _days_before(now_ms, rule.days_from_uploading_to_hiding)
        self._delete_before = _days_before(now_ms, rule.days_from_hiding_to_deleting)
        self._cancel_before = _days_before(now_ms, rule.days_from_starting_to_canceling)
        self._is_locked = is_locked
        self._key: bytes | None = None
        self._is_top = True
        self._hidden_by: FileVersion | None = None
        self._bottom_markers: deque[FileVersion] = deque(maxlen=MOST_MARKERS)

    def pass_by(self, version: FileVersion) -> Iterator[DueChange]:
        """The next version; what is due of it, and of the key before it when that has ended."""
        if version.key != self._key:
            yield from self.end()
            self._key = version.key
        if version.action is Action.START:
            yield from self._unfinished(version)
        else:
            yield from self._finished(version)

    def end(self) -> Iterator[DueChange]:
        """What is due of the last key, now that it has no more versions: markers that hide nothing, oldest first."""
        if self._hide_before is not None or self._delete_before is not None:
            for marker in reversed(self._bottom_markers):
                yield DueChange(Due.REMOVE_MARKER, marker)
        self._key = None
        self._is_top = True
        self._hidden_by = None
        self._bottom_markers.clear()

    def _unfinished(self, file: FileVersion) -> Iterator[DueChange]:
        if self._cancel_before is not None and _began_at_ms(file) <= self._cancel_before:
            yield DueChange(Due.CANCEL, file)
        else:
            self._bottom_markers.clear()

    def _finished(self, version: FileVersion) -> Iterator[DueChange]:
        is_top, self._is_top = self._is_top, False
        if self._may_delete(version):
            yield DueChange(Due.DELETE, version, self._hidden_by)
            return
        if is_top and self._may_hide(version):
            yield DueChange(Due.HIDE, version)
        if version.action is Action.HIDE:
            self._bottom_markers.append(version)
        else:
            self._bottom_markers.clear()
        if self._hidden_by is None and self._has_been_there(version):
            self._hidden_by = version

    def _may_hide(self, version: FileVersion) -> bool:
        return version.is_visible and self._hide_before is not None and version.uploaded_at_ms <= self._hide_before

    def _may_delete(self, version: FileVersion) -> bool:
        return self._hidden_by is not None and self._has_been_there(version) and not self._is_locked(version)

    def _has_been_there(self, version: FileVersion) -> bool:
        """Whether the version has been there for the days after which what it hides is deleted."""
        return self._delete_before is not None and shown_since_ms(version) <= self._delete_before


def shown_since_ms(version: FileVersion) -> int:
    """Since when the version has been there: not its upload time, which may have been asked for.

    A large file has been there since it was finished, though its place among the others is that of its start.
    """
    return version.finished_at_ms or _began_at_ms(version)


def _began_at_ms(version: FileVersion) -> int:
    made = made_at_ms(version.version_id)
    return version.uploaded_at_ms if made is None else made


def _days_before(now_ms: int, days: int | None) -> int | None:
    return None if days is None else now_ms - days * DAY_MS
