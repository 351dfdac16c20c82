"""The S3 API on top of the plain store: what its calls ask for more, how they say no, and what a listing tells.

Written from s3.md §2 to §4 and §6.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from support.plain_store import PlainStore, PlainVersion, Refused, Span, folded

LEAST_PART_BYTES = 11

# What the model's reasons are over this API.
REFUSALS: dict[str, tuple[int, str]] = {
    "NoSuchBucket": (404, "NoSuchBucket"),
    "BucketNotEmpty": (409, "BucketNotEmpty"),
    "InvalidBucketState": (409, "InvalidBucketState"),
    "NoSuchKey": (404, "NoSuchKey"),
    "NoSuchVersion": (404, "NoSuchVersion"),
    "MethodNotAllowed": (405, "MethodNotAllowed"),
    "NoSuchUpload": (404, "NoSuchUpload"),
    "NoSuchPart": (400, "InvalidPart"),
    "PartTooSmall": (400, "EntityTooSmall"),
    "PreconditionFailed": (412, "PreconditionFailed"),
    "CopyToItself": (400, "InvalidRequest"),
    "RangeOutside": (416, "InvalidRange"),
    "VersionLocked": (403, "AccessDenied"),
    "MissingFileLock": (400, "InvalidRequest"),
    "RetainUntilInPast": (400, "InvalidArgument"),
}


@dataclass(frozen=True)
class Condition:
    """`If-None-Match: *`, or `If-Match` with an ETag or `*`; None where it is not sent."""

    is_new: bool = False
    etag: str | None = None


class PlainS3(PlainStore):
    """What S3 asks of its calls beyond what a store does."""

    def put_versioning(self, number: int, state: str) -> None:
        bucket = self.bucket(number)
        if bucket.has_lock and state != "Enabled":
            raise Refused("InvalidBucketState")
        bucket.versioning = state

    def put_object(
        self,
        number: int,
        key: bytes,
        content: bytes,
        label: str,
        condition: Condition,
        lock: tuple[tuple[str, int] | None, bool | None] = (None, None),
    ) -> PlainVersion:
        self.check(number, key, condition)
        return self.put(number, key, content, label, lock=lock)

    def check(self, number: int, key: bytes, condition: Condition) -> None:
        visible = self.bucket(number).visible(key)
        if condition.is_new and visible is not None:
            raise Refused("PreconditionFailed")
        if condition.etag is not None:
            if visible is None:
                raise Refused("NoSuchKey")
            if condition.etag not in ("*", etag_of(visible)):
                raise Refused("PreconditionFailed")

    def get(self, number: int, key: bytes, version: int | None) -> PlainVersion:
        """A marker asked for by its id is no object (405)."""
        if version is None:
            found = self.bucket(number).visible(key)
            if found is None:
                raise Refused("NoSuchKey")
            return found
        found = self.finished(number, key, version)
        if found.action == "hide":
            raise Refused("MethodNotAllowed")
        return found

    def finished(self, number: int, key: bytes, version: int) -> PlainVersion:
        found = self.version(number, version)
        if found.key != key or found.action == "start":
            raise Refused("NoSuchVersion")
        return found

    def copy_object(
        self,
        source: tuple[int, bytes, int | None],
        number: int,
        key: bytes,
        label: str | None,
        condition: Condition,
    ) -> PlainVersion:
        """`label` None keeps the source's: then it must not be a copy to itself, but of an older version."""
        found = self.get(*source)
        if label is None and (source[0], source[1]) == (number, key) and found is self.bucket(number).latest(key):
            raise Refused("CopyToItself")
        self.check(number, key, condition)
        made = self.copy((found.bucket, found.number), number, key, found.label if label is None else label, (0, None))
        made.parts = dict(found.parts)  # what was made of parts stays so, and keeps its ETag
        return made

    def copy_part_of(self, place: tuple[int, int], part: int, source: tuple[int, bytes], span: Span | None) -> bytes:
        """`span` is first and last byte; the source must have both."""
        self.in_progress(place)
        content = self.get(*source, None).content or b""
        if span is not None and (span[1] or 0) >= len(content):
            raise Refused("RangeOutside")
        chosen = content if span is None else content[span[0] : (span[1] or 0) + 1]
        self.put_part(place, part, chosen)
        return chosen

    def complete(self, place: tuple[int, int], parts: list[int], condition: Condition) -> PlainVersion:
        """All named parts but the last are long enough (§4)."""
        file = self.in_progress(place)
        self.check(place[0], file.key, condition)
        if any(part not in file.parts for part in parts):
            raise Refused("NoSuchPart")
        if any(len(file.parts[part]) < LEAST_PART_BYTES for part in parts[:-1]):
            raise Refused("PartTooSmall")
        return self.finish(place, parts)

    def delete(self, number: int, key: bytes, etag: str | None) -> PlainVersion | None:
        """What is not there is as good as deleted, whatever the condition."""
        if etag is not None and self.bucket(number).visible(key) is not None:
            self.check(number, key, Condition(etag=etag))
        return self.delete_object(number, key)


def etag_of(version: PlainVersion) -> str:
    """The MD5 of the content, or of the parts' MD5s with their number (§3, §4)."""
    if version.parts:
        digests = b"".join(hashlib.md5(content).digest() for _, content in sorted(version.parts.items()))
        return f"{hashlib.md5(digests).hexdigest()}-{len(version.parts)}"
    return hashlib.md5(version.content or b"").hexdigest()


Row = tuple[str, ...]


def names_listed(versions: list[PlainVersion], prefix: bytes, delimiter: bytes) -> list[Row]:
    """The rows of ListObjects, each common prefix at its place among the keys."""
    return [
        ("prefix", row.decode()) if isinstance(row, bytes) else ("object", row.key.decode(), etag_of(row))
        for row in folded(versions, prefix, delimiter)
    ]


def versions_listed(
    versions: list[PlainVersion], ids: dict[int, str], prefix: bytes, delimiter: bytes, latest: set[int]
) -> list[Row]:
    """The rows of ListObjectVersions: what is in progress is no version to S3."""
    finished = [each for each in versions if each.action != "start"]
    rows: list[Row] = []
    for row in folded(finished, prefix, delimiter):
        if isinstance(row, bytes):
            rows.append(("prefix", row.decode()))
        else:
            kind = "marker" if row.action == "hide" else "version"
            version_id = "null" if row.is_null else ids[row.number]
            rows.append((kind, row.key.decode(), version_id, str(row.number in latest).lower()))
    return rows
