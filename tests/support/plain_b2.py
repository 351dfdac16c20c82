"""The B2 API on top of the plain store: what its calls ask for more, how they say no, and what a file object tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from support.plain_store import PlainStore, PlainVersion, Refused

Refusals = Mapping[str, tuple[int, str]]

LEAST_PART_BYTES = 5

# What the model's reasons are over this API. A call that says another thing names it.
REFUSALS: Refusals = {
    "NoSuchBucket": (400, "bad_bucket_id"),
    "BucketExists": (400, "duplicate_bucket_name"),
    "BucketNotEmpty": (400, "cannot_delete_non_empty_bucket"),
    "RevisionConflict": (409, "conflict"),
    "FileLockConflict": (400, "file_lock_conflict"),
    "MissingFileLock": (400, "bucket_missing_file_lock"),
    "RetainUntilInPast": (400, "retain_until_timestamp_must_be_in_future"),
    "RetentionRefused": (403, "access_denied"),
    "VersionLocked": (401, "access_denied"),
    "NoSuchVersion": (404, "not_found"),
    "NoSuchUpload": (400, "bad_request"),
    "NoSuchFile": (400, "no_such_file"),
    "AlreadyHidden": (400, "already_hidden"),
    "TooFewParts": (400, "bad_request"),
    "MissingPart": (400, "missing_part"),
    "PartTooSmall": (400, "bad_request"),
    "RangeOutside": (416, "range_not_satisfiable"),
}
OF_A_LOCK_OR_DELETION: Refusals = {
    "NoSuchVersion": (400, "file_not_present"),
    "NoSuchBucket": (400, "file_not_present"),
}


class PlainB2(PlainStore):
    """What B2 asks of its calls beyond what a store does."""

    def hide_file(self, number: int, key: bytes) -> PlainVersion:
        latest = self.bucket(number).latest(key)
        if latest is None:
            raise Refused("NoSuchFile")
        if latest.action == "hide":
            raise Refused("AlreadyHidden")
        return self.hide(number, key)

    def finish_file(self, place: tuple[int, int]) -> PlainVersion:
        """With all its parts, which count from 1 without a gap and are long enough (§1.7)."""
        parts = self.in_progress(place).parts
        if len(parts) < 2:
            raise Refused("TooFewParts")
        if sorted(parts) != list(range(1, len(parts) + 1)):
            raise Refused("MissingPart")
        *before, last = (content for _, content in sorted(parts.items()))
        if any(len(content) < LEAST_PART_BYTES for content in before) or not last:
            raise Refused("PartTooSmall")
        return self.finish(place, sorted(parts))

    def update_retention(
        self, number: int, version: int, retention: tuple[str, int] | None, *, bypass: bool
    ) -> PlainVersion:
        self.version(number, version)  # the file is looked for first, and then whether its bucket has locks
        return super().update_retention(number, version, retention, bypass=bypass)

    def update_legal_hold(self, number: int, version: int, on: bool) -> PlainVersion:
        self.version(number, version)
        return super().update_legal_hold(number, version, on)

    def copy_file(self, source: tuple[int, int], number: int, key: bytes, span: tuple[int, int] | None) -> PlainVersion:
        content = self.read(source)
        if span is not None and span[1] >= len(content):  # a copy, unlike a download, is never cut short
            raise Refused("RangeOutside")
        label = self.version(*source).label
        return self.copy(source, number, key, label, (0, None) if span is None else (span[0], span[1] + 1))


def told(version: PlainVersion, sha1: str) -> dict[str, Any]:
    """The file object of the model's version (§1.6), as far as the model knows it; `sha1` is that of an upload."""
    is_hide = version.action == "hide"
    mode, until = version.retention or (None, None)
    return {
        "action": version.action,
        "fileName": version.key.decode(),
        "contentLength": len(version.content or b""),
        "contentSha1": None if is_hide else sha1,
        "contentType": "application/x-bz-hide-marker" if is_hide else version.label,
        "uploadTimestamp": version.at_ms,
        "retention": None if is_hide else {"mode": mode, "retainUntilTimestamp": until},
        "legalHold": None if version.legal_hold is None else "on" if version.legal_hold else "off",
    }


def seen(file: dict[str, Any]) -> dict[str, Any]:
    """Of a file object what the model tells, too."""
    same = ("action", "fileId", "fileName", "contentLength", "contentSha1", "contentType", "uploadTimestamp")
    return {
        **{name: file[name] for name in same},
        "retention": file.get("fileRetention", {}).get("value"),
        "legalHold": file.get("legalHold", {}).get("value"),
    }


def row_seen(file: dict[str, Any]) -> Any:
    return ("folder", file["fileName"]) if file["action"] == "folder" else seen(file)
