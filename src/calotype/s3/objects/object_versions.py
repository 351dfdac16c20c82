"""Which version of an object a request means, and whether its caller may do with it what it asks (s3.md §6)."""

from __future__ import annotations

from calotype.http.http_date import format_http_date
from calotype.s3 import names
from calotype.s3.access.permissions import action_on_version
from calotype.s3.call import Call
from calotype.s3.errors import InvalidArgument, InvalidRequest, MethodNotAllowed, NoSuchKey, NoSuchVersion
from calotype.store import errors as store_errors
from calotype.store.encryption import CustomerKey
from calotype.store.model import Action, Bucket, FileVersion, Versioning

DELETE_MARKER = ("x-amz-delete-marker", "true")


async def readable_version(
    call: Call, bucket: Bucket, key: bytes, version_id: str | None, customer_key: CustomerKey | None
) -> FileVersion:
    """The version asked for, which the caller may read, with that key when it is encrypted with a customer's.

    Raises AccessDenied before it tells what is there.
    """
    found = await find_version(call, bucket, key, version_id)
    action = action_on_version("s3:GetObject", version_id)
    version = allowed_version(call, action, bucket, key, found, version_id)
    call.store.check_customer_key(version, customer_key)
    return version


async def source_version(
    call: Call, bucket: Bucket, key: bytes, version_id: str | None, customer_key: CustomerKey | None
) -> FileVersion:
    """Likewise the version that is to be copied, which a delete marker cannot be."""
    try:
        return await readable_version(call, bucket, key, version_id, customer_key)
    except MethodNotAllowed as error:
        raise InvalidRequest(
            "The source of a copy request may not specifically refer to a delete marker by version id."
        ) from error


async def taggable_version(call: Call, action: str, bucket: Bucket, key: bytes, version_id: str | None) -> FileVersion:
    """The version whose tags, lock or ACL is meant; a delete marker has none of them, so it is MethodNotAllowed."""
    found = await find_version(call, bucket, key, version_id)
    if isinstance(found, NoSuchKey) and DELETE_MARKER in found.headers:
        found = MethodNotAllowed(headers=found.headers, Method=call.request.method, ResourceType="DeleteMarker")
    return allowed_version(call, action, bucket, key, found, version_id)


Missing = NoSuchKey | NoSuchVersion | MethodNotAllowed | InvalidArgument


def allowed_version(
    call: Call, action: str, bucket: Bucket, key: bytes, found: FileVersion | Missing, version_id: str | None = None
) -> FileVersion:
    """What was found, once the caller may have it; that there is nothing is told to those who may list.

    In a bucket that everybody reads (B2's allPublic) everybody hears it, as from the B2 API.
    """
    if isinstance(found, FileVersion):
        call.allow(action, bucket, key, version=found, version_id=version_id)
        return found
    may_not_list = call.denial("s3:ListBucket", bucket, key)
    if may_not_list is not None and (not bucket.is_public or call.denial(action, bucket, key) is not None):
        raise call.access_denied(may_not_list)
    call.begin()
    raise found


async def find_version(call: Call, bucket: Bucket, key: bytes, version_id: str | None) -> FileVersion | Missing:
    """The version, or the error that says why there is none."""
    name = key.decode("utf-8", "replace")
    if version_id is None:
        try:
            return await call.store.latest(bucket.bucket_id, key)
        except store_errors.NoSuchKey as exc:
            return NoSuchKey(headers=() if exc.marker is None else marker_headers(bucket, exc.marker), Key=name)
    try:
        names.check_version_id(version_id)
        version = await call.store.version_of_key(bucket.bucket_id, key, version_id)
    except InvalidArgument as error:
        return error
    except store_errors.NoSuchVersion:
        return NoSuchVersion(Key=name, VersionId=version_id)
    if version.action is Action.UPLOAD:
        return version
    modified = ("last-modified", format_http_date(version.uploaded_at_ms // 1000))
    fields = (*marker_headers(bucket, version), ("allow", "DELETE"), modified)
    return MethodNotAllowed(headers=fields, Method=call.request.method, ResourceType="DeleteMarker")


def marker_headers(bucket: Bucket, marker: FileVersion) -> tuple[tuple[str, str], ...]:
    return (DELETE_MARKER, *version_id_headers(bucket, marker))


def version_id_headers(bucket: Bucket, version: FileVersion) -> list[tuple[str, str]]:
    """The version's id, where the bucket keeps versions."""
    if bucket.versioning is Versioning.UNVERSIONED:
        return []
    return [("x-amz-version-id", shown_id(version))]


def source_version_headers(bucket: Bucket, source: FileVersion) -> list[tuple[str, str]]:
    """The same of what was copied."""
    return [("x-amz-copy-source-version-id", shown) for _, shown in version_id_headers(bucket, source)]


def shown_id(version: FileVersion) -> str:
    """S3's name of a version: `null` for the one that was made while none were kept."""
    return "null" if version.is_null else version.version_id
