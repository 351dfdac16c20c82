"""What can go wrong with a call, named as the B2 API names it; status and code stand on the class (b2.md §7).

B2Error
├─ 400  BadRequest, BadJson, OutOfRange
│  ├─ buckets     BadBucketId, DuplicateBucketName, TooManyBuckets, BucketNotEmpty
│  ├─ files       FileNotPresent, NoSuchFile, AlreadyHidden, InvalidFileId, MissingPart, PartSha1Mismatch,
│  │              SourceTooLarge
│  ├─ lock        MissingFileLock, RetainUntilMustBeInFuture, FileLockConflict, SourceReplicationConflict,
│  │              RestrictedBucketConflict
│  └─ events      EventTypeCategories, EventTypeOverlap, EventTypesEmpty, EventTypeInvalid
├─ 401  Unauthorized, Unsupported, BadAuthToken, ExpiredAuthToken, VersionLocked
├─ 403  AccessDenied, CorsRefused, StorageCapExceeded, DownloadCapExceeded, TransactionCapExceeded
├─ 404  NotFound
├─ 405  MethodNotAllowed
├─ 408  RequestTimeout
├─ 409  Conflict
├─ 412  PreconditionFailed
├─ 416  RangeNotSatisfiable
├─ 500  InternalError
├─ 501  NotImplementedCall
└─ 503  ServiceUnavailable

The client raises the same classes, by status and code, and plain `B2Error` for one it does not know.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from calotype.http.message import Headers, Response

JSON_HEADERS = (
    ("content-type", "application/json;charset=UTF-8"),
    ("cache-control", "max-age=0, no-cache, no-store"),
)


class B2Error(Exception):
    """An answer other than success. `headers` go out beside those of every JSON answer."""

    status: int = 500
    code: str = "internal_error"
    default_message: ClassVar[str] = ""

    def __init__(self, message: str | None = None, *, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.message = self.default_message if message is None else message
        self.headers = headers
        super().__init__(f"{self.status} {self.code}: {self.message}")

    def to_response(self) -> Response:
        """The error as B2 writes it: `{"status", "code", "message"}` with the status repeated (b2.md §7.1)."""
        content = {"status": self.status, "code": self.code, "message": self.message}
        return Response(self.status, Headers((*JSON_HEADERS, *self.headers)), msgspec.json.encode(content))


class BadRequest(B2Error):
    """Anything malformed, or not allowed in this state."""

    status, code = 400, "bad_request"


class BadJson(B2Error):
    status, code = 400, "bad_json"


class BadBucketId(B2Error):
    """Unknown and malformed ids alike: clients know this code and warn about others."""

    status, code = 400, "bad_bucket_id"

    def __init__(self, bucket_id: str) -> None:
        super().__init__(f"Bucket ID does not exist: {bucket_id}")


class DuplicateBucketName(B2Error):
    status, code = 400, "duplicate_bucket_name"
    default_message = "Bucket name is already in use."


class TooManyBuckets(B2Error):
    """The account has as many buckets as `B2Settings.most_buckets` allows."""

    status, code = 400, "too_many_buckets"


class BucketNotEmpty(B2Error):
    status, code = 400, "cannot_delete_non_empty_bucket"
    default_message = "Cannot delete non-empty bucket"


class OutOfRange(B2Error):
    status, code = 400, "out_of_range"


class FileNotPresent(B2Error):
    """b2_delete_file_version of a version that is not there."""

    status, code = 400, "file_not_present"


class NoSuchFile(B2Error):
    """b2_hide_file of a name that was never uploaded."""

    status, code = 400, "no_such_file"


class AlreadyHidden(B2Error):
    status, code = 400, "already_hidden"


class InvalidFileId(B2Error):
    """b2_list_parts of an id that is none."""

    status, code = 400, "invalid_file_id"


class MissingPart(B2Error):
    """b2_finish_large_file without one of the parts from 1 on."""

    status, code = 400, "missing_part"


class PartSha1Mismatch(B2Error):
    status, code = 400, "part_sha1_mismatch"


class SourceTooLarge(B2Error):
    """A copy of more than one call may copy. b2sdk reads the size out of the message."""

    status, code = 400, "source_too_large"

    def __init__(self, length: int | str) -> None:
        super().__init__(length if isinstance(length, str) else f"Copy source too big: {length}")


class MissingFileLock(B2Error):
    """Retention or a legal hold asked for where the bucket has no file lock."""

    status, code = 400, "bucket_missing_file_lock"
    default_message = "The bucket is not file lock enabled"


class RetainUntilMustBeInFuture(B2Error):
    status, code = 400, "retain_until_timestamp_must_be_in_future"
    default_message = "The retainUntilTimestamp must be in future"


class FileLockConflict(B2Error):
    """File lock, once on, stays on."""

    status, code = 400, "file_lock_conflict"
    default_message = "fileLockEnabled value of false is not allowed when bucket is already file lock enabled."


class SourceReplicationConflict(B2Error):
    status, code = 400, "source_replication_conflict"
    default_message = (
        "Turning on file lock for an existing bucket having source replication configuration is not allowed."
    )


class RestrictedBucketConflict(B2Error):
    """Never ours, which has no restricted buckets; the client raises it."""

    status, code = 400, "restricted_bucket_conflict"
    default_message = "Turning on file lock for a restricted bucket is not allowed."


class EventTypeCategories(B2Error):
    """A notification rule names all categories at once, such as `b2:*`. Several, each by its name, are fine."""

    status, code = 400, "event_type_categories"


class EventTypeOverlap(B2Error):
    """A notification rule names a category and a member of it."""

    status, code = 400, "event_type_overlap"


class EventTypesEmpty(B2Error):
    status, code = 400, "event_types_empty"


class EventTypeInvalid(B2Error):
    status, code = 400, "event_type_invalid"


class Unauthorized(B2Error):
    """A valid token that does not allow this, no token at all, or a wrong application key. No client tries again.

    For a valid token the message stays empty: the b2 CLI builds its own sentence then (b2.md §2.4).
    """

    status, code = 401, "unauthorized"


class Unsupported(B2Error):
    """A key limited to several buckets, asked for through a version that can name one only."""

    status, code = 401, "unsupported"
    default_message = "A key limited to several buckets needs version 4 of the API"


class BadAuthToken(B2Error):
    status, code = 401, "bad_auth_token"
    default_message = "Invalid authorization token"


class ExpiredAuthToken(B2Error):
    status, code = 401, "expired_auth_token"
    default_message = "Authorization token has expired"


class VersionLocked(B2Error):
    """b2_delete_file_version of what a retention or a legal hold keeps (b2.md §1.9)."""

    status, code = 401, "access_denied"
    default_message = "Access Denied"


class AccessDenied(B2Error):
    """A lock that may not be changed so, or the wrong customer key."""

    status, code = 403, "access_denied"
    default_message = "Access Denied"


class CorsRefused(B2Error):
    """A preflight that no CORS rule of the bucket allows."""

    status, code = 403, "cors_not_allowed"
    default_message = "No CORS rule of the bucket allows this request"


class CapExceeded(B2Error):
    """A cap of the account leaves no room (b2.md §5)."""

    status, code = 403, "cap_exceeded"
    default_message = "Cap exceeded. See the Caps & Alerts page to increase your cap."


class StorageCapExceeded(CapExceeded):
    """Also said when the disk has come down to its reserve."""

    status, code = 403, "storage_cap_exceeded"
    default_message = "Cannot upload files, storage cap exceeded. See the Caps & Alerts page to increase your cap."


class DownloadCapExceeded(CapExceeded):
    status, code = 403, "download_cap_exceeded"
    default_message = (
        "Cannot download file, download bandwidth or transaction (Class B) cap exceeded. "
        "See the Caps & Alerts page to increase your cap."
    )


class TransactionCapExceeded(CapExceeded):
    status, code = 403, "transaction_cap_exceeded"
    default_message = (
        "Transaction cap exceeded. To increase your cap, sign in to your B2 Cloud Storage account online. "
        "Then select the Caps & Alerts link in the B2 Cloud Storage section of the sidebar."
    )


class NotFound(B2Error):
    status, code = 404, "not_found"


class MethodNotAllowed(B2Error):
    status, code = 405, "method_not_allowed"

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"{method} is not allowed here, only {allowed}", headers=(("allow", allowed),))


class RequestTimeout(B2Error):
    """The body came too slowly. Clients send again, to the same upload URL."""

    status, code = 408, "request_timeout"
    default_message = "The request body did not arrive in time"


class Conflict(B2Error):
    """`ifRevisionIs` names another revision than the bucket's."""

    status, code = 409, "conflict"


class PreconditionFailed(B2Error):
    """A conditional download whose condition does not hold (RFC 9110 §15.5.13)."""

    status, code = 412, "precondition_failed"
    default_message = "The condition of the request does not hold"


class RangeNotSatisfiable(B2Error):
    status, code = 416, "range_not_satisfiable"
    default_message = "The Range header in the request is outside the size of the file."


class InternalError(B2Error):
    """Our own fault; the log has the traceback."""

    status, code = 500, "internal_error"
    default_message = "An internal error occurred."


class NotImplementedCall(B2Error):
    """A part of B2 that we do not have; docs/compatibility-b2.md lists them."""

    status, code = 501, "not_implemented"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not implemented")


class ServiceUnavailable(B2Error):
    status, code = 503, "service_unavailable"
