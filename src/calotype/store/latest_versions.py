"""The latest versions of keys that were asked for before, in memory: what most reads of an object begin with.

Never older than the database. The store is the only writer, one transaction at a time, and each tells the keys whose
versions it changes before it is committed and again when that is over. In between these keys are neither given nor
kept, and a version that was being read from the database meanwhile is not kept either: it may be the old one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

from calotype.store.model import FileVersion

# Of a kilobyte or two each.
MOST_REMEMBERED = 4096

Place = tuple[str, bytes]  # bucket id and key


class LatestVersions:
    """Belongs to the event loop, but for `begin_change` and `end_change`, which the writing thread calls."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._kept: OrderedDict[Place, FileVersion] = OrderedDict()
        self._readings: dict[Place, object] = {}  # the last reading of each that nothing has changed since
        self._changing: frozenset[Place] = frozenset()
        self._lock = threading.Lock()

    def get(self, place: Place) -> FileVersion | None:
        """The latest version, also when it is a hide marker; None says nothing."""
        with self._lock:
            version = self._kept.get(place)
            if version is not None:
                self._kept.move_to_end(place)
            return version

    def begin_reading(self, place: Place) -> object:
        """To be called before the database is asked; `keep` or `give_up` wants the result."""
        reading = object()
        with self._lock:
            self._readings[place] = reading
        return reading

    def keep(self, place: Place, version: FileVersion, reading: object) -> None:
        """Remember what was read, unless it may have changed since the reading began."""
        with self._lock:
            if self._readings.get(place) is not reading:
                return
            del self._readings[place]
            if place in self._changing:
                return
            self._kept[place] = version
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def give_up(self, place: Place, reading: object) -> None:
        """There is nothing to keep."""
        with self._lock:
            if self._readings.get(place) is reading:
                del self._readings[place]

    def begin_change(self, places: Iterable[Place]) -> None:
        """A transaction that changed these is about to be committed."""
        with self._lock:
            self._changing = frozenset(places)
            self._forget()

    def end_change(self) -> None:
        """It is committed, or has failed."""
        with self._lock:
            self._forget()
            self._changing = frozenset()

    def _forget(self) -> None:
        for place in self._changing:
            self._kept.pop(place, None)
            self._readings.pop(place, None)
