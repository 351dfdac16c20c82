"""The store as the specification tells it, in plain lists: what random calls on the real ones are compared with.

It is written from b2.md (§1.4, §1.6 to §1.9, §6.1, §6.4, §6.5) and, for the states of versioning, s3.md §6; it knows
nothing of blobs, transactions or rows. Times are milliseconds; ids are numbers, counted up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

DAY_MS = 86_400_000
Place = tuple[int, int]
"""Bucket and version, by number."""
Span = tuple[int, int | None]
"""Start and stop, exclusive; None is the end."""


class Refused(Exception):
    """Nothing has changed. `why` is the name of the store's exception."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass
class PlainVersion:
    """`parts` are those of a large file, finished or not; a marker and one in progress have no `content`.

    `key_used` is what encrypts it: "" for nothing, "server", or the name of a customer's key.
    """

    number: int
    bucket: int
    key: bytes
    action: str  # upload, hide or start
    at_ms: int
    content: bytes | None = None
    label: str = ""  # stands for content type and info
    is_null: bool = False
    key_used: str = ""
    retention: tuple[str, int] | None = None
    legal_hold: bool | None = None
    parts: dict[int, bytes] = field(default_factory=dict)

    def is_locked(self, now_ms: int, *, bypass: bool) -> bool:
        """Legal hold stops deletion whatever may be bypassed, compliance too, governance without bypass (§6.4)."""
        if self.action == "start":
            return False
        if self.legal_hold:
            return True
        if self.retention is None or self.retention[1] <= now_ms:
            return False
        return self.retention[0] == "compliance" or not bypass


@dataclass
class PlainBucket:
    number: int
    name: str
    versioning: str  # Enabled, Suspended or Unversioned
    is_public: bool = False
    revision: int = 2
    has_lock: bool = False
    default_retention: tuple[str, int] | None = None  # mode, days
    is_encrypted: bool = False
    versions: list[PlainVersion] = field(default_factory=list)

    def of(self, key: bytes) -> list[PlainVersion]:
        """The versions of a key, newest first."""
        return sorted((each for each in self.versions if each.key == key), key=lambda each: -each.at_ms)

    def latest(self, key: bytes) -> PlainVersion | None:
        return next((each for each in self.of(key) if each.action != "start"), None)

    def visible(self, key: bytes) -> PlainVersion | None:
        """Visible = the newest version that is not a `start` is an upload (§6.1)."""
        latest = self.latest(key)
        return latest if latest is not None and latest.action == "upload" else None

    def in_order(self) -> list[PlainVersion]:
        """By name, newest first within a name (§1.8)."""
        return sorted(self.versions, key=lambda each: (each.key, -each.at_ms))

    def names(self) -> list[PlainVersion]:
        found = (self.visible(key) for key in sorted({each.key for each in self.versions}))
        return [each for each in found if each is not None]

    def stored_bytes(self) -> int:
        """Hidden versions and the parts of large files in progress are stored, too."""
        return sum(sum(map(len, each.parts.values())) or len(each.content or b"") for each in self.versions)


class PlainStore:
    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.buckets: dict[int, PlainBucket] = {}
        self.last_number = 0

    def _next(self) -> int:
        self.last_number += 1
        return self.last_number

    # buckets

    def create_bucket(self, name: str, versioning: str, *, has_lock: bool) -> PlainBucket:
        if any(each.name.lower() == name.lower() for each in self.buckets.values()):
            raise Refused("BucketExists")
        kept = "Enabled" if has_lock else versioning  # a locked version must not go by being replaced
        made = PlainBucket(self._next(), name, kept, has_lock=has_lock)
        self.buckets[made.number] = made
        return made

    def bucket(self, number: int) -> PlainBucket:
        if number not in self.buckets:
            raise Refused("NoSuchBucket")
        return self.buckets[number]

    def update_bucket(
        self,
        number: int,
        *,
        is_public: bool,
        is_encrypted: bool,
        has_lock: bool,
        default_retention: tuple[str, int] | None,
        if_revision_is: int | None,
    ) -> PlainBucket:
        """Each update counts the revision up; file lock never goes off; a default retention needs it (§1.4)."""
        bucket = self.bucket(number)
        if if_revision_is not in (None, bucket.revision):
            raise Refused("RevisionConflict")
        if bucket.has_lock and not has_lock:
            raise Refused("FileLockConflict")
        if default_retention is not None and not has_lock:
            raise Refused("MissingFileLock")
        bucket.is_public, bucket.is_encrypted, bucket.default_retention = is_public, is_encrypted, default_retention
        bucket.has_lock = has_lock
        bucket.versioning = "Enabled" if has_lock else bucket.versioning
        bucket.revision += 1
        return bucket

    def delete_bucket(self, number: int) -> PlainBucket:
        """Refused while any version, hide marker or unfinished large file is left (§1.4)."""
        if self.bucket(number).versions:
            raise Refused("BucketNotEmpty")
        return self.buckets.pop(number)

    # versions

    def put(
        self,
        number: int,
        key: bytes,
        content: bytes,
        label: str,
        *,
        at_ms: int | None = None,
        key_used: str = "",
        lock: tuple[tuple[str, int] | None, bool | None] = (None, None),
    ) -> PlainVersion:
        bucket = self.bucket(number)
        made = self._new(bucket, key, "upload", label, key_used, lock)
        made.content = content
        return self._add(bucket, made, at_ms)

    def hide(self, number: int, key: bytes) -> PlainVersion:
        """A zero-length version on top (§6.1)."""
        bucket = self.bucket(number)
        marker = PlainVersion(self._next(), number, key, "hide", self.now_ms)
        return self._place(bucket, marker, None)

    def delete_object(self, number: int, key: bytes) -> PlainVersion | None:
        """S3's DELETE of a name: a marker, or where versions are not kept the object goes."""
        bucket = self.bucket(number)
        if bucket.versioning == "Unversioned":
            self._make_room(bucket, key)
            return None
        return self._add(bucket, PlainVersion(self._next(), number, key, "hide", self.now_ms), None)

    def delete_version(self, number: int, version: int, *, bypass: bool = False) -> PlainVersion:
        self.bucket(number)
        found = self.version(number, version)
        if found.is_locked(self.now_ms, bypass=bypass):
            raise Refused("VersionLocked")
        self.buckets[number].versions.remove(found)
        return found

    def version(self, number: int, version: int) -> PlainVersion:
        """Raises NoSuchVersion also when its bucket is gone: a version is asked for by its id."""
        for each in self.bucket_versions(number):
            if each.number == version:
                return each
        raise Refused("NoSuchVersion")

    def bucket_versions(self, number: int) -> list[PlainVersion]:
        return self.buckets[number].versions if number in self.buckets else []

    def copy(
        self,
        source: Place,
        number: int,
        key: bytes,
        label: str,
        span: Span,
        *,
        source_key: str = "",
        key_used: str = "",
    ) -> PlainVersion:
        self.version(*source)
        bucket = self.bucket(number)
        content = self.read(source, source_key)
        made = self._new(bucket, key, "upload", label, key_used, (None, None))
        made.content = content[slice(*span)]
        return self._add(bucket, made, None)

    def read(self, place: Place, key: str = "") -> bytes:
        found = self.version(*place)
        if found.content is None:
            raise Refused("NoSuchVersion")
        _check_key(found.key_used, key)
        return found.content

    # large files

    def start(
        self, number: int, key: bytes, label: str, *, at_ms: int | None = None, key_used: str = ""
    ) -> PlainVersion:
        bucket = self.bucket(number)
        return self._place(bucket, self._new(bucket, key, "start", label, key_used, (None, None)), at_ms)

    def put_part(self, place: Place, part: int, content: bytes, *, key: str = "") -> tuple[int, int]:
        """Uploading a part number again replaces it (§1.7)."""
        file = self.in_progress(place)
        _check_key(file.key_used, key)
        file.parts[part] = content
        return part, len(content)

    def copy_part(
        self, place: Place, part: int, source: Place, span: Span, *, source_key: str = "", key: str = ""
    ) -> tuple[int, int]:
        content = self.read(source, source_key)
        return self.put_part(place, part, content[slice(*span)], key=key)

    def parts(self, place: Place) -> list[tuple[int, int]]:
        """Numbers and lengths, also of a finished file."""
        return [(part, len(content)) for part, content in sorted(self.version(*place).parts.items())]

    def finish(self, place: Place, parts: Iterable[int]) -> PlainVersion:
        """Visible only now, ordered by the time taken at the start (§1.7)."""
        file = self.in_progress(place)
        chosen = sorted(parts)
        if not chosen or any(part not in file.parts for part in chosen):
            raise Refused("NoSuchPart")
        bucket = self.buckets[place[0]]
        self._make_room(bucket, file.key)
        file.parts = {part: file.parts[part] for part in chosen}
        file.content = b"".join(file.parts.values())
        file.action = "upload"
        file.is_null = bucket.versioning != "Enabled"
        return file

    def cancel(self, place: Place) -> PlainVersion:
        file = self.in_progress(place)
        self.buckets[place[0]].versions.remove(file)
        return file

    def unfinished(self, number: int, prefix: bytes) -> list[PlainVersion]:
        return [each for each in self.bucket(number).versions if each.action == "start" and each.key.startswith(prefix)]

    # lock

    def update_retention(
        self, number: int, version: int, retention: tuple[str, int] | None, *, bypass: bool
    ) -> PlainVersion:
        """To shorten or remove governance needs bypass; compliance only gets longer (§6.4)."""
        self._require_lock(number)
        if retention is not None and retention[1] <= self.now_ms:
            raise Refused("RetainUntilInPast")
        found = self._lockable(number, version)
        before = found.retention
        if before is not None and before[1] > self.now_ms:
            is_shorter = retention is None or retention[1] < before[1]
            if before[0] == "compliance" and (is_shorter or (retention is not None and retention[0] != "compliance")):
                raise Refused("RetentionRefused")
            if before[0] == "governance" and is_shorter and not bypass:
                raise Refused("RetentionRefused")
        found.retention = retention
        return found

    def update_legal_hold(self, number: int, version: int, on: bool) -> PlainVersion:
        self._require_lock(number)
        found = self._lockable(number, version)
        found.legal_hold = on
        return found

    def _require_lock(self, number: int) -> None:
        if not self.bucket(number).has_lock:
            raise Refused("MissingFileLock")

    def _lockable(self, number: int, version: int) -> PlainVersion:
        """An upload, finished or not: hide markers have no lock (§1.6)."""
        found = self.version(number, version)
        if found.action == "hide":
            raise Refused("NoSuchVersion")
        return found

    # inside

    def _new(
        self,
        bucket: PlainBucket,
        key: bytes,
        action: str,
        label: str,
        key_used: str,
        lock: tuple[tuple[str, int] | None, bool | None],
    ) -> PlainVersion:
        retention, legal_hold = lock
        if (retention is not None or legal_hold is not None) and not bucket.has_lock:
            raise Refused("MissingFileLock")
        if retention is not None and retention[1] <= self.now_ms:
            raise Refused("RetainUntilInPast")
        made = PlainVersion(self._next(), bucket.number, key, action, self.now_ms, label=label)
        made.key_used = key_used or ("server" if bucket.is_encrypted else "")
        made.retention = retention or self._default_retention(bucket)
        made.legal_hold = legal_hold
        return made

    def _default_retention(self, bucket: PlainBucket) -> tuple[str, int] | None:
        if not bucket.has_lock or bucket.default_retention is None:
            return None
        mode, days = bucket.default_retention
        return mode, self.now_ms + days * DAY_MS

    def _add(self, bucket: PlainBucket, made: PlainVersion, at_ms: int | None) -> PlainVersion:
        """Where versions are not kept, the new one takes the place of all, or of the one that S3 calls `null`."""
        self._make_room(bucket, made.key)
        made.is_null = bucket.versioning != "Enabled"
        return self._place(bucket, made, at_ms)

    def _make_room(self, bucket: PlainBucket, key: bytes) -> None:
        for each in bucket.of(key):
            goes = bucket.versioning == "Unversioned" or (bucket.versioning == "Suspended" and each.is_null)
            if goes and each.action != "start":
                bucket.versions.remove(each)

    def _place(self, bucket: PlainBucket, made: PlainVersion, at_ms: int | None) -> PlainVersion:
        """Times are unique per name. One that was asked for is kept, or the next free one; else it comes on top."""
        taken = {each.at_ms for each in bucket.of(made.key)}
        if at_ms is None:
            made.at_ms = max([self.now_ms, *(each + 1 for each in taken)])
        else:
            while at_ms in taken:
                at_ms += 1
            made.at_ms = at_ms
        bucket.versions.append(made)
        return made

    def in_progress(self, place: Place) -> PlainVersion:
        number, version = place
        found = next((each for each in self.bucket_versions(number) if each.number == version), None)
        if found is None or found.action != "start":
            raise Refused("NoSuchUpload")
        return found


def _check_key(key_used: str, key: str) -> None:
    """A customer's key must come with the request, the right one, and none where none was used (§6.5)."""
    if key_used in ("", "server"):
        if key:
            raise Refused("CustomerKeyNotApplicable")
    elif not key:
        raise Refused("CustomerKeyNeeded")
    elif key != key_used:
        raise Refused("WrongCustomerKey")


def folded(versions: list[PlainVersion], prefix: bytes, delimiter: bytes) -> list[PlainVersion | bytes]:
    """The rows of a listing: names that hold the delimiter after the prefix fold into one row (§1.8)."""
    rows: list[PlainVersion | bytes] = []
    for each in versions:
        if not each.key.startswith(prefix):
            continue
        end = each.key.find(delimiter, len(prefix)) if delimiter else -1
        row = each if end < 0 else each.key[: end + len(delimiter)]
        if not isinstance(row, bytes) or row not in rows:
            rows.append(row)
    return rows
