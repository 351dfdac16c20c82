"""b2_update_file_retention and b2_update_file_legal_hold (b2.md §1.9, §6.4).

Both say 403 `access_denied` where other calls say 401: when the capability is missing, which is found out before
anything else, and when the lock that is there forbids the change.
"""

from __future__ import annotations

from calotype.b2.call import Call
from calotype.b2.errors import AccessDenied, BadRequest, FileNotPresent, MissingFileLock
from calotype.b2.file_calls import own_version, well_formed
from calotype.b2.file_lock import legal_hold_of, retention_of
from calotype.b2.file_operations import UpdateFileLegalHold, UpdateFileRetention
from calotype.b2.json import UpdatedLegalHold, UpdatedRetention
from calotype.b2.objects import retention_object
from calotype.store.errors import NoSuchVersion, RetentionRefused
from calotype.store.ids import bucket_of_version
from calotype.store.model import Action, FileVersion


async def update_file_retention(call: Call, asked: UpdateFileRetention) -> UpdatedRetention:
    """The retention as it now is; null in both fields when it was taken away."""
    need(call, "writeFileRetentions")
    bypass = bool(asked.bypass_governance)
    file = await locked_file(call, asked.file_name, asked.file_id, "writeFileRetentions")
    if bypass:
        call.allow("bypassGovernance", file.bucket_id, file.key)
    retention = retention_of(asked.file_retention, call.now_ms)
    try:
        await call.store.update_retention(
            file.bucket_id, file.key, file.version_id, retention, bypass_governance=bypass
        )
    except RetentionRefused as exc:
        raise AccessDenied from exc
    except NoSuchVersion as exc:
        raise not_present(file) from exc
    return UpdatedRetention(file.version_id, file.name, retention_object(retention))


async def update_file_legal_hold(call: Call, asked: UpdateFileLegalHold) -> UpdatedLegalHold:
    need(call, "writeFileLegalHolds")
    file = await locked_file(call, asked.file_name, asked.file_id, "writeFileLegalHolds")
    legal_hold = legal_hold_of(asked.legal_hold)
    assert legal_hold is not None
    try:
        await call.store.update_legal_hold(file.bucket_id, file.key, file.version_id, legal_hold)
    except NoSuchVersion as exc:
        raise not_present(file) from exc
    return UpdatedLegalHold(file.version_id, file.name, asked.legal_hold)


def need(call: Call, capability: str) -> None:
    if capability not in call.capabilities:
        raise AccessDenied


async def locked_file(call: Call, name: str, file_id: str, capability: str) -> FileVersion:
    """The uploaded or started file of a bucket with file lock; raises Unauthorized, FileNotPresent, MissingFileLock."""
    bucket_id = bucket_of_version(well_formed(file_id)) or ""
    call.allow(capability, bucket_id, name.encode())
    file = await own_version(call, file_id)
    if file is None or file.name != name:
        raise FileNotPresent(f"File not present: {name} {file_id}")
    bucket = await call.bucket(bucket_id)
    if not bucket.settings.file_lock_enabled:
        raise MissingFileLock
    if file.action is Action.HIDE:
        raise BadRequest("A hide marker has no lock")
    return file


def not_present(file: FileVersion) -> FileNotPresent:
    return FileNotPresent(f"File not present: {file.name} {file.version_id}")
