"""What a lifecycle rule makes of the versions under its prefix (b2.md §6.2, s3.md §8). Pure.

Versions come by key, newest first, as a bucket is listed. A version is hidden from the moment that another came above
it and for as long as one is there, be it a hide marker or an upload. So it may be deleted when both have been there
for the days of the rule: it, and any one above it. The topmost of those is never deleted itself by the same rule,
since nothing above it has been there for so long; it is the witness that the others are hidden (`hidden_by`), and
whoever deletes them looks once more whether it is still there.

What an unfinished large file will be when it is finished, it counts as already: a hide marker stays above it.

A rule of S3 (`LifecycleRule.s3`) does the same by S3's clock, where every period ends at the next midnight (UTC), to
those versions that its filter means, and may keep some hidden ones whatever their age. A marker goes by it when it is
all that is left of its key, at the age at which an object would be hidden or when the rule says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from calotype.store.ids import made_at_ms
from calotype.store.lifecycle_rule import LifecycleRule, S3Lifecycle
from calotype.store.model import Action, FileVersion

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
        self._rule = rule
        self._now_ms = now_ms
        self._is_locked = is_locked
        self._key: bytes | None = None
        self._top: FileVersion | None = None
        self._hidden_versions = 0
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
        for marker in reversed(self._bottom_markers):
            if self._may_remove(marker):
                yield DueChange(Due.REMOVE_MARKER, marker)
        self._key = None
        self._top = None
        self._hidden_versions = 0
        self._hidden_by = None
        self._bottom_markers.clear()

    def _unfinished(self, file: FileVersion) -> Iterator[DueChange]:
        if self._has_come(cancels_at_ms(self._rule, file)):
            yield DueChange(Due.CANCEL, file)
        else:
            self._bottom_markers.clear()

    def _finished(self, version: FileVersion) -> Iterator[DueChange]:
        is_top = self._top is None
        self._top = self._top or version
        may_delete = not is_top and self._may_delete(version)
        self._hidden_versions += not is_top
        if may_delete:
            yield DueChange(Due.DELETE, version, self._hidden_by)
            return
        if is_top and version.is_visible and self._has_come(expires_at_ms(self._rule, version)):
            yield DueChange(Due.HIDE, version)
        if version.action is Action.HIDE:
            self._bottom_markers.append(version)
        else:
            self._bottom_markers.clear()
        if self._hidden_by is None and self._has_been_there(version):
            self._hidden_by = version

    def _may_delete(self, version: FileVersion) -> bool:
        return (
            self._hidden_by is not None
            and self._has_been_there(version)
            and self._hidden_versions >= newer_versions_kept(self._rule)
            and covers(self._rule, version)
            and not self._is_locked(version)
        )

    def _has_been_there(self, version: FileVersion) -> bool:
        """Whether the version has been there for the days after which what it hides is deleted."""
        days = self._rule.days_from_hiding_to_deleting
        return days is not None and self._has_come(due_at_ms(self._rule, shown_since_ms(version), days))

    def _may_remove(self, marker: FileVersion) -> bool:
        """Whether a marker below which there is nothing may go."""
        if self._rule.s3 is None:
            days = (self._rule.days_from_uploading_to_hiding, self._rule.days_from_hiding_to_deleting)
            return days != (None, None)
        is_alone = marker is self._top and len(self._bottom_markers) == 1
        return is_alone and (
            bool(self._rule.s3.removes_expired_markers) or self._has_come(expires_at_ms(self._rule, marker))
        )

    def _has_come(self, moment_ms: int | None) -> bool:
        return moment_ms is not None and moment_ms <= self._now_ms


def covers(rule: LifecycleRule, version: FileVersion) -> bool:
    """Whether the rule means the version, by its name, its size and its tags; a marker has neither of the latter."""
    if not version.key.startswith(rule.prefix.encode()):
        return False
    s3 = rule.s3
    if s3 is None or not s3.looks_at_content:
        return True
    return version.is_visible and _has_size(s3, version.length) and _has_tags(s3, version)


def _has_size(s3: S3Lifecycle, length: int) -> bool:
    is_large = s3.larger_than_bytes is None or length > s3.larger_than_bytes
    return is_large and (s3.smaller_than_bytes is None or length < s3.smaller_than_bytes)


def _has_tags(s3: S3Lifecycle, version: FileVersion) -> bool:
    tags = version.attributes.get("tags") or {}
    return all(tags.get(name) == value for name, value in s3.tags)


def expires_at_ms(rule: LifecycleRule, version: FileVersion) -> int | None:
    """When the rule hides the version if it is the latest by then, or removes it where nothing is hidden; or None."""
    if not covers(rule, version):
        return None
    if rule.s3 is not None and rule.s3.expires_at_ms is not None:
        return rule.s3.expires_at_ms
    days = rule.days_from_uploading_to_hiding
    return None if days is None else due_at_ms(rule, version.uploaded_at_ms, days)


def cancels_at_ms(rule: LifecycleRule, file: FileVersion) -> int | None:
    """When the rule cancels a large file that is not finished; or None."""
    days = rule.days_from_starting_to_canceling
    if days is None or not file.key.startswith(rule.prefix.encode()):
        return None
    return due_at_ms(rule, _began_at_ms(file), days)


def first_to_end(rules: Iterable[LifecycleRule], version: FileVersion) -> tuple[int, LifecycleRule] | None:
    """When the first of the rules hides, removes or cancels the version, and which that is; None when none does."""
    ends_at_ms = cancels_at_ms if version.action is Action.START else expires_at_ms
    ends = [(ends_at_ms(rule, version), rule) for rule in rules if rule.is_enabled]
    coming = [(moment, rule) for moment, rule in ends if moment is not None]
    return min(coming, key=lambda found: found[0], default=None)


def due_at_ms(rule: LifecycleRule, since_ms: int, days: int) -> int:
    """The end of so many days; by a rule of S3 the midnight after (S3 "Lifecycle configuration elements")."""
    due = since_ms + days * DAY_MS
    return due if rule.s3 is None else -(-due // DAY_MS) * DAY_MS


def newer_versions_kept(rule: LifecycleRule) -> int:
    """How many hidden versions must lie above one that is deleted."""
    return (rule.s3.newer_versions_kept or 0) if rule.s3 is not None else 0


def shown_since_ms(version: FileVersion) -> int:
    """Since when the version has been there: not its upload time, which may have been asked for.

    A large file has been there since it was finished, though its place among the others is that of its start.
    """
    return version.finished_at_ms or _began_at_ms(version)


def _began_at_ms(version: FileVersion) -> int:
    made = made_at_ms(version.version_id)
    return version.uploaded_at_ms if made is None else made
