"""What upload, start and copy have in common: a new version of a name, as its maker describes it (b2.md §1.7, §3.4)."""

from __future__ import annotations

from collections.abc import Mapping

from calotype.b2 import names
from calotype.b2.call import Call
from calotype.b2.errors import BadRequest, MissingFileLock
from calotype.b2.file_lock import FileRetention, legal_hold_of, retention_of
from calotype.b2.objects import split_info
from calotype.b2.transfers import AUTO_CONTENT_TYPE
from calotype.http.content_types import content_type_for
from calotype.store.encryption import EncryptionKey, key_for
from calotype.store.model import Bucket, VersionDraft


def allow_new_file(
    call: Call, bucket_id: str, key: bytes, file_retention: FileRetention | None, legal_hold: str | None
) -> None:
    """Raises Unauthorized; comes before any look at the bucket, so that a stranger learns nothing of its lock."""
    call.allow("writeFiles", bucket_id, key)
    if file_retention is not None:
        call.allow("writeFileRetentions", bucket_id, key)
    if legal_hold is not None:
        call.allow("writeFileLegalHolds", bucket_id, key)


def draft_of(
    call: Call,
    bucket: Bucket,
    name: str,
    *,
    content_type: str,
    info: Mapping[str, str],
    file_retention: FileRetention | None,
    legal_hold: str | None,
    encryption: EncryptionKey | None,
    sha1_unverified: bool = False,
    custom_upload_timestamp: int | None = None,
) -> VersionDraft:
    """The version to be made; raises MissingFileLock, RetainUntilMustBeInFuture, BadRequest."""
    if (file_retention is not None or legal_hold is not None) and not bucket.settings.file_lock_enabled:
        raise MissingFileLock
    names.check_info_size(name, info, limit=info_limit(bucket, encryption))
    infos, headers = split_info(info)
    return VersionDraft(
        content_type=resolved_content_type(content_type, name),
        info=infos,
        headers=headers,
        sha1_unverified=sha1_unverified,
        uploaded_at_ms=custom_upload_timestamp,
        retention=retention_of(file_retention, call.now_ms),
        legal_hold=legal_hold_of(legal_hold),
    )


def info_limit(bucket: Bucket, encryption: EncryptionKey | None) -> int:
    """Bytes that a name and its infos may take (b2.md §3.4)."""
    is_protected = bucket.settings.file_lock_enabled or key_for(bucket.settings, encryption) is not None
    return names.PROTECTED_INFO_BYTES if is_protected else names.INFO_BYTES


def resolved_content_type(content_type: str, name: str) -> str:
    """The type to keep: that of the file's extension when the client leaves it to us (b2.md §3.4a)."""
    if content_type.lower() == AUTO_CONTENT_TYPE:
        return content_type_for(name)
    return content_type


def stated_content_type(content_type: str) -> str:
    """A type out of a JSON body, where anything may stand; raises BadRequest for what no header field could hold."""
    if not content_type or not content_type.isascii():
        raise BadRequest(f"Invalid contentType: {content_type!r}")
    return names.without_control_characters(content_type, "contentType")
