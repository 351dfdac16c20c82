"""What the HTTP server below refuses, as S3 words it: requests that are malformed, too large, too slow or too many."""

from __future__ import annotations

from calotype.s3 import errors

_BY_STATUS: dict[int, type[errors.S3Error]] = {
    400: errors.BadRequest,
    408: errors.RequestTimeout,
    413: errors.EntityTooLarge,
    414: errors.URITooLong,
    431: errors.RequestHeaderSectionTooLarge,
    501: errors.OperationNotImplemented,
    503: errors.SlowDown,
}


def refusal_of(status: int, detail: str) -> errors.S3Error:
    """S3's error for an HTTP status and why; the connection ends with it, but for what is only too much at once."""
    error = _BY_STATUS.get(status, errors.InternalError if status == errors.InternalError.status else errors.BadRequest)
    if error is errors.SlowDown:
        return errors.SlowDown(headers=(("retry-after", "1"),))
    return error(f"{error.default_message.rstrip('.')}: {detail}.")
